"""Wire values and ours invert, and wrong shapes are refused with the reason."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.server.wire import shapes
from hdsim.server.wire.shapes import ShapeError

METRES = st.floats(-1e5, 1e5)
DEGREES = st.floats(-180.0, 180.0)


@given(st.lists(METRES, min_size=3, max_size=3), st.lists(DEGREES, min_size=3, max_size=3))
def test_a_transform_comes_back_as_it_went(location, rotation):
    there, turned = shapes.pose([location, rotation]).wire()
    assert there == location
    assert turned == pytest.approx(rotation, abs=1e-9)


def test_inside_left_is_positive():
    pose = shapes.pose([[1.0, 2.0, 3.0], [10.0, 90.0, 5.0]])
    assert (pose.x, pose.y, pose.z) == (1.0, -2.0, 3.0)
    assert pose.yaw == pytest.approx(-math.pi / 2)
    assert pose.pitch == pytest.approx(math.radians(10.0))


def test_settings_come_back_as_they_went():
    wire = [True, False, [True, 0.05], True, 0.01, 10, 0.0, True, 3000.0, 2000.0, True]
    assert shapes.settings(wire).wire() == wire


def test_a_fixed_step_of_zero_is_none():
    wire = [True, False, [True, 0.0], True, 0.01, 10, 0.0, True, 3000.0, 2000.0, True]
    assert shapes.settings(wire).fixed_delta_s is None


@pytest.mark.parametrize(
    ("reader", "value", "reason"),
    [
        (shapes.number, "1", "expected a number, got '1'"),
        (shapes.number, True, "expected a number, got True"),
        (shapes.number, math.nan, "expected a number within +-1e+09, got nan"),
        (shapes.number, 1e10, "expected a number within +-1e+09, got 10000000000.0"),
        (shapes.integer, -1, "expected an unsigned integer, got -1"),
        (shapes.boolean, 1, "expected a bool, got 1"),
        (shapes.vector, [1.0, 2.0], "expected a vector, an array of 3"),
        (shapes.pose, 7, "expected a transform, an array of 2"),
        (shapes.weather, [0.0] * 13, "expected weather parameters, an array of 14"),
        (shapes.optional(shapes.number), [True], "expected an optional value, got [True]"),
    ],
)
def test_wrong_shapes_are_refused_with_the_reason(reader, value, reason):
    with pytest.raises(ShapeError) as error:
        reader(value)
    assert str(error.value) == reason
