"""Lane changes: when one pays or is needed, whether it is safe, and how long it lasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdsim.control.beside import side_of
from hdsim.control.parameters import Parameters
from hdsim.control.reach import Reach
from hdsim.core import seeds
from hdsim.core.percept import Objects, Percepts
from hdsim.core.state import Bools, Floats, Ints, Roster
from hdsim.road.lanes import LaneGraph

from .following import follow_acceleration, free_acceleration

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
    """

    def __init__(self, graph: LaneGraph, roster: Roster, reach: Reach, p: Parameters) -> None:
        self._graph, self._reach, self._p = graph, reach, p
        names = [roster.names[int(r)] for r in roster.drivers]
        n = len(names)
        self._next: Floats = p.change_period * seeds.uniform(seeds.keys(0, names, "lane change"))
        self._rested: Floats = np.zeros(n)
        self._wish: NDArray[np.int8] = np.zeros(n, dtype=np.int8)
        self._held: Ints = np.zeros(n, dtype=np.int64)
        self._until: Floats = np.full(n, -np.inf)
        self.side: NDArray[np.int8] = np.zeros(n, dtype=np.int8)
        self.asked: NDArray[np.int8] = np.zeros(n, dtype=np.int8)
        self._blocked_since: Floats = np.full(n, np.inf)
        self._half: Floats = np.zeros(n)
        self.gives_up: Bools = np.zeros(n, dtype=np.bool_)
        self.goes_back: Bools = np.zeros(n, dtype=np.bool_)

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
        lane = path.lane
        d = np.arange(len(own.speed))
        at, point = np.nonzero(lane[:, 1:] != lane[:, :-1])
        over = side_of(self._graph, lane[at, point], lane[at, point + 1])
        change = over.nonzero()[0]
        side, k = np.zeros(len(d), dtype=np.int8), np.zeros(len(d), dtype=np.int64)
        if change.size:
            at, point, over = at[change], point[change], over[change]
            at, first = np.unique(at, return_index=True)
            side[at], k[at] = over[first], point[first]
        jump = np.where(side != 0, path.s[d, k + 1], np.inf)
        # Where the route changes from the very lane the driver is on, its target is known.
        onto = np.where((side != 0) & (lane[d, k] == lane[:, 0]), lane[d, k + 1], -1)

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
        self.goes_back = np.zeros(len(crossing), dtype=np.bool_)
        e = np.flatnonzero((self.side != 0) & (side == self.side) & (onto >= 0))
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
        wait = unsafe & (crossing[e] > -0.5)
        out[e[wait]] = np.maximum(crossing[e[wait]], 0.0)
        # With somebody alongside there is nothing to wait for: back into the lane.
        alongside = e[(there.lag_gap < 0.0) | (there.lead_gap < 0.0)]
        self.goes_back[alongside] = True
        self.side[alongside] = 0
        self._rested[alongside] = percepts.time + p.change_cooldown
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
        again = np.where(self.asked == self._wish, self._held + 1, 1)
        self._held = np.where(due, np.where(self.asked != 0, again, 0), self._held)
        self._wish = np.where(due, self.asked, self._wish).astype(np.int8)
        resolved = needed | obstructed | (self._held >= p.change_looks)
        self.asked = np.where(resolved, self.asked, 0).astype(np.int8)

    def _neighbours(
        self, obj: Objects, e: Ints, lane: Ints, s: Floats, length: Floats
    ) -> _Neighbours:
        """Nearest vehicles in ``lane`` around ``s``, along the road before and after it."""
        lane_o, s_o = obj.lane[e], obj.s[e]
        ahead = self._reach(lane[:, None], lane_o) + s_o - s[:, None]
        back = self._reach(lane_o, lane[:, None]) + s[:, None] - s_o
        clearance = 0.5 * (obj.length[e] + length[:, None])
        ahead = np.where(obj.seen[e] & (ahead > 0.0), ahead - clearance, np.inf)
        back = np.where(obj.seen[e] & (back >= 0.0), back - clearance, np.inf)
        i = np.arange(len(e))
        lead, lag = np.argmin(ahead, axis=1), np.argmin(back, axis=1)
        speed, accel = obj.speed[e], obj.accel[e]
        return _Neighbours(
            lead_gap=ahead[i, lead],
            lead_speed=np.where(np.isfinite(ahead[i, lead]), speed[i, lead], 0.0),
            lead_accel=np.where(np.isfinite(ahead[i, lead]), accel[i, lead], 0.0),
            lag_gap=back[i, lag],
            lag_speed=np.where(np.isfinite(back[i, lag]), speed[i, lag], 0.0),
            lag_accel=np.where(np.isfinite(back[i, lag]), accel[i, lag], 0.0),
        )
