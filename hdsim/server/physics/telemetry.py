"""What a vehicle's instruments show, as far as the model that moves it has such things.

Speed, pedals, steering, accelerations and loads are the model's. There is no engine and no slip of
tyres: engine speed is what the wheels' speed means through the gears of the physics control, and
slip is zero.
"""

from __future__ import annotations

import math
from typing import Any

from hdsim.server.physics.control import FINAL_RATIO, WHEEL_RADIUS_CM, physics_control
from hdsim.server.physics.dynamics import wheel_angles
from hdsim.server.physics.profiles import GRAVITY
from hdsim.server.physics.vehicles import Vehicles

_WHEEL_RADIUS_M = WHEEL_RADIUS_CM / 100.0
_IDLE_RPM = 800.0
_DRAG = 12  # place in a VehiclePhysicsControl


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
    load = mass * GRAVITY / 4.0
    omega = speed / _WHEEL_RADIUS_M
    rpm = max(abs(omega) * FINAL_RATIO * 60.0 / (2.0 * math.pi), _IDLE_RPM)
    along, across = mass * ahead / 4.0, -mass * left / 4.0
    wheel = [
        float(v.grip[row]) / GRAVITY, 0.0, 0.0, omega, load, 1.0, along * _WHEEL_RADIUS_M,
        along, across, along / load, across / load,
    ]  # fmt: skip
    gear = -1 if v.reverse[row] else int(v.gear[row]) if v.manual[row] else 1
    return [
        speed, -float(v.steer[row]), float(v.throttle[row]), float(v.brake[row]), rpm, gear,
        physics_control(v, row, wheels)[_DRAG], [wheel] * 4,
    ]  # fmt: skip


def wheel_angle_deg(v: Vehicles, row: int) -> float:
    """Angle of the front wheels, CARLA's sign: right positive [deg]."""
    return -math.degrees(float(wheel_angles(v)[row]))
