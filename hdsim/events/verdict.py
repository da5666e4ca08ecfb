"""Who was at fault first: a verdict on a collision, with the facts it rests on.

Rules, each a fact with a time: a red light run; driving the wrong way or off the road; leaving the
own lane; cutting in with too little room; entering a conflict zone without priority. The breach
that came first decides; breaches of both sides within a second of each other are shared. Without
any, the one that ran into the other's rear, or into one who stood, is at fault. Otherwise the
verdict is unclear. A red light run takes the place of the junction's right of way. Time limits are
heuristics, with sources where there are any.

Of a vehicle and somebody on foot: a red light run, or driving off the road, puts the vehicle at
fault; otherwise the vehicle if it could have stopped since the walker was on the road, and the
walker if not (``on_foot``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from hdsim.events import breaches, on_foot
from hdsim.events.breaches import Fact
from hdsim.events.event import STATIC
from hdsim.events.window import Window

# Breaches of both sides nearer in time than this are shared [s].
_SAME_TIME_S = 1.0


class Fault(StrEnum):
    """Who is at fault in a collision with the ego."""

    EGO = "ego_at_fault"
    NPC = "npc_at_fault"
    SHARED = "shared"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement on a collision.

    Attributes:
        fault: Who.
        because: Name of the rule that decided, "" when unclear.
        evidence: Every fact found, in order of time.
    """

    fault: Fault
    because: str
    evidence: tuple[Fact, ...] = field(default_factory=tuple)


def judge(window: Window, a: int, b: int) -> Verdict:
    """The verdict on a collision at the end of ``window``.

    Args:
        window: The last seconds, up to the collision.
        a: Row of the ego.
        b: Row of the other, perhaps on foot, ``STATIC`` for a thing.
    """
    if b == STATIC:
        facts = [*breaches.red_light(window, a), *breaches.out_of_lane(window, a)]
        hit = breaches.fact(window, len(window.states) - 1, "hit_object", a, "hit a fixed object")
        return Verdict(Fault.EGO, "hit_object", _ordered([*facts, hit]))
    if b in window.roster.walkers:
        return _with_walker(window, a, b)
    reds = [*breaches.red_light(window, a), *breaches.red_light(window, b)]
    priority = breaches.no_priority(window, a, b)
    if reds:
        priority = [f for f in priority if not f.is_breach]
    rules = [*reds, *priority]
    for row, other in ((a, b), (b, a)):
        outside = breaches.out_of_lane(window, row)
        changed = breaches.cut_in(window, row, other)
        rules += outside + changed
        if not outside and not changed:
            rules += breaches.left_lane_sideways(window, row, other)
    manner = [
        *breaches.ran_into_rear(window, a, b),
        *breaches.ran_into_rear(window, b, a),
        *breaches.struck_standing(window, a, b),
        *breaches.struck_standing(window, b, a),
    ]
    context = breaches.context(window, a, b)
    evidence = _ordered([*rules, *manner, *context])
    ego = window.roster.names[a]
    deciding = _ordered(f for f in rules if f.is_breach)
    if deciding:
        first = deciding[0]
        rival = [f for f in deciding if f.actor != first.actor]
        if rival and rival[0].time - first.time < _SAME_TIME_S:
            return Verdict(Fault.SHARED, f"{first.name}, {rival[0].name}", evidence)
        return Verdict(Fault.EGO if first.actor == ego else Fault.NPC, first.name, evidence)
    striking = _ordered(f for f in manner if f.is_breach)
    if striking:
        who = {f.actor for f in striking}
        if len(who) > 1:
            return Verdict(Fault.SHARED, striking[0].name, evidence)
        return Verdict(Fault.EGO if who == {ego} else Fault.NPC, striking[0].name, evidence)
    return Verdict(Fault.UNCLEAR, "", evidence)


def _with_walker(window: Window, a: int, b: int) -> Verdict:
    """The verdict where the other, ``b``, is on foot."""
    rules = [*breaches.red_light(window, a), *breaches.out_of_lane(window, a)]
    could = on_foot.who_could_have_avoided(window, a, b)
    evidence = _ordered([*rules, *could, *breaches.context(window, a, b)])
    deciding = _ordered(rules or could)[0]
    ego = deciding.actor == window.roster.names[a]
    return Verdict(Fault.EGO if ego else Fault.NPC, deciding.name, evidence)


def _ordered(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    return tuple(sorted(facts, key=lambda f: (f.tick, f.name, f.actor)))
