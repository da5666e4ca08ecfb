"""Whether a vehicle comes past another one: the area that its box sweeps on a way aside."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from hdsim.control.parameters import Parameters, ParameterTable
from hdsim.control.scene import OnPath
from hdsim.control.standing import stands
from hdsim.control.steering import place_at, preview, pursue, within_grip
from hdsim.control.track import led_aside
from hdsim.core.compiled import compiled
from hdsim.core.percept import Percepts
from hdsim.core.planar import nearest_point, sincos
from hdsim.core.state import Bools, Floats, Ints

# Step of the look ahead, and how long it lasts at most [s].
_STEP_S, _LASTS_S = 0.05, 12.0
# Hands and wheels follow a wanted angle with this time constant [s]. [P]
_STEER_LAG_S = 0.15
# Distance kept to who comes towards or is ahead [m].
_CLEAR_M = 10.0
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
    """How a vehicle moves, and how it means to.

    Attributes:
        speed: [m/s].
        yaw_rate: [rad/s].
        wheelbase: [m].
        accel: On the way past [m/s^2].
        top_speed: Up to which it accelerates [m/s].
        lateral: No turn takes more lateral acceleration than this [m/s^2].
    """

    speed: float
    yaw_rate: float
    wheelbase: float
    accel: float
    top_speed: float
    lateral: float


@compiled
def comes_past(
    own: Box,
    moves: Moves,
    path_s: Floats,
    path_x: Floats,
    path_y: Floats,
    other: Box,
    clearance: float,
    p: Parameters,
) -> bool:
    """Whether a driver who follows a path gets past what stands there without touching it.

    The driver's own steering leads the own box along the path, as a kinematic bicycle about the
    centre, until its rear has passed or it stands.

    Args:
        own: Own vehicle.
        moves: How it moves.
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
        if (x - other.x) * c + (y - other.y) * sn > gone or v <= 0.0 > moves.accel:
            return True
        near = nearest_point(path_x, path_y, x, y)
        tx, ty = place_at(path_s[near] + preview(v, p), path_s, path_x, path_y)
        wanted = within_grip(pursue(tx - x, ty - y, yaw, wheelbase, p), v, wheelbase, moves.lateral)
        wheel = keep * wheel + (1.0 - keep) * wanted
        faster = v + moves.accel * _STEP_S
        v = max(faster, 0.0) if moves.accel < 0.0 else max(min(faster, moves.top_speed), v)
        slip = np.arctan(0.5 * np.tan(wheel))
        turn = v * _STEP_S * np.sin(slip) / (0.5 * wheelbase)
        across, along = sincos(yaw + slip + 0.5 * turn)
        x, y, yaw = x + v * _STEP_S * along, y + v * _STEP_S * across, yaw + turn
    return False


@compiled
def clears(
    own: Box,
    moves: Moves,
    path: tuple[Floats, Floats, Floats, Floats],
    obstacle: Box,
    aside: float,
    over: float,
    clearance: float,
    p: Parameters,
) -> bool:
    """Whether the own corners come past an obstacle on the path led aside by ``aside`` [m].

    Args:
        own: The driver, where it believes to be.
        moves: How it moves.
        path: ``(s, x, y, yaw)`` of the path as it is.
        obstacle: As seen from there.
        aside: Left positive [m].
        over: Way until it is so far aside [m].
        clearance: To be kept on all sides [m].
        p: Parameters.
    """
    s, x, y, yaw = path
    by = led_aside(s, aside, over, np.inf)
    away_x, away_y = x - by * np.sin(yaw), y + by * np.cos(yaw)
    return comes_past(own, moves, s, away_x, away_y, obstacle, clearance, p)


@compiled
def way_is_free(
    but: int,
    aside: float,
    way: float,
    lasts: float,
    own_length: float,
    own_width: float,
    path_x: Floats,
    path_y: Floats,
    path_yaw: Floats,
    gap: Floats,
    cos: Floats,
    seen: Bools,
    x: Floats,
    y: Floats,
    speed: Floats,
    length: Floats,
    width: Floats,
    against: float,
    p: Parameters,
) -> bool:
    """Whether nobody is, comes towards or comes up from behind where a way aside leads.

    The way leads ``aside`` [m], left positive, for so long a ``way`` [m] from the own centre and
    ``lasts`` so long [s]; slot ``but`` is what it goes round. With a cosine of the relative heading
    less than ``against`` somebody comes towards.
    """
    for j in range(len(seen)):
        if not seen[j] or j == but:
            continue
        at = lateral_offset(path_x, path_y, path_yaw, x[j], y[j])
        clear = 0.5 * (width[j] + own_width) + p.obstacle_margin
        if abs(at - aside) > clear and not (min(0.0, aside) < at < max(0.0, aside)):
            continue
        s = gap[j] + 0.5 * (own_length + length[j])
        gains = max(speed[j], 0.0) * lasts
        comes = gains if cos[j] < against else 0.0
        behind = own_length + length[j] + (gains if cos[j] > -against else 0.0)
        if -behind < s < way + comes + _CLEAR_M:
            return False
    return True


@compiled
def lateral_offset(path_x: Floats, path_y: Floats, path_yaw: Floats, x: float, y: float) -> float:
    """Offset of a place from a path, left positive [m]."""
    best = nearest_point(path_x, path_y, x, y)
    dx, dy = x - path_x[best], y - path_y[best]
    return float(dy * np.cos(path_yaw[best]) - dx * np.sin(path_yaw[best]))


@compiled
def as_believed(
    here: tuple[float, float, float, float],
    place: tuple[float, float, float, float, float],
    other: tuple[float, float, float, float, float],
) -> tuple[Box, Box]:
    """The driver where it believes to be, and another vehicle as seen from there.

    Args:
        here: ``(x, y, yaw)`` of the path beside the driver and its believed offset from it.
        place: ``(x, y)`` of the driver, its heading error, length and width.
        other: ``(x, y, yaw, length, width)`` of the other.
    """
    path_x, path_y, path_yaw, offset = here
    own_x, own_y, heading_error, length, width = place
    x, y, yaw, other_length, other_width = other
    sn, c = sincos(path_yaw)
    at_x, at_y = path_x - offset * sn, path_y + offset * c
    own = Box(at_x, at_y, path_yaw + heading_error, length, width)
    return own, Box(x + at_x - own_x, y + at_y - own_y, yaw, other_length, other_width)


def let_by(
    percepts: Percepts,
    on_path: OnPath,
    passing: Ints,
    most_speed: float,
    moves: Moves,
    clearance: float,
    parameters: ParameterTable,
) -> OnPath:
    """The objects along the path without those that the drivers come past; ends ``passing``.

    Args:
        percepts: The subjective scene.
        on_path: Objects along the path.
        passing: Actor row of who stands there, -1 for nobody, shape (D,); brought up to date.
        most_speed: Whoever is faster has given up going round [m/s].
        moves: How the drivers mean to move; of it the intentions count.
        clearance: Kept on all sides [m].
        parameters: ``parameter_table``.
    """
    if not (passing >= 0).any():
        return on_path
    own, obj, path = percepts.own, percepts.objects, percepts.paths
    blocking = on_path.blocking.copy()
    _let_by(
        passing, most_speed, moves, blocking, on_path.gap,
        own.speed, own.length, own.width, own.wheelbase, own.yaw_rate,
        own.x, own.y, own.d, own.heading_error,
        path.s, path.x, path.y, path.yaw,
        obj.seen, obj.row, obj.x, obj.y, obj.yaw, obj.speed, obj.length, obj.width,
        clearance, parameters,
    )  # fmt: skip
    return replace(on_path, blocking=blocking)


@compiled
def _let_by(
    passing: Ints,
    most_speed: float,
    moves: Moves,
    blocking: Bools,
    gap: Floats,
    own_speed: Floats,
    own_length: Floats,
    own_width: Floats,
    wheelbase: Floats,
    yaw_rate: Floats,
    own_x: Floats,
    own_y: Floats,
    own_d: Floats,
    heading_error: Floats,
    path_s: Floats,
    path_x: Floats,
    path_y: Floats,
    path_yaw: Floats,
    seen: Bools,
    row: Ints,
    x: Floats,
    y: Floats,
    yaw: Floats,
    speed: Floats,
    length: Floats,
    width: Floats,
    clearance: float,
    parameters: ParameterTable,
) -> None:
    """``let_by`` in place: ``blocking`` and ``passing`` are brought up to date."""
    p = parameters[0]
    for d in range(len(passing)):
        if passing[d] < 0:
            continue
        k = 0
        while k < seen.shape[1] and not (row[d, k] == passing[d] and seen[d, k]):
            k += 1
        gone = k == seen.shape[1] or gap[d, k] < -own_length[d] - length[d, k]
        if gone or not stands(abs(speed[d, k])) or own_speed[d] > most_speed:
            passing[d] = -1
        elif blocking[d, k]:
            here = path_x[d, 0], path_y[d, 0], path_yaw[d, 0], own_d[d]
            place = own_x[d], own_y[d], heading_error[d], own_length[d], own_width[d]
            other = x[d, k], y[d, k], yaw[d, k], length[d, k], width[d, k]
            own, it = as_believed(here, place, other)
            now = Moves(
                own_speed[d], yaw_rate[d], wheelbase[d], moves.accel, moves.top_speed, moves.lateral
            )
            blocking[d, k] = not comes_past(
                own, now, path_s[d], path_x[d], path_y[d], it, clearance, p
            )


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
