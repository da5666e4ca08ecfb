"""Right of way: whom to let pass at the junctions ahead, and where to wait.

For each driver near a junction every (conflict zone, perceived vehicle) pair is judged by the times
at which both would be in the zone. The pairs are few, so they are kept as flat lists.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.control.conflict_table import conflict_table
from hdsim.control.parameters import Parameters
from hdsim.control.reach import Reach
from hdsim.core.percept import Percepts
from hdsim.core.state import Bools, Floats, Ints
from hdsim.road.lanes import LaneGraph

from .scene import ALONG, OnPath, people

# Junctions are judged from this far on, and vehicles this far around them count [m].
_HORIZON_M = 60.0
_AROUND_M, _AROUND_S = 70.0, 10.0
# Below this speed a vehicle counts as standing [m/s].
_STANDING = 0.5
# Creeping up to this speed does not lose a vehicle its turn [m/s].
_CREEPING = 1.5
# A stop that needs more than this is past the point of no return [m/s^2].
_COMMITTED_DECEL = 3.5
# First in line: a standing vehicle this close to its conflict zone is about to enter [m].
_AT_LINE_M = 20.0
# Arrivals closer together than this count as simultaneous [s].
_TIE_S = 0.5


@dataclass(frozen=True, slots=True)
class Yield:
    """Where each driver must wait.

    Attributes:
        distance: From the front bumper [m], inf where it need not; shape (D,).
        row: Actor row waited for, -1 for none, shape (D,).
    """

    distance: Floats
    row: Ints


@dataclass(frozen=True, slots=True)
class _Crossings:
    """The junction lanes ahead, flat over (driver, lane): distances from the own centre [m]."""

    driver: Ints
    lane: Ints
    entry: Floats
    line: Floats
    inside: Bools


class RightOfWay:
    """Judges junctions; remembers who stands since when, as each driver has seen it.

    Args:
        graph: The lane graph.
        rows: Actor row of each driver, shape (D,).
        reach: Lane distances of the graph.
        p: Parameters.
    """

    def __init__(self, graph: LaneGraph, rows: Ints, reach: Reach, p: Parameters) -> None:
        self._graph, self._rows, self._reach, self._p = graph, rows, reach, p
        self._table = conflict_table(graph, p)
        self._stood_since: Floats = np.full(len(rows), np.inf)
        self.seen_since: Floats = np.full((len(rows), int(rows.max(initial=0)) + 1), np.inf)

    def judge(self, percepts: Percepts, on_path: OnPath, signal_open: Bools) -> Yield:
        """Whom each driver yields to at this frame and where it waits."""
        self._remember(percepts)
        d_count = len(self._rows)
        distance, row = np.full(d_count, np.inf), np.full(d_count, -1)
        crossings = self._crossings(percepts)
        if len(crossings.driver) == 0:
            return Yield(distance, row)
        self._keep_clear(percepts, on_path, crossings, distance, row)
        self._give_way(percepts, on_path, signal_open, crossings, distance, row)
        return Yield(distance, row)

    def _remember(self, percepts: Percepts) -> None:
        """Note since when the driver itself and each perceived vehicle stands."""
        own, obj, now = percepts.own, percepts.objects, percepts.time
        self._stood_since = _since(self._stood_since, own.speed, now)
        top = int(obj.row.max(initial=-1)) + 1
        if top > self.seen_since.shape[1]:
            extra = top - self.seen_since.shape[1]
            self.seen_since = np.pad(self.seen_since, ((0, 0), (0, extra)), constant_values=np.inf)
        d, k = np.nonzero(obj.seen & (obj.row >= 0))
        rows = obj.row[d, k]
        self.seen_since[d, rows] = _since(self.seen_since[d, rows], obj.speed[d, k], now)

    def _crossings(self, percepts: Percepts) -> _Crossings:
        """The next two junction lanes of every path that lie within the horizon."""
        path, own = percepts.paths, percepts.own
        junction = self._graph.junction[path.lane]
        d = np.arange(len(junction))
        inside = junction >= 0
        k1 = np.argmax(inside, axis=1)
        lane1 = path.lane[d, k1]
        later = inside & (path.lane != lane1[:, None])
        later &= np.arange(path.s.shape[1]) > k1[:, None]
        k2 = np.argmax(later, axis=1)
        front = 0.5 * own.length
        entry1 = path.s[d, k1] - path.lane_s[d, k1]
        entry2 = path.s[d, k2] - path.lane_s[d, k2]
        same = junction[d, k1] == junction[d, k2]
        line1 = entry1 - front
        line2 = np.where(same, line1, entry2 - front)
        driver = np.concatenate([d, d])
        lane = np.concatenate([lane1, path.lane[d, k2]])
        entry = np.concatenate([entry1, entry2])
        line = np.concatenate([line1, line2])
        valid = np.concatenate([inside[d, k1], later[d, k2]]) & (line < _HORIZON_M)
        valid &= self._graph.conflicts.start[lane + 1] > self._graph.conflicts.start[lane]
        speed = own.speed[driver]
        room = np.maximum(line - self._p.stop_margin, 0.05)
        committed = (line < 0.0) | (speed**2 > 2.0 * _COMMITTED_DECEL * room)
        committed &= (line < 0.0) | (speed > _STANDING)
        return _Crossings(driver[valid], lane[valid], entry[valid], line[valid], committed[valid])

    def _keep_clear(
        self, percepts: Percepts, on_path: OnPath, c: _Crossings, distance: Floats, row: Ints
    ) -> None:
        """Do not enter a junction that cannot be left again behind the queue beyond it."""
        own, p = percepts.own, self._p
        gap = np.where(on_path.blocking, on_path.gap, np.inf)[c.driver]
        front = 0.5 * own.length[c.driver]
        line = c.line
        beyond = gap > line[:, None]
        gap = np.where(beyond, gap, np.inf)
        k = np.argmin(gap, axis=1)
        i = np.arange(len(k))
        exit_s = c.entry + self._graph.length[c.lane] - front
        lead_speed = percepts.objects.speed[c.driver, k] * on_path.cos[c.driver, k]
        room = gap[i, k] + np.maximum(lead_speed, 0.0) * 3.0 - exit_s
        wait = ~c.inside & (room < own.length[c.driver] + p.exit_space)
        for j in np.flatnonzero(wait):
            stop = max(float(line[j]) - p.stop_margin, 0.0)
            if stop < distance[c.driver[j]]:
                distance[c.driver[j]] = stop
                row[c.driver[j]] = percepts.objects.row[c.driver[j], k[j]]

    def _give_way(
        self,
        percepts: Percepts,
        on_path: OnPath,
        signal_open: Bools,
        c: _Crossings,
        distance: Floats,
        row: Ints,
    ) -> None:
        """Let pass whom the rules and the gaps say; lowers ``distance`` and sets ``row``."""
        p, obj, own, table = self._p, percepts.objects, percepts.own, self._table
        cf = self._graph.conflicts
        # Pairs (crossing a, object slot k) near each other, then triples with the conflicts e.
        dx = obj.x[c.driver] - table.x[c.lane][:, None]
        dy = obj.y[c.driver] - table.y[c.lane][:, None]
        following = on_path.blocking[c.driver] & (on_path.cos[c.driver] > ALONG)
        near = obj.seen[c.driver] & (obj.lane[c.driver] >= 0) & ~following
        near &= ~people(obj)[c.driver]
        reach = np.maximum(_AROUND_M, _AROUND_S * obj.speed[c.driver])
        near &= dx * dx + dy * dy < reach**2
        a, k = np.nonzero(near)
        if len(a) == 0:
            return
        first = cf.start[c.lane[a]]
        count = cf.start[c.lane[a] + 1] - first
        pair = np.repeat(np.arange(len(a)), count)
        e = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count) + first[pair]
        lane_o = obj.lane[c.driver[a], k]
        gone = self._reach(lane_o[pair], cf.other[e])
        hit = np.isfinite(gone)
        pair, e, gone = pair[hit], e[hit], gone[hit]
        a, k = a[pair], k[pair]
        d = c.driver[a]
        s_o, len_o, v_o = obj.s[d, k], obj.length[d, k], np.maximum(obj.speed[d, k], 0.0)
        o_in = gone + cf.other_from[e] - s_o - 0.5 * len_o
        o_out = gone + cf.other_to[e] - s_o + 0.5 * len_o
        own_in = c.entry[a] + cf.own_from[e] - 0.5 * own.length[d]
        own_out = c.entry[a] + cf.own_to[e] + 0.5 * own.length[d]
        live = (o_out > 0.0) & (own_out > 0.0)
        v = own.speed[d]
        cruise = np.maximum(v, table.speed[c.lane[a]])
        v_eff = np.maximum(v_o + np.minimum(np.maximum(obj.accel[d, k], 0.0), 2.0), 0.1)
        # The other may speed up from where it is, or go on as slowly as it does: both count.
        o_cruise = np.maximum(v_o, table.speed[cf.other[e]])
        t_in, t_out, o_t_in = self._time(
            np.array([own_in, own_out, o_in]),
            np.array([v, v, v_o]),
            np.array([cruise, cruise, o_cruise]),
        )
        o_t_out = o_out / v_eff

        standing = v_o < _STANDING
        within = gone == 0.0
        occupied = o_in <= 0.3
        waited = np.maximum(percepts.time - self._stood_since[d], 0.0)
        shrink = np.clip(1.0 - p.gap_shrink * (waited - p.gap_patience), 0.6, 1.0)
        overlap = (o_t_in < t_out + p.gap_buffer) & (o_t_out + p.gap_buffer > t_in)
        cannot_stop = o_in < v_o**2 / (2.0 * p.safe_decel)
        other_first = (o_t_in < t_in - _TIE_S) | (
            (np.abs(o_t_in - t_in) <= _TIE_S) & (obj.row[d, k] < self._rows[d])
        )

        # With an own green only those who also have green matter: the oncoming ones.
        green = table.controlled[c.lane[a]] & signal_open[d]
        priority = np.where(green & ~table.facing[e], 1, table.priority[e])
        priority = np.where(green & table.facing[e] & (priority == 0), 1, priority)

        # Whom a stop sign holds has to come to a stand before it counts.
        held = table.stop[cf.other[e]] & (o_in - cf.other_from[e] > 5.0) & ~standing
        priority = np.where(held, 1, priority)

        required = np.maximum(
            t_out + p.gap_buffer, t_in + table.critical[e] * shrink - p.gap_lost_time
        )
        gap_short = (o_t_in < required) & (o_t_out + p.gap_buffer > t_in)
        moving_rule = np.where(
            priority < 0,
            gap_short,
            np.where(
                priority > 0,
                overlap & cannot_stop,
                overlap & (other_first | table.from_right[e]),
            ),
        )
        # Who stands at the line as well: first come, first served, and nobody waits for ever.
        theirs, mine = self.seen_since[d, obj.row[d, k]], self._stood_since[d]
        earlier = (theirs < mine - _TIE_S) | (
            (theirs <= mine + _TIE_S) & (obj.row[d, k] < self._rows[d])
        )
        rivals = standing & ~within & (o_in < _AT_LINE_M) & live & (obj.row[d, k] < self._rows[d])
        rank = np.bincount(d[rivals], minlength=len(own.speed))[d] * p.standing_stagger
        patient = waited < p.standing_patience + rank
        may = green | (table.controlled[c.lane[a]] & (c.line[a] < 0.0))
        standing_rule = (priority <= 0) & ~may & (o_in < _AT_LINE_M) & patient
        standing_rule &= np.where(priority < 0, True, earlier | (mine == np.inf))
        outside = np.where(
            occupied,
            True,
            np.where(
                within,
                np.where(standing, (priority <= 0) | (green & ~table.facing[e]), overlap),
                np.where(standing, standing_rule, moving_rule),
            ),
        )
        # Oncoming traffic is waited for inside the junction where there is room.
        within = table.within[c.lane[a]]
        advances = table.facing[e] & (table.priority[e] < 0) & (within > 0.0)
        line = c.entry[a] + within + p.stop_margin - 0.5 * own.length[d]
        line = np.where(advances, line, c.line[a])
        room = np.maximum(line - p.stop_margin, 0.05)
        pressed = (v**2 > 2.0 * _COMMITTED_DECEL * room) & (v > _STANDING)
        me_inside = np.where(advances, (line < 0.0) | pressed, c.inside[a])
        # Once in the junction only those really in the way count, and only ahead of their zone.
        ahead = own_in > 0.3
        inside = ahead & ~standing & (occupied | (overlap & (other_first | (priority < 0))))
        must = live & np.where(me_inside, inside, outside)
        stop = np.where(
            me_inside, np.maximum(own_in - 0.5, 0.0), np.maximum(line - p.stop_margin, 0.0)
        )
        j = np.flatnonzero(must)
        np.minimum.at(distance, d[j], stop[j])
        tight = j[stop[j] <= distance[d[j]]]
        row[d[tight]] = obj.row[d[tight], k[tight]]

    def _time(self, distance: Floats, speed: Floats, cruise: Floats) -> Floats:
        """Time to cover a distance, accelerating to the cruise speed; 0 for what lies behind."""
        a = self._p.max_accel
        x = np.maximum(distance, 0.0)
        gain = (cruise**2 - speed**2) / (2.0 * a)
        fast = (np.sqrt(speed**2 + 2.0 * a * np.minimum(x, gain)) - speed) / a
        return np.asarray(fast + np.maximum(x - gain, 0.0) / cruise)


def _since(since: Floats, speed: Floats, now: float) -> Floats:
    """Time at which each vehicle came to stand, inf for those on the move."""
    began = np.where(speed < _STANDING, np.minimum(since, now), since)
    return np.where(speed < _CREEPING, began, np.inf)
