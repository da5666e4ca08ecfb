"""Steering towards a point of the perceived path, at a preview distance."""

from __future__ import annotations

import numpy as np

from hdsim.control.parameters import Parameters
from hdsim.core.percept import Percepts
from hdsim.core.state import Floats


def steer(percepts: Percepts, p: Parameters) -> Floats:
    """Front road-wheel angle by pure pursuit from the perceived position in the lane.

    The pursuing point is the vehicle's centre, half a wheelbase ahead of the rear axle. Its course
    deviates from the heading by the slip angle beta = asin(kappa wheelbase / 2) of the bicycle
    geometry, so that the chord law kappa = 2 sin(alpha - beta) / l, solved for small beta, reads
    kappa = 2 sin(alpha) / (l + wheelbase), with alpha the bearing of the target from the heading.

    The position and heading are the perceived ``d`` and ``heading_error`` relative to the path: a
    driver who misjudges its place in the lane steers for the wrong place.

    Returns:
        Shape (D,) [rad], left positive.

    Source: Coulter 1992, Implementation of the Pure Pursuit Path Tracking Algorithm, CMU-RI-TR-
    92-01; the slip term follows from bicycle geometry.
    """
    own, path = percepts.own, percepts.paths
    ahead = np.maximum(p.preview_time * own.speed, p.preview_min)
    points = path.s.shape[1]
    k = np.count_nonzero(path.s <= ahead[:, None], axis=1) - 1
    k = np.minimum(np.maximum(k, 0), points - 2) + np.arange(0, path.s.size, points)
    s, x, y = path.s.take(k), path.x.take(k), path.y.take(k)
    f = (ahead - s) / (path.s.take(k + 1) - s)
    tx = x + f * (path.x.take(k + 1) - x)
    ty = y + f * (path.y.take(k + 1) - y)
    yaw = path.yaw[:, 0]
    dx = tx - (path.x[:, 0] - own.d * np.sin(yaw))
    dy = ty - (path.y[:, 0] + own.d * np.cos(yaw))
    alpha = np.arctan2(dy, dx) - yaw - own.heading_error
    curvature = 2.0 * np.sin(alpha) / (np.hypot(dx, dy) + own.wheelbase)
    beta = np.arcsin(np.clip(0.5 * curvature * own.wheelbase, -0.8, 0.8))
    return np.asarray(np.clip(np.arctan(2.0 * np.tan(beta)), -p.max_steer, p.max_steer))
