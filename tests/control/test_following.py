"""The longitudinal laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.control.choice import profile
from hdsim.control.following import (
    arrive_after,
    follow_acceleration,
    free_acceleration,
    stop_acceleration,
)
from hdsim.control.parameters import Parameters, parameter_table

P = Parameters()
NOBODY = np.zeros(1, dtype=np.bool_)
TABLE = parameter_table(P)
speeds = st.floats(0.0, 40.0)
gaps = st.floats(0.0, 300.0)
accels = st.floats(-8.0, 3.0)


def follow(
    speed: float, gap: float, lead: float, lead_accel: float = 0.0, brisk: bool = False
) -> float:
    v = np.array([speed])
    free = free_acceleration(v, np.array([14.0]), np.array([brisk]), TABLE)
    return float(
        follow_acceleration(
            v, np.array([gap]), np.array([lead]), np.array([lead_accel]), free, TABLE
        )[0]
    )


@given(speeds, gaps, st.floats(0.0, 50.0), speeds, accels, st.booleans())
def test_more_gap_never_means_more_braking(v, gap, more, lead, lead_accel, brisk):
    near, far = (follow(v, g, lead, lead_accel, brisk) for g in (gap, gap + more))
    assert far >= near - 1e-9


@given(speeds, gaps, speeds, st.floats(0.0, 10.0), accels)
def test_a_faster_leader_never_means_more_braking(v, gap, lead, faster, lead_accel):
    slow, fast = follow(v, gap, lead, lead_accel), follow(v, gap, lead + faster, lead_accel)
    assert fast >= slow - 1e-6


@given(speeds, gaps, speeds, accels)
def test_braking_is_bounded_and_finite(v, gap, lead, lead_accel):
    a = follow(v, gap, lead, lead_accel)
    assert -P.max_decel <= a <= P.max_accel + 1e-9


@given(speeds, gaps, speeds, accels)
def test_whoever_is_brisk_speeds_up_more_and_brakes_as_much(v, gap, lead, lead_accel):
    calm, brisk = (follow(v, gap, lead, lead_accel, b) for b in (False, True))
    assert calm - 1e-9 <= brisk <= max(calm, P.brisk_accel) + 1e-9


@given(st.floats(0.0, 13.0))
def test_equilibrium_gap_is_jam_gap_plus_time_gap(v):
    assert follow(v, P.min_gap + P.time_gap * v, v) == pytest.approx(0.0, abs=1e-9)


def test_no_leader_is_the_free_road():
    v = np.array([8.0])
    free = free_acceleration(v, np.array([14.0]), NOBODY, TABLE)
    none = np.array([np.inf])
    np.testing.assert_allclose(
        follow_acceleration(v, none, v * 0, v * 0, free, TABLE), free, atol=1e-6
    )


def test_a_cut_in_at_equal_speed_is_opened_calmly():
    """At 14 m/s with 6 m of gap plain IDM brakes at full; the heuristic does not panic."""
    assert follow(14.0, 6.0, 14.0) > -2.5


def test_a_standing_obstacle_is_not_taken_calmly():
    assert follow(14.0, 14.0, 0.0) < -6.0


def test_free_road_holds_the_desired_speed():
    v = np.array([14.0])
    assert free_acceleration(v, v, NOBODY, TABLE)[0] == pytest.approx(0.0, abs=1e-12)
    assert free_acceleration(v * 1.2, v, NOBODY, TABLE)[0] < -0.3
    assert free_acceleration(v * 0.0, v, NOBODY, TABLE)[0] == pytest.approx(P.max_accel)


@given(speeds, st.floats(0.0, 200.0), st.floats(0.0, 50.0))
def test_a_farther_stop_never_means_more_braking(v, distance, more):
    speed = np.array([v])
    free = free_acceleration(speed, np.array([14.0]), NOBODY, TABLE)
    near, far = (
        stop_acceleration(speed, np.array([x]), free, TABLE)[0] for x in (distance, distance + more)
    )
    assert far >= near - 1e-9


def test_a_slower_stretch_is_reached_at_its_speed():
    """From 20 m/s towards 5 m/s at 150 m, tracked in closed loop."""
    v, s, dt = np.array([20.0]), 0.0, 0.05
    points = np.arange(0.0, 400.0, 2.0)
    allowed = np.where(points >= 150.0, 5.0, 20.0)
    hardest = 0.0
    while s < 160.0:
        ahead = points >= s
        straight = np.zeros(int(ahead.sum()))
        a = min(
            profile(float(v[0]), points[ahead] - s, allowed[ahead], 1.0, straight, TABLE[0])[0], 0.0
        )
        hardest = min(hardest, a)
        v, s = v + a * dt, s + float(v[0]) * dt
        if s >= 150.0:
            assert v[0] < 5.4
    assert hardest > -P.anticipation_decel * 1.35


@given(st.floats(0.5, 25.0), st.floats(2.0, 80.0), st.floats(0.3, 6.0))
def test_whoever_lets_somebody_cross_is_not_there_before(v, gap, time):
    """At the acceleration that takes so long, the margin is kept until then, and no longer."""
    a, room = arrive_after(v, gap, time, P), gap - P.stop_margin
    stops_s = v / -a if a < 0.0 else np.inf
    if stops_s < time:  # comes to a stand before, at the margin
        way = v * stops_s + 0.5 * a * stops_s**2
        assert way == pytest.approx(room) or a == -P.max_decel
    elif -P.max_decel < a < P.max_accel:
        assert v * time + 0.5 * a * time**2 == pytest.approx(room)
    else:
        assert a in (-P.max_decel, P.max_accel)
