"""Steps per second of the embedded server, for a plain client and its Traffic Manager."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

from bench.plain import Traffic, arguments
from bench.results import Table
from bench.setting import town_for

COUNTS = (1, 10, 50, 100, 200, 500, 1000)
# Steps a second that HDSim promises on two cores, and what a server that does nothing reaches
# (Python, one thread), by acknowledged batches and vehicles.
TARGETS = {
    True: {1: 1000, 50: 700, 100: 550, 200: 300},
    False: {1: 1500, 50: 900, 100: 600, 200: 350},
}
FLOORS = {
    True: {1: 1660, 50: 1161, 100: 849, 200: 430},
    False: {1: 3122, 50: 1468, 100: 1074, 200: 608},
}
# Longest tick promised with a Traffic Manager [ms], by vehicles of the client's and of its own.
MANAGED = {(30, 1): 5.0, (100, 1): 10.0, (0, 100): 4.5}


def measure(ticks: int) -> list[Table]:
    """Speed, the shares of it, and Traffic Managers."""
    plain, shares = [], []
    for count in COUNTS:
        steps = ticks if count <= 200 else max(ticks // 4, 100)
        for acknowledged in (True, False):
            traffic = Traffic(count, acknowledged=acknowledged, steps=steps)
            measured, _ = run(traffic)
            reached = 1e3 / measured["step"]
            plain.append(
                {
                    "vehicles": count,
                    "call": _call(acknowledged),
                    "batch": measured["batch"],
                    "tick": measured["tick"],
                    "server CPU": measured["server CPU"],
                    "steps/s": round(reached),
                    "target": TARGETS[acknowledged].get(count, ""),
                    "do-nothing server": FLOORS[acknowledged].get(count, ""),
                }
            )
        measured, parts = run(replace(traffic, acknowledged=True), profiled=True)
        rest = measured["step"] - sum(parts.values())
        shares.append({"vehicles": count, **parts, "client": rest, "step": measured["step"]})
    managed = []
    for (foreign, own), target in MANAGED.items():
        measured, _ = run(Traffic(foreign, own, steps=ticks))
        managed.append(
            {
                "Traffic Manager's": own,
                "not its own": foreign,
                "batch": measured["batch"],
                "tick": measured["tick"],
                "server CPU": measured["server CPU"],
                "target": target,
            }
        )
    town = town_for(1)
    return [
        Table(
            f"Embedded server, plain client, {town}: batch, tick and server CPU [ms]",
            plain,
            "Medians; server CPU is the mean of its process per step, which other work on the "
            "machine hardly changes. All vehicles move; commands are made and sent at every step.",
        ),
        Table(
            f"Shares of a step with apply_batch_sync, {town} [ms of CPU]",
            shares,
            "Measured inside the server (--profile), clocks included. Client: the step's wall time "
            "less the server's, so also wake-ups.",
        ),
        Table(
            f"Traffic Manager, plain client, {town} [ms]",
            managed,
            "A Traffic Manager's cycle is part of its tick.",
        ),
    ]


def run(traffic: Traffic, profiled: bool = False) -> tuple[dict[str, float], dict[str, float]]:
    """What the client measured, and the server's CPU time by part and step [ms] if profiled."""
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder, "profile.json")
        with served(["--profile", str(profile)] if profiled else []) as (address, pid):
            done = subprocess.run(
                arguments(address, pid, traffic), stdout=subprocess.PIPE, text=True, check=True
            )
        parts = _per_step(profile, traffic.steps) if profiled else {}
    return json.loads(done.stdout.splitlines()[-1]), parts


@contextlib.contextmanager
def served(
    options: list[str], town: str | None = None, errors: IO[str] | None = None
) -> Iterator[tuple[str, int]]:
    """Address and process id of a server with a small town; ``errors`` takes what it logs."""
    command = [sys.executable, "-m", "hdsim.server", "--map", town or town_for(1) or "grid"]
    with subprocess.Popen(
        [*command, "--port", "0", "--exit-with-stdin", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            ready = process.stdout.readline().strip()
            if "port=" not in ready:
                raise RuntimeError("the server did not start")
            yield f"127.0.0.1:{ready.rpartition('=')[2]}", process.pid
        finally:
            process.stdin.close()


def _per_step(profile: Path, steps: int) -> dict[str, float]:
    """Shares of the last steps."""
    data = json.loads(profile.read_text(encoding="utf-8"))
    first, last = data["frames"][-1 - steps], data["frames"][-1]
    spent = [1e3 * (b - a) / steps for a, b in zip(first, last, strict=True)]
    parts = dict(zip(data["parts"], spent, strict=False))
    return {**parts, "loop": spent[-1] - sum(parts.values())}


def _call(acknowledged: bool) -> str:
    return "apply_batch_sync" if acknowledged else "apply_batch"
