"""Vehicles put elsewhere between two ticks."""

from __future__ import annotations

from typing import Any

import carla

from hdsim.world.frames import to_carla


def teleport(actor: carla.Vehicle, x: float, y: float, z: float, yaw: float) -> list[Any]:
    """Commands that put a vehicle at a pose [m, rad] of the right-handed frame, at rest."""
    return [
        carla.command.ApplyTransform(actor, to_carla(x, y, z, yaw)),
        carla.command.ApplyTargetVelocity(actor, carla.Vector3D()),
    ]
