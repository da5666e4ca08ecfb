"""Closed-form cases of the vehicle model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.server.physics import dynamics
from hdsim.server.physics import profiles as physics
from hdsim.server.wire.shapes import Pose
from tests.server.fleet import fleet

DT = 0.05


def drive(v, ticks):
    for _ in range(ticks):
        dynamics.step(v, DT)
    return v


def control(v, throttle=0.0, steer=0.0, brake=0.0, hand=0, reverse=0):
    one = [throttle, steer, brake, hand, reverse, 0, 1]
    v.control(np.arange(len(v)), np.tile(np.array(one, dtype=float), (len(v), 1)))
    return v


def test_full_brake_stops_in_the_closed_form_distance():
    v = fleet(Pose(0, 0, 0))
    v.set_velocity(0, 20.0, 0.0)
    drive(control(v, brake=1.0), 100)
    # Drag at 20 m/s is 4.35 * (20/50)^2 = 0.70 m/s2; between without and with it throughout.
    slowest, fastest = 8.0 + 0.15, 8.0 + 0.15 + 0.70
    assert 20.0**2 / (2 * fastest) < v.x[0] < 20.0**2 / (2 * slowest)
    assert v.speed[0] == 0.0


def test_full_throttle_approaches_the_top_speed_and_never_passes_it():
    v = drive(control(fleet(Pose(0, 0, 0)), throttle=1.0), 2400)
    assert v.speed[0] == pytest.approx(50.0, rel=1e-3)
    assert v.speed[0] <= 50.0


def test_a_standing_car_with_feet_off_stays():
    v = drive(control(fleet(Pose(3, 4, 0, yaw=1.0))), 100)
    assert (v.x[0], v.y[0], v.yaw[0]) == (3.0, 4.0, 1.0)


def test_reverse_goes_backwards_and_brakes_to_rest():
    v = drive(control(fleet(Pose(0, 0, 0)), throttle=0.5, reverse=1), 40)
    assert v.x[0] < -3.0
    drive(control(v, brake=1.0), 40)
    assert v.speed[0] == 0.0


@pytest.mark.parametrize(("speed", "steer"), [(3.0, 0.5), (8.0, 0.2), (20.0, -0.1)])
def test_steady_cornering_runs_the_circle_of_its_curvature(speed, steer):
    v = fleet(Pose(0, 0, 0))
    v.steer[:] = steer
    curvature = float(dynamics.path_curvature(v, np.array([speed]))[0])
    points = []
    for _ in range(400):
        v.set_velocity(0, speed * np.cos(v.yaw[0]), speed * np.sin(v.yaw[0]))
        v.slide_x[:] = v.slide_y[:] = 0.0
        v.throttle[:] = (0.15 + 4.35 * (speed / 50.0) ** 2) / 4.5  # balances the resistance
        dynamics.step(v, DT)
        points.append((v.x[0], v.y[0]))
    p = np.array(points)
    # Least-squares circle through the path.
    a = np.column_stack([2 * p, np.ones(len(p))])
    cx, cy, c = np.linalg.lstsq(a, (p**2).sum(axis=1), rcond=None)[0]
    assert np.sqrt(c + cx**2 + cy**2) == pytest.approx(1.0 / abs(curvature), rel=0.01)
    assert np.sign(curvature) == np.sign(steer)


def test_grip_limits_lateral_acceleration():
    speed = np.linspace(0.0, 50.0, 101)
    v = fleet(*[Pose(10 * k, 0, 0) for k in range(101)])
    v.steer[:] = 1.0
    curvature = dynamics.path_curvature(v, speed)
    assert (speed**2 * curvature <= physics.LATERAL_LIMIT + 1e-9).all()
    tightest = 2 * np.sin(np.arctan(np.tan(np.deg2rad(70)) / 2)) / v.wheelbase[0]
    assert curvature[0] == pytest.approx(tightest)


def test_a_nan_brake_brakes_fully_and_no_other_nan_moves_the_car():
    v = fleet(Pose(0, 0, 0))
    v.control(np.array([0]), np.full((1, 7), np.nan))
    assert (v.throttle[0], v.steer[0], v.brake[0]) == (0.0, 0.0, 1.0)
    drive(v, 5)
    assert v.x[0] == 0.0


def test_a_car_without_physics_does_not_move():
    v = fleet(Pose(0, 0, 0))
    v.set_velocity(0, 10.0, 0.0)
    v.physics[0] = False
    drive(control(v, throttle=1.0), 20)
    assert (v.x[0], v.vx[0]) == (0.0, 0.0)


number = st.floats(-1e9, 1e9) | st.just(float("nan")) | st.just(float("inf"))


@given(st.lists(number, min_size=7, max_size=7), st.floats(-60, 60), st.floats(0.001, 1.0))
def test_no_input_makes_the_state_other_than_finite(inputs, speed, dt):
    v = fleet(Pose(0, 0, 0))
    v.set_velocity(0, speed, 1.0)
    v.control(np.array([0]), np.array([inputs]))
    for _ in range(3):
        dynamics.step(v, dt)
    state = [v.x, v.y, v.yaw, v.vx, v.vy, v.ax, v.ay, v.speed, v.yaw_rate]
    assert all(np.isfinite(a).all() for a in state)


angle = st.floats(-np.pi, np.pi)


@given(
    angle, st.floats(-20, 20), st.floats(-4, 4), st.floats(-2, 2), st.floats(-1, 1), st.floats(0, 1)
)
def test_the_scene_can_be_turned(turn, ahead, left, spin, steer, throttle):
    here, there = fleet(Pose(0, 0, 0)), fleet(Pose(0, 0, 0, yaw=turn))
    c, s = np.cos(turn), np.sin(turn)
    here.set_velocity(0, ahead, left)
    there.set_velocity(0, ahead * c - left * s, ahead * s + left * c)
    for v in (here, there):
        v.spin[0] = spin
        drive(control(v, throttle=throttle, steer=steer), 40)
    assert there.x[0] == pytest.approx(here.x[0] * c - here.y[0] * s, abs=1e-6)
    assert there.y[0] == pytest.approx(here.x[0] * s + here.y[0] * c, abs=1e-6)
    assert there.speed == pytest.approx(here.speed, abs=1e-6)


@given(st.floats(-20, 20), st.floats(-4, 4), st.floats(-1, 1), st.floats(0, 1))
def test_rolling_and_sliding_never_grow_without_throttle(ahead, left, steer, brake):
    v = control(fleet(Pose(0, 0, 0)), steer=steer, brake=brake)
    v.set_velocity(0, ahead, left)
    for _ in range(40):
        before = abs(v.speed[0]), np.hypot(v.slide_x[0], v.slide_y[0])
        dynamics.step(v, DT)
        assert abs(v.speed[0]) <= before[0]
        assert np.hypot(v.slide_x[0], v.slide_y[0]) <= before[1]


@given(st.floats(-20, 20), st.floats(-4, 4), st.floats(-3, 3))
def test_a_spin_only_dies_and_adds_no_speed(ahead, left, spin):
    v = control(fleet(Pose(0, 0, 0)))
    v.set_velocity(0, ahead, left)
    v.spin[0] = spin
    for _ in range(40):
        before = np.hypot(v.vx[0], v.vy[0]), abs(v.spin[0])
        dynamics.step(v, DT)
        assert np.hypot(v.vx[0], v.vy[0]) <= before[0] + 1e-9
        assert abs(v.spin[0]) <= before[1]
