"""How vehicles move: a kinematic bicycle moved by its centre, with CARLA's very grippy cars.

The Traffic Manager is tuned to CARLA's cars: 70 degrees of wheel angle, sharp town turns at full
speed. The numbers below are those that an experiment with the real Traffic Manager found to keep
its lanes; they are not a model of a real car. There is no suspension or slope force. A collision
or a client may add a slide and a spin to the motion of the wheels; friction takes them away.

Loops are compiled; ``tan``, ``atan`` and ``asin`` are left to numpy, whose last bits differ from
the compiler's.
"""

from __future__ import annotations

import numpy as np

from hdsim.core.compiled import compiled
from hdsim.core.state import Bools, Floats
from hdsim.server.vehicles import Vehicles

FULL_THROTTLE = 4.5  # acceleration at standstill [m/s^2]
FULL_BRAKE = 8.0  # deceleration [m/s^2]
HAND_BRAKE = 6.0  # deceleration [m/s^2]
ROLLING = 0.15  # resistance at any speed [m/s^2]
LATERAL_LIMIT = 20.0  # largest v^2 * curvature [m/s^2]; 8 makes Traffic Manager cars run wide
SLIDE_FRICTION = 7.0  # deceleration of a slide [m/s^2], dry road
MAX_WHEEL_ANGLE = np.deg2rad(70.0)
# CARLA's steering curve: share of the wheel angle left at a speed [km/h].
STEERING_CURVE = ((0.0, 1.0), (20.0, 0.9), (60.0, 0.8), (120.0, 0.7))
_CURVE_SPEED, _CURVE_SHARE = np.array(STEERING_CURVE).T


def path_curvature(speed: Floats, steer: Floats, wheelbase: Floats) -> Floats:
    """Curvature of the centre's path, left positive [1/m], limited by grip.

    The centre is taken midway between the axles, so the body slip angle is
    ``atan(tan(wheel angle) / 2)`` and the curvature ``2 sin(slip) / wheelbase`` (kinematic bicycle,
    Rajamani 2012, Vehicle Dynamics and Control, section 2.2, with equal axle distances). Grip
    limits the curvature itself and not only the yaw rate, else cars would slide sideways.
    """
    wheel = steer * MAX_WHEEL_ANGLE * np.interp(np.abs(speed) * 3.6, _CURVE_SPEED, _CURVE_SHARE)
    curvature = 2.0 * np.sin(np.arctan(0.5 * np.tan(wheel))) / wheelbase
    most = LATERAL_LIMIT / np.maximum(speed**2, 1e-6)
    return np.asarray(np.clip(curvature, -most, most))


def step(v: Vehicles, dt: float) -> None:
    """Moves every vehicle by one step of ``dt`` seconds, in place."""
    speed = _new_speed(
        v.speed, v.throttle, v.brake, v.hand_brake, v.reverse, v.top_speed, v.physics, dt,
        FULL_THROTTLE, FULL_BRAKE, HAND_BRAKE, ROLLING,
    )  # fmt: skip
    mean = 0.5 * (v.speed + speed)
    curvature = path_curvature(mean, v.steer, v.wheelbase)
    slip = np.arcsin(np.clip(0.5 * curvature * v.wheelbase, -1.0, 1.0))
    # New arrays, not the old ones changed: a caller may hold the last step's.
    v.x, v.y, v.yaw, v.vx, v.vy, v.ax, v.ay, v.yaw_rate, v.speed, v.slide_x, v.slide_y, v.spin = (
        _moved(
            v.x, v.y, v.yaw, v.vx, v.vy, v.slide_x, v.slide_y, v.spin, v.physics, v.wheelbase,
            v.mass, v.inertia, speed, mean, curvature, slip, dt, SLIDE_FRICTION,
        )
    )  # fmt: skip


@compiled
def _new_speed(
    speed: Floats,
    throttle: Floats,
    brake: Floats,
    hand_brake: Bools,
    reverse: Bools,
    top_speed: Floats,
    physics: Bools,
    dt: float,
    full_throttle: float,
    full_brake: float,
    full_hand_brake: float,
    rolling: float,
) -> Floats:
    """Wheel speed after a step [m/s]; brakes stop and never reverse."""
    after = np.zeros(len(speed))
    for i in range(len(speed)):
        if not physics[i]:
            continue
        direction = -1.0 if reverse[i] else 1.0
        braking = brake[i] * full_brake + (full_hand_brake if hand_brake[i] else 0.0)
        drag = (full_throttle - rolling) / top_speed[i] ** 2 * speed[i] ** 2
        driven = speed[i] + direction * throttle[i] * full_throttle * dt
        after[i] = np.sign(driven) * max(abs(driven) - (braking + rolling + drag) * dt, 0.0)
    return after


@compiled
def _moved(
    x: Floats,
    y: Floats,
    yaw: Floats,
    vx: Floats,
    vy: Floats,
    slide_x: Floats,
    slide_y: Floats,
    spin: Floats,
    physics: Bools,
    wheelbase: Floats,
    mass: Floats,
    inertia: Floats,
    speed: Floats,
    mean: Floats,
    curvature: Floats,
    slip: Floats,
    dt: float,
    friction: float,
) -> Floats:
    """State after a step, shape (12, n): the order is that of the assignment in ``step``.

    ``speed`` is the wheels' after the step and ``mean`` that over the step [m/s], ``curvature``
    their path's [1/m], ``slip`` the angle of the centre's velocity to the body [rad], ``friction``
    the deceleration of a slide [m/s^2].
    """
    after = np.zeros((12, len(x)))
    for i in range(len(x)):
        if not physics[i]:
            after[0, i], after[1, i] = x[i], y[i]
            after[2, i] = np.pi - (np.pi - yaw[i]) % (2 * np.pi)
            after[5, i], after[6, i] = -vx[i] / dt, -vy[i] / dt
            continue
        turn = spin[i]
        if turn != 0.0:
            # The axles slide sideways, each with half the weight at half the wheelbase.
            loss = 0.5 * friction * mass[i] * wheelbase[i] / inertia[i] * dt
            turn = np.sign(turn) * max(abs(turn) - loss, 0.0)
        yaw_rate = mean[i] * curvature[i]
        # The course at the middle of the step makes the path an arc, not a polygon.
        course = yaw[i] + slip[i] + 0.5 * yaw_rate * dt
        slide = np.hypot(slide_x[i], slide_y[i])
        kept = max(1.0 - friction * dt / max(slide, 1e-9), 0.0)
        sx, sy = slide_x[i] * kept, slide_y[i] * kept
        moved = mean[i] * dt
        after[0, i] = x[i] + moved * np.cos(course) + sx * dt
        after[1, i] = y[i] + moved * np.sin(course) + sy * dt
        yaw_after = np.pi - (np.pi - (yaw[i] + yaw_rate * dt)) % (2 * np.pi)
        rolling = speed[i]
        heading = yaw_after + slip[i]
        wx, wy = rolling * np.cos(heading) + sx, rolling * np.sin(heading) + sy
        if turn != 0.0:
            # A spin turns the body and not its velocity: what the wheels lose the slide gains.
            yaw_after = np.pi - (np.pi - (yaw_after + turn * dt)) % (2 * np.pi)
            heading = yaw_after + slip[i]
            rolling = wx * np.cos(heading) + wy * np.sin(heading)
            sx, sy = wx - rolling * np.cos(heading), wy - rolling * np.sin(heading)
        after[2, i] = yaw_after
        after[3, i], after[4, i] = wx, wy
        after[5, i], after[6, i] = (wx - vx[i]) / dt, (wy - vy[i]) / dt
        after[7, i], after[8, i] = yaw_rate + turn, rolling
        after[9, i], after[10, i], after[11, i] = sx, sy, turn
    return after
