"""What one reading of a sensor costs the server, sockets and client left out."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from bench.results import Table
from hdsim.server.simulation import Simulation
from hdsim.server.town import load_town
from hdsim.server.wire.shapes import Description, Pose, Settings

_STEP_S = 0.05
_COUNTS = (10, 50, 200)
_ABOVE = Pose(0.0, 0.0, 2.4)
_FAST = {"channels": "64", "points_per_second": "600000", "range": "85"}
SENSORS: tuple[tuple[str, dict[str, str]], ...] = (
    ("sensor.other.gnss", {}),
    ("sensor.other.imu", {}),
    ("sensor.other.obstacle", {"distance": "50"}),
    ("sensor.other.radar", {}),
    ("sensor.lidar.ray_cast", {"range": "50"}),
    ("sensor.lidar.ray_cast_semantic", {"range": "50"}),
    ("sensor.lidar.ray_cast", _FAST),
)


def measure(ticks: int) -> list[Table]:
    """One sensor on one of many vehicles, in turn."""
    rows = []
    for name, attributes in SENSORS:
        row: dict[str, object] = {
            "sensor": name,
            "points/s": attributes.get("points_per_second", ""),
        }
        for count in _COUNTS:
            row[f"{count} vehicles"] = _reading_ms(name, attributes, count, min(ticks, 200))
        rows.append(row)
    notes = (
        "Median time of one reading with its message [ms], grid, 20 Hz, vehicles on every n-th "
        "spawn point. Lidars at their default of 56,000 points/s unless said."
    )
    return [Table("Sensors of the embedded server", rows, notes)]


def _reading_ms(name: str, attributes: dict[str, str], count: int, ticks: int) -> float:
    sim = Simulation(load_town("grid"), load_town, 0)
    sim.settings = Settings(synchronous=True, fixed_delta_s=_STEP_S)
    cars = [sim.spawn(Description("vehicle.tesla.model3", {}), p) for p in _spread(sim, count)]
    sensor = sim.spawn(Description(name, attributes), _ABOVE, cars[0].id)
    taken = []
    for _ in range(ticks):
        sim.step()
        begun = time.perf_counter()
        for _message in sim.readings({sensor.stream}):
            pass
        taken.append(time.perf_counter() - begun)
    return 1e3 * statistics.median(taken)


def _spread(sim: Simulation, count: int) -> Sequence[Pose]:
    points = sim.surface.spawn_points()
    return points[:: len(points) // count][:count]
