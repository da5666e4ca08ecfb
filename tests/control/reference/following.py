"""Longitudinal laws: free road, following with calm reaction to cut-ins, speed profile ahead."""

from __future__ import annotations

import numpy as np

from hdsim.control.parameters import Parameters
from hdsim.core.state import Floats

# Gaps at or below this count as contact: the law is evaluated here and ends at full braking [m].
_CONTACT_GAP = 0.1
_NO_LEADER_GAP = 1e6


def free_acceleration(speed: Floats, desired_speed: Floats, p: Parameters) -> Floats:
    """Acceleration on an empty road; brakes by at most about b above the desired speed.

    Source: Improved IDM, Treiber & Kesting 2013, Traffic Flow Dynamics, eq. 11.23.
    """
    ratio = speed / np.maximum(desired_speed, 0.1)
    below = p.max_accel * (1.0 - np.minimum(ratio, 1.0) ** p.free_exponent)
    above = -p.comfort_decel * (
        1.0 - np.maximum(ratio, 1.0) ** (-p.max_accel * p.free_exponent / p.comfort_decel)
    )
    return np.where(ratio <= 1.0, below, above)


def follow_acceleration(
    speed: Floats, gap: Floats, lead_speed: Floats, lead_accel: Floats, free: Floats, p: Parameters
) -> Floats:
    """Acceleration behind a leader: Improved IDM under the constant-acceleration heuristic.

    The equilibrium gap is exactly ``min_gap + time_gap * speed``. A gap that is short but not
    dangerous (a cut-in) is opened slowly instead of by hard braking.

    Args:
        speed: Own speed [m/s], >= 0.
        gap: Bumper to bumper [m]; inf means no leader.
        lead_speed: Leader's speed along the own path [m/s].
        lead_accel: Leader's acceleration [m/s^2].
        free: ``free_acceleration`` of the follower.
        p: Parameters.

    Returns:
        Broadcast shape [m/s^2], at least ``-max_decel``.

    Source: Treiber & Kesting 2013, eq. 11.23-11.26; Kesting, Treiber & Helbing 2010, Phil. Trans.
    R. Soc. A 368:4585.
    """
    gap = np.clip(gap, _CONTACT_GAP, _NO_LEADER_GAP)
    lead_speed = np.maximum(lead_speed, 0.0)
    closing = speed - lead_speed
    wanted = p.min_gap + np.maximum(
        0.0,
        speed * p.time_gap + speed * closing / (2.0 * np.sqrt(p.max_accel * p.comfort_decel)),
    )
    z = wanted / gap
    brake = p.max_accel * (1.0 - z * z)
    up = np.maximum(free, 1e-6)
    with_room = up * (1.0 - np.minimum(z, 1.0) ** (2.0 * p.max_accel / up))
    iidm = np.where(
        free >= 0.0, np.where(z >= 1.0, brake, with_room), np.where(z >= 1.0, free + brake, free)
    )
    calm = _constant_acceleration_heuristic(speed, gap, lead_speed, lead_accel, p)
    mixed = (1.0 - p.coolness) * iidm + p.coolness * (
        calm + p.comfort_decel * np.tanh((iidm - calm) / p.comfort_decel)
    )
    return np.maximum(np.where(iidm >= calm, iidm, mixed), -p.max_decel)


def _constant_acceleration_heuristic(
    speed: Floats, gap: Floats, lead_speed: Floats, lead_accel: Floats, p: Parameters
) -> Floats:
    """The largest acceleration that does not collide if the leader keeps its acceleration."""
    lead = np.minimum(lead_accel, p.max_accel)
    closing = np.maximum(speed - lead_speed, 0.0)
    stops_first = (lead < 0.0) & (lead_speed * (speed - lead_speed) <= -2.0 * gap * lead)
    denominator = np.maximum(lead_speed**2 - 2.0 * gap * lead, 1e-6)
    return np.where(stops_first, speed**2 * lead / denominator, lead - closing**2 / (2.0 * gap))


def stop_acceleration(speed: Floats, distance: Floats, free: Floats, p: Parameters) -> Floats:
    """Comfortable braking to a stop with the front bumper ``distance`` ahead [m]; inf for none.

    The place of the stop is a standing leader ``min_gap`` behind it; once the remaining distance
    needs more than comfortable braking the kinematic deceleration is used.
    """
    following = follow_acceleration(
        speed, distance + p.min_gap, np.zeros_like(speed), np.zeros_like(speed), free, p
    )
    needed = -(speed**2) / (2.0 * np.maximum(distance, _CONTACT_GAP))
    pressed = np.where(needed < -p.comfort_decel, np.minimum(following, needed), following)
    return np.maximum(pressed, -p.max_decel)


def profile_speed(speed: Floats, distance: Floats, allowed: Floats, p: Parameters) -> Floats:
    """The highest speed now from which every allowed speed ahead is reached comfortably.

    Looking ahead by ``speed * speed_lag`` cancels the lag of ``profile_acceleration``.

    Args:
        speed: Own speed [m/s], shape (D,).
        distance: Distance to the points ahead [m], shape (D, P).
        allowed: Speed allowed there [m/s], shape (D, P).
        p: Parameters.
    """
    room = np.maximum(distance - (speed * p.speed_lag)[:, None], 0.0)
    return np.asarray(np.sqrt(np.min(allowed**2 + 2.0 * p.anticipation_decel * room, axis=1)))


def profile_acceleration(speed: Floats, target: Floats, p: Parameters) -> Floats:
    """First-order tracking of ``profile_speed``, braking no harder than twice comfortably."""
    return np.maximum((target - speed) / p.speed_lag, -2.0 * p.comfort_decel)
