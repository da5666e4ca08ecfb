"""Vehicles for tests, without a map."""

from __future__ import annotations

from hdsim.server.blueprints import VehicleModel, library
from hdsim.server.physics import Physics
from hdsim.server.shapes import Pose
from hdsim.server.vehicles import Vehicles


def model(name: str) -> VehicleModel:
    found = library()[name].vehicle
    assert found is not None
    return found


MODEL3 = model("vehicle.tesla.model3")
TRUCK = model("vehicle.carlamotors.firetruck")


def fleet(*poses: Pose, models=None, physics: Physics = Physics.CARLA) -> Vehicles:
    vehicles = Vehicles(physics)
    for i, pose in enumerate(poses):
        vehicles.add(100 + i, (models or [MODEL3] * len(poses))[i], pose)
    return vehicles
