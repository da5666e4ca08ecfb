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
from hdsim.server.physics import single_track
from hdsim.server.physics.profiles import MAX_WHEEL_ANGLE, STEERING_CURVE, Physics
from hdsim.server.physics.vehicles import Vehicles

__all__ = ["MAX_WHEEL_ANGLE", "SLIDE_FRICTION", "STEERING_CURVE", "step", "wheel_angles"]

SLIDE_FRICTION = 7.0  # deceleration of a slide [m/s^2], dry road


def wheel_angles(v: Vehicles) -> Floats:
    """Present angles of the front wheels, left positive [rad], shape (n,)."""
    if v.profile is Physics.REALISTIC:
        return v.wheel_angle
    return _wheel_angles(v.speed, v.steer, v.max_wheel_angle, v.steering_curve)


def path_curvature(v: Vehicles, speed: Floats) -> Floats:
    """Curvature of the centre's path at a speed, left positive [1/m], limited by grip.

    The centre is taken midway between the axles, so the body slip angle is
    ``atan(tan(wheel angle) / 2)`` and the curvature ``2 sin(slip) / wheelbase`` (kinematic bicycle,
    Rajamani 2012, Vehicle Dynamics and Control, section 2.2, with equal axle distances). Grip
    limits the curvature itself and not only the yaw rate, else cars would slide sideways.
    """
    wheel = _wheel_angles(speed, v.steer, v.max_wheel_angle, v.steering_curve)
    curvature = 2.0 * np.sin(np.arctan(0.5 * np.tan(wheel))) / v.wheelbase
    most = v.grip / np.maximum(speed**2, 1e-6)
    return np.minimum(np.maximum(curvature, -most), most)


def step(v: Vehicles, dt: float, road_grip: float = 1.0) -> None:
    """Moves every vehicle by one step, in place.

    Args:
        v: Vehicles.
        dt: Step [s].
        road_grip: Share of the dry grip that the weather leaves; profile realistic only, in
            CARLA's own physics rain changes nothing.
    """
    if v.profile is Physics.REALISTIC:
        single_track.step(v, dt, road_grip)
        return
    speed = _new_speed(
        v.speed, v.throttle, v.brake, v.hand_brake, v.reverse, v.full_throttle, v.full_brake,
        v.full_hand_brake, v.rolling, v.drag, v.grip, v.physics, dt,
    )  # fmt: skip
    mean = 0.5 * (v.speed + speed)
    curvature = path_curvature(v, mean)
    slip = np.arcsin(np.minimum(np.maximum(0.5 * curvature * v.wheelbase, -1.0), 1.0))
    # New arrays, not the old ones changed: a caller may hold the last step's.
    v.x, v.y, v.yaw, v.vx, v.vy, v.ax, v.ay, v.yaw_rate, v.speed, v.slide_x, v.slide_y, v.spin = (
        _moved(
            v.x, v.y, v.yaw, v.vx, v.vy, v.slide_x, v.slide_y, v.spin, v.physics, v.wheelbase,
            v.mass, v.inertia, speed, mean, curvature, slip, dt, SLIDE_FRICTION,
        )
    )  # fmt: skip


@compiled
def _wheel_angles(speed: Floats, steer: Floats, largest: Floats, curve: Floats) -> Floats:
    """Angles of the front wheels [rad]: what the steering curve leaves of the largest."""
    angles = np.empty(len(speed))
    for i in range(len(speed)):
        kmh = abs(speed[i]) * 3.6
        last = curve.shape[1] - 1
        share = curve[i, last, 1]
        if kmh <= curve[i, 0, 0]:
            share = curve[i, 0, 1]
        elif kmh < curve[i, last, 0]:
            k = 0
            while kmh >= curve[i, k + 1, 0]:
                k += 1
            slope = (curve[i, k + 1, 1] - curve[i, k, 1]) / (curve[i, k + 1, 0] - curve[i, k, 0])
            share = slope * (kmh - curve[i, k, 0]) + curve[i, k, 1]
        angles[i] = steer[i] * largest[i] * share
    return angles


@compiled
def _new_speed(
    speed: Floats,
    throttle: Floats,
    brake: Floats,
    hand_brake: Bools,
    reverse: Bools,
    full_throttle: Floats,
    full_brake: Floats,
    full_hand_brake: Floats,
    rolling: Floats,
    drag: Floats,
    grip: Floats,
    physics: Bools,
    dt: float,
) -> Floats:
    """Wheel speed after a step [m/s]; brakes stop and never reverse."""
    after = np.zeros(len(speed))
    for i in range(len(speed)):
        if not physics[i]:
            continue
        direction = -1.0 if reverse[i] else 1.0
        braking = brake[i] * full_brake[i]
        braking += full_hand_brake[i] if hand_brake[i] else 0.0
        held = min(braking + rolling[i], grip[i])
        drive = min(throttle[i] * full_throttle[i], grip[i])
        driven = speed[i] + direction * drive * dt
        air = drag[i] * speed[i] ** 2
        after[i] = np.sign(driven) * max(abs(driven) - (held + air) * dt, 0.0)
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
