"""Perceive and decide beside the Traffic Manager's own cycle for as many vehicles."""

from __future__ import annotations

import time

from bench.results import Table
from bench.setting import WARM_UP_TICKS, median, roaming, run, staged, town_for
from hdsim.core.cores import interpreter_apart
from hdsim.run.stage import Stage, free_port

COUNTS = (30, 70, 200)


def measure(ticks: int) -> list[Table]:
    """One world each: HDSim drives all its vehicles, then the Traffic Manager drives them."""
    rows = []
    for count in COUNTS:
        town = town_for(count)
        if town is None:
            continue
        task = roaming(town, "hdsim:normal", count - 1, "mixed")
        with staged(task) as stage:
            ours = run(stage, ticks)
            with_manager = _managed_ticks(stage, ticks)
        cycle = max(median(with_manager) - median(ours.tick), 0.0)
        rows.append(
            {
                "map": task.map,
                "vehicles": count,
                "snapshot": median(ours.snapshot),
                "perceive + decide": median(ours.think),
                "of it CPU": median(ours.think_cpu),
                "batch": median(ours.batch),
                "tick": median(ours.tick),
                "tick with Traffic Manager": median(with_manager),
                "Traffic Manager cycle": cycle,
                "ratio": median(ours.think) / cycle if cycle else float("inf"),
            }
        )
    table = Table(
        "Drivers: perceive + decide beside the Traffic Manager [ms, medians]",
        rows,
        "Traffic Manager cycle: tick with it minus tick without, same world and vehicles; ratio: "
        "perceive + decide over that cycle.",
    )
    return [table]


def _managed_ticks(stage: Stage, ticks: int) -> list[float]:
    """Ticks with all vehicles handed over to a Traffic Manager [ms]."""
    port = free_port()
    stage.session.traffic_manager(port, seed=1)
    for actor in stage.actors:
        actor.set_autopilot(True, port)
    spent = []
    with interpreter_apart():
        for _ in range(WARM_UP_TICKS + ticks):
            began = time.perf_counter()
            stage.session.world.tick()
            spent.append(1e3 * (time.perf_counter() - began))
    return spent
