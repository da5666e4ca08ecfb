"""What a vehicle's instruments show, as far as the model that moves it has such things.

Speed, pedals, steering, accelerations and loads are the model's. There is no engine and no slip of
tyres: engine speed is what the wheels' speed means through the gears of the physics control, and
slip is zero.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hdsim.server.dynamics import MAX_WHEEL_ANGLE, STEERING_CURVE
from hdsim.server.vehicles import Vehicles

_GRAVITY = 9.81
_WHEEL_RADIUS_M = 0.35
_IDLE_RPM, _FINAL_RATIO, _GEAR_RATIO = 800.0, 4.0, 1.0


def telemetry(v: Vehicles, row: int, wheels: int) -> list[Any]:
    """VehicleTelemetryData of one vehicle.

    Args:
        v: Vehicles.
        row: Row of the vehicle.
        wheels: How many it has; two-wheelers too report four.
    """
    yaw, speed, mass = float(v.yaw[row]), float(v.speed[row]), float(v.mass[row])
    c, s = math.cos(yaw), math.sin(yaw)
    ax, ay = float(v.ax[row]), float(v.ay[row])
    ahead, left = ax * c + ay * s, ay * c - ax * s
    load = mass * _GRAVITY / 4.0
    omega = speed / _WHEEL_RADIUS_M
    rpm = max(abs(omega) * _FINAL_RATIO * _GEAR_RATIO * 60.0 / (2.0 * math.pi), _IDLE_RPM)
    along, across = mass * ahead / 4.0, -mass * left / 4.0
    wheel = [
        3.5, 0.0, 0.0, omega, load, 1.0, along * _WHEEL_RADIUS_M,
        along, across, along / load, across / load,
    ]  # fmt: skip
    gear = -1 if v.reverse[row] else int(v.gear[row]) if v.manual[row] else 1
    return [
        speed, -float(v.steer[row]), float(v.throttle[row]), float(v.brake[row]), rpm, gear,
        0.3, [wheel] * 4,
    ]  # fmt: skip


def wheel_angle_deg(v: Vehicles, row: int) -> float:
    """Angle of the front wheels, CARLA's sign: right positive [deg]."""
    speeds, shares = np.array(STEERING_CURVE).T
    share = float(np.interp(abs(float(v.speed[row])) * 3.6, speeds, shares))
    return -math.degrees(float(v.steer[row]) * float(MAX_WHEEL_ANGLE) * share)
