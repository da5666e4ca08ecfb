"""Stop signs: come to a stand before the line."""

from __future__ import annotations

import numpy as np

from hdsim.control.parameters import Parameters
from hdsim.core.percept import Percepts
from hdsim.core.state import Floats, Ints
from hdsim.road.lanes import LaneGraph

_STANDING, _AT_LINE_M = 0.1, 4.0


class StopSigns:
    """Remembers at which junction each driver has stopped."""

    def __init__(self, graph: LaneGraph, drivers: int, p: Parameters) -> None:
        self._graph, self._p = graph, p
        self._stopped: Ints = np.full(drivers, -1)

    def stop_distance(self, percepts: Percepts) -> Floats:
        """Front bumper to where a sign makes each driver stop [m], inf where none does."""
        own, path, graph = percepts.own, percepts.paths, self._graph
        d = np.arange(len(own.speed))
        inside = graph.junction[path.lane] >= 0
        k = np.argmax(inside, axis=1)
        lane = path.lane[d, k]
        line = path.s[d, k] - path.lane_s[d, k] - 0.5 * own.length
        there = inside.any(axis=1)
        ahead = there & (line >= 0.0) & graph.stop_sign[lane]
        self._stopped[there & ~ahead & (line > _AT_LINE_M)] = -1
        stood = ahead & (own.speed < _STANDING) & (line < _AT_LINE_M)
        self._stopped[stood] = graph.junction[lane[stood]]
        wait = ahead & (self._stopped != graph.junction[lane])
        return np.where(wait, np.maximum(line - self._p.stop_margin, 0.0), np.inf)
