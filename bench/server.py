"""Ticks per second of the embedded server under HDSim traffic and a Traffic Manager."""

from __future__ import annotations

from bench.results import Table
from bench.setting import median, roaming, run, staged, town


def measure(ticks: int) -> Table:
    """The server's part of a tick: sending the batch and ticking."""
    rows = []
    for vehicles in (1, 50, 100):
        task = roaming(town("Town01"), "hdsim:normal", vehicles - 1)
        for acknowledged in (False, True):
            with staged(task) as stage:
                parts = run(stage, ticks, acknowledged)
            batch = "apply_batch_sync" if acknowledged else "apply_batch"
            rows.append(_row(task.map, f"{vehicles} vehicles", batch, parts.batch, parts.tick))
    for vehicles in (30, 100):
        task = roaming(town("Town01"), "traffic_manager", vehicles)
        with staged(task) as stage:
            parts = run(stage, ticks)
        traffic = f"Traffic Manager ego among {vehicles} it does not drive"
        rows.append(_row(task.map, traffic, "apply_batch", parts.batch, parts.tick))
    return Table(
        "Embedded server: batch and tick [ms, medians], moving vehicles",
        rows,
        "HDSim drives all vehicles but the Traffic Manager's; its own time is left out.",
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
