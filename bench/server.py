"""Ticks per second of the embedded server under HDSim traffic and a Traffic Manager."""

from __future__ import annotations

from bench.results import Table
from bench.setting import median, roaming, run, staged, town_for


def measure(ticks: int) -> Table:
    """The server's part of a tick: sending the batch and ticking."""
    rows = []
    for vehicles in (1, 50, 100):
        town = town_for(vehicles)
        if town is None:
            continue
        task = roaming(town, "hdsim:normal", vehicles - 1)
        for acknowledged in (False, True):
            with staged(task) as stage:
                parts = run(stage, ticks, acknowledged)
            batch = "apply_batch_sync" if acknowledged else "apply_batch"
            rows.append(_row(task.map, f"{vehicles} vehicles", batch, parts.batch, parts.tick))
    for vehicles in (30, 100):
        town = town_for(vehicles)
        if town is None:
            continue
        task = roaming(town, "traffic_manager", vehicles)
        with staged(task) as stage:
            parts = run(stage, ticks)
        traffic = f"Traffic Manager ego among {vehicles} it does not drive"
        rows.append(_row(task.map, traffic, "apply_batch", parts.batch, parts.tick))
    return Table(
        "Embedded server: batch and tick [ms, medians], moving vehicles",
        rows,
        "HDSim drives the other vehicles, its thinking left out. Batch: commands made and sent. A "
        "Traffic Manager's cycle is part of its tick.",
    )


def _row(
    map_name: str, traffic: str, batch_call: str, batch: list[float], tick: list[float]
) -> dict[str, object]:
    both = median([b + t for b, t in zip(batch, tick, strict=True)])
    return {
        "map": map_name,
        "traffic": traffic,
        "call": batch_call,
        "batch": median(batch),
        "tick": median(tick),
        "ticks/s": round(1e3 / both),
    }
