"""The decision itself: of all wishes for an acceleration the lowest one binds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hdsim.control.following import stop
from hdsim.control.parameters import Parameters, ParameterTable
from hdsim.core.bits import MOST, bits_of, number_of
from hdsim.core.command import Reason
from hdsim.core.compiled import compiled
from hdsim.core.state import Floats, Ints

_FREE, _FOLLOW, _YIELD = int(Reason.FREE), int(Reason.FOLLOW), int(Reason.YIELD)
_CURVE, _OBSTACLE = int(Reason.CURVE), int(Reason.OBSTACLE)
_EMERGENCY, _REASONS = int(Reason.EMERGENCY), len(Reason)
# What ``choose`` is given distances for, in this order.
STOPS = (Reason.SIGNAL, Reason.YIELD, Reason.CHANGE, Reason.STOP_SIGN, Reason.ROUTE_END)
_STOPS = tuple(int(r) for r in STOPS)
# Bends are no straighter than this [1/m].
_LEAST_BEND = 1e-4
# Braking harder than this for another vehicle counts as an emergency [m/s^2].
_HARD = 5.0


@compiled
def choose(
    speed: Floats,
    free: Floats,
    following: Floats,
    leader: Ints,
    stops: Floats,
    yield_row: Ints,
    to_obstacle: Floats,
    obstacle_row: Ints,
    path_s: Floats,
    path_limit: Floats,
    limit_factor: Floats,
    curvature: Floats,
    parameters: ParameterTable,
) -> tuple[Floats, NDArray[np.int8], Ints]:
    """The lowest of all wishes, shape (D,) each; of equals the first ``Reason``.

    Args:
        speed: Own speed [m/s], >= 0, shape (D,); as are the rest but the paths and ``stops``.
        free: ``free_acceleration`` [m/s^2].
        following: Acceleration behind what is in the way [m/s^2].
        leader: Its actor row.
        stops: Front bumper to where to stop, by ``STOPS``, inf for nowhere [m], shape (5, D).
        yield_row: Actor row that is yielded to.
        to_obstacle: Acceleration before an obstacle [m/s^2].
        obstacle_row: Its actor row.
        path_s: ``Paths.s``, shape (D, P).
        path_limit: ``Paths.limit``.
        limit_factor: Believed over posted limit.
        curvature: ``Paths.curvature``.
        parameters: ``parameter_table``.

    Returns:
        ``(accel, reason, lead)``: acceleration [m/s^2], ``Reason``, and the actor row it is for, -1
        for none.
    """
    p = parameters[0]
    accel, reason = np.empty(len(speed)), np.empty(len(speed), np.int8)
    lead, wishes = np.full(len(speed), -1), np.full(_REASONS, np.inf)
    for d in range(len(speed)):
        v = speed[d]
        allowed, bend = profile(v, path_s[d], path_limit[d], limit_factor[d], curvature[d], p)
        wishes[_FREE], wishes[_CURVE] = min(free[d], allowed), bend
        wishes[_FOLLOW], wishes[_OBSTACLE] = following[d], to_obstacle[d]
        nowhere = stop(v, np.inf, free[d], p)
        for i in range(len(_STOPS)):
            there = stops[i, d] < np.inf
            wishes[_STOPS[i]] = stop(v, stops[i, d], free[d], p) if there else nowhere
        least = 0
        for r in range(1, _REASONS):
            if wishes[r] < wishes[least]:
                least = r
        accel[d] = wishes[least]
        if least == _FOLLOW:
            lead[d] = leader[d]
        elif least == _YIELD:
            lead[d] = yield_row[d]
        elif least == _OBSTACLE:
            lead[d] = obstacle_row[d]
        hard = accel[d] < -_HARD and least in (_FOLLOW, _YIELD)
        reason[d] = _EMERGENCY if hard else least
    return accel, reason, lead


@compiled
def profile(
    speed: float, s: Floats, limit: Floats, factor: float, curvature: Floats, p: Parameters
) -> tuple[float, float]:
    """Accelerations towards the speeds that limits and bends ahead allow [m/s^2].

    Both are those of first-order tracking of the highest speed now from which every allowed speed
    ahead is reached comfortably, braking no harder than twice comfortably. Looking ahead by
    ``speed * speed_lag`` cancels the lag of the tracking.

    Args:
        speed: Own speed [m/s].
        s: Distance to the points ahead [m], shape (P,).
        limit: Speed limit there [m/s], shape (P,).
        factor: Believed over posted limit.
        curvature: [1/m], shape (P,).
        p: Parameters.
    """
    allowed = bends = MOST  # bits of squared speeds
    for k in range(len(s)):
        gain = 2.0 * p.anticipation_decel * max(s[k] - speed * p.speed_lag, 0.0)
        posted = (limit[k] * factor) ** 2 + gain
        allowed = min(allowed, bits_of(posted))
        bend = max(abs(curvature[k]), _LEAST_BEND)
        comfortable = max(np.sqrt(p.lateral_accel / bend), p.min_curve_speed)
        bends = min(bends, bits_of(comfortable**2 + gain))
    hardest = -2.0 * p.comfort_decel
    return (
        max((np.sqrt(number_of(allowed)) - speed) / p.speed_lag, hardest),
        max((np.sqrt(number_of(bends)) - speed) / p.speed_lag, hardest),
    )
