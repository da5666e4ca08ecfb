"""Time of observe, route window and decide per tick for 30, 70 and 200 drivers.

Usage: python bench/decide.py [repeats]. Drivers run on the built-in grid with its signals green.
"""

from __future__ import annotations

import statistics
import sys
import time
from itertools import product

import numpy as np

from hdsim.road.builtin.grid import grid
from hdsim.road.cache import load_lane_graph
from hdsim.testing.traffic import Traffic, neutral


def crowd(drivers: int) -> Traffic:
    graph = load_lane_graph("grid", grid())
    lanes = [i for i in range(len(graph)) if graph.junction[i] < 0 and graph.length[i] > 30.0]
    places = [
        (lane, s, 5.0)
        for s, lane in product(np.arange(10.0, 200.0, 15.0), lanes)
        if s < graph.length[lane] - 10.0
    ]
    return Traffic(graph, places[:drivers])


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print("drivers  paths ms  observe ms  decide ms   (medians)")
    for drivers in (30, 70, 200):
        traffic = crowd(drivers)
        traffic.run(3.0)
        spent: dict[str, list[float]] = {"paths": [], "observe": [], "decide": []}
        for _ in range(repeats):
            state = traffic.state()
            t0 = time.perf_counter()
            paths = traffic.router.paths(state)
            t1 = time.perf_counter()
            percepts = neutral(traffic.observer.observe(state, paths))
            t2 = time.perf_counter()
            traffic.model.decide(percepts)
            t3 = time.perf_counter()
            for name, value in zip(spent, (t1 - t0, t2 - t1, t3 - t2), strict=True):
                spent[name].append(1e3 * value)
            traffic.tick()
        p, o, d = (statistics.median(v) for v in spent.values())
        print(f"{drivers:7d}  {p:8.2f}  {o:10.2f}  {d:9.2f}")


if __name__ == "__main__":
    main()
