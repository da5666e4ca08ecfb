"""How vehicles move: a kinematic bicycle moved by its centre, with CARLA's very grippy cars.

The Traffic Manager is tuned to CARLA's cars: 70 degrees of wheel angle, sharp town turns at full
speed. The numbers below are those that an experiment with the real Traffic Manager found to keep
its lanes; they are not a model of a real car. There is no yaw inertia, suspension or slope force.
"""

from __future__ import annotations

import numpy as np

from hdsim.core.state import Floats, wrap_angle
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


def new_speed(
    speed: Floats, drive: Floats, braking: Floats, top_speed: Floats, dt: float
) -> Floats:
    """Wheel speed after a step.

    Args:
        speed: Signed speed [m/s], shape (n,).
        drive: Signed acceleration of the engine [m/s^2].
        braking: Deceleration of the brakes [m/s^2], >= 0; stops, never reverses.
        top_speed: Where full throttle and drag balance [m/s].
        dt: Step [s].
    """
    drag = (FULL_THROTTLE - ROLLING) / top_speed**2 * speed**2
    driven = speed + drive * dt
    loss = (braking + ROLLING + drag) * dt
    return np.asarray(np.sign(driven) * np.maximum(np.abs(driven) - loss, 0.0))


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
    direction = np.where(v.reverse, -1.0, 1.0)
    braking = v.brake * FULL_BRAKE + v.hand_brake * HAND_BRAKE
    drive = direction * v.throttle * FULL_THROTTLE
    speed = new_speed(v.speed, drive, braking, v.top_speed, dt)
    speed = np.where(v.physics, speed, 0.0)
    mean = 0.5 * (v.speed + speed)
    curvature = path_curvature(mean, v.steer, v.wheelbase)
    slip = np.arcsin(np.clip(0.5 * curvature * v.wheelbase, -1.0, 1.0))

    v.yaw_rate = np.where(v.physics, mean * curvature, 0.0)
    # The course at the middle of the step makes the path an arc, not a polygon.
    course = v.yaw + slip + 0.5 * v.yaw_rate * dt
    slide = np.hypot(v.slide_x, v.slide_y)
    kept = np.maximum(1.0 - SLIDE_FRICTION * dt / np.maximum(slide, 1e-9), 0.0)
    v.slide_x = np.where(v.physics, v.slide_x * kept, 0.0)
    v.slide_y = np.where(v.physics, v.slide_y * kept, 0.0)
    moved = np.where(v.physics, mean * dt, 0.0)
    v.x = v.x + moved * np.cos(course) + v.slide_x * dt
    v.y = v.y + moved * np.sin(course) + v.slide_y * dt
    v.yaw = wrap_angle(v.yaw + v.yaw_rate * dt)
    v.speed = speed
    heading = v.yaw + slip
    vx, vy = speed * np.cos(heading) + v.slide_x, speed * np.sin(heading) + v.slide_y
    v.ax, v.ay = (vx - v.vx) / dt, (vy - v.vy) / dt
    v.vx, v.vy = vx, vy
