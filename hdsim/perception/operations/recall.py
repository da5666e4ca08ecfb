"""Recall: objects as they were some time ago, moved on at constant velocity.

One mechanism serves delay and memory. Source of the extrapolation: temporal anticipation of the
Human Driver Model, Treiber, Kesting & Helbing 2006, Physica A 360, 71.
"""

from __future__ import annotations

import math

import numpy as np

from hdsim.core.compiled import compiled
from hdsim.core.percept import Objects
from hdsim.core.planar import sincos, wrap
from hdsim.core.state import Bools, Floats, Ints
from hdsim.perception.view import View
from hdsim.road.lanes import LaneGraph

# A car that heads within this cosine of its lane is taken to follow the lane.
_ALONG_LANE = math.cos(math.radians(30.0))
# Lanes that an extrapolation may run through; sections of a road are often short.
_HOPS = 4
# Fields of the ring: state, heading of the lane where the car follows it (else nan), and the
# tick of the entry.
_X, _Y, _YAW, _SPEED, _ACCEL, _LANE, _S, _D, _LANE_YAW, _TICK = range(10)


class History:
    """The last states of all actors that anybody saw: a ring over ticks.

    Args:
        graph: Lanes along which objects are moved on.
        actors: Number of actor rows.
        ticks: Length of the ring.
    """

    def __init__(self, graph: LaneGraph, actors: int, ticks: int) -> None:
        self._ring: Floats = np.full((ticks, actors, 10), -1.0)
        # The lane after each one where there is no choice, else -1.
        after: Ints = np.array(
            [after[0] if len(after) == 1 else -1 for after in graph.successors] or [-1],
            dtype=np.int64,
        )
        self._lanes = (after, graph.length, graph.first, graph.s, graph.x, graph.y, graph.yaw)

    def write(self, tick: int, o: Objects) -> None:
        """Keep the states of everything in sight."""
        page = self._ring[tick % len(self._ring)]
        _, lane_length, lane_first, _, _, _, point_yaw = self._lanes
        _write(
            page, tick, o.row, o.seen, o.x, o.y, o.yaw, o.speed, o.accel, o.lane, o.s, o.d,
            lane_length, lane_first, point_yaw,
        )  # fmt: skip

    def recall(self, view: View, source: Ints, tick: int, step_s: float, which: Bools) -> None:
        """Replace objects of ``view`` by their state at another tick, moved on to now.

        They move along their lane while it is clear which way it goes, else straight on.

        Args:
            view: Changed in place (new arrays): pose, speed, acceleration, lane coordinates.
            source: Tick of the state to go by, shape (D, K).
            tick: This tick.
            step_s: Length of a tick [s].
            which: Slots to replace, shape (D, K).
        """
        if not which.any():
            return
        view.x, view.y, view.yaw = view.x.copy(), view.y.copy(), view.yaw.copy()
        view.speed, view.accel = view.speed.copy(), view.accel.copy()
        view.lane, view.s, view.d = view.lane.copy(), view.s.copy(), view.d.copy()
        _recall(
            self._ring, tick, step_s, which, source, view.row, view.x, view.y, view.yaw,
            view.speed, view.accel, view.lane, view.s, view.d, *self._lanes,
        )  # fmt: skip


@compiled
def _write(
    page: Floats,
    tick: int,
    row: Ints,
    seen: Bools,
    x: Floats,
    y: Floats,
    yaw: Floats,
    speed: Floats,
    accel: Floats,
    lane: Ints,
    s: Floats,
    d: Floats,
    lane_length: Floats,
    lane_first: Ints,
    point_yaw: Floats,
) -> None:
    """Fill one page of the ring, shape (n, 10), from objects of shape (D, K), each actor once."""
    for i in range(row.shape[0]):
        for k in range(row.shape[1]):
            a = row[i, k]
            if not seen[i, k] or page[a, _TICK] == tick:
                continue
            state, on = page[a], lane[i, k]
            state[_X], state[_Y], state[_YAW] = x[i, k], y[i, k], yaw[i, k]
            state[_SPEED], state[_ACCEL] = speed[i, k], accel[i, k]
            state[_LANE], state[_S], state[_D] = on, s[i, k], d[i, k]
            state[_LANE_YAW], state[_TICK] = math.nan, tick
            if on >= 0:
                first, last = lane_first[on], lane_first[on + 1] - 1
                near = first + int(np.rint(s[i, k] / lane_length[on] * (last - first)))
                lane_yaw = point_yaw[min(max(near, first), last)]
                if math.cos(yaw[i, k] - lane_yaw) > _ALONG_LANE:
                    state[_LANE_YAW] = lane_yaw


@compiled
def _recall(
    ring: Floats,
    tick: int,
    step_s: float,
    which: Bools,
    source: Ints,
    row: Ints,
    x: Floats,
    y: Floats,
    yaw: Floats,
    speed: Floats,
    accel: Floats,
    lane: Ints,
    s: Floats,
    d: Floats,
    lane_next: Ints,
    lane_length: Floats,
    lane_first: Ints,
    point_s: Floats,
    point_x: Floats,
    point_y: Floats,
    point_yaw: Floats,
) -> None:
    """Overwrite the objects ``which``, shape (D, K); lanes and points are the graph's."""
    for i in range(which.shape[0]):
        for k in range(which.shape[1]):
            if not which[i, k]:
                continue
            then = source[i, k]
            state = ring[then % len(ring), row[i, k]]
            to, at, heading = int(state[_LANE]), state[_S], state[_YAW]
            way = state[_SPEED] * ((tick - then) * step_s)
            speed[i, k], accel[i, k], d[i, k] = state[_SPEED], state[_ACCEL], state[_D]
            px, py, lane_yaw = state[_X], state[_Y], state[_LANE_YAW]
            if way >= 0.0 and not math.isnan(lane_yaw):
                at += way
                for _ in range(_HOPS):
                    if at <= lane_length[to] or lane_next[to] < 0:
                        break
                    at -= lane_length[to]
                    to = lane_next[to]
                way = max(at - lane_length[to], 0.0)
                at = min(at, lane_length[to])
                first, last = lane_first[to], lane_first[to + 1] - 1
                inside = max(at, 0.0)
                # Points are about evenly spaced: guess, then step to the interval.
                p = int(inside / lane_length[to] * (last - first))
                p = first + min(max(p, 0), last - first - 1)
                while p > first and point_s[p] > inside:
                    p -= 1
                while p < last - 1 and point_s[p + 1] < inside:
                    p += 1
                f = (inside - point_s[p]) / max(point_s[p + 1] - point_s[p], 1e-9)
                there = wrap(point_yaw[p] + f * wrap(point_yaw[p + 1] - point_yaw[p]))
                heading = wrap(heading + (there - lane_yaw))
                px = point_x[p] + f * (point_x[p + 1] - point_x[p])
                py = point_y[p] + f * (point_y[p + 1] - point_y[p])
                sin, cos = sincos(there)
                px -= d[i, k] * sin
                py += d[i, k] * cos
            if way != 0.0:
                sin, cos = sincos(heading)
                px += way * cos
                py += way * sin
            x[i, k], y[i, k] = px, py
            yaw[i, k], lane[i, k], s[i, k] = heading, to, at
