"""Phases of signal groups, and whom a light concerns."""

from __future__ import annotations

import numpy as np
import pytest

from hdsim.core.state import SignalState
from hdsim.road.lanes import Signal
from hdsim.road.strips import Strip, build, line
from hdsim.server.lights import Approaches, Lights, report
from hdsim.server.physics.surface import Surface
from hdsim.server.wire.shapes import Pose
from tests.server.fleet import MODEL3, fleet

DT = 0.05
G, Y, R = SignalState.GREEN, SignalState.YELLOW, SignalState.RED


def signal(number, junction, controller):
    return Signal(str(number), (), junction, controller, 0.0, 0.0)


def after(lights, seconds):
    for _ in range(round(seconds / DT)):
        lights.advance(DT)
    return lights.state.tolist()


def two_controllers():
    """Junction 7: controller a holds two signals, b one."""
    return Lights([signal(0, 7, "a"), signal(1, 7, "a"), signal(2, 7, "b")])


def test_controllers_of_a_junction_take_turns():
    lights = two_controllers()
    assert lights.state.tolist() == [G, G, R]
    assert after(lights, 9.9) == [G, G, R]
    assert after(lights, 0.1) == [Y, Y, R]
    assert after(lights, 3.0) == [R, R, R]
    assert after(lights, 2.0) == [R, R, G]
    assert after(lights, 15.0) == [G, G, R]


def test_at_most_one_controller_of_a_junction_is_not_red():
    lights = Lights([signal(i, 1, f"c{i}") for i in range(4)])
    for _ in range(2000):
        lights.advance(DT)
        assert (lights.state != R).sum() <= 1


def test_junctions_keep_their_own_time():
    lights = Lights([signal(0, 1, "a"), signal(1, 2, "b")])
    lights.set_time(0, G, 4.0)
    lights.reset()
    assert after(lights, 4.0) == [Y, G]


def test_elapsed_counts_from_the_last_change():
    lights = two_controllers()
    after(lights, 11.0)
    assert lights.elapsed == pytest.approx([1.0, 1.0, 11.0])


def test_a_set_state_lasts_until_the_controller_changes():
    lights = two_controllers()
    lights.set_state(2, G)
    assert after(lights, 5.0) == [G, G, G]
    assert after(lights, 10.0) == [R, R, G]


def test_frozen_lights_stay_and_a_reset_starts_over():
    lights = two_controllers()
    after(lights, 11.0)
    lights.frozen = True
    assert after(lights, 30.0) == [Y, Y, R]
    lights.reset()
    assert lights.state.tolist() == [G, G, R]


def test_a_signal_without_controller_or_junction_is_a_group_of_its_own():
    lights = Lights([signal(0, -1, ""), signal(1, -1, "")])
    assert len(set(lights.group.tolist())) == 2


@pytest.fixture(scope="module")
def road():
    """100 m to a stop line, then a junction lane."""
    strips = {
        "in": Strip(*line(0, 0, 100, 0), signal=True),
        "over": Strip(*line(100, 0, 130, 0), follows=("in",), junction=1),
    }
    return build("approach", strips)[0]


def test_a_strip_reaches_back_into_the_junction_before_a_short_lane():
    strips = {
        "in": Strip(*line(0, 0, 60, 0)),
        "merge": Strip(*line(60, 0, 97, 0), follows=("in",), junction=1),
        "short": Strip(*line(97, 0, 100, 0), follows=("merge",), signal=True),
        "over": Strip(*line(100, 0, 130, 0), follows=("short",), junction=2),
    }
    road = build("two junctions", strips)[0]
    assert concerned(road, 12.9, 10.0) == (True, R, 55)
    assert concerned(road, 14.2, 10.0) == (False, G, 0)


def concerned(road, gap, speed=0.0, y=0.0, yaw=0.0):
    """Whether the light concerns a car with its front bumper ``gap`` metres before the line."""
    v = fleet(Pose(100.0 - gap - MODEL3.length / 2, y, 0, yaw=yaw))
    v.set_velocity(0, speed * np.cos(yaw), speed * np.sin(yaw))
    f = Surface(road).settle(v)
    lights = Lights(road.signals)
    lights.set_state(0, R)
    tell(road, v, f, lights)
    return bool(v.has_light[0]), int(v.light_state[0]), int(v.light_id[0])


@pytest.mark.parametrize(
    ("gap", "speed", "expected"),
    [
        (3.9, 0.0, True),
        (4.1, 0.0, False),
        (12.9, 10.0, True),
        (14.2, 10.0, False),
        (50.0, 24.0, True),
        (-0.9, 5.0, True),
        (-1.1, 5.0, False),
    ],
)
def test_the_strip_before_a_stop_line(road, gap, speed, expected):
    has_light, state, light = concerned(road, gap, speed)
    assert has_light == expected
    assert (state, light) == ((R, 55) if expected else (G, 0))


def test_a_light_does_not_concern_the_other_lane_or_direction(road):
    assert not concerned(road, 2.0, y=2.0)[0]
    assert not concerned(road, 2.0, yaw=np.pi)[0]


def tell(road, v, f, lights):
    approaches = Approaches(road, road.signal, road.stop_s)
    report(v, lights, approaches, approaches.concern(v, f.d, f.width, f.yaw), np.array([55]))


@pytest.mark.parametrize(
    ("gap", "speed", "shown"),
    [
        (0.5, 0.0, [(True, G), (False, G), (True, Y), (True, R), (True, R)]),
        (3.0, 5.0, [(True, G), (False, G), (True, Y), (True, R), (True, R)]),
        # Too fast to stop, or over the line: the driver has seen green, and goes.
        (2.0, 5.0, [(True, G), (True, Y), (True, Y), (True, R), (True, R)]),
        (-0.5, 0.0, [(True, G), (True, Y), (True, Y), (True, R), (True, R)]),
    ],
)
def test_who_was_shown_green_and_can_stop_is_shown_no_light_for_a_frame(road, gap, speed, shown):
    v = fleet(Pose(100.0 - gap - MODEL3.length / 2, 0, 0))
    v.set_velocity(0, speed, 0.0)
    f, lights, seen = Surface(road).settle(v), Lights(road.signals), []
    for state in (G, Y, Y, R, R):
        lights.set_state(0, state)
        tell(road, v, f, lights)
        seen.append((bool(v.has_light[0]), int(v.light_state[0])))
    assert seen == shown


def test_who_slows_down_after_the_green_is_shown_no_light_when_he_can_stop(road):
    v = fleet(Pose(98.0 - MODEL3.length / 2, 0, 0))
    lights, seen = Lights(road.signals), []
    for state, speed in ((G, 8.0), (R, 8.0), (R, 3.0), (R, 3.0)):
        v.set_velocity(0, speed, 0.0)
        lights.set_state(0, state)
        tell(road, v, Surface(road).settle(v), lights)
        seen.append((bool(v.has_light[0]), int(v.light_state[0])))
    assert seen == [(True, G), (True, R), (False, G), (True, R)]
