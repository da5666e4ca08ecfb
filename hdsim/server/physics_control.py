"""VehiclePhysicsControl as CARLA reports it, for the vehicle model that runs here.

Only what the dynamics use is the vehicle's own (mass, wheel angle, steering curve, wheel
positions); engine, gears and tyres are round figures that keep the record complete.
"""

from __future__ import annotations

import math
from typing import Any

from hdsim.server.dynamics import MAX_WHEEL_ANGLE, STEERING_CURVE
from hdsim.server.shapes import Pose
from hdsim.server.vehicles import Vehicles

_TORQUE = [[0.0, 400.0], [1890.0, 500.0], [5730.0, 400.0]]  # rpm, N m
_GEARS = [[4.0, 0.5, 0.65], [2.0, 0.5, 0.65], [1.5, 0.5, 0.65], [1.1, 0.5, 0.65], [1.0, 0.5, 0.65]]
_WHEEL_RADIUS_CM = 35.0
_TRACK_SHARE = 0.8  # distance between wheels over body width


def physics_control(v: Vehicles, row: int, wheels: int) -> list[Any]:
    """The record of one vehicle; wheel positions are in the world and in centimetres, as CARLA's.

    Args:
        v: Vehicles.
        row: Row of the vehicle.
        wheels: 2 or 4; a two-wheeler's wheels are on its centreline.
    """
    pose, axle = v.pose(row), float(v.wheelbase[row]) / 2
    side = _TRACK_SHARE * float(v.half_width[row]) if wheels == 4 else 0.0
    steered = math.degrees(MAX_WHEEL_ANGLE)
    places = [
        (axle, side, steered),
        (axle, -side, steered),
        (-axle, side, 0.0),
        (-axle, -side, 0.0),
    ]
    return [
        _TORQUE, 5800.0, 1.0, 0.15, 2.0, 0.35, True, 0.5, 10.0, 4.0, _GEARS,
        float(v.mass[row]), 0.3, [0.0, 0.0, 0.0], [list(p) for p in STEERING_CURVE],
        [_wheel(pose, along, left, angle) for along, left, angle in places], False,
    ]  # fmt: skip


def _wheel(pose: Pose, along: float, left: float, max_angle_deg: float) -> list[Any]:
    c, s = math.cos(pose.yaw), math.sin(pose.yaw)
    x, y = pose.x + along * c - left * s, pose.y + along * s + left * c
    z = pose.z + _WHEEL_RADIUS_CM / 100.0
    position = [100.0 * x, -100.0 * y, 100.0 * z]
    hand_brake = 3000.0 if max_angle_deg == 0.0 else 0.0
    return [
        3.5,
        0.25,
        max_angle_deg,
        _WHEEL_RADIUS_CM,
        1500.0,
        hand_brake,
        2.0,
        17.0,
        1000.0,
        position,
    ]
