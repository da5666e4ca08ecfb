"""Lane changes: when one pays or is needed, whether it is safe, and how long it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hdsim.control.following import follow_acceleration, free_acceleration
from hdsim.control.parameters import Parameters
from hdsim.control.reach import Reach, ReachTable
from hdsim.core import seeds
from hdsim.core.compiled import compiled
from hdsim.core.percept import Objects, Percepts
from hdsim.core.state import Bools, Floats, Ints, Roster
from hdsim.road.lanes import LaneGraph

# Half of the way of a change that the route itself lays at the end of a shared stretch: the lane
# of the path changes in the middle of it [m].
_HALF_CHANGE_M = 20.0
# Shortest clearance to the vehicles in the target lane [m].
_MIN_CLEARANCE_M = 1.0
# A change of quintic shape reaches the line between two lanes of 3.5 m with the side of a car when
# so much of its first half is left.
_CROSSES_AT = 0.35
# A driver that stands for want of a gap takes the tightest safe one [s].
_URGENT_WAIT_S = 10.0


class _Sides(NamedTuple):
    """What of the lane graph says which lanes lie side by side, for compiled code."""

    left: Ints
    right: Ints
    road: Ints
    section: Ints
    lane_id: Ints


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """Nearest vehicles ahead and behind in a lane, shape (E,) each; gap inf where none."""

    lead_gap: Floats
    lead_speed: Floats
    lead_accel: Floats
    lag_gap: Floats
    lag_speed: Floats
    lag_accel: Floats


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
        gives_up: Drivers who would rather go another way than wait longer, likewise.
    """

    def __init__(self, graph: LaneGraph, roster: Roster, reach: Reach, p: Parameters) -> None:
        self._graph, self._table, self._p = graph, reach.table, p
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
        laid = (side != 0) & (jump < _HALF_CHANGE_M) & (self.side == 0)
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
        wait = np.where(
            needed & (self.asked == 0), jump - _HALF_CHANGE_M - 0.5 * own.length, np.inf
        )
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
        p, own, path, graph = self._p, percepts.own, percepts.paths, self._graph
        out = np.full(len(crossing), np.inf)
        under_way = (self.side != 0) & (side == self.side) & (onto >= 0)
        e = np.flatnonzero(under_way & np.isfinite(crossing) & (crossing > -0.5))
        if len(e) == 0:
            return out
        scale = graph.length[onto[e]] / graph.length[path.lane[e, 0]]
        there = self._neighbours(
            percepts.objects, e, onto[e], path.lane_s[e, 0] * scale, own.length[e]
        )
        lag_free = free_acceleration(
            there.lag_speed, np.maximum(graph.limit[onto[e]], there.lag_speed), p
        )
        after = follow_acceleration(
            there.lag_speed, there.lag_gap, own.speed[e], own.accel[e], lag_free, p
        )
        unsafe = (after < -p.safe_decel) | (there.lag_gap < _MIN_CLEARANCE_M)
        out[e[unsafe]] = np.maximum(crossing[e[unsafe]], 0.0)
        return out

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
        p, own, path, graph, now = self._p, percepts.own, percepts.paths, self._graph, percepts.time
        due = (now >= self._next) & (self.side == 0)
        if not due.any():
            return
        self._next = np.where(due, now + p.change_period, self._next)
        lane = path.lane[:, 0]
        junction = graph.junction[path.lane] >= 0
        clear = np.where(
            junction.any(axis=1), path.s[np.arange(len(lane)), junction.argmax(1)], np.inf
        )
        room = np.maximum(p.change_junction_clearance, own.speed * p.change_time)
        free_to = (now >= self._rested) & (clear > room) & ~needed
        free_to &= obstructed | (own.speed > p.change_min_speed)
        for side, beside in ((1, graph.left), (-1, graph.right)):
            goal = np.where(beside[lane] >= 0, beside[lane], onto)
            wanted = due & (goal >= 0) & ~junction[:, 0]
            wanted &= np.where(needed, needed_side == side, free_to)
            e = np.flatnonzero(wanted & (self.asked == 0))
            if len(e) == 0:
                continue
            target = goal[e]
            here = path.lane_s[e, 0] * graph.length[target] / graph.length[lane[e]]
            there = self._neighbours(percepts.objects, e, target, here, own.length[e])
            behind = self._neighbours(
                percepts.objects, e, lane[e], path.lane_s[e, 0], own.length[e]
            )
            speed = own.speed[e]
            limit = graph.limit[target]
            mine = follow_acceleration(
                speed, there.lead_gap, there.lead_speed, there.lead_accel, free[e], p
            )
            lag_free = free_acceleration(there.lag_speed, np.maximum(limit, there.lag_speed), p)
            lag_after = follow_acceleration(
                there.lag_speed, there.lag_gap, speed, own.accel[e], lag_free, p
            )
            lag_before = follow_acceleration(
                there.lag_speed,
                there.lag_gap + own.length[e] + there.lead_gap,
                there.lead_speed,
                there.lead_accel,
                lag_free,
                p,
            )
            old_free = free_acceleration(behind.lag_speed, np.maximum(limit, behind.lag_speed), p)
            old_before = follow_acceleration(
                behind.lag_speed, behind.lag_gap, speed, own.accel[e], old_free, p
            )
            old_after = follow_acceleration(
                behind.lag_speed,
                behind.lag_gap + own.length[e] + behind.lead_gap,
                behind.lead_speed,
                behind.lead_accel,
                old_free,
                p,
            )
            others = np.where(np.isfinite(there.lag_gap), lag_after - lag_before, 0.0)
            others += np.where(np.isfinite(behind.lag_gap), old_after - old_before, 0.0)
            gain = mine - np.minimum(current[e], free[e]) + p.politeness * others
            must = needed[e]
            urgency = np.clip(1.0 - (jump[e] - _HALF_CHANGE_M) / p.change_notice, 0.0, 1.0)
            urgency = np.where(now - self._blocked_since[e] > _URGENT_WAIT_S, 1.5, urgency)
            bound = np.where(
                must,
                p.discretionary_decel + urgency * (p.safe_decel - p.discretionary_decel),
                p.discretionary_decel,
            )
            safe = (lag_after > -bound) & (mine > -bound)
            safe &= (there.lag_gap > _MIN_CLEARANCE_M) & (there.lead_gap > _MIN_CLEARANCE_M)
            ask = safe & (must | (gain > p.change_threshold))
            self.asked[e[ask]] = side

    def _neighbours(
        self, obj: Objects, e: Ints, lane: Ints, s: Floats, length: Floats
    ) -> _Neighbours:
        """Nearest vehicles in ``lane`` around ``s``, along the road before and after it."""
        return _Neighbours(
            *_neighbours(
                e,
                lane,
                s,
                length,
                obj.seen,
                obj.lane,
                obj.s,
                obj.length,
                obj.speed,
                obj.accel,
                self._table,
            )
        )


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


@compiled
def _neighbours(
    e: Ints,
    lane: Ints,
    s: Floats,
    length: Floats,
    seen: Bools,
    lane_o: Ints,
    s_o: Floats,
    length_o: Floats,
    speed: Floats,
    accel: Floats,
    reach: ReachTable,
) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
    """Fields of ``_Neighbours`` for drivers ``e`` (E,) among their objects (D, K)."""
    n = len(e)
    lead_gap, lead_speed, lead_accel = np.full(n, np.inf), np.zeros(n), np.zeros(n)
    lag_gap, lag_speed, lag_accel = np.full(n, np.inf), np.zeros(n), np.zeros(n)
    for i in range(n):
        d = e[i]
        for k in range(seen.shape[1]):
            if not seen[d, k] or lane_o[d, k] < 0:
                continue
            clearance = 0.5 * (length_o[d, k] + length[i])
            ahead = _distance(reach, lane[i], lane_o[d, k]) + s_o[d, k] - s[i]
            if ahead > 0.0 and ahead - clearance < lead_gap[i]:
                lead_gap[i] = ahead - clearance
                lead_speed[i], lead_accel[i] = speed[d, k], accel[d, k]
            back = _distance(reach, lane_o[d, k], lane[i]) + s[i] - s_o[d, k]
            if back >= 0.0 and back - clearance < lag_gap[i]:
                lag_gap[i] = back - clearance
                lag_speed[i], lag_accel[i] = speed[d, k], accel[d, k]
    return lead_gap, lead_speed, lead_accel, lag_gap, lag_speed, lag_accel


@compiled
def _distance(reach: ReachTable, lane: int, other: int) -> float:
    """``Reach`` of two lanes: distance from start to start [m], inf where out of reach."""
    low, high = reach.first[lane], reach.first[lane + 1]
    while low < high:
        middle = (low + high) // 2
        if reach.other[middle] < other:
            low = middle + 1
        else:
            high = middle
    found = low < reach.first[lane + 1] and reach.other[low] == other
    return float(reach.gap[low]) if found else np.inf
