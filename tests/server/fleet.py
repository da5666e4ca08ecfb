"""Vehicles for tests, without a map."""

from __future__ import annotations

from hdsim.server.blueprints import library
from hdsim.server.shapes import Pose
from hdsim.server.vehicles import Vehicles

MODEL3 = library()["vehicle.tesla.model3"].vehicle
TRUCK = library()["vehicle.carlamotors.firetruck"].vehicle
assert MODEL3 is not None
assert TRUCK is not None


def fleet(*poses: Pose, models=None) -> Vehicles:
    vehicles = Vehicles()
    for i, pose in enumerate(poses):
        vehicles.add(100 + i, (models or [MODEL3] * len(poses))[i], pose)
    return vehicles
