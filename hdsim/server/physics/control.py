"""VehiclePhysicsControl: what CARLA reports of a vehicle's physics, and what a client may change.

The record fits the model in use: written back unread it changes nothing, and forces, masses and
angles follow from it as they do in the dynamics. The engine is given as one gear with the torque
that makes the model's force, the tyres' friction as the grip over gravity. Rotating inertia,
damping, clutch, gear times, tyre stiffness, wheel radius and centre of mass are CARLA's defaults
that keep the record complete; writing them has no effect, nor has moving a wheel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdsim.core.state import Floats
from hdsim.server.physics.profiles import AIR_DENSITY, GRAVITY, TRACK_SHARE, Physics, curve
from hdsim.server.physics.vehicles import Vehicles
from hdsim.server.wire.shapes import Pose, ShapeError, items, number

WHEEL_RADIUS_CM = 35.0
FINAL_RATIO = 4.0
_RADIUS_M = WHEEL_RADIUS_CM / 100.0
_WHEELS = 4  # two-wheelers report four as well
_MAX_RPM = 5800.0
_RPM = FINAL_RATIO / _RADIUS_M * 60.0 / (2.0 * math.pi)  # engine speed at 1 m/s
_UNCHANGED = 1e-5  # relative; the client keeps single precision
_MAX_WHEEL_DEG = 89.0


@dataclass(frozen=True, slots=True)
class Quantities:
    """What the dynamics use of a record.

    Attributes:
        mass: [kg].
        force: Largest drive force at the wheels [N].
        power: Largest drive power [W].
        drag: Drag coefficient.
        friction: Of the tyres, mean of the wheels.
        brake: Torque of all brakes [N m].
        hand_brake: As brake.
        wheel_angle: Largest of the wheels [rad].
        curve: Steering curve as ``physics.curve`` gives it.
    """

    mass: float
    force: float
    power: float
    drag: float
    friction: float
    brake: float
    hand_brake: float
    wheel_angle: float
    curve: Floats


def physics_control(v: Vehicles, row: int, wheels: int) -> list[Any]:
    """The record of one vehicle; wheel positions are in the world and in centimetres, as CARLA's.

    Args:
        v: Vehicles.
        row: Row of the vehicle.
        wheels: 2 or 4; a two-wheeler's wheels are on its centreline.
    """
    pose, axle = v.pose(row), float(v.wheelbase[row]) / 2
    side = TRACK_SHARE * float(v.half_width[row]) if wheels == 4 else 0.0
    mass, friction = float(v.mass[row]), float(v.grip[row]) / GRAVITY
    brake = float(v.full_brake[row]) * mass * _RADIUS_M / _WHEELS
    hand = float(v.full_hand_brake[row]) * mass * _RADIUS_M / 2.0  # on two wheels
    steered = math.degrees(float(v.max_wheel_angle[row]))
    area = 4.0 * float(v.half_width[row]) * float(v.half_height[row])
    drag = 2.0 * float(v.drag[row]) * mass / (AIR_DENSITY * area)
    torque = float(v.full_throttle[row]) * mass * _RADIUS_M / FINAL_RATIO
    engine, max_rpm = [[0.0, torque], [_MAX_RPM, torque]], _MAX_RPM
    if v.profile is Physics.REALISTIC:
        base = float(v.power_speed[row]) * _RPM
        engine = [[0.0, torque], *([base * k, torque / k] for k in (1.0, 2.0, 4.0, 8.0))]
        max_rpm = 8.0 * base
    steering = v.steering_curve[row]
    points = np.unique(steering, axis=0).tolist()
    places = ((axle, side, True), (axle, -side, True), (-axle, side, False), (-axle, -side, False))
    return [
        engine, max_rpm, 1.0, 0.15, 2.0, 0.35, True, 0.5, 10.0, FINAL_RATIO, [[1.0, 0.5, 0.65]],
        mass, drag, [0.0, 0.0, 0.0], points,
        [[friction, 0.25, steered if front else 0.0, WHEEL_RADIUS_CM, brake, 0.0 if front else hand,
          2.0, 17.0, 1000.0, _place(pose, along, left)] for along, left, front in places],
        False,
    ]  # fmt: skip


def _place(pose: Pose, along: float, left: float) -> list[float]:
    c, s = math.cos(pose.yaw), math.sin(pose.yaw)
    x, y = pose.x + along * c - left * s, pose.y + along * s + left * c
    return [100.0 * x, -100.0 * y, 100.0 * pose.z + WHEEL_RADIUS_CM]


def quantities(record: Any) -> Quantities:
    """Reads a VehiclePhysicsControl.

    Raises:
        ShapeError: If it is not one, or a quantity is out of what a vehicle can have.
    """
    r = items(record, 17, "a vehicle physics control")
    engine, final = _rows(r[0], 2, "a torque curve"), _positive(r[9], "final ratio")
    gears = _rows(r[10], 3, "forward gears")
    wheels = r[15]
    if not isinstance(wheels, list) or not 1 <= len(wheels) <= 16:
        raise ShapeError("expected the physics of 1 to 16 wheels")
    tyres = np.array(
        [[_not_negative(n, "wheel physics") for n in items(w, 10, "wheel physics")[:6]]
         for w in wheels]
    )  # fmt: skip
    ratio = final * float(gears[:, 0].max())
    torque, rpm = float(engine[:, 1].max()), engine[:, 0] * (2.0 * math.pi / 60.0)
    try:
        steering = curve(_rows(r[14], 2, "a steering curve").tolist())
    except ValueError as error:
        raise ShapeError(str(error)) from error
    return Quantities(
        mass=_positive(r[11], "mass"),
        force=max(torque, 0.0) * ratio / _RADIUS_M,
        power=max(float((engine[:, 1] * rpm).max()), 0.0),
        drag=_not_negative(r[12], "drag coefficient"),
        friction=float(tyres[:, 0].mean()),
        brake=float(tyres[:, 4].sum()),
        hand_brake=float(tyres[:, 5].sum()),
        wheel_angle=math.radians(min(float(tyres[:, 2].max()), _MAX_WHEEL_DEG)),
        curve=steering,
    )


def same(one: Quantities, other: Quantities) -> bool:
    """Whether two records say the same of what the dynamics use, in single precision."""
    numbers = ("mass", "force", "power", "drag", "friction", "brake", "hand_brake", "wheel_angle")
    near = all(
        abs(getattr(one, n) - getattr(other, n)) <= _UNCHANGED * abs(getattr(one, n))
        for n in numbers
    )
    return near and np.allclose(one.curve, other.curve, rtol=_UNCHANGED, atol=1e-9)


def write(v: Vehicles, row: int, wanted: Quantities, wheels: int) -> None:
    """Gives a vehicle other physics; what is as it was stays so to the last bit.

    Args:
        v: Vehicles.
        row: Row of the vehicle.
        wanted: What the client wrote.
        wheels: As for ``physics_control``.
    """
    has = quantities(physics_control(v, row, wheels))

    def other(name: str) -> bool:
        old, new = getattr(has, name), getattr(wanted, name)
        return bool(abs(new - old) > _UNCHANGED * abs(old))

    heavier = other("mass")
    if heavier:
        v.inertia[row] *= wanted.mass / v.mass[row]
        v.mass[row] = wanted.mass
    # No power without force, and no limit to it in CARLA's profile.
    limited = wanted.force > 0.0 and v.profile is Physics.REALISTIC
    if limited and (other("power") or other("force")):
        v.power_speed[row] = wanted.power / wanted.force
    mass = float(v.mass[row])
    area = 4.0 * float(v.half_width[row]) * float(v.half_height[row])
    for column, name, value in (
        (v.full_throttle, "force", wanted.force / mass),
        (v.full_brake, "brake", wanted.brake / (mass * _RADIUS_M)),
        (v.full_hand_brake, "hand_brake", wanted.hand_brake / (mass * _RADIUS_M)),
        (v.drag, "drag", wanted.drag * AIR_DENSITY * area / (2.0 * mass)),
    ):
        if heavier or other(name):
            column[row] = value
    if other("friction"):
        v.grip[row] = wanted.friction * GRAVITY
    if other("wheel_angle"):
        v.max_wheel_angle[row] = wanted.wheel_angle
    if not np.allclose(wanted.curve, has.curve, rtol=_UNCHANGED, atol=1e-9):
        v.steering_curve[row] = wanted.curve


def _rows(value: Any, width: int, what: str) -> Floats:
    if not isinstance(value, list) or not 1 <= len(value) <= 256:
        raise ShapeError(f"expected {what} of 1 to 256 points")
    return np.array([[number(n) for n in items(row, width, what)] for row in value])


def _not_negative(value: Any, what: str) -> float:
    found = number(value)
    if found < 0.0:
        raise ShapeError(f"expected {what} of 0 or more, got {found:g}")
    return found


def _positive(value: Any, what: str) -> float:
    found = number(value)
    if found <= 0.0:
        raise ShapeError(f"expected {what} above 0, got {found:g}")
    return found
