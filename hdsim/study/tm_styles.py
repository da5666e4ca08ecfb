"""The control arm of the styles: Traffic Manager drivers, from the log of an ordinary run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hdsim.core.data import data_dir
from hdsim.core.state import Floats, Ints, wrap_angle
from hdsim.record.run import Run
from hdsim.record.schema import Status
from hdsim.scenario.expand import Batch, expand
from hdsim.study.features import Tracks
from hdsim.study.styles import MAP, WARM_UP_S, Trajectories, cut
from hdsim.study.town import lanes_of

SCENARIO = "study-styles-tm.yaml"
STYLES = ("aggressive", "cautious", "normal")
_EVERY = 2


def batch(seeds: Sequence[int]) -> Batch:
    """The scenarios of the arm."""
    return expand(data_dir("scenarios") / SCENARIO, {"matrix.seed": list(seeds)})


def trajectories(folder: Path, windows: int, seconds: float) -> Trajectories:
    """Trajectories of the drivers of a finished run; arguments as in ``styles.drive``.

    Raises:
        InputError: If the folder holds no run.
    """
    run = Run.open(folder)
    return Trajectories.joined(
        [
            _of_scenario(run, row["scenario"], row["seed"], windows, seconds)
            for row in run.scenarios.to_pylist()
            if Status(row["status"]).is_result
        ]
    )


def _of_scenario(run: Run, scenario: str, seed: int, windows: int, seconds: float) -> Trajectories:
    graph, roster = lanes_of(MAP), run.roster(scenario)
    wanted = [i for i, style in enumerate(roster.styles) if style in STYLES]
    style = np.array([STYLES.index(roster.styles[i]) for i in wanted], dtype=np.int64)
    table = run.trajectory(scenario)
    n = len(roster)
    step_s = float(run.task(scenario)["step_s"])
    ticks = len(table) // n
    first, last = round(WARM_UP_S / step_s), round((WARM_UP_S + windows * seconds) / step_s)

    def column(name: str) -> Floats:
        values = table.column(name).to_numpy().astype(np.float64).reshape(ticks, n)
        return np.asarray(values[first:last:_EVERY, wanted])

    lane: Ints = column("lane").astype(np.int64)
    at = np.maximum(lane, 0)
    x, y, yaw = column("x_m"), column("y_m"), column("yaw_rad")
    lane_yaw = graph.at(at, column("lane_s_m"))[2]
    tracks = Tracks(
        step_s * _EVERY,
        x,
        y,
        yaw,
        column("speed_mps"),
        column("lane_d_m"),
        wrap_angle(yaw - lane_yaw),
        graph.limit[at],
        (graph.junction[at] >= 0).astype(np.float64),
        roster.length[wanted],
    )
    return cut(tracks, lane, style, seed, windows)
