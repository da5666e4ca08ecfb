"""Perceive and decide beside the Traffic Manager's own cycle, SUMO and HighwayEnv."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Sequence
from typing import Any

from bench import beside
from bench.results import Table
from bench.setting import (
    WARM_UP_TICKS,
    Crowd,
    crowd,
    median,
    quartile,
    roaming,
    run,
    staged,
    town_for,
)
from bench.stages import breakdown
from hdsim.core.cores import interpreter_apart
from hdsim.run.stage import Stage, free_port

COUNTS = (30, 50, 70, 200, 1000)
# More vehicles than a scenario puts on the largest town.
_CROWD = 300
# What a figure is meant to stay under [ms].
_TARGET_MS = {30: 1.0, 70: 1.3, 200: 2.5, 1000: 11.0}


def measure(ticks: int, counts: Sequence[int] = ()) -> list[Table]:
    """One world each: HDSim drives all its vehicles, then the Traffic Manager drives them."""
    ours, others = [], []
    for count in counts or COUNTS:
        town = town_for(count)
        if town is None:
            print(f"{count} vehicles: Town04 is not installed, left out", file=sys.stderr)
            continue
        steps = ticks if count < _CROWD else max(ticks // 3, WARM_UP_TICKS + 100)
        ours.append(_ours(town, count, steps))
        print(ours[-1], flush=True)
        others.append(_others(town, count, steps, ours[-1]))
        print(others[-1], flush=True)
    return [
        Table(
            "Drivers: perceive + decide beside the Traffic Manager [ms, medians]",
            ours,
            "Lower quartile: of perceive + decide, which other work on the machine disturbs least. "
            "Whole step: snapshot, perceive + decide, batch and the embedded server's tick. "
            "Traffic Manager cycle: tick with it minus tick without, same world and vehicles; "
            "ratio: perceive + decide over that cycle. More than 300 vehicles begin in every lane "
            "of the town, 15 m apart.",
        ),
        Table(
            "The same beside other programs' traffic [ms, medians]",
            others,
            f"Each program in the same run, one after the other. {beside.title('sumo')}: the same "
            "town, driver-state device on every vehicle; a whole step, movement included. "
            f"{beside.title('highway-env')}: IDM and MOBIL on a motorway of four lanes, movement "
            "included, no observation and no rendering. All step by 0.05 s; ratios are perceive + "
            "decide over theirs.",
        ),
    ]


def stages(ticks: int) -> list[Table]:
    """Where the time goes, for the smallest and the largest of the towns."""
    found = [(count, town_for(count)) for count in (30, 200)]
    return [breakdown(town, count, ticks) for count, town in found if town is not None]


@contextlib.contextmanager
def _world(town: str, count: int) -> Any:
    if count > _CROWD:
        with crowd(town, count) as everybody:
            yield everybody
    else:
        with staged(roaming(town, "hdsim:normal", count - 1, "mixed")) as stage:
            yield stage


def _ours(town: str, count: int, ticks: int) -> dict[str, Any]:
    with _world(town, count) as stage:
        parts = run(stage, ticks)
        with_manager = _managed_ticks(stage, ticks)
    whole = [sum(t) for t in zip(parts.snapshot, parts.think, parts.batch, parts.tick, strict=True)]
    cycle = max(median(with_manager) - median(parts.tick), 0.0)
    return {
        "map": town,
        "vehicles": count,
        "perceive + decide": median(parts.think),
        "lower quartile": quartile(parts.think),
        "of it CPU": median(parts.think_cpu),
        "target": _TARGET_MS.get(count, "-"),
        "snapshot": median(parts.snapshot),
        "batch": median(parts.batch),
        "tick": median(parts.tick),
        "whole step": median(whole),
        "tick with Traffic Manager": median(with_manager),
        "Traffic Manager cycle": cycle,
        "ratio": median(parts.think) / cycle if cycle else float("inf"),
    }


def _others(town: str, count: int, ticks: int, ours: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "map": town,
        "vehicles": count,
        "HDSim perceive + decide": ours["perceive + decide"],
        "HDSim whole step": ours["whole step"],
        "Traffic Manager cycle": ours["Traffic Manager cycle"],
    }
    for program, (name, _, _) in beside.PROGRAMS.items():
        answer = beside.ask(program, town, count, ticks)
        row[f"{name} step"] = "not installed" if answer is None else answer["median"]
        row[f"{name} vehicles"] = "-" if answer is None else answer["vehicles"]
        row[f"ratio to {name}"] = (
            "-" if answer is None else ours["perceive + decide"] / answer["median"]
        )
    return row


def _managed_ticks(stage: Stage | Crowd, ticks: int) -> list[float]:
    """Ticks with all vehicles handed over to a Traffic Manager [ms]."""
    port = free_port()
    stage.session.traffic_manager(port, seed=1)
    for actor in stage.vehicles:
        actor.set_autopilot(True, port)
    spent = []
    with interpreter_apart():
        for _ in range(WARM_UP_TICKS + ticks):
            began = time.perf_counter()
            stage.session.world.tick()
            spent.append(1e3 * (time.perf_counter() - began))
    return spent
