"""A town without a server: where its drivers begin, and lights on fixed times."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from hdsim.core import seeds
from hdsim.core.state import Floats, Ints, SignalState
from hdsim.road.cache import load_lane_graph
from hdsim.road.lanes import LaneGraph
from hdsim.road.maps import find_map
from hdsim.run.kinematic import Signals

_GREEN_S, _YELLOW_S, _PHASE_S = 15.0, 3.0, 20.0
_APART_M = 22.0


@cache
def lanes_of(name: str) -> LaneGraph:
    """The lane graph of a map by name."""
    source = find_map(name)
    return load_lane_graph(source.name, source.xodr)


def fixed_times(graph: LaneGraph) -> Signals:
    """Every junction gives green to its controllers in turn (15 s green, 3 s yellow, 2 s red)."""

    def at(time: float) -> NDArray[np.uint8]:
        out = np.full(len(graph.signals), SignalState.RED, dtype=np.uint8)
        for groups in graph.phases.values():
            turn, since = divmod(time % (_PHASE_S * len(groups)), _PHASE_S)
            if since < _GREEN_S + _YELLOW_S:
                shown = SignalState.GREEN if since < _GREEN_S else SignalState.YELLOW
                out[list(groups[int(turn)])] = shown
        return out

    return at


def places(graph: LaneGraph, cars: int, seed: int) -> tuple[Ints, Floats]:
    """Lanes and distances along them where cars begin, apart from each other, by keyed draws.

    Raises:
        ValueError: If the town has no room for so many.
    """
    lanes = np.flatnonzero((graph.junction < 0) & (graph.length > 40.0))
    lane = np.repeat(lanes, np.maximum((graph.length[lanes] - 20.0) // 25.0, 1).astype(np.int64))
    number = np.concatenate([np.arange(c) for c in np.unique(lane, return_counts=True)[1]])
    s = 12.0 + 25.0 * number
    x, y, _ = graph.at(lane, s)
    order = np.argsort(seeds.uniform(seeds.key(seed, "places"), np.arange(len(lane))))
    taken: list[int] = []
    for k in order:
        if len(taken) == cars:
            break
        if all(np.hypot(x[k] - x[j], y[k] - y[j]) > _APART_M for j in taken):
            taken.append(int(k))
    if len(taken) < cars:
        raise ValueError(f"room for {len(taken)} of {cars} cars on {graph.name}")
    return lane[taken], s[taken]
