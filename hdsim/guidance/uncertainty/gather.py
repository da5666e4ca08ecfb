"""The loop around belief and decision: from a first answer to the one that is applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from hdsim.guidance.schedule import Uncertainty
from hdsim.guidance.uncertainty.belief import Belief
from hdsim.guidance.uncertainty.decision import Decision, Rule, decide
from hdsim.guidance.uncertainty.evidence import CONTEXTS, Context, evidence
from hdsim.perception.catalogue import Operation

# Far below what matters, far above the last bits in which machines differ.
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one question.

    Attributes:
        key: Of the question in the cache.
        operations: The answer, checked; ``None`` where it could not be used.
        logprob: As in ``Stored``.
        tokens: As in ``Stored``.
        over: Why nobody answers any more; empty where the next question may be answered.
    """

    key: str
    operations: tuple[Operation, ...] | None
    logprob: float | None = None
    tokens: int = 0
    over: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """The outcome.

    Attributes:
        operations: Of the answer that is applied; ``None`` where the tables are to stand in.
        keys: Of all questions after the first.
        uncertainty: What is known of it.
    """

    operations: tuple[Operation, ...] | None
    keys: tuple[str, ...]
    uncertainty: Uncertainty


def settle(first: Found, rule: Rule, ask: Callable[[Context, int], Found]) -> Settled:
    """Asks until an answer can be applied, or is not worth asking for.

    Only whole answers are applied: a mixture of several was never checked.

    Args:
        first: Answer 0 in the context ``policy``; a usable one.
        rule: When to stop.
        ask: Asks for a numbered answer in a context.
    """
    belief = Belief()
    usable: list[tuple[Operation, ...]] = []
    asked = dict.fromkeys(CONTEXTS, 0)
    keys: list[str] = []
    found, context, measured = first, CONTEXTS[0], True
    while True:
        asked[context] += 1
        if found.operations is not None:
            new = evidence(found.key, context, found.operations, found.logprob, found.tokens)
            measured = measured and found.logprob is not None
            if (more := belief.knowing(new)) is not belief:
                belief = more
                usable.append(found.operations)
        so_far = sum(asked.values())
        contexts = () if found.over else CONTEXTS
        decision = decide(belief, rule, so_far, contexts)
        if decision.what != "ask":
            break
        context = decision.context
        found = ask(context, asked[context])
        if found.key:
            keys.append(found.key)
    best = belief.best()
    assert best is not None, "the first answer is usable"
    program = belief.evidence[best].settings
    why = decision.why + (f" ({found.over})" if found.over and decision.what != "apply" else "")
    known = Uncertainty(
        doubt=round(belief.doubt(program), _DIGITS),
        bits=round(belief.bits, _DIGITS),
        answers=so_far,
        usable=len(usable),
        with_detail=asked["detail"],
        likelihoods=measured,
        contested={k: round(v, _DIGITS) for k, v in belief.contested(program).items()},
        decision=_word(decision),
        why=why,
    )
    applied = usable[best] if decision.what == "apply" else None
    return Settled(applied, tuple(keys), known)


def _word(decision: Decision) -> Literal["applied", "fell back"]:
    return "applied" if decision.what == "apply" else "fell back"
