"""Lane changes: when one pays or is needed, whether it is safe, and how long it lasts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hdsim.control.gap_choice import HALF_CHANGE_M, Lanes, Others, consider, let_pass
from hdsim.control.parameters import Parameters
from hdsim.control.reach import Reach
from hdsim.core import seeds
from hdsim.core.compiled import compiled
from hdsim.core.percept import Objects, Percepts
from hdsim.core.state import Bools, Floats, Ints, Roster
from hdsim.road.lanes import LaneGraph

# A change of quintic shape reaches the line between two lanes of 3.5 m with the side of a car when
# so much of its first half is left.
_CROSSES_AT = 0.35


class _Sides(NamedTuple):
    """What of the lane graph says which lanes lie side by side, for compiled code."""

    left: Ints
    right: Ints
    road: Ints
    section: Ints
    lane_id: Ints


class LaneChange:
    """Decides on lane changes and keeps their phase.

    Args:
        graph: The lane graph.
        roster: Who takes part; the names spread the decisions over time.
        reach: Lane distances of the graph.
        p: Parameters.

    Attributes:
        side: The change under way: -1 right, 0 none, +1 left, shape (D,).
        asked: The change asked for at the last frame, likewise.
        goes_back: Drivers who break off a change, for somebody is alongside, likewise.
        gives_up: Drivers who would rather go another way than wait longer, likewise.
    """

    def __init__(self, graph: LaneGraph, roster: Roster, reach: Reach, p: Parameters) -> None:
        self._table, self._p = reach.table, p
        self._lanes = Lanes(graph.left, graph.right, graph.junction, graph.length, graph.limit)
        self._sides = _Sides(graph.left, graph.right, graph.road, graph.section, graph.lane_id)
        names = [roster.names[int(r)] for r in roster.drivers]
        n = len(names)
        self._next: Floats = p.change_period * seeds.uniform(seeds.keys(0, names, "lane change"))
        self._rested: Floats = np.zeros(n)
        self._until: Floats = np.full(n, -np.inf)
        self.side: NDArray[np.int8] = np.zeros(n, dtype=np.int8)
        self.asked: NDArray[np.int8] = np.zeros(n, dtype=np.int8)
        self._blocked_since: Floats = np.full(n, np.inf)
        self._half: Floats = np.zeros(n)
        self.gives_up: Bools = np.zeros(n, dtype=np.bool_)
        self.goes_back: Bools = np.zeros(n, dtype=np.bool_)

    def begin_anew(self, drivers: Ints) -> None:
        """Forget these drivers' changes."""
        self.side[drivers] = self.asked[drivers] = 0
        self._until[drivers], self._rested[drivers] = -np.inf, 0.0
        self._blocked_since[drivers] = np.inf

    def update(
        self, percepts: Percepts, current: Floats, free: Floats, obstructed: Bools
    ) -> Floats:
        """Advance one frame.

        Args:
            percepts: The subjective scene.
            current: Acceleration wanted in the present lane behind its leader, shape (D,).
            free: Acceleration wanted on an empty road, shape (D,).
            obstructed: Drivers behind an obstacle, who change even from a stand, shape (D,).

        Returns:
            Distance to where the driver must wait for a gap before a change that its route
            needs [m], inf where it need not, shape (D,).
        """
        p, own, path, now = self._p, percepts.own, percepts.paths, percepts.time
        side, jump, onto = _next_change(path.lane, path.s, self._sides)

        # A request that was granted shows as a change right ahead.
        reach = np.maximum(p.change_time * own.speed, p.change_min_length) + 5.0
        granted = (self.asked != 0) & (side == self.asked) & (jump < reach)
        refused = (self.asked != 0) & ~granted
        laid = (side != 0) & (jump < HALF_CHANGE_M) & (self.side == 0)
        begin = granted | laid
        way = np.where(jump < np.inf, 2.0 * jump, 0.0)
        lasts = np.clip(way / np.maximum(own.speed, 1.0), 2.0, 2.0 * p.change_time)
        self.side = np.where(begin, side, self.side)
        self._until = np.where(begin, now + lasts, self._until)
        over_with = (self.side != 0) & (now >= self._until)
        self.side = np.where(over_with, 0, self.side).astype(np.int8)
        self._rested = np.where(over_with, now + p.change_cooldown, self._rested)
        self._rested = np.where(refused, now + 0.5 * p.change_cooldown, self._rested)
        self.asked = np.zeros_like(self.asked)

        needed = (side != 0) & (self.side == 0) & (jump < p.change_notice)
        self._consider(percepts, current, free, obstructed, needed, side, jump, onto)
        wait = np.where(needed & (self.asked == 0), jump - HALF_CHANGE_M - 0.5 * own.length, np.inf)
        blocked = needed & (own.speed < 0.3)
        self._blocked_since = np.where(blocked, np.minimum(self._blocked_since, now), np.inf)
        self.gives_up = now - self._blocked_since > p.change_patience
        self._blocked_since = np.where(self.gives_up, now, self._blocked_since)
        wait = np.where(wait > -0.5 * own.length, np.maximum(wait, 0.0), np.inf)
        self._half = np.where(begin, jump, self._half)
        crossing = jump - _CROSSES_AT * self._half - 0.5 * own.length
        return np.minimum(wait, self._let_pass(percepts, side, onto, crossing))

    def _let_pass(
        self, percepts: Percepts, side: NDArray[np.int8], onto: Ints, crossing: Floats
    ) -> Floats:
        """Where to wait during a change for somebody who has come up in the target lane [m].

        A change that takes long, in a queue or behind one who stands, meets others than those it
        was decided on. Until the front has reached the line it can still wait.
        """
        own, path = percepts.own, percepts.paths
        self.goes_back = np.zeros(len(crossing), dtype=np.bool_)
        under_way = (self.side != 0) & (side == self.side) & (onto >= 0)
        if not under_way.any():
            return np.full(len(crossing), np.inf)
        wait, self.goes_back = let_pass(
            under_way, crossing, onto, own.speed, own.accel, own.length, path.lane, path.lane_s,
            _others(percepts.objects), self._lanes, self._table, self._p,
        )  # fmt: skip
        # With somebody alongside there is nothing to wait for: back into the lane.
        self.side[self.goes_back] = 0
        self._rested[self.goes_back] = percepts.time + self._p.change_cooldown
        return wait

    def _consider(
        self,
        percepts: Percepts,
        current: Floats,
        free: Floats,
        obstructed: Bools,
        needed: NDArray[np.bool_],
        needed_side: NDArray[np.int8],
        jump: Floats,
        onto: Ints,
    ) -> None:
        """Ask for changes that are safe and either needed or worth it."""
        p, own, path, now = self._p, percepts.own, percepts.paths, percepts.time
        due = (now >= self._next) & (self.side == 0)
        if not due.any():
            return
        self._next = np.where(due, now + p.change_period, self._next)
        self.asked = consider(
            now, due, needed, needed_side, jump, onto, obstructed, self._rested,
            self._blocked_since, current, free, own.speed, own.accel, own.length,
            path.lane, path.s, path.lane_s, _others(percepts.objects), self._lanes, self._table, p,
        )  # fmt: skip


@compiled
def _next_change(lane: Ints, s: Floats, sides: _Sides) -> tuple[NDArray[np.int8], Floats, Ints]:
    """The first change of lane on each path (D, P).

    Returns:
        Its side (0 for none), the distance to it [m] (inf for none) and, where it is from the very
        lane the driver is on, the lane it leads to (else -1); shape (D,) each.
    """
    side = np.zeros(len(lane), dtype=np.int8)
    jump, onto = np.full(len(lane), np.inf), np.full(len(lane), -1)
    for d in range(len(lane)):
        for k in range(lane.shape[1] - 1):
            here, there = lane[d, k], lane[d, k + 1]
            if here == there:
                continue
            side[d] = _side_of(here, there, sides)
            if side[d] != 0:
                jump[d] = s[d, k + 1]
                onto[d] = there if here == lane[d, 0] else -1
                break
    return side, jump, onto


@compiled
def _side_of(lane: int, other: int, sides: _Sides) -> int:
    """``beside.side_of`` of two different lanes."""
    if other == sides.left[lane]:
        return 1
    if other == sides.right[lane]:
        return -1
    here, there = sides.lane_id[lane], sides.lane_id[other]
    same_road = sides.road[lane] == sides.road[other]
    if same_road and sides.section[lane] == sides.section[other] and here * there > 0:
        return int(np.sign(abs(here) - abs(there)))
    return 0


def _others(o: Objects) -> Others:
    return Others(o.seen, o.lane, o.s, o.length, o.speed, o.accel)
