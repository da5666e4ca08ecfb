"""How vehicles of the profile `realistic` move: a single track with tyres that saturate.

States are the velocity in the plane and the yaw rate (Althoff and Wuersching 2020, CommonRoad:
Vehicle Models, section 8, with the kinematic bicycle as its limit at rest). Tyres are brushes whose
sideways force saturates at the grip (Fiala's; Pacejka 2012, Tire and Vehicle Dynamics, section
3.2), and drive, brake and sideways force share one friction circle. Loads move between the axles
with the acceleration. Throttle and brake follow their pedals with a first-order lag, the wheels the
steer at a limited rate. The road's slope pulls.

Left out: wheel spin and lock (traction control and brakes are ideal), roll, suspension, cross
slope, and the lean of two-wheelers.
"""

from __future__ import annotations

import math

import numpy as np

from hdsim.core.compiled import compiled
from hdsim.core.state import Bools, Floats
from hdsim.server.physics.profiles import GRAVITY
from hdsim.server.physics.vehicles import Vehicles

# Longest step of the integration [s]: half of it moves a car's steady turn by less than 0.1 %.
_LONGEST_S = 0.005

# Stability control fades in over 1 m/s from here [m/s]: by UN Regulation 140 it may rest below
# 20 km/h.
_ESC_FROM = 20.0 / 3.6
_ESC_TIME = 0.05  # it takes too much yaw away within about this [s]; a proposal


def step(v: Vehicles, dt: float, road_grip: float) -> None:
    """Moves every vehicle by one step, in place.

    Args:
        v: Vehicles.
        dt: Step [s].
        road_grip: Share of the dry grip that the weather leaves.
    """
    pieces = max(math.ceil(dt / _LONGEST_S - 1e-9), 1)
    names = ("x", "y", "yaw", "vx", "vy", "yaw_rate", "wheel_angle", "throttle_now", "brake_now")
    before = np.array([getattr(v, n) for n in names])
    after = _drive(
        before, v.ax, v.ay, v.physics, v.throttle, v.brake, v.steer, v.reverse, v.hand_brake,
        v.pitch, v.wheelbase, v.inertia / v.mass, v.full_throttle, v.power_speed, v.full_brake,
        v.full_hand_brake, v.rolling, v.drag, v.grip * road_grip, v.stiff_front, v.stiff_rear,
        v.cg_height, v.front_drive, v.max_wheel_angle, v.steering_curve, v.steer_rate,
        v.throttle_lag, v.brake_lag, v.stability, v.lean, dt / pieces, pieces,
        GRAVITY, _ESC_FROM, _ESC_TIME,
    )  # fmt: skip
    v.ax, v.ay = (after[3] - v.vx) / dt, (after[4] - v.vy) / dt
    for name, values in zip(names, after, strict=True):
        setattr(v, name, values)
    c, s = np.cos(v.yaw), np.sin(v.yaw)
    v.speed = v.vx * c + v.vy * s
    v.slide_x, v.slide_y = v.vx - v.speed * c, v.vy - v.speed * s
    v.spin = np.zeros(len(v))


@compiled
def _share(kmh: float, curve: Floats) -> float:
    """Share of the wheel angle that a steering curve, shape (k, 2), leaves at a speed."""
    last = len(curve) - 1
    if kmh <= curve[0, 0]:
        return curve[0, 1]  # type: ignore[no-any-return]
    if kmh >= curve[last, 0]:
        return curve[last, 1]  # type: ignore[no-any-return]
    k = 0
    while kmh >= curve[k + 1, 0]:
        k += 1
    part = (kmh - curve[k, 0]) / (curve[k + 1, 0] - curve[k, 0])
    return curve[k, 1] + part * (curve[k + 1, 1] - curve[k, 1])  # type: ignore[no-any-return]


@compiled
def _compliance(slide: float, roll: float, stiffness: float, most: float, along: float) -> float:
    """Sideways speed of an axle over the force that it makes there [s], all per mass.

    Force over slip is taken as it is now, so that the equations of the next instant are linear in
    the force: implicit, and without trouble at standstill, where the compliance goes to zero and
    the axle simply rolls where it points.

    Args:
        slide: Sideways speed of the contact [m/s].
        roll: Speed along the wheel [m/s].
        stiffness: Cornering stiffness [m/s^2 per rad].
        most: Largest force of the tyres [m/s^2].
        along: Their force along the body [m/s^2], at most ``most``.
    """
    slide, roll = abs(slide), abs(roll)
    if slide <= 1e-9 * roll or slide < 1e-12:
        share = 1.0 - (along / most) ** 2
        return roll / (stiffness * max(math.sqrt(max(share, 0.0)), 1e-3))
    sigma = stiffness * slide / (3.0 * most * max(roll, 1e-9))
    force = most if sigma >= 1.0 else most * (1.0 - (1.0 - sigma) ** 3)
    # Both demands shrink alike to the friction circle.
    return slide * max(math.hypot(along, force) / most, 1.0) / force


@compiled
def _drive(
    before: Floats,
    ax: Floats,
    ay: Floats,
    physics: Bools,
    throttle: Floats,
    brake: Floats,
    steer: Floats,
    reverse: Bools,
    hand_brake: Bools,
    pitch: Floats,
    wheelbase: Floats,
    inertia: Floats,
    full_throttle: Floats,
    power_speed: Floats,
    full_brake: Floats,
    full_hand_brake: Floats,
    rolling: Floats,
    drag: Floats,
    grip: Floats,
    stiff_front: Floats,
    stiff_rear: Floats,
    cg_height: Floats,
    front_drive: Floats,
    max_angle: Floats,
    curve: Floats,
    steer_rate: Floats,
    throttle_lag: Floats,
    brake_lag: Floats,
    stability: Floats,
    lean: Floats,
    h: float,
    pieces: int,
    gravity: float,
    esc_from: float,
    esc_time: float,
) -> Floats:
    """The nine states of ``step`` after ``pieces`` pieces of ``h`` seconds, shape (9, n).

    Forces are per mass [m/s^2], ``inertia`` too [m^2]; the rest is as in ``Vehicles``.
    """
    after = before.copy()
    for i in range(before.shape[1]):
        if not physics[i]:
            after[3, i], after[4, i], after[5, i] = 0.0, 0.0, 0.0
            continue
        x, y, yaw = before[0, i], before[1, i], before[2, i]
        vx, vy, r = before[3, i], before[4, i], before[5, i]
        wheel, gas, press = before[6, i], before[7, i], before[8, i]
        arm = 0.5 * wheelbase[i]
        slope = gravity * math.sin(pitch[i])
        weight = gravity * math.cos(pitch[i])
        gas_kept = math.exp(-h / throttle_lag[i])
        press_kept = math.exp(-h / brake_lag[i])
        gas_goal = -throttle[i] if reverse[i] else throttle[i]
        gain = ax[i] * math.cos(yaw) + ay[i] * math.sin(yaw)
        for _ in range(pieces):
            c, s = math.cos(yaw), math.sin(yaw)
            u, w = vx * c + vy * s, vy * c - vx * s
            # Actuators.
            gas = gas_goal + (gas - gas_goal) * gas_kept
            press = brake[i] + (press - brake[i]) * press_kept
            goal = steer[i] * max_angle[i] * _share(abs(u) * 3.6, curve[i])
            # A rider steers no further than the lean and the grip allow.
            leant = min(lean[i], 0.9 * grip[i]) if lean[i] > 0.0 else np.inf
            lock = math.atan(wheelbase[i] * leant / max(u * u, 1e-6))
            goal = min(max(goal, -lock), lock)
            wheel += min(max(goal - wheel, -steer_rate[i] * h), steer_rate[i] * h)
            cw, sw = math.cos(wheel), math.sin(wheel)
            # Loads of the axles, as shares of the weight.
            shift = (gain + slope) * cg_height[i] / (wheelbase[i] * weight)
            front = min(max(0.5 - shift, 0.05), 0.95)
            most_f = grip[i] * front * weight / gravity
            most_r = grip[i] * (1.0 - front) * weight / gravity
            # Along the body: drive, then what only ever brakes.
            pull = gas * full_throttle[i] * power_speed[i] / max(abs(u), power_speed[i])
            grab = press * full_brake[i]
            # Stability control: one front wheel brakes against more yaw than steer and grip
            # ask for, and the axle has that much less sideways force.
            old = u
            slid = w - arm * r
            if stability[i] > 0.0 and abs(u) > esc_from and not hand_brake[i]:
                under = (1.0 / stiff_front[i] - 1.0 / stiff_rear[i]) / gravity
                asked = u * math.tan(wheel) / (wheelbase[i] + under * u * u)
                # Tyres are spent from 3 mu / stiffness on; at twice that slip no yaw is allowed.
                spent = 3.0 * grip[i] / (stiff_rear[i] * gravity)
                share = min(max(2.0 - abs(slid / u) / spent, 0.0), 1.0)
                yaw_most = share * grip[i] / abs(u)
                excess = r - min(max(asked, -yaw_most), yaw_most)
                if r * excess > 0.0:
                    turn = 0.5 * h * most_f * stability[i] / inertia[i]
                    at_work = min(abs(excess) * h / (esc_time * turn), 1.0) * min(
                        abs(u) - esc_from, 1.0
                    )
                    r -= math.copysign(at_work * turn, excess)
                    u -= math.copysign(0.5 * h * most_f * at_work, u)
                    most_f *= 1.0 - 0.5 * at_work
            # A brake takes no more than what holds its wheel.
            roll_f = u * cw + (w + arm * r) * sw
            push = abs(pull) + abs(slope)
            grab_f = min(grab * front, most_f, abs(roll_f) / h + push)
            held = full_hand_brake[i] if hand_brake[i] else 0.0
            held = min(held, most_r, abs(u) / h + push)
            # Across: what brakes without control takes its part of the friction circle; traction
            # control, and that of the rear brakes, take what the sideways force leaves.
            slide_f, slide_r = (w + arm * r) * cw - u * sw, w - arm * r
            stiff_f, stiff_r = stiff_front[i] * front * weight, stiff_rear[i] * (1 - front) * weight
            soft_f = _compliance(slide_f, roll_f, stiff_f, most_f, grab_f)
            soft_r = _compliance(slide_r, u, stiff_r, most_r, held)
            side_f = min(abs(slide_f) / soft_f, most_f) if soft_f > 0.0 else 0.0
            side_r = min(abs(slide_r) / soft_r, most_r) if soft_r > 0.0 else 0.0
            left_f = math.sqrt(most_f * most_f - side_f * side_f)
            left_r = math.sqrt(most_r * most_r - side_r * side_r)
            grab_f, held = min(grab_f, left_f), min(held, left_r)
            grab_r = min(grab * (1.0 - front) + held, left_r)
            spare_f, spare_r = left_f - grab_f, left_r - grab_r
            pull_f = min(max(pull * front_drive[i], -spare_f), spare_f)
            pull_r = min(max(pull * (1.0 - front_drive[i]), -spare_r), spare_r)
            u += h * (pull_f * cw + pull_r - slope)
            w += h * pull_f * sw
            r += h * pull_f * arm * sw / inertia[i]
            loss = grab_r + rolling[i] * weight / gravity + drag[i] * u * u
            u = math.copysign(max(abs(u) - h * loss, 0.0), u)
            roll_f = u * cw + (w + arm * r) * sw
            stops = abs(roll_f) / (1.0 + (arm * sw) ** 2 / inertia[i])
            brakes = math.copysign(min(h * grab_f, stops), roll_f)
            u -= brakes * cw
            w -= brakes * sw
            r -= brakes * arm * sw / inertia[i]
            # Both axles' sideways forces at once, from the slip that they leave.
            slide_f = (w + arm * r) * cw - u * sw
            own_f, own_r = 1.0 + (arm * cw) ** 2 / inertia[i], 1.0 + arm**2 / inertia[i]
            cross = cw - arm * arm * cw / inertia[i]
            a_f, a_r, both = soft_f + h * own_f, soft_r + h * own_r, h * cross
            det = a_f * a_r - both * both
            force_f = (slide_f * a_r - slide_r * both) / det
            force_r = (slide_r * a_f - slide_f * both) / det
            force_f = min(max(force_f, -most_f), most_f)
            force_r = min(max(force_r, -most_r), most_r)
            u += h * sw * force_f
            w -= h * (cw * force_f + force_r)
            r -= h * arm * (cw * force_f - force_r) / inertia[i]
            gain = (u - old) / h
            vx, vy = u * c - w * s, u * s + w * c
            x, y = x + h * vx, y + h * vy
            yaw += h * r
        after[0, i], after[1, i] = x, y
        after[2, i] = math.pi - (math.pi - yaw) % (2.0 * math.pi)
        after[3, i], after[4, i], after[5, i] = vx, vy, r
        after[6, i], after[7, i], after[8, i] = wheel, gas, press
    return after
