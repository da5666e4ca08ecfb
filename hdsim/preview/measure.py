"""What a driver of a profile makes of a standard drive: percept errors and outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hdsim.core.percept import Relation
from hdsim.core.state import Floats
from hdsim.guidance.schedule import Schedule
from hdsim.run.kinematic import KinematicLoop
from hdsim.study.gaps import offered
from hdsim.study.scene import (
    BRAKE_MPS2,
    FOOT_S,
    following_loop,
    free_loop,
    gap_ahead,
)

LIMIT_MPS = 13.9
# The standard drive: behind a leader at a steady 15 m/s, slower and faster, steady again, braking.
_SPEED_MPS = 15.0
_SETTLE_S, _WAVES_S, _STEADY_S, _BRAKE_S, _AFTER_S = 15.0, 30.0, 10.0, 4.0, 6.0
_LEAD_BRAKES_MPS2 = 3.0
_EVERY = 4  # ticks between samples
_CROSSINGS = 10  # of each movement


@dataclass(frozen=True, slots=True)
class Quantity:
    """One measure, sampled.

    Attributes:
        name: What it is.
        unit: Of the values, "" for none.
        values: Samples.
    """

    name: str
    unit: str
    values: Floats


@dataclass(slots=True)
class _Samples:
    """What is noted of every driver during the standard drive."""

    gap: list[Floats] = field(default_factory=list)
    closing: list[Floats] = field(default_factory=list)
    own_speed: list[Floats] = field(default_factory=list)
    lane: list[Floats] = field(default_factory=list)
    age: list[Floats] = field(default_factory=list)
    time_gap: list[Floats] = field(default_factory=list)

    def note(self, loop: KinematicLoop, n: int) -> None:
        thought = loop.thought
        assert thought is not None
        o, p = thought.observation, thought.percepts
        driver, slot = np.nonzero(o.objects.seen & (o.objects.relation == Relation.LEAD))
        known = p.objects.seen[driver, slot]
        driver, slot = driver[known], slot[known]
        true = o.objects.x[driver, slot] - o.own.x[driver]
        self.gap.append((p.objects.x[driver, slot] - p.own.x[driver]) / true - 1.0)
        closing = o.own.speed[driver] - o.objects.speed[driver, slot]
        believed = p.own.speed[driver] - p.objects.speed[driver, slot]
        self.closing.append(believed - closing)
        self.own_speed.append(p.own.speed / np.maximum(o.own.speed, 1.0) - 1.0)
        self.lane.append(p.own.d - o.own.d)
        if _SETTLE_S < loop.time < _SETTLE_S + _WAVES_S:
            self.time_gap.append(gap_ahead(loop, n) / np.maximum(loop.speed[:n], 1.0))


def standard_drive(schedule: Schedule, seed: int, n: int = 30) -> list[Quantity]:
    """Percept errors and outcomes of ``n`` drivers behind a leader each, and on free roads.

    Args:
        schedule: The drivers' guidance.
        seed: Of their noise.
        n: How many.
    """
    waves_end = _SETTLE_S + _WAVES_S
    begins = waves_end + _STEADY_S

    def leader(loop: KinematicLoop) -> Floats:
        if loop.time < _SETTLE_S:
            return np.zeros(n)
        if loop.time < waves_end:
            return np.full(n, 0.8 * np.sin(2.0 * np.pi * (loop.time - _SETTLE_S) / 15.0))
        braking = begins <= loop.time < begins + _BRAKE_S
        return np.full(n, -_LEAD_BRAKES_MPS2 * braking)

    loop = following_loop(
        n, [schedule.name] * n, {schedule.name: schedule}, np.full(n, _SPEED_MPS),
        np.full(n, 1.6 * _SPEED_MPS), leader, seed, length=1700.0, limit=20.0,
    )  # fmt: skip
    samples, reaction = _Samples(), np.full(n, np.nan)
    slowing = np.zeros(n, dtype=np.bool_)
    for tick in range(round((begins + _BRAKE_S + _AFTER_S) / loop.step_s)):
        thought = loop.tick()
        if tick % _EVERY == 0:
            samples.note(loop, n)
        brakes = thought.decisions.accel < -BRAKE_MPS2
        if loop.time <= begins:
            slowing = brakes  # on the brake already: no reaction to this
        else:
            now = brakes & ~slowing & np.isnan(reaction)
            reaction[now] = loop.time - begins + FOOT_S
    errors = {
        "gap to the leader, believed against true": ("%", 100.0 * np.concatenate(samples.gap)),
        "closing speed, believed minus true": ("m/s", np.concatenate(samples.closing)),
        "own speed, believed against true": ("%", 100.0 * np.concatenate(samples.own_speed)),
        "place in the lane, believed minus true": ("m", np.concatenate(samples.lane)),
    }
    outcomes = {
        "time gap": ("s", np.concatenate(samples.time_gap)),
        "free speed against the limit": ("%", 100.0 * free_speeds(schedule, seed) / LIMIT_MPS),
        "brake reaction to a leader that brakes": ("s", reaction[np.isfinite(reaction)]),
        "headway taken in crossing traffic": ("s", accepted_headways(schedule, seed)),
    }
    found = {**errors, **outcomes}
    return [Quantity(name, unit, values) for name, (unit, values) in found.items()]


def free_speeds(schedule: Schedule, seed: int, n: int = 20) -> Floats:
    """Speeds on an empty road with a limit of 13.9 m/s, samples of ``n`` drivers [m/s]."""
    styles, schedules = [schedule.name] * n, {schedule.name: schedule}
    loop = free_loop(styles, schedules, 800.0, LIMIT_MPS, seed)
    loop.run(10.0)
    speeds: list[Floats] = []
    loop.run(20.0, lambda loop: speeds.append(loop.speed.copy()))
    return np.concatenate(speeds[::_EVERY])


def accepted_headways(schedule: Schedule, seed: int) -> Floats:
    """Headways that drivers took at crossings without signals, over all movements [s]."""
    people = [schedule.name], {schedule.name: schedule}
    taken: Sequence[Floats] = [
        pairs[:, 1] for pairs in offered(seed, _CROSSINGS, people).values() if len(pairs)
    ]
    return np.concatenate(taken) if taken else np.zeros(0)
