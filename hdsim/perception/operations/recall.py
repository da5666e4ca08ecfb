"""Recall: objects as they were some time ago, moved on at constant velocity.

One mechanism serves delay and memory. Source of the extrapolation: temporal anticipation of the
Human Driver Model, Treiber, Kesting & Helbing 2006, Physica A 360, 71.
"""

from __future__ import annotations

import numpy as np

from hdsim.core.percept import Objects
from hdsim.core.state import Bools, Floats, Ints, wrap_angle
from hdsim.perception.view import View, lane_heading
from hdsim.road.lanes import LaneGraph

# A car that heads within this cosine of its lane is taken to follow the lane.
_ALONG_LANE = np.cos(np.radians(30.0))
# Lanes that an extrapolation may run through; sections of a road are often short.
_HOPS = 4


class History:
    """The last states of all actors that anybody saw: a ring over ticks.

    Args:
        graph: Lanes along which objects are moved on.
        actors: Number of actor rows.
        ticks: Length of the ring.
    """

    def __init__(self, graph: LaneGraph, actors: int, ticks: int) -> None:
        self._graph = graph
        self._ring: Floats = np.zeros((ticks, actors, 8))
        # The lane after each one where there is no choice, else -1.
        self._next: Ints = np.array(
            [after[0] if len(after) == 1 else -1 for after in graph.successors] or [-1],
            dtype=np.int64,
        )

    def write(self, tick: int, o: Objects) -> None:
        """Keep the states of everything in sight."""
        seen = o.seen.ravel().nonzero()[0]
        rows, page = o.row.take(seen), self._ring[tick % len(self._ring)]
        for i, field in enumerate((o.x, o.y, o.yaw, o.speed, o.accel, o.lane, o.s, o.d)):
            page[rows, i] = field.take(seen)

    def recall(self, view: View, source: Ints, tick: int, step_s: float, which: Bools) -> None:
        """Replace objects of ``view`` by their state at another tick, moved on to now.

        Args:
            view: Changed in place (new arrays): pose, speed, acceleration, lane coordinates.
            source: Tick of the state to go by, shape (D, K).
            tick: This tick.
            step_s: Length of a tick [s].
            which: Slots to replace, shape (D, K).
        """
        at = which.ravel().nonzero()[0]
        if not at.size:
            return
        then = source.take(at)
        x, y, yaw, speed, accel, lane_f, s, d = self._ring[
            then % len(self._ring), view.row.take(at)
        ].T.copy()
        lane = lane_f.astype(np.int64)
        way = speed * ((tick - then) * step_s)
        x, y, yaw, lane, s = self._moved(x, y, yaw, lane, s, d, way)
        for name, value in (
            ("x", x), ("y", y), ("yaw", yaw), ("speed", speed), ("accel", accel),
            ("lane", lane), ("s", s), ("d", d),
        ):  # fmt: skip
            array = getattr(view, name).copy()
            array.ravel()[at] = value
            setattr(view, name, array)

    def _moved(
        self, x: Floats, y: Floats, yaw: Floats, lane: Ints, s: Floats, d: Floats, way: Floats
    ) -> tuple[Floats, Floats, Floats, Ints, Floats]:
        """Poses after ``way`` metres: along the lane while it is clear, else straight on."""
        graph = self._graph
        heading = lane_heading(graph, lane, s, yaw)
        follows = (lane >= 0) & (np.cos(yaw - heading) > _ALONG_LANE) & (way >= 0.0)
        to, rest = lane.copy(), np.where(follows, s + way, s)
        for _ in range(_HOPS):
            after = self._next[to]
            over = follows & (rest > graph.length[to]) & (after >= 0)
            if not over.any():
                break
            rest = np.where(over, rest - graph.length[to], rest)
            to = np.where(over, after, to)
        length = graph.length[to]
        past = np.where(follows, np.maximum(rest - length, 0.0), way)
        lx, ly, lane_yaw = graph.at(np.maximum(to, 0), rest)
        turned = wrap_angle(yaw + (lane_yaw - heading))
        new_yaw = np.where(follows, turned, yaw)
        new_x = np.where(follows, lx - d * np.sin(lane_yaw), x) + past * np.cos(new_yaw)
        new_y = np.where(follows, ly + d * np.cos(lane_yaw), y) + past * np.sin(new_yaw)
        ahead = np.where(follows, np.minimum(rest, length), s)
        return new_x, new_y, new_yaw, to, ahead
