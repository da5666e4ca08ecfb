"""Vehicles for tests, without a map."""

from __future__ import annotations

from hdsim.server.actors.blueprints import VehicleModel, library
from hdsim.server.physics.profiles import Physics
from hdsim.server.physics.vehicles import Vehicles
from hdsim.server.wire.shapes import Pose


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
