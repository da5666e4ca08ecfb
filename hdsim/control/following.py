"""Longitudinal laws: free road, following with calm reaction to cut-ins, stops."""

from __future__ import annotations

import numpy as np

from hdsim.control.parameters import Parameters, ParameterTable
from hdsim.core.compiled import compiled
from hdsim.core.state import Bools, Floats, Ints

# Gaps at or below this count as contact: the law is evaluated here and ends at full braking [m].
_CONTACT_GAP = 0.1
_NO_LEADER_GAP = 1e6


@compiled
def free_acceleration(
    speed: Floats, desired_speed: Floats, brisk: Bools, parameters: ParameterTable
) -> Floats:
    """Acceleration on an empty road, shape (N,); brakes by at most about b above the desired speed.

    Whoever is ``brisk`` speeds up at ``brisk_accel`` instead of ``max_accel``.

    Source: Improved IDM, Treiber & Kesting 2013, Traffic Flow Dynamics, eq. 11.23.
    """
    p = parameters[0]
    out = np.empty(len(speed))
    for i in range(len(speed)):
        out[i] = free_road(speed[i], desired_speed[i], p)
        if brisk[i] and out[i] > 0.0:
            out[i] *= p.brisk_accel / p.max_accel
    return out


@compiled
def free_road(speed: float, desired_speed: float, p: Parameters) -> float:
    """``free_acceleration`` of one driver."""
    ratio = speed / max(desired_speed, 0.1)
    if ratio <= 1.0:
        return float(p.max_accel * (1.0 - ratio**p.free_exponent))
    fall = ratio ** (-p.max_accel * p.free_exponent / p.comfort_decel)
    return float(-p.comfort_decel * (1.0 - fall))


@compiled
def follow_acceleration(
    speed: Floats,
    gap: Floats,
    lead_speed: Floats,
    lead_accel: Floats,
    free: Floats,
    parameters: ParameterTable,
) -> Floats:
    """Acceleration behind a leader: Improved IDM under the constant-acceleration heuristic.

    The equilibrium gap is exactly ``min_gap + time_gap * speed``. A gap that is short but not
    dangerous (a cut-in) is opened slowly instead of by hard braking.

    Args:
        speed: Own speed [m/s], >= 0, shape (N,).
        gap: Bumper to bumper [m]; inf means no leader.
        lead_speed: Leader's speed along the own path [m/s].
        lead_accel: Leader's acceleration [m/s^2].
        free: ``free_acceleration`` of the follower.
        parameters: ``parameter_table``.

    Returns:
        Shape (N,) [m/s^2], at least ``-max_decel``.

    Source: Treiber & Kesting 2013, eq. 11.23-11.26; Kesting, Treiber & Helbing 2010, Phil. Trans.
    R. Soc. A 368:4585.
    """
    p = parameters[0]
    out = np.empty(len(speed))
    for i in range(len(speed)):
        out[i] = follow(speed[i], gap[i], lead_speed[i], lead_accel[i], free[i], p)
    return out


@compiled
def follow(
    speed: float, gap: float, lead_speed: float, lead_accel: float, free: float, p: Parameters
) -> float:
    """``follow_acceleration`` of one driver."""
    gap = min(max(gap, _CONTACT_GAP), _NO_LEADER_GAP)
    lead_speed = max(lead_speed, 0.0)
    closing = speed - lead_speed
    wanted = p.min_gap + max(
        0.0,
        speed * p.time_gap + speed * closing / (2.0 * np.sqrt(p.max_accel * p.comfort_decel)),
    )
    z = wanted / gap
    brake = p.max_accel * (1.0 - z * z)
    if free < 0.0:
        iidm = free + brake if z >= 1.0 else free
    elif z >= 1.0:
        iidm = brake
    else:
        up = max(free, 1e-6)
        iidm = up * (1.0 - z ** (2.0 * p.max_accel / up))
    calm = _constant_acceleration_heuristic(speed, gap, lead_speed, lead_accel, p)
    if iidm < calm:
        step = p.comfort_decel * np.tanh((iidm - calm) / p.comfort_decel)
        iidm = (1.0 - p.coolness) * iidm + p.coolness * (calm + step)
    return float(max(iidm, -p.max_decel))


@compiled
def _constant_acceleration_heuristic(
    speed: float, gap: float, lead_speed: float, lead_accel: float, p: Parameters
) -> float:
    """The largest acceleration that does not collide if the leader keeps its acceleration."""
    lead = min(lead_accel, p.max_accel)
    if lead < 0.0 and lead_speed * (speed - lead_speed) <= -2.0 * gap * lead:  # it stops first
        return speed**2 * lead / max(lead_speed**2 - 2.0 * gap * lead, 1e-6)
    return lead - max(speed - lead_speed, 0.0) ** 2 / (2.0 * gap)


@compiled
def follow_nearest(
    speed: Floats,
    free: Floats,
    blocking: Bools,
    gap: Floats,
    cos: Floats,
    object_speed: Floats,
    object_accel: Floats,
    clears: Floats,
    row: Ints,
    parameters: ParameterTable,
) -> tuple[Floats, Ints]:
    """The lowest acceleration over all objects in the way, and the row of that object.

    Before somebody who crosses and will have left the path, no more braking is needed than to
    arrive then.

    Args:
        speed: Own speed [m/s], >= 0, shape (D,).
        free: ``free_acceleration`` of the followers, shape (D,).
        blocking: Which objects are in the way, shape (D, K).
        gap: Bumper to bumper [m], shape (D, K).
        cos: Cosine of their heading relative to the path, shape (D, K).
        object_speed: [m/s], shape (D, K).
        object_accel: [m/s^2], shape (D, K).
        clears: Time after which they have left the path [s], inf for who stays, shape (D, K).
        row: Their actor rows, shape (D, K).
        parameters: ``parameter_table``.

    Returns:
        Acceleration [m/s^2], inf where nothing is in the way, and row, -1 there; shape (D,) each.
    """
    p = parameters[0]
    lowest, leader = np.full(len(speed), np.inf), np.full(len(speed), -1)
    for d in range(len(speed)):
        for k in range(blocking.shape[1]):
            if blocking[d, k]:
                c = cos[d, k]
                v, a = object_speed[d, k] * c, object_accel[d, k] * c
                each = follow(speed[d], gap[d, k], v, a, free[d], p)
                if clears[d, k] < np.inf:
                    each = max(each, arrive_after(speed[d], gap[d, k], clears[d, k], p))
                if each <= lowest[d]:
                    lowest[d], leader[d] = each, row[d, k]
    return lowest, leader


@compiled
def arrive_after(speed: float, gap: float, time: float, p: Parameters) -> float:
    """The constant acceleration that takes so long to a margin before somebody [m/s^2].

    Who would come to a stop on the way brakes to stop at its end instead.
    """
    gap = max(gap - p.stop_margin, _CONTACT_GAP)
    if speed * time > 2.0 * gap:
        wanted = -(speed**2) / (2.0 * gap)
    else:
        wanted = 2.0 * (gap - speed * time) / time**2
    return float(min(max(wanted, -p.max_decel), p.max_accel))


@compiled
def stop_acceleration(
    speed: Floats, distance: Floats, free: Floats, parameters: ParameterTable
) -> Floats:
    """Comfortable braking to a stop with the front bumper ``distance`` ahead [m]; inf for none.

    The place of the stop is a standing leader ``min_gap`` behind it; once the remaining distance
    needs more than comfortable braking the kinematic deceleration is used. Shape (N,) each.
    """
    p = parameters[0]
    out = np.empty(len(speed))
    for i in range(len(speed)):
        out[i] = stop(speed[i], distance[i], free[i], p)
    return out


@compiled
def stop(speed: float, distance: float, free: float, p: Parameters) -> float:
    """``stop_acceleration`` of one driver."""
    following = follow(speed, distance + p.min_gap, 0.0, 0.0, free, p)
    needed = -(speed**2) / (2.0 * max(distance, _CONTACT_GAP))
    pressed = min(following, needed) if needed < -p.comfort_decel else following
    return float(max(pressed, -p.max_decel))
