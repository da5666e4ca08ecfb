"""Traffic in whole towns: no contact, no deadlock, lanes held."""

from __future__ import annotations

import numpy as np
import pytest

from hdsim.core.state import SignalState
from hdsim.road.cache import load_lane_graph
from hdsim.road.lanes import LaneGraph
from hdsim.testing.traffic import Signals, Traffic

GREEN_S, YELLOW_S, PHASE_S = 10.0, 3.0, 14.0


def one_approach_at_a_time(graph: LaneGraph) -> Signals:
    """Every junction gives green to its signals in turn."""
    groups: dict[int, list[int]] = {}
    for k, signal in enumerate(graph.signals):
        groups.setdefault(signal.junction, []).append(k)

    def at(time: float) -> np.ndarray:
        out = np.full(len(graph.signals), SignalState.RED, dtype=np.uint8)
        for members in groups.values():
            turn, since = divmod(time % (PHASE_S * len(members)), PHASE_S)
            state = SignalState.GREEN if since < GREEN_S else SignalState.YELLOW
            out[members[int(turn)]] = state if since < GREEN_S + YELLOW_S else SignalState.RED
        return out

    return at


def spread(graph: LaneGraph, cars: int) -> list[tuple[int, float, float]]:
    """Starts at least 25 m apart, the same every time."""
    starts: list[tuple[int, float, float]] = []
    taken = np.empty((0, 2))
    for s in np.arange(8.0, 300.0, 30.0):
        for lane in range(len(graph)):
            if graph.junction[lane] >= 0 or graph.length[lane] < s + 12.0:
                continue
            x, y, _ = (float(v) for v in graph.at(lane, s))
            if len(taken) and np.min(np.hypot(*(taken - (x, y)).T)) < 25.0:
                continue
            starts.append((lane, float(s), 0.0))
            taken = np.vstack([taken, (x, y)])
    step = len(starts) / cars
    assert step >= 1.0
    return [starts[int(k * step)] for k in range(cars)]


@pytest.mark.slow
@pytest.mark.maps
@pytest.mark.parametrize(("town", "cars"), [("Town01", 30), ("Town04", 40)])
def test_traffic_in_a_town_neither_touches_nor_stalls(town_xodr, town, cars):
    graph = load_lane_graph(town, town_xodr(town))
    t = Traffic(graph, spread(graph, cars), signals=one_approach_at_a_time(graph))
    hits: list[tuple[float, tuple[int, int]]] = []
    off, still, longest = np.zeros(cars), np.zeros(cars), np.zeros(cars)

    def note(t: Traffic) -> None:
        nonlocal off, still, longest
        if t.frame % 4 == 0:
            hits.extend((t.time, pair) for pair in t.overlaps())
        lane_kept = t.decisions.change == 0
        off = np.maximum(off, np.where(lane_kept, np.abs(t.percepts.own.d), 0.0))
        still = np.where(t.speed < 0.3, still + 0.05, 0.0)
        longest = np.maximum(longest, still)

    t.run(300.0, note)
    assert not hits
    assert off.max() < 0.45
    assert longest.max() < 120.0
