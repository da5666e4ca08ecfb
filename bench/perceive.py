"""Time of observe and perceive per tick: ``python bench/perceive.py [DRIVERS ...]``.

A four-lane road with cars 25 m apart, every driver with a program that uses most operations (the
heaviest ordinary case); prints medians over the ticks, in milliseconds of CPU time (other work on
the machine does not count).
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence

from hdsim.perception.catalogue import PerceptionProgram
from hdsim.perception.observe import Observer
from hdsim.perception.perceive import Perceiver
from hdsim.testing.stills import Column

STEP_S = 0.05
PROGRAM = {
    "layer": "personality",
    "operations": [
        {"op": "attend", "range_m": 120.0, "max_objects": 10, "latency_median_s": 0.6},
        {"op": "scale_distance", "factor": 1.1, "noise_sd": 0.05},
        {"op": "scale_closing_speed", "factor": 0.9, "noise_sd_per_s": 0.01},
        {"op": "shift_lateral", "noise_sd_m": 0.1},
        {"op": "bend_lane", "offset_sd_m": 0.15, "curvature_sd_per_m": 0.0005},
        {"op": "scale_own_speed", "factor": 0.95, "noise_sd": 0.03},
        {"op": "scale_speed_limit", "factor": 1.1},
        {"op": "misread_signal", "probability": 0.1, "delay_s": 0.2},
    ],
}
LOOK_AWAY = {
    "layer": "attention",
    "operations": [
        {
            "op": "look_away",
            "course": {"course": "episodic", "rate_per_s": 0.064, "duration_median_s": 6.0},
        }
    ],
}


def measure(drivers: int, ticks: int = 200) -> tuple[float, float, float]:
    """Medians per tick [ms] of observe, perceive with programs, perceive neutral."""
    column = Column(drivers + 1, lanes=4, gap_m=25.0)
    observer = Observer(column.roster, column.graph)
    neutral = Perceiver(column.roster, column.graph, STEP_S, seed=1)
    styled = Perceiver(column.roster, column.graph, STEP_S, seed=1)
    programs = [PerceptionProgram.model_validate(p) for p in (PROGRAM, LOOK_AWAY)]
    styled.set_programs(dict.fromkeys(range(drivers), programs))
    times: list[list[float]] = [[], [], []]
    for tick in range(ticks):
        state, paths = column.at(tick * STEP_S)
        a = time.thread_time()
        obs = observer.observe(state, paths)
        b = time.thread_time()
        styled.perceive(obs, {})
        c = time.thread_time()
        neutral.perceive(obs, {})
        d = time.thread_time()
        for into, span in zip(times, (b - a, c - b, d - c), strict=True):
            into.append(1e3 * span)
    observed, perceived, idle = (statistics.median(t[10:]) for t in times)
    return observed, perceived, idle


def main(argv: Sequence[str]) -> None:
    print(
        f"{'drivers':>8} {'observe':>9} {'perceive':>9} {'neutral':>9}   ms of CPU per tick, median"
    )
    for drivers in map(int, argv or ("30", "70", "200")):
        print(f"{drivers:>8} " + " ".join(f"{t:9.3f}" for t in measure(drivers)))


if __name__ == "__main__":
    main(sys.argv[1:])
