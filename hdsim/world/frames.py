"""CARLA's left-handed frame in degrees to and from HDSim's right-handed frame in radians."""

from __future__ import annotations

import math

import carla


def to_carla(x: float, y: float, z: float, yaw: float) -> carla.Transform:
    """A pose [m, rad] of the right-handed frame as a CARLA transform."""
    return carla.Transform(
        carla.Location(x=float(x), y=-float(y), z=float(z)),
        carla.Rotation(pitch=0.0, yaw=-math.degrees(yaw), roll=0.0),
    )


def from_carla(transform: carla.Transform) -> tuple[float, float, float]:
    """``(x, y, yaw)`` [m, m, rad] in the right-handed frame."""
    here = transform.location
    return here.x, -here.y, -math.radians(transform.rotation.yaw)
