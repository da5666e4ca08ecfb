"""Steering towards a point of the perceived path, at a preview distance."""

from __future__ import annotations

import numpy as np

from hdsim.control.parameters import Parameters, ParameterTable
from hdsim.core.compiled import compiled
from hdsim.core.percept import Percepts
from hdsim.core.state import Bools, Floats


def steer(percepts: Percepts, evades: Bools, parameters: ParameterTable) -> Floats:
    """Front road-wheel angle by pure pursuit from the perceived position in the lane.

    The pursuing point is the vehicle's centre, half a wheelbase ahead of the rear axle. Its course
    deviates from the heading by the slip angle beta = asin(kappa wheelbase / 2) of the bicycle
    geometry, so that the chord law kappa = 2 sin(alpha - beta) / l, solved for small beta, reads
    kappa = 2 sin(alpha) / (l + wheelbase), with alpha the bearing of the target from the heading.

    The position and heading are the perceived ``d`` and ``heading_error`` relative to the path: a
    driver who misjudges its place in the lane steers for the wrong place.

    Whoever ``evades`` an obstacle, shape (D,), keeps to ``evasive_lateral``.

    Returns:
        Shape (D,) [rad], left positive.

    Source: Coulter 1992, Implementation of the Pure Pursuit Path Tracking Algorithm, CMU-RI-TR-
    92-01; the slip term follows from bicycle geometry.
    """
    own, path = percepts.own, percepts.paths
    return _steer(
        own.speed,
        own.d,
        own.heading_error,
        own.wheelbase,
        evades,
        path.s,
        path.x,
        path.y,
        path.yaw,
        parameters,
    )


@compiled
def _steer(
    speed: Floats,
    offset: Floats,
    heading_error: Floats,
    wheelbase: Floats,
    evades: Bools,
    path_s: Floats,
    path_x: Floats,
    path_y: Floats,
    path_yaw: Floats,
    parameters: ParameterTable,
) -> Floats:
    """The rule above on the fields of ``OwnState`` and ``Paths``."""
    p = parameters[0]
    out = np.empty(len(speed))
    for d in range(len(speed)):
        s, x, y, yaw = path_s[d], path_x[d], path_y[d], path_yaw[d, 0]
        ahead = preview(speed[d], p)
        tx, ty = place_at(ahead, s, x, y)
        dx = tx - (x[0] - offset[d] * np.sin(yaw))
        dy = ty - (y[0] + offset[d] * np.cos(yaw))
        out[d] = pursue(dx, dy, yaw + heading_error[d], wheelbase[d], p)
        if evades[d]:
            out[d] = within_grip(out[d], speed[d], wheelbase[d], p.evasive_lateral)
    return out


@compiled
def pursue(dx: float, dy: float, heading: float, wheelbase: float, p: Parameters) -> float:
    """Front road-wheel angle towards a target ``(dx, dy)`` from the vehicle's centre [rad]."""
    alpha = np.arctan2(dy, dx) - heading
    curvature = 2.0 * np.sin(alpha) / (np.hypot(dx, dy) + wheelbase)
    beta = np.arcsin(min(max(0.5 * curvature * wheelbase, -0.8), 0.8))
    return float(min(max(np.arctan(2.0 * np.tan(beta)), -p.max_steer), p.max_steer))


@compiled
def within_grip(wheel: float, speed: float, wheelbase: float, lateral: float) -> float:
    """A front road-wheel angle [rad], cut to what takes no more lateral acceleration [m/s^2]."""
    slip = 0.5 * lateral * wheelbase / max(speed, 0.1) ** 2
    if slip >= 0.8:
        return wheel
    most = np.arctan(2.0 * np.tan(np.arcsin(slip)))
    return float(min(max(wheel, -most), most))


@compiled
def place_at(ahead: float, s: Floats, x: Floats, y: Floats) -> tuple[float, float]:
    """Place on a path so far ahead [m], shape (P,) each; straight on past its last point."""
    k = 0
    while k < len(s) - 2 and s[k + 1] <= ahead:
        k += 1
    f = (ahead - s[k]) / (s[k + 1] - s[k])
    return x[k] + f * (x[k + 1] - x[k]), y[k] + f * (y[k + 1] - y[k])


@compiled
def preview(speed: float, p: Parameters) -> float:
    """How far ahead the target of steering lies [m]."""
    return max(p.preview_time * speed, p.preview_min)
