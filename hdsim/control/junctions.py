"""Right of way: whom to let pass at the junctions ahead, and where to wait."""

from __future__ import annotations

from dataclasses import dataclass

from hdsim.control.conflict_table import conflict_table
from hdsim.control.parameters import Parameters, parameter_table
from hdsim.control.reach import Reach
from hdsim.control.right_of_way import judge
from hdsim.control.scene import OnPath, rivals
from hdsim.control.standing import Standing
from hdsim.core.percept import Percepts
from hdsim.core.state import Bools, Floats, Ints
from hdsim.road.lanes import LaneGraph


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
    """Judges junctions.

    Args:
        graph: The lane graph.
        rows: Actor row of each driver, shape (D,).
        reach: Lane distances of the graph.
        p: Parameters.
    """

    def __init__(self, graph: LaneGraph, rows: Ints, reach: Reach, p: Parameters) -> None:
        self._rows, self._reach, self._parameters = rows, reach.table, parameter_table(p)
        self._table = conflict_table(graph, p)

    def judge(
        self, percepts: Percepts, on_path: OnPath, signal_open: Bools, standing: Standing
    ) -> Yield:
        """Whom each driver yields to at this frame and where it waits."""
        own, obj, path, now = percepts.own, percepts.objects, percepts.paths, percepts.time
        distance, row, brisk = judge(
            now,
            self._rows,
            own.speed,
            own.length,
            signal_open,
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
