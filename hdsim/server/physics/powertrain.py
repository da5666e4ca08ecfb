"""An engine and its gears as the force and the power that the dynamics know.

The dynamics push with a constant force and then with a constant power. Where engine, gears and
tyres of a model are published, both follow from a run at full throttle through the gears: the force
is that of the first gear, the power the one that takes as long to 100 km/h.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

# Share of the engine's work that reaches the wheels; a proposal, near the upper end of what
# textbooks give for gearbox and axle together.
EFFICIENCY = 0.93
# How much heavier wheels, engine and gearbox that have to be spun up make a vehicle: 1.04 + 0.0025
# times the squared overall ratio (Gillespie 1992, Fundamentals of Vehicle Dynamics, chapter 2). An
# electric motor has no flywheel: the first part only, a proposal.
_SPINNING, _SPINNING_BY_RATIO = 0.04, 0.0025
# Engines turn a little faster than where they are strongest before a gear ends; a proposal.
_OVERSPEED = 1.06
_TO_MPS = 100.0 / 3.6
_STEP_S = 0.005
_RPM = 60.0 / (2.0 * math.pi)


def force_and_power(
    mass: float,
    power_w: float,
    torque_nm: float,
    gears: Sequence[float],
    radius: float,
    power_rpm: float = 0.0,
    torque_rpm: float = 0.0,
    shift_s: float = 0.0,
) -> tuple[float, float]:
    """Force at the start [N] and power [W] of a vehicle of one mass that goes as this one does.

    Args:
        mass: With driver [kg].
        power_w: Largest power of the engine [W].
        torque_nm: Its largest torque [N m].
        gears: Overall ratios, the highest first.
        radius: Of the driven tyres [m].
        power_rpm: Where the power is largest; 0 for an electric motor, which holds torque and then
            power.
        torque_rpm: Where the torque is largest, from below; a driver or converter slips up to it.
        shift_s: How long a change of gear takes the force away [s].
    """
    base_rpm = power_w / torque_nm * _RPM
    first, last = (torque_rpm, power_rpm) if power_rpm else (base_rpm, math.inf)

    def torque(rpm: float) -> float:
        if rpm <= first:
            return torque_nm
        if not power_rpm:
            return power_w / rpm * _RPM
        share = min((rpm - first) / max(power_rpm - first, 1.0), 1.0)
        return torque_nm + share * (power_w / max(power_rpm, rpm) * _RPM - torque_nm)

    def accel(gear: int, speed: float) -> float:
        rpm = speed / radius * gears[gear] * _RPM
        if rpm > _OVERSPEED * last:
            return 0.0
        geared = _SPINNING_BY_RATIO * gears[gear] ** 2 if power_rpm else 0.0
        force = EFFICIENCY * torque(rpm) * gears[gear] / radius
        return force / (mass * (1.0 + _SPINNING + geared))

    start = accel(0, 0.0)
    speed, time, gear = 0.0, 0.0, 0
    while speed < _TO_MPS:
        best = max(range(gear, len(gears)), key=lambda g: accel(g, speed))
        time += shift_s * (best - gear)
        gear = best
        speed += _STEP_S * max(accel(gear, speed), 0.05)
        time += _STEP_S
    # t = P / (2 m a^2) + m v^2 / (2 P), a the first acceleration; never faster than a all the way.
    time = max(time, _TO_MPS / start)
    root = math.sqrt(max(time**2 - (_TO_MPS / start) ** 2, 0.0))
    return mass * start, mass * start**2 * (time - root)
