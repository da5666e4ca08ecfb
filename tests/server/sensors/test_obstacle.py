"""Obstacle detector: a ball against boxes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsim.server.sensors.obstacle import Obstacle, sweep
from tests.server.sensors.scenes import boxes, scene

AHEAD = np.array([1.0, 0.0, 0.0])
LEVEL = np.eye(3)
WIDE = Obstacle(distance=50.0, radius=0.5, only_moving=False)


def test_the_ball_stops_its_radius_before_a_wall():
    assert WIDE.measure(scene((12, 0, 0, 0, 2, 1, 1)), np.zeros(3), LEVEL, 0) == (
        100, pytest.approx(9.5),
    )  # fmt: skip


def test_the_ball_touches_a_corner_beside_its_way():
    # The corner is 0.3 m aside of a ball of radius 0.5 m: it is met 0.4 m before it is level.
    met = sweep(np.zeros(3), AHEAD, 50.0, 0.5, boxes((12, 1.3, 0, 0, 2, 1, 1)))
    assert met[0] == pytest.approx(10.0 - 0.4)


def test_what_is_beside_behind_or_too_far_is_passed():
    others = scene((12, 1.6, 0, 0, 2, 1, 1), (-5, 0, 0, 0, 1, 1, 1), (53, 0, 0, 0, 2, 1, 1))
    assert WIDE.measure(others, np.zeros(3), LEVEL, 0) is None


def test_the_nearest_is_reported_and_never_the_carrier():
    world = scene((0, 0, 0, 0, 2, 1, 1), (30, 0, 0, 0, 1, 1, 1), (20, 0, 0, 0, 1, 1, 1))
    assert WIDE.measure(world, np.zeros(3), LEVEL, 100) == (102, pytest.approx(18.5))
    assert WIDE.measure(world, np.zeros(3), LEVEL, 0) == (100, 0.0)


def test_props_count_only_where_they_are_asked_for():
    prop = scene((12, 0, 0, 0, 2, 1, 1), moves=False)
    assert WIDE.measure(prop, np.zeros(3), LEVEL, 0) is not None
    assert Obstacle(50.0, 0.5, True).measure(prop, np.zeros(3), LEVEL, 0) is None


@settings(max_examples=100, deadline=None)
@given(
    st.floats(5, 30), st.floats(-3, 3), st.floats(-2, 2), st.floats(-3.2, 3.2),
    st.floats(0.2, 3), st.floats(0.0, 1.5),
)  # fmt: skip
def test_at_the_distance_it_says_the_ball_just_touches(x, y, z, yaw, half, radius):
    some = boxes((x, y, z, yaw, half, 0.8, 0.7))
    met = float(sweep(np.zeros(3), AHEAD, 60.0, radius, some)[0])

    def gap(t):
        dx, dy = t - x, -y
        at = np.array([
            dx * math.cos(yaw) + dy * math.sin(yaw), dy * math.cos(yaw) - dx * math.sin(yaw), -z,
        ])  # fmt: skip
        return float(np.linalg.norm(np.maximum(np.abs(at) - [half, 0.8, 0.7], 0.0)))

    if math.isinf(met):
        assert min(gap(t) for t in np.linspace(0, 60, 2001)) >= radius - 1e-9
    else:
        assert gap(met) <= radius + 1e-6
        assert met == 0.0 or all(gap(t) > radius - 1e-9 for t in np.linspace(0, met, 50)[:-1])
