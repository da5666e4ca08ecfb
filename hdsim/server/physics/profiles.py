"""Physics profiles: what a vehicle's numbers are in each, and what the weather does to grip."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import yaml

from hdsim.core.state import Floats
from hdsim.server.actors.blueprints import VehicleModel
from hdsim.server.physics.powertrain import force_and_power

GRAVITY = 9.81  # [m/s^2]
AIR_DENSITY = 1.2  # [kg/m^3], about 20 degrees Celsius at sea level
DRIVER_KG = 75.0  # as in Council Regulation (EU) 1230/2012, article 2
# Share of an engine's power that accelerates a car on average, after gears, shifts and losses,
# where the gears are not known. Fitted to the published 0-100 km/h times of docs/physics.md.
POWER_SHARE = 0.78
# Yaw inertia over mass and axle distances, I / (m a b): 0.94, 1.00 and 1.10 for the Ford Escort,
# BMW 320i and VW Vanagon of CommonRoad (Althoff and Wuersching 2020, Vehicle Models, table 6).
# The axles are taken at equal distances from the centre.
DYNAMIC_INDEX = 1.0

TRACK_SHARE = 0.8  # distance between wheels over body width; a proposal

# CARLA's steering curve: share of the wheel angle left at a speed [km/h].
STEERING_CURVE = ((0.0, 1.0), (20.0, 0.9), (60.0, 0.8), (120.0, 0.7))
CURVE_POINTS = 8  # a curve has room for as many

# Profile `carla`. An experiment with the real Traffic Manager found these to keep its lanes; they
# are not a model of a real car.
FULL_THROTTLE = 4.5  # acceleration at standstill [m/s^2]
FULL_BRAKE = 8.0  # deceleration [m/s^2]
HAND_BRAKE = 6.0  # deceleration [m/s^2]
ROLLING = 0.15  # resistance at any speed [m/s^2]
LATERAL_LIMIT = 20.0  # largest v^2 * curvature [m/s^2]; 8 makes Traffic Manager cars run wide
MAX_WHEEL_ANGLE = float(np.deg2rad(70.0))
# Top speeds by base type [m/s]: the order of magnitude of the real thing, without a source.
_TOP_SPEED = {"bicycle": 12.0, "truck": 30.0, "bus": 30.0}
_CAR_TOP_SPEED = 50.0

# Grip on a wet road over that on a dry one: peak friction of asphalt 0.6 wet, 0.85 dry, the mids of
# Wong 2008, Theory of Ground Vehicles, table 1.3. In between it falls in proportion: a proposal.
WET_GRIP = 0.6 / 0.85
_RAIN, _PUDDLES, _WETNESS = 1, 2, 9  # places in CARLA's WeatherParameters, percent


class Physics(StrEnum):
    """Which cars drive: CARLA's very grippy ones, or ones with published limits."""

    CARLA = "carla"
    REALISTIC = "realistic"


# Restitution and friction of collisions. CARLA's profile has plastic blows without friction, which
# suit the Traffic Manager's traffic. Crash tests of cars give a restitution of 0 to 0.3, less the
# faster (Antonetti 1998, SAE 980552); the friction is a proposal.
BLOWS = {Physics.CARLA: (0.0, 0.0), Physics.REALISTIC: (0.1, 0.5)}


def curve(points: Sequence[tuple[float, float]]) -> Floats:
    """A steering curve as rows of speed [km/h] and share, shape (CURVE_POINTS, 2).

    The last point fills the rest.

    Raises:
        ValueError: If there are no points, too many, or speeds that fall.
    """
    array = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    if not 1 <= len(array) <= CURVE_POINTS:
        raise ValueError(f"expected a steering curve of 1 to {CURVE_POINTS} points")
    if (np.diff(array[:, 0]) < 0.0).any():
        raise ValueError("expected a steering curve in order of speed")
    rest = np.repeat(array[-1:], CURVE_POINTS - len(array), axis=0)
    return np.concatenate([array, rest])


def parameters(model: VehicleModel, physics: Physics) -> dict[str, float]:
    """Columns of ``Vehicles`` that depend on the profile."""
    return _carla(model) if physics is Physics.CARLA else _realistic(model)


def _carla(model: VehicleModel) -> dict[str, float]:
    top_speed = _TOP_SPEED.get(model.base_type, _CAR_TOP_SPEED)
    return {
        "mass": model.mass,
        "inertia": _inertia(model.mass, model),
        "full_throttle": FULL_THROTTLE,
        "full_brake": FULL_BRAKE,
        "full_hand_brake": HAND_BRAKE,
        "rolling": ROLLING,
        "drag": (FULL_THROTTLE - ROLLING) / top_speed**2,
        "grip": LATERAL_LIMIT,
        "max_wheel_angle": MAX_WHEEL_ANGLE,
    }


def _realistic(model: VehicleModel) -> dict[str, float]:
    p = {**_data()["classes"][model.base_type], **_data()["models"].get(model.name, {})}
    mass = p["kerb"] + DRIVER_KG if "kerb" in p else model.mass
    force, power = _drive(p, mass)
    return {
        "mass": mass,
        "inertia": _inertia(mass, model),
        "full_throttle": force / mass,
        "power_speed": power / force,
        "full_brake": p["brake"],
        "full_hand_brake": p["hand_brake"],
        "rolling": p["rolling"] * GRAVITY,
        "drag": 0.5 * AIR_DENSITY * p["drag_area"] / mass,
        "grip": p["grip"] * GRAVITY,
        "stiff_front": 1.0 / (1.0 / p["stiffness"] + p["understeer"]),
        "stiff_rear": p["stiffness"],
        "cg_height": p["cg_height"],
        "front_drive": p["front_drive"],
        "max_wheel_angle": p["max_wheel_angle"],
        "steer_rate": p["steer_rate"],
        "throttle_lag": p["throttle_lag"],
        "brake_lag": p["brake_lag"],
        "lean": GRAVITY * math.tan(math.radians(p.get("lean", 0.0))),
        # On two wheels it stands for the rider's balance, without which they would fall.
        "stability": TRACK_SHARE * model.width / 2.0,
    }


def _drive(p: dict[str, Any], mass: float) -> tuple[float, float]:
    """Largest force [N] and power [W] at the wheels: from the gears where they are known."""
    if "gears" in p:
        return force_and_power(
            mass, 1000.0 * p["power"], p["torque"], p["gears"], p["radius"],
            p.get("power_rpm", 0.0), p.get("torque_rpm", 0.0), p.get("shift", 0.0),
        )  # fmt: skip
    power = 1000.0 * p["power"] * p.get("share", POWER_SHARE)
    return power / p["power_speed"], power


def _inertia(mass: float, model: VehicleModel) -> float:
    return DYNAMIC_INDEX * mass * model.wheelbase**2 / 4.0


def road_grip(weather: Sequence[float]) -> float:
    """Share of the dry grip that the weather leaves.

    Args:
        weather: CARLA's WeatherParameters, 14 numbers. The road is as wet as the largest of its
            rain, its puddles and its wetness says.
    """
    wet = max(weather[_RAIN], weather[_PUDDLES], weather[_WETNESS]) / 100.0
    return 1.0 - (1.0 - WET_GRIP) * min(max(wet, 0.0), 1.0)


@cache
def _data() -> dict[str, Any]:
    path = resources.files("hdsim.server").joinpath("data/dynamics.yaml")
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return data
