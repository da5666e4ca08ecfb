"""The control arm of the styles: Traffic Manager drivers, from the log of an ordinary run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from hdsim.core.data import data_dir
from hdsim.core.state import Floats, Ints, wrap_angle
from hdsim.record.run import Run
from hdsim.record.schema import Status
from hdsim.scenario.expand import Batch, expand
from hdsim.study.features import Tracks
from hdsim.study.styles import EVERY, MAP, WARM_UP_S, Drive
from hdsim.study.town import lanes_of

SCENARIO = "study-styles-tm.yaml"
STYLES = ("aggressive", "cautious", "normal")
# A scenario goes on for a little longer than what is looked at [s].
_SPARE_S = 2.0


def batch(seeds: Sequence[int], seconds: float) -> Batch:
    """The scenarios of the arm, each so long after the warm-up [s]."""
    roam = WARM_UP_S + seconds + _SPARE_S
    return expand(
        data_dir("scenarios") / SCENARIO,
        {"matrix.seed": list(seeds), "ego.route": {"roam": roam}},
    )


def drives(folder: Path, seconds: float) -> Iterator[Drive]:
    """The drives of a finished run, so long each [s].

    Raises:
        InputError: If the folder holds no run.
    """
    run = Run.open(folder)
    for row in run.scenarios.to_pylist():
        if Status(row["status"]).is_result:
            yield _of_scenario(run, row["scenario"], row["seed"], seconds)


def _of_scenario(run: Run, scenario: str, seed: int, seconds: float) -> Drive:
    graph, roster = lanes_of(MAP), run.roster(scenario)
    wanted = [i for i, style in enumerate(roster.styles) if style in STYLES]
    style = np.array([STYLES.index(roster.styles[i]) for i in wanted], dtype=np.int64)
    table = run.trajectory(scenario)
    n = len(roster)
    step_s = float(run.task(scenario)["step_s"])
    ticks = len(table) // n
    first, last = round(WARM_UP_S / step_s), round((WARM_UP_S + seconds) / step_s)

    def column(name: str) -> Floats:
        values = table.column(name).to_numpy().astype(np.float64).reshape(ticks, n)
        return np.asarray(values[first:last:EVERY, wanted])

    lane: Ints = column("lane").astype(np.int64)
    at = np.maximum(lane, 0)
    x, y, yaw = column("x_m"), column("y_m"), column("yaw_rad")
    lane_yaw = graph.at(at, column("lane_s_m"))[2]
    tracks = Tracks(
        step_s * EVERY,
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
    return Drive(tracks, lane, style, seed)
