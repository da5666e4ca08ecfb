"""Compiled plane geometry against plain definitions."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hdsim.core.planar import nearest_point, sincos, wrap

ANGLES = st.floats(-1000.0, 1000.0)


@given(ANGLES)
def test_sine_and_cosine(angle):
    sin, cos = sincos(angle)
    assert abs(sin - math.sin(angle)) < 1e-15
    assert abs(cos - math.cos(angle)) < 1e-15


def test_quarter_turns_and_what_is_no_angle():
    for k in range(-8, 9):
        sin, cos = sincos(0.5 * math.pi * k)
        assert (round(sin), round(cos)) == (round(math.sin(k * math.pi / 2)), [1, 0, -1, 0][k % 4])
    assert all(math.isnan(v) for v in sincos(math.nan))


@given(ANGLES)
def test_an_angle_is_wrapped_by_whole_turns(angle):
    within = wrap(angle)
    assert -math.pi < within <= math.pi + 1e-12
    turns = (angle - within) / (2.0 * math.pi)
    assert abs(turns - round(turns)) < 1e-9


@given(st.integers(0, 2**32 - 1), st.integers(1, 70))
def test_the_nearest_point_is_that_of_a_search_of_all(seed, points):
    draw = np.random.default_rng(seed)
    step = draw.uniform(0.5, 7.0, points)
    yaw = np.cumsum(draw.normal(0.0, 0.3, points))
    x, y = np.cumsum(step * np.cos(yaw)), np.cumsum(step * np.sin(yaw))
    for px, py in draw.uniform(-150.0, 150.0, (20, 2)):
        square = (px - x) ** 2 + (py - y) ** 2
        assert nearest_point(x, y, px, py) == square.argmin()


def test_of_points_equally_near_the_first_counts():
    x, y = np.array([3.0, -1.0, 1.0, -1.0]), np.zeros(4)
    assert nearest_point(x, y, 0.0, 0.0) == 1
