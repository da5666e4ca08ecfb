"""Lane changes: when one pays or is needed, whether it is safe, and how long it lasts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hdsim.control.gap_choice import HALF_CHANGE_M, Lanes, Others, consider, let_pass
from hdsim.control.parameters import Parameters, ParameterTable, parameter_table
from hdsim.control.reach import Reach
from hdsim.core import seeds
from hdsim.core.compiled import compiled
from hdsim.core.percept import Objects, Percepts
from hdsim.core.state import Bools, Floats, Ints, Roster
from hdsim.road.lanes import LaneGraph

# A change of quintic shape reaches the line between two lanes of 3.5 m with the side of a car when
# so much of its first half is left.
_CROSSES_AT = 0.35

# Considerations running at which a change around an obstacle has to be safe.
_LOOKS_AGAIN = 2


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
        considered: The side that a driver moves to or thinks of moving to, likewise; it indicates
            and looks there.
        asked: The change asked for at the last frame, likewise.
        goes_back: Drivers who break off a change, for somebody is alongside, likewise.
        gives_up: Drivers who would rather go another way than wait longer, likewise.
    """

    def __init__(self, graph: LaneGraph, roster: Roster, reach: Reach, p: Parameters) -> None:
        self._table, self._p, self._parameters = reach.table, p, parameter_table(p)
        self._lanes = Lanes(graph.left, graph.right, graph.junction, graph.length, graph.limit)
        self._sides = _Sides(graph.left, graph.right, graph.road, graph.section, graph.lane_id)
        names = [roster.names[int(r)] for r in roster.drivers]
        n = len(names)
        self._next: Floats = p.change_period * seeds.uniform(seeds.keys(0, names, "lane change"))
        self._rested: Floats = np.zeros(n)
        # Side that a change for convenience has paid on, and at how many looks running.
        self._wish: NDArray[np.int8] = np.zeros(n, dtype=np.int8)
        self._held: Ints = np.zeros(n, dtype=np.int64)
        self._until: Floats = np.full(n, -np.inf)
        self.side: NDArray[np.int8] = np.zeros(n, dtype=np.int8)
        self.considered: NDArray[np.int8] = np.zeros(n, dtype=np.int8)
        self.asked: NDArray[np.int8] = np.zeros(n, dtype=np.int8)
        self._blocked_since: Floats = np.full(n, np.inf)
        self._half: Floats = np.zeros(n)
        self.gives_up: Bools = np.zeros(n, dtype=np.bool_)
        self.goes_back: Bools = np.zeros(n, dtype=np.bool_)

    def begin_anew(self, drivers: Ints) -> None:
        """Forget these drivers' changes."""
        self.side[drivers] = self.considered[drivers] = self.asked[drivers] = 0
        self._until[drivers], self._rested[drivers] = -np.inf, 0.0
        self._held[drivers] = 0
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
        own, path, now = percepts.own, percepts.paths, percepts.time
        side, jump, onto, begin, needed = _move_on(
            now, path.lane, path.s, own.speed, self._sides, self.side, self.asked, self._until,
            self._rested, self._parameters,
        )  # fmt: skip
        self._consider(percepts, current, free, obstructed, needed, side, jump, onto)
        thought_of = np.where(needed, side, np.where(self._held > 0, self._wish, 0))
        self.considered = np.where(self.side != 0, self.side, thought_of).astype(np.int8)
        wait, self.gives_up, crossing, under_way = _wait(
            now, begin, needed, side, jump, onto, own.speed, own.length, self.side, self.asked,
            self._blocked_since, self._half, self._parameters,
        )  # fmt: skip
        return np.minimum(wait, self._let_pass(percepts, under_way, onto, crossing))

    def _let_pass(
        self, percepts: Percepts, under_way: Bools, onto: Ints, crossing: Floats
    ) -> Floats:
        """Where to wait during a change for somebody who has come up in the target lane [m].

        A change that takes long, in a queue or behind one who stands, meets others than those it
        was decided on. Until the front has reached the line it can still wait.
        """
        own, path = percepts.own, percepts.paths
        self.goes_back = np.zeros(len(crossing), dtype=np.bool_)
        if not under_way.any():
            return np.full(len(crossing), np.inf)
        wait, self.goes_back = let_pass(
            under_way, crossing, onto, own.speed, own.accel, own.length, path.lane, path.lane_s,
            _others(percepts.objects), self._lanes, self._table, self._parameters,
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
        asked = consider(
            now, due, needed, needed_side, jump, onto, obstructed, self._rested,
            self._blocked_since, current, free, own.speed, own.accel, own.length,
            path.lane, path.s, path.lane_s, _others(percepts.objects), self._lanes, self._table,
            self._parameters,
        )  # fmt: skip
        self.asked = _resolved(
            due, asked, needed, obstructed, p.change_looks, self._wish, self._held
        )


@compiled
def _resolved(
    due: Bools,
    asked: NDArray[np.int8],
    needed: Bools,
    obstructed: Bools,
    looks: int,
    wish: NDArray[np.int8],
    held: Ints,
) -> NDArray[np.int8]:
    """The changes to ask for of those that drivers think of now, shape (D,).

    Nobody moves over at the first thought of it: first a look, which ``considered`` asks for.
    ``wish`` and ``held`` are those of ``LaneChange`` and brought up to date.
    """
    resolved = np.zeros(len(due), np.int8)
    for d in range(len(due)):
        if due[d]:
            again = held[d] + 1 if asked[d] == wish[d] else 1
            held[d] = again if asked[d] != 0 else 0
            wish[d] = asked[d]
        if needed[d] or held[d] >= (_LOOKS_AGAIN if obstructed[d] else looks):
            resolved[d] = asked[d]
    return resolved


@compiled
def _move_on(
    now: float,
    lane: Ints,
    s: Floats,
    speed: Floats,
    sides: _Sides,
    under_way: NDArray[np.int8],
    asked: NDArray[np.int8],
    until: Floats,
    rested: Floats,
    parameters: ParameterTable,
) -> tuple[NDArray[np.int8], Floats, Ints, Bools, Bools]:
    """Begin and end changes; the arguments from ``under_way`` on are those of ``LaneChange``.

    A request that was granted shows as a change right ahead. ``under_way``, ``asked``, ``until``
    and ``rested`` are brought up to date.

    Returns:
        The next change of lane on each path, as of ``_next_change``; which drivers begin one now,
        and which need one that they have not begun; shape (D,) each.
    """
    p = parameters[0]
    n = len(lane)
    side, jump, onto = np.zeros(n, np.int8), np.full(n, np.inf), np.full(n, -1)
    begin, needed = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    for d in range(n):
        side[d], jump[d], onto[d] = _next_change(lane[d], s[d], sides)
        reach = max(p.change_time * speed[d], p.change_min_length) + 5.0
        granted = asked[d] != 0 and side[d] == asked[d] and jump[d] < reach
        laid = side[d] != 0 and jump[d] < HALF_CHANGE_M and under_way[d] == 0
        begin[d] = granted or laid
        if begin[d]:
            lasts = 2.0 * jump[d] / max(speed[d], 1.0)
            under_way[d] = side[d]
            until[d] = now + min(max(lasts, 2.0), 2.0 * p.change_time)
        if under_way[d] != 0 and now >= until[d]:
            under_way[d], rested[d] = 0, now + p.change_cooldown
        if asked[d] != 0 and not granted:
            rested[d] = now + 0.5 * p.change_cooldown
        asked[d] = 0
        needed[d] = side[d] != 0 and under_way[d] == 0 and jump[d] < p.change_notice
    return side, jump, onto, begin, needed


@compiled
def _wait(
    now: float,
    begin: Bools,
    needed: Bools,
    side: NDArray[np.int8],
    jump: Floats,
    onto: Ints,
    speed: Floats,
    length: Floats,
    under_way: NDArray[np.int8],
    asked: NDArray[np.int8],
    blocked_since: Floats,
    half: Floats,
    parameters: ParameterTable,
) -> tuple[Floats, Bools, Floats, Bools]:
    """Where to wait for a gap; the arguments from ``under_way`` on are those of ``LaneChange``.

    ``blocked_since`` and ``half`` are brought up to date.

    Returns:
        Distance to where to wait [m], inf for nowhere; who would rather go another way; distance to
        where the front crosses the line of a change under way [m]; and who is in the change that
        is next on the path; shape (D,) each.
    """
    p = parameters[0]
    n = len(jump)
    wait, gives_up = np.full(n, np.inf), np.zeros(n, np.bool_)
    crossing, crosses = np.empty(n), np.empty(n, np.bool_)
    for d in range(n):
        front = 0.5 * length[d]
        before = jump[d] - HALF_CHANGE_M - front
        if needed[d] and asked[d] == 0 and before > -front:
            wait[d] = max(before, 0.0)
        blocked = needed[d] and speed[d] < 0.3
        blocked_since[d] = min(blocked_since[d], now) if blocked else np.inf
        gives_up[d] = now - blocked_since[d] > p.change_patience
        if gives_up[d]:
            blocked_since[d] = now
        if begin[d]:
            half[d] = jump[d]
        crossing[d] = jump[d] - _CROSSES_AT * half[d] - front
        crosses[d] = under_way[d] != 0 and side[d] == under_way[d] and onto[d] >= 0
    return wait, gives_up, crossing, crosses


@compiled
def _next_change(lane: Ints, s: Floats, sides: _Sides) -> tuple[int, float, int]:
    """The first change of lane on a path (P,).

    Returns:
        Its side (0 for none), the distance to it [m] (inf for none) and, where it is from the very
        lane the driver is on, the lane it leads to (else -1).
    """
    for k in range(len(lane) - 1):
        here, there = lane[k], lane[k + 1]
        if here == there:
            continue
        side = _side_of(here, there, sides)
        if side != 0:
            return side, s[k + 1], there if here == lane[0] else -1
    return 0, np.inf, -1


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
