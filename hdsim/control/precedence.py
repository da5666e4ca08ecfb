"""Who goes first where one driver's lane conflicts with another's, and where it waits.

One driver, one other vehicle and one conflict zone: the rule, the times at which both would be in
the zone, the place to wait.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hdsim.control.conflict_table import ConflictTable
from hdsim.control.parameters import Parameters
from hdsim.control.reach import ReachTable, lane_distance
from hdsim.control.standing import stands
from hdsim.core.compiled import compiled

# Vehicles count that would be at the zone within this time, the longest critical headway and the
# time to get to the line [s]. [P]
AROUND_S = 10.0
# A stop that needs more than this is past the point of no return [m/s^2].
_COMMITTED_DECEL = 3.5
# Whoever moves farther than this before a stop sign has yet to stop at it [m].
_HELD_M = 5.0
# First in line: a standing vehicle this close to its conflict zone is about to enter [m].
AT_LINE_M = 20.0
# Arrivals closer together than this count as simultaneous [s].
_TIE_S = 0.5
# A vehicle this close to its conflict zone is as good as in it [m].
_AT_ZONE_M = 0.3
# A vehicle speeding up counts with the speed that it has a second later, gained at most so fast.
_GAIN = 2.0
# Lanes that fork at the mouth of a junction are not told apart before this far in [m]. [P]
_MOUTH_M = 4.0
# Nobody drives through a bend faster than this part of the comfortable speed: nuPlan's bound of
# lateral acceleration, 4.89 m/s^2, over ``lateral_accel``, and the root of that.
_CORNERING = 1.32


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


class Driver(NamedTuple):
    """One who judges.

    Attributes:
        row: Actor row.
        speed: [m/s].
        front: From its centre to its front bumper [m].
        open: Its signal lets it go.
        fresh: Its signal has just opened.
        stood_since: ``Standing.own_since``.
        patient: It still waits for those who stand and have precedence.
        shrink: Part of a critical headway that it insists on after its wait.
    """

    row: int
    speed: float
    front: float
    open: bool
    fresh: bool
    stood_since: float
    patient: bool
    shrink: float


class Other(NamedTuple):
    """One who is judged, as believed.

    Attributes:
        row: Actor row.
        speed: [m/s], >= 0.
        accel: [m/s^2].
        length: [m].
        lane: Its lane.
        s: Position on it [m].
        stood_since: ``Standing.seen_since``.
    """

    row: int
    speed: float
    accel: float
    length: float
    lane: int
    s: float
    stood_since: float


@compiled
def committed(line: float, speed: float, p: Parameters) -> bool:
    """Whether a line so far away [m] is passed or can no longer be stopped at."""
    room = max(line - p.stop_margin, 0.05)
    pressed = speed**2 > 2.0 * _COMMITTED_DECEL * room and not stands(speed)
    return bool(line < 0.0 or pressed)


@compiled
def before(e: int, other: Other, table: ConflictTable, reach: ReachTable) -> Zone:
    """Where a vehicle is before the zone of conflict ``e`` on the other lane."""
    lane = table.other[e]
    gone = lane_distance(reach, other.lane, lane)
    # On the move at the mouth of a junction it may still take any lane that begins there.
    if other.s < _MOUTH_M and not stands(other.speed) and table.mouth[other.lane] >= 0:
        gone = 0.0 if table.mouth[other.lane] == table.mouth[lane] else gone
    half = 0.5 * other.length
    return Zone(
        gone,
        gone + table.other_from[e] - other.s - half,
        gone + table.other_to[e] - other.s + half,
    )


@compiled
def _arrival(other: Other, o: Zone, speed: float, p: Parameters) -> float:
    """Earliest time at which a vehicle is at its zone, on a lane driven through at ``speed`` [m/s].

    It may speed up; but who comes too fast for a bend slows down first.
    """
    v, to_lane, fastest = other.speed, o.gone - other.s, _CORNERING * speed
    if v <= fastest or to_lane <= 0.0:
        return _time(o.enter, v, max(v, speed), p.max_accel)
    braking = min((v**2 - fastest**2) / (2.0 * p.safe_decel), to_lane)
    slowing = (to_lane - braking) / v + braking / (0.5 * (v + fastest))
    return float(slowing + max(o.enter - to_lane, 0.0) / fastest)


@compiled
def _time(distance: float, speed: float, cruise: float, accel: float) -> float:
    """Time to cover a distance, accelerating to the cruise speed; 0 for what lies behind."""
    x = max(distance, 0.0)
    gain = (cruise**2 - speed**2) / (2.0 * accel)
    fast = (np.sqrt(speed**2 + 2.0 * accel * min(x, gain)) - speed) / accel
    return float(fast + max(x - gain, 0.0) / cruise)


@compiled
def waiting_at(e: int, c: Crossing, me: Driver, table: ConflictTable, p: Parameters) -> Crossing:
    """The crossing with the line at which a conflict is waited for.

    Oncoming traffic is waited for inside the junction where there is room.
    """
    within = table.within[c.lane]
    if not (table.facing[e] and table.priority[e] < 0 and within > 0.0):
        return c
    line = c.entry + within + p.stop_margin - me.front
    return Crossing(c.lane, c.entry, line, committed(line, me.speed, p))


@compiled
def stop_at(e: int, own: Crossing, me: Driver, table: ConflictTable, p: Parameters) -> float:
    """Where the front bumper waits for a conflict [m]: at the line, past it before the zone."""
    if own.inside:
        return float(max(own.entry + table.own_from[e] - me.front - 0.5, 0.0))
    return max(own.line - p.stop_margin, 0.0)


@compiled
def rule(
    e: int,
    c: Crossing,
    own: Crossing,
    me: Driver,
    other: Other,
    o: Zone,
    table: ConflictTable,
    p: Parameters,
) -> tuple[bool, bool]:
    """Whether a driver waits for another at conflict ``e``; if not, whether it has to be brisk."""
    standing, occupied = stands(other.speed), o.enter <= _AT_ZONE_M
    # A signal has admitted the driver to the junction: those whom it holds meanwhile do not count.
    admitted = table.controlled[c.lane] and (me.open or c.line < 0.0)
    priority = table.priority[e]
    if admitted and (not table.facing[e] or priority == 0):
        priority = 1
    # Whom a stop sign holds has to come to a stand before it counts.
    if table.stop[table.other[e]] and not standing and o.enter - table.other_from[e] > _HELD_M:
        priority = 1

    accel = p.brisk_accel if priority < 0 else p.max_accel
    cruise = max(me.speed, table.speed[c.lane])
    own_in = c.entry + table.own_from[e] - me.front
    own_out = c.entry + table.own_to[e] + me.front
    t_in, t_out = _time(own_in, me.speed, cruise, accel), _time(own_out, me.speed, cruise, accel)
    # The other may speed up from where it is, or go on as slowly as it does: both count.
    o_t_in = _arrival(other, o, table.speed[table.other[e]], p)
    o_t_out = o.leave / max(other.speed + min(max(other.accel, 0.0), _GAIN), 0.1)
    still_in = o_t_out + p.gap_buffer > t_in
    overlap = o_t_in < t_out + p.gap_buffer and still_in
    lower_row = other.row < me.row
    tie = abs(o_t_in - t_in) <= _TIE_S
    other_first = o_t_in < t_in - _TIE_S or (tie and lower_row)
    cannot_stop = o.enter < other.speed**2 / (2.0 * p.safe_decel)

    if own.inside:
        # Only those really in the way count, and only ahead of their zone.
        if standing:
            # Of two who both stand the one with precedence starts first.
            wait = priority < 0 and me.stood_since < np.inf and me.patient and o.enter < AT_LINE_M
        else:
            wait = occupied or (overlap and (other_first or priority < 0))
        wait = wait and own_in > _AT_ZONE_M
    elif occupied:
        wait = True
    elif o.gone == 0.0:  # on the very lane of the zone
        # Whoever still stands in the junction when the light changes clears it; of two who turn
        # across each other's way neither waits for ever.
        let_clear = me.patient and priority <= 0 if table.facing[e] else priority <= 0 or admitted
        turns = table.facing[e] and table.priority[e] > 0
        wait = let_clear if standing else overlap and (cannot_stop or not turns)
    elif standing and admitted:
        # Whoever faces the driver at the same green is about to start.
        wait = table.facing[e] and priority < 0 and me.fresh and o.enter < AT_LINE_M
    elif standing:
        # Who stands at the line as well: first come, first served, and nobody waits for ever.
        earlier = other.stood_since < me.stood_since - _TIE_S
        earlier |= other.stood_since <= me.stood_since + _TIE_S and lower_row
        wait = priority <= 0 and o.enter < AT_LINE_M and me.patient
        wait = wait and (priority < 0 or earlier or me.stood_since == np.inf)
    elif priority < 0:
        critical = t_in + table.critical[e] * me.shrink - p.gap_lost_time
        wait = o_t_in < max(t_out + p.gap_buffer, critical) and still_in
    elif priority > 0:
        wait = overlap and cannot_stop
    else:
        wait = overlap and (other_first or table.from_right[e])
    return wait, priority < 0 and not standing and t_in < o_t_in < AROUND_S
