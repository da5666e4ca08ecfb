"""Evidence: what an answer says about each kind of operation, and for how much it counts.

An answer is evidence once. It is known by the key of its question, which holds the number of the
sample: the same question again, from the cache or not, says nothing new.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp
from typing import Literal, get_args

from hdsim.guidance.uncertainty.setting import Settings, settings
from hdsim.perception.catalogue import Operation

Context = Literal["policy", "detail"]
CONTEXTS: tuple[Context, ...] = get_args(Context)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One answer.

    Attributes:
        key: Of its question: what makes it new.
        context: ``policy``: asked with what a program is written from. ``detail``: asked also with
            what that leaves out, the driver's own words and traits.
        settings: What it says of each kind of operation.
        weight: For how much it counts, above 0 and at most 1.
    """

    key: str
    context: Context
    settings: Settings
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.weight <= 1.0:
            raise ValueError(f"weight {self.weight}, expected above 0 and at most 1")


def evidence(
    key: str,
    context: Context,
    operations: Iterable[Operation],
    logprob: float | None = None,
    tokens: int = 0,
) -> Evidence:
    """An answer as evidence.

    It counts for the geometric mean of its tokens' probabilities, exp(logprob / tokens), where
    that is known, else for 1. (Length-normalised likelihood as weight of a sample: Kuhn et al.
    2023, arXiv 2302.09664; that it also scales how much is known is ours.)
    """
    known = logprob is not None and tokens > 0
    weight = max(exp((logprob or 0.0) / tokens), 1e-6) if known else 1.0
    return Evidence(key, context, settings(operations), weight)
