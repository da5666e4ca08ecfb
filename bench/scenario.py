"""Ticks per second of a whole scenario: traffic, ego, detectors and log."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.results import Table
from bench.setting import median, roaming, staged, town_for
from hdsim.events.watch import Watch
from hdsim.record.log import ScenarioLog
from hdsim.run.loop import Drive, drive
from hdsim.run.stage import Stage
from hdsim.scenario.task import ScenarioTask


def measure(ticks: int) -> list[Table]:
    """Whole scenarios with a Traffic Manager ego."""
    rows = []
    for vehicles in (1, 30, 70):
        town = town_for(vehicles)
        if town is None:
            continue
        task = roaming(town, "traffic_manager", vehicles, "mixed")
        with staged(task) as stage:
            began = time.perf_counter()
            result = recorded(task, stage, ticks)
            wall_s = time.perf_counter() - began
        ms = result.laps.ms
        rows.append(
            {
                "map": task.map,
                "NPCs": vehicles,
                "ticks/s": round(result.ticks / wall_s),
                "whole tick": median(ms["whole"]),
                "snapshot": median(ms["snapshot"]),
                "perceive + decide": median(ms["think"]),
                "detect + record": median(ms["detect"]),
                "rest of Traffic Manager": median(ms["settle"]),
                "batch": median(ms["batch"]),
                "server": median(ms["advance"]),
            }
        )
    table = Table(
        "Whole scenario, Traffic Manager ego, mixed traffic [ms, medians]",
        rows,
        "Rest of Traffic Manager: what is left of its cycle when the drivers have decided; it runs "
        "beside snapshot to record.",
    )
    return [table]


def recorded(
    task: ScenarioTask,
    stage: Stage,
    ticks: int,
    on_tick: Callable[[float, int], None] = lambda time, failures: None,
) -> Drive:
    """One drive with detectors and a log that is thrown away."""
    watch = Watch(
        stage.roster,
        stage.graph,
        stage.route,
        task.detectors,
        task.step_s,
        stage.timeout_s,
        task.end.on_collision,
    )
    signals = tuple(signal.id for signal in stage.graph.signals)
    with (
        tempfile.TemporaryDirectory() as folder,
        ScenarioLog(Path(folder), task.id, stage.roster, task.step_s, signals) as log,
    ):
        return drive(stage, watch, log, task.id, folder, on_tick, last_tick=ticks)
