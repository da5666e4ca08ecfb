"""How far one lane lies before another along the road, for pairs of nearby lanes."""

from __future__ import annotations

import heapq
from typing import Any, NamedTuple

import numpy as np

from hdsim.core.compiled import compiled
from hdsim.core.state import Floats, Ints
from hdsim.road.lanes import LaneGraph

REACH_M = 150.0


class ReachTable(NamedTuple):
    """The distances as compiled code reads them, in CSR form by first lane.

    Attributes:
        first: Shape (L + 1,).
        other: Lanes downstream, ascending within each first lane.
        gap: Distance from the start of the first lane to the start of the other [m].
    """

    first: Ints
    other: Ints
    gap: Floats


@compiled
def lane_distance(table: ReachTable, lane: int, other: int) -> float:
    """``Reach`` of two lanes: distance from start to start [m], inf where out of reach."""
    low, high = table.first[lane], table.first[lane + 1]
    while low < high:
        middle = (low + high) // 2
        if table.other[middle] < other:
            low = middle + 1
        else:
            high = middle
    found = low < table.first[lane + 1] and table.other[low] == other
    return float(table.gap[low]) if found else np.inf


class Reach:
    """Distance from the start of one lane to the start of another downstream of it.

    Args:
        graph: The lane graph.
        reach_m: Pairs are kept up to this distance beyond the end of the first lane.

    Attributes:
        table: The same distances for compiled code.
    """

    def __init__(self, graph: LaneGraph, reach_m: float = REACH_M) -> None:
        self._lanes = len(graph)
        keys: list[int] = []
        gaps: list[float] = []
        for lane in range(len(graph)):
            best = _downstream(graph, lane, float(graph.length[lane]) + reach_m)
            for other in sorted(best):
                keys.append(lane * self._lanes + other)
                gaps.append(best[other])
        self._keys = np.array(keys, dtype=np.int64)
        self._gaps = np.array(gaps)
        starts = np.arange(self._lanes + 1) * self._lanes
        self.table = ReachTable(
            np.searchsorted(self._keys, starts), self._keys % self._lanes, self._gaps
        )

    def __call__(self, lane: Any, other: Any) -> Floats:
        """Distance by broadcast pairs [m]; 0 for equal lanes, inf where out of reach."""
        lane, other = np.asarray(lane), np.asarray(other)
        wanted = lane * self._lanes + other
        i = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        found = (self._keys[i] == wanted) & (lane >= 0) & (other >= 0)
        return np.where(found, self._gaps[i], np.inf)


def _downstream(graph: LaneGraph, lane: int, limit: float) -> dict[int, float]:
    """Shortest distances from the start of a lane to the starts of those after it."""
    best: dict[int, float] = {}
    queue = [(0.0, lane)]
    while queue:
        gone, at = heapq.heappop(queue)
        if at in best:
            continue
        best[at] = gone
        beyond = gone + float(graph.length[at])
        if beyond <= limit:
            for after in graph.successors[at]:
                if after not in best:
                    heapq.heappush(queue, (beyond, after))
    return best
