"""Other programs' traffic: ``python -m bench.beside sumo|highway-env TOWN VEHICLES STEPS``.

Each is a process of its own that prints a line of JSON: the time of each of its steps [ms]. SUMO
drives on the same town, converted from the same OpenDRIVE file; HighwayEnv knows no maps and drives
on its own motorway of four lanes. Both step by 0.05 s and move their vehicles within the step,
which HDSim leaves to the server.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hdsim.road.maps import find_map

STEP_S = 0.05
# Simulated time before the measurement, in which all vehicles find a place and get going.
_WARM_UP_STEPS = 400
# What a measurement of a slow one may take [s].
_BUDGET_S = 40.0
PROGRAMS = {
    "sumo": ("SUMO", ("libsumo", "sumo", "sumolib"), "eclipse-sumo"),
    "highway-env": ("HighwayEnv", ("highway_env", "gymnasium"), "highway-env"),
}


def missing(program: str) -> bool:
    """Whether a program's packages are not installed."""
    return any(importlib.util.find_spec(name) is None for name in PROGRAMS[program][1])


def title(program: str) -> str:
    """Name and version, or that it is not installed."""
    name, _, package = PROGRAMS[program]
    if missing(program):
        return f"{name} is not installed (extra `bench`)"
    return f"{name} {importlib.metadata.version(package)}"


def ask(program: str, town: str, vehicles: int, steps: int) -> dict[str, Any] | None:
    """What a program took, ``None`` where it is not installed.

    Raises:
        RuntimeError: If it is installed and fails.
    """
    if missing(program):
        return None
    command = [sys.executable, "-m", "bench.beside", program, town, str(vehicles), str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{title(program)}: {done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def sumo(town: str, vehicles: int, steps: int) -> dict[str, Any]:
    """SUMO with the driver-state device on every vehicle; who arrives is replaced."""
    import libsumo  # type: ignore[import-not-found, import-untyped]

    draw = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        net = _network(town, Path(folder))
        options = ["--net-file", str(net), "--step-length", str(STEP_S), "--no-step-log", "true"]
        options += ["--no-warnings", "true", "--time-to-teleport", "-1", "--seed", "1"]
        options += ["--device.driverstate.probability", "1"]
        libsumo.start(["sumo", *options])
        edges = [e for e in libsumo.edge.getIDList() if not e.startswith(":")]
        trips = _trips(libsumo, edges, draw)
        begun, spent, present = 0, [], []
        for step in range(_WARM_UP_STEPS + steps):
            while begun < vehicles:
                name = f"car-{step}-{begun}"
                libsumo.route.add(name, next(trips))
                libsumo.vehicle.add(
                    name, name, departLane="free", departPos="random_free", departSpeed="0"
                )
                begun += 1
            t = time.perf_counter()
            libsumo.simulationStep()
            spent.append(1e3 * (time.perf_counter() - t))
            begun -= libsumo.simulation.getArrivedNumber()
            present.append(libsumo.vehicle.getIDCount())
        for name in libsumo.vehicle.getIDList():
            if libsumo.vehicle.getParameter(name, "has.driverstate.device") != "true":
                raise SystemExit(f"{name} drives without a driver-state device")
        libsumo.close()
    return _summary(spent[_WARM_UP_STEPS:], statistics.mean(present[_WARM_UP_STEPS:]))


def _network(town: str, folder: Path) -> Path:
    """The town as SUMO's network."""
    import sumolib  # type: ignore[import-not-found, import-untyped]

    source, net = folder / "town.xodr", folder / "town.net.xml"
    source.write_text(find_map(town).xodr, encoding="utf-8")
    convert = [sumolib.checkBinary("netconvert"), "--opendrive-files", str(source)]
    subprocess.run([*convert, "--output-file", str(net)], check=True, capture_output=True)
    return net


def _trips(libsumo: Any, edges: list[str], draw: random.Random) -> Iterator[list[str]]:
    """Routes between random edges, the longest of three each."""
    while True:
        found = [
            libsumo.simulation.findRoute(draw.choice(edges), draw.choice(edges)) for _ in range(3)
        ]
        route = max(found, key=lambda r: r.length if r.edges else -1.0)
        if route.edges:
            yield list(route.edges)


def highway_env(town: str, vehicles: int, steps: int) -> dict[str, Any]:
    """HighwayEnv's decisions (IDM, MOBIL) and kinematics, without observation and rendering."""
    import gymnasium  # type: ignore[import-not-found, import-untyped]

    importlib.import_module("highway_env")  # registers its environments
    del town  # it has no maps
    config = {"vehicles_count": vehicles - 1, "lanes_count": 4, "duration": 1_000_000}
    env = gymnasium.make("highway-v0", config=config).unwrapped
    env.reset(seed=1)
    road, spent, began = env.road, [], time.monotonic()
    for step in range(100 + steps):
        t = time.perf_counter()
        road.act()
        road.step(STEP_S)
        spent.append(1e3 * (time.perf_counter() - t))
        if step >= 4 and time.monotonic() - began > _BUDGET_S:
            break
    return _summary(spent[min(100, len(spent) // 2) :], len(road.vehicles))


def _summary(spent: list[float], present: float) -> dict[str, Any]:
    return {
        "median": statistics.median(spent),
        "quartile": statistics.quantiles(spent, n=4)[0],
        "steps": len(spent),
        "vehicles": round(present),
    }


if __name__ == "__main__":
    measured = {"sumo": sumo, "highway-env": highway_env}[sys.argv[1]](
        sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    )
    print(json.dumps(measured))
    sys.stdout.flush()
    os._exit(0)  # libsumo and pyarrow, both with an Arrow of their own, do not leave in peace
