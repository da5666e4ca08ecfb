"""Right of way: whom to let pass at the junctions ahead, and where to wait."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.control.conflict_table import conflict_table
from hdsim.control.parameters import Parameters, parameter_table
from hdsim.control.reach import Reach
from hdsim.control.right_of_way import judge
from hdsim.control.scene import OnPath, rivals
from hdsim.control.standing import Standing
from hdsim.core.percept import Percepts
from hdsim.core.state import Bools, Floats, Ints
from hdsim.road.lanes import LaneGraph

# Whose signal opens while it is no farther than this counts as starting with it [m].
_AT_SIGNAL_M = 30.0


@dataclass(frozen=True, slots=True)
class Yield:
    """Where each driver must wait.

    Attributes:
        distance: From the front bumper [m], inf where it need not; shape (D,).
        row: Actor row waited for, -1 for none, shape (D,).
        brisk: Who crosses before somebody with precedence, shape (D,).
    """

    distance: Floats
    row: Ints
    brisk: Bools


class RightOfWay:
    """Judges junctions; remembers when each driver's signal opened.

    Args:
        graph: The lane graph.
        rows: Actor row of each driver, shape (D,).
        reach: Lane distances of the graph.
        p: Parameters.
    """

    def __init__(self, graph: LaneGraph, rows: Ints, reach: Reach, p: Parameters) -> None:
        self._rows, self._reach, self._parameters = rows, reach.table, parameter_table(p)
        self._table = conflict_table(graph, p)
        self._open: Bools = np.zeros(len(rows), dtype=np.bool_)
        self._opened: Floats = np.full(len(rows), -np.inf)

    def begin_anew(self, drivers: Ints) -> None:
        """Forget when these drivers' signals opened."""
        self._open[drivers], self._opened[drivers] = False, -np.inf

    def judge(
        self, percepts: Percepts, on_path: OnPath, signal_open: Bools, standing: Standing
    ) -> Yield:
        """Whom each driver yields to at this frame and where it waits."""
        own, obj, path, now = percepts.own, percepts.objects, percepts.paths, percepts.time
        at_line = percepts.signal.distance < _AT_SIGNAL_M
        self._opened[signal_open & ~self._open & at_line] = now
        self._open = signal_open
        distance, row, brisk = judge(
            now,
            self._rows,
            own.speed,
            own.length,
            signal_open,
            self._opened,
            path.s,
            path.lane,
            path.lane_s,
            rivals(obj.seen, obj.lane, obj.length, obj.width, on_path.blocking, on_path.cos),
            obj.row,
            obj.x,
            obj.y,
            obj.speed,
            obj.accel,
            obj.length,
            obj.lane,
            obj.s,
            on_path.blocking,
            on_path.gap,
            obj.speed * on_path.cos,
            standing.own_since,
            standing.seen_since,
            self._table,
            self._reach,
            self._parameters,
        )
        return Yield(distance, row, brisk)
