"""Lane changes judged driver by driver in compiled loops: who is beside, and whether it pays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hdsim.control.following import follow, free_road
from hdsim.control.parameters import Parameters, ParameterTable
from hdsim.control.reach import ReachTable, lane_distance
from hdsim.core.compiled import compiled
from hdsim.core.state import Bools, Floats, Ints

# Half of the way of a change that the route itself lays at the end of a shared stretch: the lane
# of the path changes in the middle of it [m].
HALF_CHANGE_M = 20.0
# Shortest clearance to the vehicles in the target lane [m].
MIN_CLEARANCE_M = 1.0
# A driver that stands for want of a gap takes the tightest safe one [s].
_URGENT_WAIT_S = 10.0


class Lanes(NamedTuple):
    """What of the lane graph a change depends on, shape (L,) each: see ``LaneGraph``."""

    left: Ints
    right: Ints
    junction: Ints
    length: Floats
    limit: Floats


class Others(NamedTuple):
    """The objects of all drivers as ``around`` reads them, shape (D, K) each: see ``Objects``."""

    seen: Bools
    lane: Ints
    s: Floats
    length: Floats
    speed: Floats
    accel: Floats


class Around(NamedTuple):
    """Nearest vehicles ahead and behind in a lane; gap [m] inf and the rest 0 where none."""

    lead_gap: float
    lead_speed: float
    lead_accel: float
    lag_gap: float
    lag_speed: float
    lag_accel: float


@compiled
def around(d: int, lane: int, s: float, length: float, o: Others, reach: ReachTable) -> Around:
    """Nearest vehicles in ``lane`` around ``s``, along the road before and after it."""
    lead_gap, lead_speed, lead_accel = np.inf, 0.0, 0.0
    lag_gap, lag_speed, lag_accel = np.inf, 0.0, 0.0
    for k in range(o.seen.shape[1]):
        if not o.seen[d, k] or o.lane[d, k] < 0:
            continue
        clearance = 0.5 * (o.length[d, k] + length)
        ahead = lane_distance(reach, lane, o.lane[d, k]) + o.s[d, k] - s
        if ahead > 0.0 and ahead - clearance < lead_gap:
            lead_gap = ahead - clearance
            lead_speed, lead_accel = o.speed[d, k], o.accel[d, k]
        back = lane_distance(reach, o.lane[d, k], lane) + s - o.s[d, k]
        if back >= 0.0 and back - clearance < lag_gap:
            lag_gap = back - clearance
            lag_speed, lag_accel = o.speed[d, k], o.accel[d, k]
    return Around(lead_gap, lead_speed, lead_accel, lag_gap, lag_speed, lag_accel)


@compiled
def consider(
    now: float,
    due: Bools,
    needed: Bools,
    needed_side: NDArray[np.int8],
    jump: Floats,
    onto: Ints,
    obstructed: Bools,
    rested: Floats,
    blocked_since: Floats,
    current: Floats,
    free: Floats,
    own_speed: Floats,
    own_accel: Floats,
    own_length: Floats,
    path_lane: Ints,
    path_s: Floats,
    path_lane_s: Floats,
    others: Others,
    lanes: Lanes,
    reach: ReachTable,
    parameters: ParameterTable,
) -> NDArray[np.int8]:
    """Changes to ask for: safe ones that are needed or worth it; -1 right, 0 no, +1 left.

    MOBIL, Kesting, Treiber & Helbing 2007, Transp. Res. Rec. 1999: the own gain plus the politeness
    times that of the followers in both lanes must exceed a threshold, and no follower may have to
    brake harder than is safe. Left is looked at first.

    Args:
        now: Time [s].
        due: Drivers who think of a change at this frame, shape (D,); as are the rest to
            ``own_length``.
        needed: Drivers whose route needs the change that is next on it.
        needed_side: Its side.
        jump: Distance to it [m].
        onto: The lane it leads to from the present one, else -1.
        obstructed: Drivers behind an obstacle, who change even from a stand.
        rested: Time until which nobody changes for its own gain [s].
        blocked_since: Since when it stands for want of a gap [s], inf for never.
        current: Acceleration wanted in the present lane [m/s^2].
        free: Acceleration wanted on an empty road [m/s^2].
        own_speed: [m/s].
        own_accel: [m/s^2].
        own_length: [m].
        path_lane: ``Paths.lane``; so the next two.
        path_s: As there.
        path_lane_s: As there.
        others: The perceived vehicles.
        lanes: The lane graph.
        reach: Its lane distances.
        parameters: ``parameter_table``.
    """
    p = parameters[0]
    asked = np.zeros(len(due), np.int8)
    for d in range(len(due)):
        lane = path_lane[d, 0]
        if not due[d] or lanes.junction[lane] >= 0:
            continue
        speed, length = own_speed[d], own_length[d]
        allowed = obstructed[d] or speed > p.change_min_speed
        if not needed[d]:
            clear = _to_junction(path_lane[d], path_s[d], lanes.junction)
            room = max(p.change_junction_clearance, speed * p.change_time)
            if not (now >= rested[d] and clear > room and allowed):
                continue
        for side in (1, -1):
            goal = lanes.left[lane] if side > 0 else lanes.right[lane]
            if goal < 0:
                goal = onto[d]
            if goal < 0 or (needed[d] and needed_side[d] != side):
                continue
            here = path_lane_s[d, 0] * lanes.length[goal] / lanes.length[lane]
            there = around(d, goal, here, length, others, reach)
            if not min(there.lag_gap, there.lead_gap) > MIN_CLEARANCE_M:
                continue
            bound = p.discretionary_decel
            if needed[d]:
                urgency = min(max(1.0 - (jump[d] - HALF_CHANGE_M) / p.change_notice, 0.0), 1.0)
                if now - blocked_since[d] > _URGENT_WAIT_S:
                    urgency = 1.5
                bound = p.discretionary_decel + urgency * (p.safe_decel - p.discretionary_decel)
            limit = lanes.limit[goal]
            lag_free = free_road(there.lag_speed, max(limit, there.lag_speed), p)
            mine = follow(speed, there.lead_gap, there.lead_speed, there.lead_accel, free[d], p)
            lag_after = follow(there.lag_speed, there.lag_gap, speed, own_accel[d], lag_free, p)
            if not (lag_after > -bound and mine > -bound):
                continue
            if not needed[d]:
                gain = mine - min(current[d], free[d])
                theirs = 0.0
                if there.lag_gap < np.inf:
                    theirs += lag_after - _without(there, length, lag_free, p)
                behind = around(d, lane, path_lane_s[d, 0], length, others, reach)
                if behind.lag_gap < np.inf:
                    old_free = free_road(behind.lag_speed, max(limit, behind.lag_speed), p)
                    before = follow(
                        behind.lag_speed, behind.lag_gap, speed, own_accel[d], old_free, p
                    )
                    theirs += _without(behind, length, old_free, p) - before
                if not gain + p.politeness * theirs > p.change_threshold:
                    continue
            asked[d] = side
            break
    return asked


@compiled
def let_pass(
    under_way: Bools,
    crossing: Floats,
    onto: Ints,
    own_speed: Floats,
    own_accel: Floats,
    own_length: Floats,
    path_lane: Ints,
    path_lane_s: Floats,
    others: Others,
    lanes: Lanes,
    reach: ReachTable,
    parameters: ParameterTable,
) -> tuple[Floats, Bools]:
    """Where to wait during a change for somebody who has come up in the target lane [m].

    Args:
        under_way: Drivers in a change, shape (D,); as are the next five.
        crossing: Distance to the line that the front crosses [m]; until there they can wait.
        onto: The lane that the change leads to.
        own_speed: [m/s].
        own_accel: [m/s^2].
        own_length: [m].
        path_lane: ``Paths.lane``.
        path_lane_s: ``Paths.lane_s``.
        others: The perceived vehicles.
        lanes: The lane graph.
        reach: Its lane distances.
        parameters: ``parameter_table``.

    Returns:
        Distance to wait at, inf where nobody is in danger or it is too late to wait; and who has
        somebody alongside, for whom there is only the way back. Shape (D,) each.
    """
    p = parameters[0]
    out = np.full(len(under_way), np.inf)
    alongside = np.zeros(len(under_way), dtype=np.bool_)
    for d in range(len(under_way)):
        if not under_way[d]:
            continue
        goal = onto[d]
        here = path_lane_s[d, 0] * (lanes.length[goal] / lanes.length[path_lane[d, 0]])
        there = around(d, goal, here, own_length[d], others, reach)
        free = free_road(there.lag_speed, max(lanes.limit[goal], there.lag_speed), p)
        after = follow(there.lag_speed, there.lag_gap, own_speed[d], own_accel[d], free, p)
        unsafe = after < -p.safe_decel or there.lag_gap < MIN_CLEARANCE_M
        if unsafe and crossing[d] > -0.5:
            out[d] = max(crossing[d], 0.0)
        alongside[d] = min(there.lag_gap, there.lead_gap) < 0.0
    return out, alongside


@compiled
def _without(a: Around, length: float, free: float, p: Parameters) -> float:
    """Acceleration of the one behind with the driver, so long [m], not before it."""
    gap = a.lag_gap + length + a.lead_gap
    return follow(a.lag_speed, gap, a.lead_speed, a.lead_accel, free, p)


@compiled
def _to_junction(lane: Ints, s: Floats, junction: Ints) -> float:
    """Distance along a path, shape (P,), to its first point in a junction [m], inf for none."""
    for k in range(len(lane)):
        if junction[lane[k]] >= 0:
            return float(s[k])
    return np.inf
