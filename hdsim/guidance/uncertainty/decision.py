"""What to do with what is known: apply an answer, ask again, or let the tables stand in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hdsim.guidance.uncertainty.belief import Belief
from hdsim.guidance.uncertainty.evidence import CONTEXTS, Context

What = Literal["apply", "ask", "fall back"]


@dataclass(frozen=True, slots=True)
class Rule:
    """When an answer is good enough.

    All defaults are proposals.

    Attributes:
        samples: Most answers a program. 1 decides nothing: what is answered is applied, as without
            uncertainty, and its doubt is only told.
        cost_bits: What one more answer has to be expected to tell [bit] to be asked for.
        threshold: Greatest doubt with which an answer is applied, 0 to 1.
    """

    samples: int = 1
    cost_bits: float = 0.25
    threshold: float = 0.3


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done.

    Attributes:
        what: ``apply`` the belief's best answer, ``ask`` in ``context``, or ``fall back``.
        context: Where to ask.
        why: In words.
    """

    what: What
    context: Context = "policy"
    why: str = ""


def decide(
    belief: Belief, rule: Rule, asked: int, contexts: Sequence[Context] = CONTEXTS
) -> Decision:
    """The next step.

    Args:
        belief: What is known.
        rule: When it is enough.
        asked: Answers asked for so far, useless ones included: they cost the same.
        contexts: Where there is something to ask; the first is preferred among equals.
    """
    best = belief.best()
    if rule.samples <= 1 and best is not None:
        return Decision("apply", why="one answer, not decided upon")
    doubt = belief.doubt(belief.evidence[best].settings) if best is not None else 1.0
    if best is not None and doubt <= rule.threshold:
        return Decision("apply", why=f"doubt {doubt:.2f}, at most {rule.threshold:g} allowed")
    so_far = f"doubt {doubt:.2f} after {asked} answers"
    gains = {context: belief.gain(context) for context in contexts}
    if asked >= rule.samples or not gains:
        return Decision("fall back", why=f"{so_far}, and no more may be asked for")
    context = max(gains, key=lambda c: round(gains[c], 9))
    if gains[context] <= rule.cost_bits:
        return Decision(
            "fall back",
            why=f"{so_far}, and one more would tell {gains[context]:.2f} bit, "
            f"worth less than {rule.cost_bits:g}",
        )
    return Decision("ask", context, f"{so_far}; one more would tell {gains[context]:.2f} bit")
