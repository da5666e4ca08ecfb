"""Whether a vehicle comes past another one: the area that its box sweeps on a way aside."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hdsim.control.parameters import Parameters
from hdsim.control.steering import place_at, preview, pursue
from hdsim.core.compiled import compiled
from hdsim.core.planar import nearest_point, sincos
from hdsim.core.state import Floats

# Step of the look ahead, and how long it lasts at most [s].
_STEP_S, _LASTS_S = 0.05, 12.0
# Hands and wheels follow a wanted angle with this time constant [s]. [P]
_STEER_LAG_S = 0.15
# Slower than this the turning of a car does not show where its wheels stand [m/s].
_CREEPS = 0.3


class Box(NamedTuple):
    """A vehicle's outline.

    Attributes:
        x: Its centre [m].
        y: As x.
        yaw: Heading [rad].
        length: [m].
        width: [m].
    """

    x: float
    y: float
    yaw: float
    length: float
    width: float


class Moves(NamedTuple):
    """How a vehicle moves.

    Attributes:
        speed: [m/s].
        yaw_rate: [rad/s].
        wheelbase: [m].
    """

    speed: float
    yaw_rate: float
    wheelbase: float


@compiled
def comes_past(
    own: Box,
    moves: Moves,
    pass_speed: float,
    path_s: Floats,
    path_x: Floats,
    path_y: Floats,
    other: Box,
    clearance: float,
    p: Parameters,
) -> bool:
    """Whether a driver who follows a path gets past what stands there without touching it.

    The driver's own steering leads the own box along the path, as a kinematic bicycle about the
    centre, until its rear has passed.

    Args:
        own: Own vehicle.
        moves: How it moves.
        pass_speed: Speed up to which it accelerates on the way [m/s].
        path_s: Distances along the path [m], shape (P,).
        path_x: Places there [m].
        path_y: As path_x.
        other: What stands there.
        clearance: To be kept on all sides [m].
        p: Parameters.
    """
    x, y, yaw = own.x, own.y, own.yaw
    keep = np.exp(-_STEP_S / _STEER_LAG_S)
    v, wheelbase = moves.speed, moves.wheelbase
    # Where the wheels stand shows in how the car turns, unless it creeps.
    turning = 0.5 * wheelbase * moves.yaw_rate / max(v, _CREEPS)
    wheel = np.arctan(2.0 * np.tan(np.arcsin(min(max(turning, -0.8), 0.8))))
    sn, c = sincos(own.yaw)
    gone = 0.5 * (own.length + other.length)
    for _ in range(int(_LASTS_S / _STEP_S)):
        now = Box(x, y, yaw, own.length + 2.0 * clearance, own.width + 2.0 * clearance)
        if _overlap(now, other):
            return False
        if (x - other.x) * c + (y - other.y) * sn > gone:
            return True
        near = nearest_point(path_x, path_y, x, y)
        tx, ty = place_at(path_s[near] + preview(v, p), path_s, path_x, path_y)
        wheel = keep * wheel + (1.0 - keep) * pursue(tx - x, ty - y, yaw, wheelbase, p)
        v = max(min(v + p.max_accel * _STEP_S, pass_speed), v)
        slip = np.arctan(0.5 * np.tan(wheel))
        turn = v * _STEP_S * np.sin(slip) / (0.5 * wheelbase)
        across, along = sincos(yaw + slip + 0.5 * turn)
        x, y, yaw = x + v * _STEP_S * along, y + v * _STEP_S * across, yaw + turn
    return False


@compiled
def _overlap(a: Box, b: Box) -> bool:
    """Whether two boxes overlap, by separating axes."""
    dx, dy = b.x - a.x, b.y - a.y
    turned_s, turned_c = sincos(b.yaw - a.yaw)
    turned_s, turned_c = abs(turned_s), abs(turned_c)
    for one, other in ((a, b), (b, a)):
        s, c = sincos(one.yaw)
        reach = 0.5 * (one.length + other.length * turned_c + other.width * turned_s)
        if abs(dx * c + dy * s) > reach:
            return False
        reach = 0.5 * (one.width + other.length * turned_s + other.width * turned_c)
        if abs(dy * c - dx * s) > reach:
            return False
    return True
