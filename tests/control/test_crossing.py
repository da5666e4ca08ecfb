"""Who goes when at a crossing, and how: one scene for each thing that a driver reckons with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hdsim.control.parameters import Parameters
from hdsim.core.command import Reason
from hdsim.testing.scenes import crossing
from hdsim.testing.traffic import Script, Traffic

from .test_model import send

ARM, BOX, SPEED = 300.0, 20.0, 13.0
# When the first car comes by that is waited for [s].
FIRST = 6.5


def through(index: dict[str, int], way: str, arrives: float, speed: float = SPEED) -> Script:
    """A car at constant speed whose centre is in the middle of the crossing at a time [s]."""
    into, out = way.split("-")

    def script(time: float) -> tuple[int, float, float]:
        s = ARM + 0.5 * BOX + speed * (time - arrives)
        if s < ARM:
            return index[f"in-{into}"], max(s, 0.0), speed
        if s < ARM + BOX:
            return index[way], s - ARM, speed
        return index[f"out-{out}"], min(s - ARM - BOX, ARM - 1.0), speed

    return script


def left_turn(*oncoming: Callable[[dict[str, int]], Script]) -> Traffic:
    """Car 0 turns left from the major road across the others, who come from the east."""
    graph, index = crossing(arm=ARM, major="we")
    scripts = {k + 1: make(index) for k, make in enumerate(oncoming)}
    starts = [(index["in-w"], ARM - 30.0, 6.0)]
    starts += [script(0.0) for script in scripts.values()]
    traffic = Traffic(graph, starts, scripts)
    send(traffic, index, ["w-n"])
    return traffic


def entered(traffic: Traffic, seconds: float = 30.0) -> float:
    """When car 0 is over the middle of the road [s], inf for never; nobody touches."""
    times: list[float] = []

    def note(t: Traffic) -> None:
        assert not t.overlaps()
        if t.y[0] > 0.0:
            times.append(t.time)

    traffic.run(seconds, note)
    return times[0] if times else np.inf


@pytest.mark.parametrize("gap", [3.5, 4.5])
def test_a_left_turn_is_not_made_before_an_oncoming_car_that_is_too_near(gap):
    t = left_turn(
        lambda index: through(index, "e-w", FIRST), lambda index: through(index, "e-w", FIRST + gap)
    )
    assert entered(t) > FIRST + gap


def test_a_left_turn_takes_a_gap_in_which_nobody_could_turn_into_its_exit_that_fast():
    """The second car could come to the exit lane in time only by a turn at 13 m/s."""
    t = left_turn(
        lambda index: through(index, "e-w", FIRST), lambda index: through(index, "e-w", FIRST + 6.0)
    )
    assert entered(t) < FIRST + 4.0


def test_whoever_crosses_before_somebody_with_precedence_is_brisk():
    p = Parameters()
    for then, brisk in ((FIRST + 7.0, True), (100.0, False)):
        t = left_turn(
            lambda index: through(index, "e-w", FIRST),
            lambda index, then=then: through(index, "e-w", then),
        )
        hardest: list[float] = []
        t.run(14.0, lambda t: hardest.append(float(t.decisions.accel[0])))  # noqa: B023
        assert (max(hardest) > p.max_accel + 0.3) == brisk
        assert max(hardest) <= p.brisk_accel + 1e-9


def test_whoever_is_held_up_by_somebody_standing_does_not_count_as_coming():
    def stands(index: dict[str, int]) -> Script:
        return lambda time: (index["in-e"], ARM - 3.5, 0.0)

    def rolls_up(index: dict[str, int]) -> Script:
        return lambda time: (index["in-e"], ARM - 18.0 + 0.6 * min(time, 16.0), 0.6)

    assert entered(left_turn(stands, rolls_up)) < 14.0


def test_at_the_mouth_of_a_junction_a_car_may_still_go_either_way():
    """For a moment the car from the west seems to turn right, as the nearest lane has it."""
    graph, index = crossing(arm=ARM, major="we")
    straight_on = through(index, "w-e", 4.0, speed=8.0)

    def script(time: float) -> tuple[int, float, float]:
        lane, s, speed = straight_on(time)
        return (index["w-s"], s, speed) if lane == index["w-e"] and s < 3.5 else (lane, s, speed)

    t = Traffic(graph, [(index["in-s"], ARM - 4.0, 0.0), script(0.0)], {1: script})
    send(t, index, ["s-n"])
    reasons: list[int] = []

    def note(t: Traffic) -> None:
        if -10.0 < t.x[1] < -7.0:
            reasons.append(int(t.decisions.reason[0]))

    t.run(6.0, note)
    assert reasons
    assert set(reasons) <= {Reason.YIELD, Reason.EMERGENCY}
