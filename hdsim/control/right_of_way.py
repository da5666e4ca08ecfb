"""The rules of right of way, judged driver by driver in compiled loops.

For each driver near a junction every (conflict zone, perceived vehicle) pair is judged by the rule
of ``hdsim.control.precedence``.
"""

from __future__ import annotations

import numpy as np

from hdsim.control.conflict_table import ConflictTable
from hdsim.control.parameters import Parameters, ParameterTable
from hdsim.control.precedence import (
    AROUND_S,
    AT_LINE_M,
    Crossing,
    Driver,
    Other,
    before,
    committed,
    rule,
    stop_at,
    waiting_at,
)
from hdsim.control.reach import ReachTable, lane_distance
from hdsim.control.standing import stands
from hdsim.core.compiled import compiled
from hdsim.core.state import Bools, Floats, Ints

# Junctions are judged from this far on [m]; vehicles count that are this close to them [m], or as
# early there as ``AROUND_S`` has it.
_HORIZON_M = 60.0
_AROUND_M = 70.0
# Within this time of green whoever faces the driver at its line starts, and is seen to [s]. [P]
_STARTS_S = 5.0
# Where a queue moves on, it makes room for this long before the own arrival [s].
_QUEUE_MOVES_S = 3.0
# Waiting never shrinks a critical headway below this part of it.
_LEAST_SHRINK = 0.6


@compiled
def judge(
    now: float,
    own_row: Ints,
    own_speed: Floats,
    own_length: Floats,
    signal_open: Bools,
    opened: Floats,
    path_s: Floats,
    path_lane: Ints,
    path_lane_s: Floats,
    rival: Bools,
    row: Ints,
    x: Floats,
    y: Floats,
    speed: Floats,
    accel: Floats,
    length: Floats,
    lane: Ints,
    lane_s: Floats,
    blocking: Bools,
    gap: Floats,
    lead_speed: Floats,
    stood_since: Floats,
    seen_since: Floats,
    table: ConflictTable,
    reach: ReachTable,
    parameters: ParameterTable,
) -> tuple[Floats, Ints, Bools]:
    """Where each driver waits, for whom, and whether it crosses before somebody with precedence.

    Returns:
        Distance to wait at [m], inf where it need not wait; the row it waits for, -1 for none; and
        who is to be brisk. Shape (D,) each.

    Args:
        now: Time [s].
        own_row: Actor rows of the drivers, shape (D,); so the other arguments ``own_*``.
        own_speed: [m/s].
        own_length: [m].
        signal_open: Drivers whom a signal lets go, shape (D,).
        opened: When it last began to, -inf for never [s], shape (D,).
        path_s: ``Paths.s``; so the other arguments ``path_*``.
        path_lane: As there.
        path_lane_s: As there.
        rival: Vehicles on the road that the driver does not simply follow, shape (D, K).
        row: ``Objects.row``; so the arguments from here to ``lane_s``.
        x: As there.
        y: As there.
        speed: As there.
        accel: As there.
        length: As there.
        lane: As there.
        lane_s: As there.
        blocking: ``OnPath.blocking``.
        gap: ``OnPath.gap``.
        lead_speed: Speed of the objects along the path [m/s], shape (D, K).
        stood_since: ``Standing.own_since``.
        seen_since: ``Standing.seen_since``.
        table: The conflicts of the lane graph.
        reach: Its lane distances.
        parameters: ``parameter_table``.
    """
    p = parameters[0]
    distance, waits_for = np.full(len(own_row), np.inf), np.full(len(own_row), -1)
    brisk, held_up = np.zeros(len(own_row), np.bool_), np.empty(rival.shape[1])
    for d in range(len(own_row)):
        v, front = own_speed[d], 0.5 * own_length[d]
        crossings = _crossings(path_s[d], path_lane[d], path_lane_s[d], v, front, table, p)
        needed = own_length[d] + p.exit_space
        for c in crossings:
            last = _queue_beyond(c, blocking[d], gap[d])
            if last < 0:
                continue
            beyond = c.entry + table.length[c.lane] - front
            moves = max(lead_speed[d, last], 0.0) * _QUEUE_MOVES_S
            stop = max(c.line - p.stop_margin, 0.0)
            if gap[d, last] + moves - beyond < needed and stop < distance[d]:
                distance[d], waits_for[d] = stop, row[d, last]
        # Stagger those who stand and wait for each other.
        waiting = 0
        for c in crossings:
            for k in range(rival.shape[1]):
                if rival[d, k] and stands(speed[d, k]) and row[d, k] < own_row[d]:
                    waiting += _times_at_line(
                        c, x[d, k], y[d, k],
                        Other(row[d, k], 0.0, 0.0, length[d, k], lane[d, k], lane_s[d, k], 0.0),
                        front, table, reach,
                    )  # fmt: skip
        waited = max(now - stood_since[d], 0.0)
        patient = waited < p.standing_patience + waiting * p.standing_stagger
        shrink = 1.0 - p.gap_shrink * (waited - p.gap_patience)
        shrink = min(max(shrink, _LEAST_SHRINK), 1.0)
        me = Driver(
            own_row[d], v, front, signal_open[d], now - opened[d] < _STARTS_S,
            stood_since[d], patient, shrink,
        )  # fmt: skip
        if crossings[0].lane >= 0 or crossings[1].lane >= 0:
            _held_up(held_up, rival[d], speed[d], lane[d], lane_s[d], reach)
        for c in crossings:
            if c.lane < 0:
                continue
            for k in range(rival.shape[1]):
                if not rival[d, k] or not _is_near(c, x[d, k], y[d, k], speed[d, k], table):
                    continue
                other = Other(
                    row[d, k], max(speed[d, k], 0.0), accel[d, k], length[d, k],
                    lane[d, k], lane_s[d, k], seen_since[d, row[d, k]],
                )  # fmt: skip
                for e in range(table.start[c.lane], table.start[c.lane + 1]):
                    o = before(e, other, table, reach)
                    passed = c.entry + table.own_to[e] + front <= 0.0
                    if o.gone == np.inf or o.leave <= 0.0 or passed:
                        continue
                    if held_up[k] < o.enter + 0.5 * other.length:
                        continue  # somebody who stands is between it and the zone
                    own = waiting_at(e, c, me, table, p)
                    if stop_at(e, own, me, table, p) > distance[d]:
                        continue
                    wait, hurry = rule(e, c, own, me, other, o, table, p)
                    brisk[d] |= hurry
                    if wait:
                        distance[d], waits_for[d] = stop_at(e, own, me, table, p), other.row
        brisk[d] &= distance[d] == np.inf
    return distance, waits_for, brisk


@compiled
def _held_up(
    out: Floats, rival: Bools, speed: Floats, lane: Ints, s: Floats, reach: ReachTable
) -> None:
    """Distance from each vehicle to the nearest one standing ahead of it, inf for none [m]."""
    for k in range(len(out)):
        out[k] = np.inf
        if not rival[k] or stands(speed[k]):
            continue
        for j in range(len(out)):
            if rival[j] and stands(speed[j]):
                ahead = lane_distance(reach, lane[k], lane[j]) + s[j] - s[k]
                if 0.0 < ahead < out[k]:
                    out[k] = ahead


@compiled
def _queue_beyond(c: Crossing, blocking: Bools, gap: Floats) -> int:
    """The nearest vehicle in the way beyond where to wait, -1 for none.

    A driver does not enter a junction that it cannot leave again behind the queue beyond it.
    """
    last, nearest = -1, np.inf
    if c.lane < 0 or c.inside:
        return last
    for k in range(len(gap)):
        if blocking[k] and c.line < gap[k] < nearest:
            last, nearest = k, gap[k]
    return last


@compiled
def _times_at_line(
    c: Crossing,
    x: float,
    y: float,
    other: Other,
    front: float,
    table: ConflictTable,
    reach: ReachTable,
) -> int:
    """At how many conflict zones of a crossing a standing vehicle is first in line."""
    count = 0
    if c.lane < 0 or not _is_near(c, x, y, 0.0, table):
        return count
    for e in range(table.start[c.lane], table.start[c.lane + 1]):
        o = before(e, other, table, reach)
        ahead = o.leave > 0.0 and c.entry + table.own_to[e] + front > 0.0
        count += 0.0 < o.gone < np.inf and ahead and o.enter < AT_LINE_M
    return count


@compiled
def _crossings(
    s: Floats,
    lane: Ints,
    lane_s: Floats,
    speed: float,
    front: float,
    table: ConflictTable,
    p: Parameters,
) -> tuple[Crossing, Crossing]:
    """The next two junction lanes of a path that lie within the horizon."""
    none = Crossing(-1, np.inf, np.inf, False)
    first = 0
    while first < len(s) and table.junction[lane[first]] < 0:
        first += 1
    if first == len(s):
        return none, none
    entry = s[first] - lane_s[first]
    one = _crossing(lane[first], entry, entry - front, speed, table, p)
    second = first + 1
    while second < len(s) and (table.junction[lane[second]] < 0 or lane[second] == lane[first]):
        second += 1
    if second == len(s):
        return one, none
    later = s[second] - lane_s[second]
    same = table.junction[lane[first]] == table.junction[lane[second]]
    line = entry - front if same else later - front
    return one, _crossing(lane[second], later, line, speed, table, p)


@compiled
def _crossing(
    lane: int, entry: float, line: float, speed: float, table: ConflictTable, p: Parameters
) -> Crossing:
    if not line < _HORIZON_M or table.start[lane + 1] == table.start[lane]:
        return Crossing(-1, np.inf, np.inf, False)
    return Crossing(lane, entry, line, committed(line, speed, p))


@compiled
def _is_near(c: Crossing, x: float, y: float, speed: float, table: ConflictTable) -> bool:
    """Whether a vehicle is close enough to a crossing, at its speed [m/s], to matter."""
    dx, dy = x - table.x[c.lane], y - table.y[c.lane]
    return bool(dx * dx + dy * dy < max(_AROUND_M, AROUND_S * speed) ** 2)
