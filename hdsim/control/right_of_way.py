"""The rules of right of way, judged driver by driver in compiled loops.

For each driver near a junction every (conflict zone, perceived vehicle) pair is judged by the times
at which both would be in the zone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hdsim.control.conflict_table import ConflictTable
from hdsim.control.parameters import Parameters, ParameterTable
from hdsim.control.reach import ReachTable, lane_distance
from hdsim.core.compiled import compiled
from hdsim.core.state import Bools, Floats, Ints

# Junctions are judged from this far on [m]; vehicles count that are this close to them [m] or would
# be there within this time [s], the longest critical headway and the time to get to the line [P].
_HORIZON_M = 60.0
_AROUND_M, _AROUND_S = 70.0, 10.0
# Below this speed a vehicle counts as standing [m/s]: slower than this, people see no motion. [P]
_STANDING = 0.5
# Creeping up to this speed does not lose a vehicle its turn [m/s].
_CREEPING = 1.5
# A stop that needs more than this is past the point of no return [m/s^2].
_COMMITTED_DECEL = 3.5
# Whoever moves farther than this before a stop sign has yet to stop at it [m].
_HELD_M = 5.0
# First in line: a standing vehicle this close to its conflict zone is about to enter [m].
_AT_LINE_M = 20.0
# Arrivals closer together than this count as simultaneous [s].
_TIE_S = 0.5
# A vehicle this close to its conflict zone is as good as in it [m].
_AT_ZONE_M = 0.3
# Where a queue moves on, it makes room for this long before the own arrival [s].
_QUEUE_MOVES_S = 3.0
# A vehicle speeding up counts with the speed that it has a second later, gained at most so fast.
_GAIN = 2.0
# Waiting never shrinks a critical headway below this part of it.
_LEAST_SHRINK = 0.6


class Crossing(NamedTuple):
    """A junction lane ahead of one driver; distances from its own centre [m].

    Attributes:
        lane: The lane, -1 for no crossing.
        entry: Where the lane begins.
        line: Where to wait, from the front bumper.
        inside: The driver is past the point of no return.
    """

    lane: int
    entry: float
    line: float
    inside: bool


class Zone(NamedTuple):
    """Where one vehicle is before a conflict zone: bumpers to its near and its far end [m].

    Attributes:
        gone: From the start of the vehicle's lane to that of the lane of the zone, inf where the
            vehicle does not come there.
        enter: Front bumper to the near end.
        leave: Rear bumper to the far end.
    """

    gone: float
    enter: float
    leave: float


@compiled
def note_standing(
    stood_since: Floats,
    seen_since: Floats,
    own_speed: Floats,
    seen: Bools,
    row: Ints,
    speed: Floats,
    now: float,
) -> None:
    """Note in place since when the drivers (D,) and the vehicles they see (D, rows) stand."""
    for d in range(len(own_speed)):
        stood_since[d] = _since(stood_since[d], own_speed[d], now)
        for k in range(seen.shape[1]):
            if seen[d, k] and row[d, k] >= 0:
                r = row[d, k]
                seen_since[d, r] = _since(seen_since[d, r], speed[d, k], now)


@compiled
def _since(since: float, speed: float, now: float) -> float:
    """Time at which a vehicle came to stand, inf for one on the move."""
    if not speed < _CREEPING:
        return np.inf
    return min(since, now) if speed < _STANDING else since


@compiled
def judge(
    now: float,
    own_row: Ints,
    own_speed: Floats,
    own_length: Floats,
    signal_open: Bools,
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
) -> tuple[Floats, Ints]:
    """Where each driver waits [m], inf where it need not, and for which row; shape (D,) each.

    Args:
        now: Time [s].
        own_row: Actor rows of the drivers, shape (D,); so the other arguments ``own_*``.
        own_speed: [m/s].
        own_length: [m].
        signal_open: Drivers whom a signal lets go, shape (D,).
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
        stood_since: From ``note_standing``.
        seen_since: From ``note_standing``.
        table: The conflicts of the lane graph.
        reach: Its lane distances.
        parameters: ``parameter_table``.
    """
    p = parameters[0]
    distance, waits_for = np.full(len(own_row), np.inf), np.full(len(own_row), -1)
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
                if rival[d, k] and speed[d, k] < _STANDING and row[d, k] < own_row[d]:
                    here = x[d, k], y[d, k], lane[d, k], lane_s[d, k], length[d, k]
                    waiting += _times_at_line(c, here, front, table, reach)
        waited = max(now - stood_since[d], 0.0)
        patient = waited < p.standing_patience + waiting * p.standing_stagger
        shrink = 1.0 - p.gap_shrink * (waited - p.gap_patience)
        shrink = min(max(shrink, _LEAST_SHRINK), 1.0)
        for c in crossings:
            if c.lane < 0:
                continue
            cruise = max(v, table.speed[c.lane])
            for k in range(rival.shape[1]):
                if not rival[d, k] or not _is_near(c, x[d, k], y[d, k], speed[d, k], table):
                    continue
                v_o = max(speed[d, k], 0.0)
                v_soon = max(v_o + min(max(accel[d, k], 0.0), _GAIN), 0.1)
                lower_row = row[d, k] < own_row[d]
                for e in range(table.start[c.lane], table.start[c.lane + 1]):
                    o = _before(e, lane[d, k], lane_s[d, k], length[d, k], table, reach)
                    own_in = c.entry + table.own_from[e] - front
                    own_out = c.entry + table.own_to[e] + front
                    if o.gone == np.inf or not (o.leave > 0.0 and own_out > 0.0):
                        continue
                    # Oncoming traffic is waited for inside the junction where there is room.
                    short = table.facing[e] and table.priority[e] < 0
                    own = _advanced(c, v, front, table, p) if short else c
                    stop = max(own.line - p.stop_margin, 0.0)
                    if own.inside:
                        stop = max(own_in - 0.5, 0.0)
                    if stop > distance[d]:
                        continue
                    # The other may speed up from where it is, or go on as slowly as it does: both
                    # count.
                    o_cruise = max(v_o, table.speed[table.other[e]])
                    t_in = _time(own_in, v, cruise, p.max_accel)
                    t_out = _time(own_out, v, cruise, p.max_accel)
                    o_t_in = _time(o.enter, v_o, o_cruise, p.max_accel)
                    o_t_out = o.leave / v_soon
                    standing, occupied = v_o < _STANDING, o.enter <= _AT_ZONE_M
                    still_in = o_t_out + p.gap_buffer > t_in
                    overlap = o_t_in < t_out + p.gap_buffer and still_in
                    tie = abs(o_t_in - t_in) <= _TIE_S
                    other_first = o_t_in < t_in - _TIE_S or (tie and lower_row)
                    # With an own green only those who also have green matter: the oncoming ones.
                    green = table.controlled[c.lane] and signal_open[d]
                    priority = table.priority[e]
                    if green and (not table.facing[e] or priority == 0):
                        priority = 1
                    # Whom a stop sign holds has to come to a stand before it counts.
                    far = o.enter - table.other_from[e] > _HELD_M
                    if table.stop[table.other[e]] and far and not standing:
                        priority = 1
                    if own.inside:
                        # Only those really in the way count, and only ahead of their zone.
                        must = occupied or (overlap and (other_first or priority < 0))
                        must = must and own_in > _AT_ZONE_M and not standing
                    elif occupied:
                        must = True
                    elif o.gone == 0.0:  # on the very lane of the zone
                        # Whoever still stands in the junction when the light changes clears it.
                        let_clear = priority <= 0 or (green and not table.facing[e])
                        must = let_clear if standing else overlap
                    elif standing:
                        # Who stands at the line as well: first come, first served, and nobody
                        # waits for ever.
                        theirs, mine = seen_since[d, row[d, k]], stood_since[d]
                        earlier = theirs < mine - _TIE_S or (theirs <= mine + _TIE_S and lower_row)
                        may = green or (table.controlled[c.lane] and c.line < 0.0)
                        must = priority <= 0 and not may and o.enter < _AT_LINE_M and patient
                        must = must and (priority < 0 or earlier or mine == np.inf)
                    elif priority < 0:
                        critical = t_in + table.critical[e] * shrink - p.gap_lost_time
                        must = o_t_in < max(t_out + p.gap_buffer, critical) and still_in
                    elif priority > 0:
                        must = overlap and o.enter < v_o**2 / (2.0 * p.safe_decel)
                    else:
                        must = overlap and (other_first or table.from_right[e])
                    if must:
                        distance[d], waits_for[d] = stop, row[d, k]
    return distance, waits_for


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
    here: tuple[float, float, int, float, float],
    front: float,
    table: ConflictTable,
    reach: ReachTable,
) -> int:
    """At how many conflict zones of a crossing a standing vehicle is first in line.

    ``here`` is its ``(x, y, lane, s, length)``.
    """
    count = 0
    x, y, lane, s, length = here
    if c.lane < 0 or not _is_near(c, x, y, 0.0, table):
        return count
    for e in range(table.start[c.lane], table.start[c.lane + 1]):
        o = _before(e, lane, s, length, table, reach)
        ahead = o.leave > 0.0 and c.entry + table.own_to[e] + front > 0.0
        count += 0.0 < o.gone < np.inf and ahead and o.enter < _AT_LINE_M
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
    return Crossing(lane, entry, line, _committed(line, speed, p))


@compiled
def _committed(line: float, speed: float, p: Parameters) -> bool:
    """Whether a line so far away [m] is passed or can no longer be stopped at."""
    room = max(line - p.stop_margin, 0.05)
    pressed = speed**2 > 2.0 * _COMMITTED_DECEL * room and speed > _STANDING
    return bool(line < 0.0 or pressed)


@compiled
def _advanced(
    c: Crossing, speed: float, front: float, table: ConflictTable, p: Parameters
) -> Crossing:
    """A crossing with the line inside the junction at which oncoming traffic is waited for."""
    within = table.within[c.lane]
    if within <= 0.0:
        return c
    line = c.entry + within + p.stop_margin - front
    return Crossing(c.lane, c.entry, line, _committed(line, speed, p))


@compiled
def _is_near(c: Crossing, x: float, y: float, speed: float, table: ConflictTable) -> bool:
    """Whether a vehicle is close enough to a crossing, at its speed [m/s], to matter."""
    dx, dy = x - table.x[c.lane], y - table.y[c.lane]
    return bool(dx * dx + dy * dy < max(_AROUND_M, _AROUND_S * speed) ** 2)


@compiled
def _before(
    e: int, lane: int, s: float, length: float, table: ConflictTable, reach: ReachTable
) -> Zone:
    """Where a vehicle is before the zone of conflict ``e`` on the other lane."""
    gone = lane_distance(reach, lane, table.other[e])
    half = 0.5 * length
    return Zone(gone, gone + table.other_from[e] - s - half, gone + table.other_to[e] - s + half)


@compiled
def _time(distance: float, speed: float, cruise: float, accel: float) -> float:
    """Time to cover a distance, accelerating to the cruise speed; 0 for what lies behind."""
    x = max(distance, 0.0)
    gain = (cruise**2 - speed**2) / (2.0 * accel)
    fast = (np.sqrt(speed**2 + 2.0 * accel * min(x, gain)) - speed) / accel
    return float(fast + max(x - gain, 0.0) / cruise)
