"""How far each call and stream of CARLA's client is served; the table behind the documentation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

import yaml

from hdsim.server.calls.batch import COMMANDS
from hdsim.server.sensors.catalogue import SENSORS


class Status(StrEnum):
    """How far something is served."""

    SUPPORTED = "supported"
    PARTIAL = "partial"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Coverage:
    """One row.

    Attributes:
        name: Of the call, the command or the sensor.
        status: How far it is served.
        note: What is, or what is not.
        test: The test that shows it: file below ``tests`` and function.
    """

    name: str
    status: Status
    note: str
    test: str


@cache
def calls() -> dict[str, tuple[Coverage, ...]]:
    """Rows of the remote calls, by group."""
    path = resources.files("hdsim.server").joinpath("data/coverage.yaml")
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {
        group: tuple(Coverage(name, Status(s), note, test) for name, (s, note, test) in rows)
        for group, rows in ((g, r.items()) for g, r in data["groups"].items())
    }


def commands() -> tuple[Coverage, ...]:
    """Rows of the batch commands; each does what the call of its name does."""
    shown = "contract/test_acting::test_every_batch_command"
    unit = "server/test_forces::test_every_batch_command_is_served_or_says_why"
    hidden = ("ShowDebugTelemetry", "ApplyLocation", "SetTrafficLightState")  # not in Python
    found = {0: "SpawnActor", 1: "DestroyActor", **{k: c.name for k, c in COMMANDS.items()}}
    rows = [
        Coverage(name, Status.SUPPORTED, f"command {kind}", unit if name in hidden else shown)
        for kind, name in sorted(found.items())
    ]
    return (*rows, Coverage("ConsoleCommand", Status.REFUSED, "command 20: no console", unit))


def streams() -> tuple[Coverage, ...]:
    """Rows of the streams: the world's and the sensors'."""
    path = resources.files("hdsim.server").joinpath("data/coverage.yaml")
    world = yaml.safe_load(path.read_text(encoding="utf-8"))["streams"]
    rows = [Coverage(name, Status(s), note, test) for name, (s, note, test) in world.items()]
    for sensor in SENSORS.values():
        status = Status.REFUSED if sensor.refusal else Status(sensor.served)
        file = "test_client" if sensor.test == "test_collision_sensor" else "test_sensors"
        rows.append(Coverage(sensor.name, status, sensor.note, f"contract/{file}::{sensor.test}"))
    return tuple(rows)
