"""Blows against closed form and conservation laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.core.state import wrap_angle
from hdsim.server.physics import dynamics
from hdsim.server.physics.collisions import contacts
from hdsim.server.physics.impacts import resolve
from hdsim.server.physics.profiles import BLOWS, Physics
from hdsim.server.wire.shapes import Pose
from tests.server.fleet import MODEL3, TRUCK, fleet

LENGTH, WIDTH = MODEL3.length, MODEL3.width
ANGLE = st.floats(-np.pi, np.pi)
NEAR = st.floats(-6.0, 6.0)
SPEED = st.floats(-20.0, 20.0)
SHARE = st.floats(0.0, 1.0)


def strike(v, restitution=0.0, friction=0.0):
    bodies = v.rigid()
    return resolve(bodies, contacts(bodies), restitution, friction)


def totals(x, y, mass, inertia, vx, vy, yaw_rate):
    """Momentum, angular momentum about the origin, and energy."""
    return (
        (mass * vx).sum(),
        (mass * vy).sum(),
        (mass * (x * vy - y * vx) + inertia * yaw_rate).sum(),
        0.5 * (mass * (vx**2 + vy**2) + inertia * yaw_rate**2).sum(),
    )


@given(NEAR, NEAR, ANGLE, ANGLE, SPEED, SPEED, SPEED, st.floats(-2, 2), SHARE, SHARE)
def test_momenta_are_conserved_and_energy_never_grows(
    x, y, first, second, fast, slow, sideways, spin, restitution, friction
):
    v = fleet(
        Pose(0, 0, 0, yaw=first), Pose(x, y, 0, yaw=second), Pose(x, y + 3, 0),
        models=[MODEL3, TRUCK, MODEL3],
    )  # fmt: skip
    v.set_velocity(0, fast, sideways)
    v.set_velocity(1, slow * np.cos(second), slow * np.sin(second))
    v.yaw_rate[:] = spin, -spin, 0.0
    before = totals(v.x, v.y, v.mass, v.inertia, v.vx, v.vy, v.yaw_rate)
    r = strike(v, restitution, friction)
    # At the places where they met: the push apart is no part of the blow.
    after = totals(v.x, v.y, v.mass, v.inertia, r.vx, r.vy, r.yaw_rate)
    assert after[:3] == pytest.approx(before[:3], abs=1e-5)
    assert after[3] <= before[3] * (1 + 1e-12) + 1e-6
    assert (v.mass * r.x).sum() == pytest.approx((v.mass * v.x).sum())
    pairs = contacts(v.rigid())
    for axis, velocity, new in ((r.impulse_x, v.vx, r.vx), (r.impulse_y, v.vy, r.vy)):
        received = np.zeros(3)
        np.add.at(received, pairs.second, axis)
        np.add.at(received, pairs.first, -axis)
        assert v.mass * (new - velocity) == pytest.approx(received, abs=1e-6)


@pytest.mark.parametrize("restitution", [0.0, 0.3, 1.0])
def test_a_rear_end_crash_ends_as_two_balls_in_a_line(restitution):
    v = fleet(Pose(0, 0, 0), Pose(LENGTH - 0.2, 0, 0))
    v.set_velocity(0, 10.0, 0.0)
    r = strike(v, restitution)
    assert r.vx == pytest.approx([5.0 * (1 - restitution), 5.0 * (1 + restitution)])
    assert r.yaw_rate == pytest.approx([0.0, 0.0])
    assert r.impulse_x[0] == pytest.approx(MODEL3.mass * 5.0 * (1 + restitution))
    assert r.x[1] - r.x[0] == pytest.approx(LENGTH)


def test_a_head_on_crash_with_a_truck_throws_the_car_back():
    v = fleet(
        Pose(0, 0, 0), Pose((LENGTH + TRUCK.length) / 2 - 0.1, 0, 0, yaw=np.pi),
        models=[MODEL3, TRUCK],
    )  # fmt: skip
    v.set_velocity(0, 15.0, 0.0)
    v.set_velocity(1, -15.0, 0.0)
    r = strike(v)
    common = 15.0 * (MODEL3.mass - TRUCK.mass) / (MODEL3.mass + TRUCK.mass)
    assert r.vx == pytest.approx([common, common])


def test_an_offset_blow_to_the_tail_spins_by_the_planar_impact_equations():
    # The second car stands across; the first one hits its tail, 1 m behind its centre.
    v = fleet(Pose(0, 0, 0), Pose((LENGTH + WIDTH) / 2 - 0.02, 1.0, 0, yaw=np.pi / 2))
    v.set_velocity(0, 10.0, 0.0)
    pairs = contacts(v.rigid())
    offset = pairs.y[0] - v.y[1]
    assert pairs.y[0] == pytest.approx(0.0, abs=1e-9)
    r = strike(v)
    m, i = MODEL3.mass, float(v.inertia[1])
    blow = 10.0 / (2 / m + offset**2 / i)
    assert r.impulse_x[0] == pytest.approx(blow)
    assert r.vx == pytest.approx([10.0 - blow / m, blow / m])
    assert r.yaw_rate == pytest.approx([0.0, -offset * blow / i])
    assert r.yaw_rate[1] > 1.0  # the tail goes along, so the car turns left


def test_a_side_impact_pushes_sideways_and_leaves_the_wheels_rolling():
    v = fleet(Pose(0, 0, 0), Pose(0, -(WIDTH + LENGTH) / 2 + 0.1, 0, yaw=np.pi / 2))
    v.set_velocity(0, 8.0, 0.0)
    v.set_velocity(1, 0.0, 6.0)
    v.take(strike(v))
    assert v.speed[0] == pytest.approx(8.0)
    assert v.slide_y[0] == pytest.approx(3.0)
    assert v.speed[1] == pytest.approx(3.0)


def test_friction_takes_the_crossing_motion_along_up_to_its_limit():
    def sideways(friction):
        v = fleet(Pose(0, 0, 0), Pose(0, -(WIDTH + LENGTH) / 2 + 0.1, 0, yaw=np.pi / 2))
        v.set_velocity(0, 2.0, 0.0)
        v.set_velocity(1, 0.0, 6.0)
        return strike(v, 0.0, friction)

    half = sideways(0.05)
    assert abs(half.impulse_x[0]) == pytest.approx(0.05 * abs(half.impulse_y[0]))
    full = sideways(10.0)
    arm = LENGTH / 2 - 0.05  # from the striking car's centre to the contact
    struck = full.vx[0] + full.yaw_rate[0] * (WIDTH / 2 - 0.05)
    assert struck == pytest.approx(full.vx[1] - full.yaw_rate[1] * arm, abs=1e-9)


def test_a_vehicle_without_physics_is_a_wall():
    v = fleet(Pose(0, 0, 0), Pose(LENGTH - 0.2, 0, 0))
    v.physics[1] = False
    v.set_velocity(0, 10.0, 0.0)
    r = strike(v)
    assert r.vx == pytest.approx([0.0, 0.0])
    assert r.x == pytest.approx([-0.2, LENGTH - 0.2])
    assert r.struck.tolist() == [True, False]


def test_what_only_overlaps_is_pushed_and_keeps_its_motion():
    v = fleet(Pose(0, 0, 0), Pose(LENGTH - 0.2, 0, 0))
    v.set_velocity(1, 5.0, 0.0)
    r = strike(v)
    assert r.x == pytest.approx([-0.1, LENGTH - 0.1])
    assert not r.struck.any()


def test_a_spin_dies_out_in_the_time_that_sliding_axles_give():
    v = fleet(Pose(0, 0, 0))
    v.spin[0] = 3.0
    angle = 3.0**2 * v.inertia[0] / (dynamics.SLIDE_FRICTION * v.mass[0] * v.wheelbase[0])
    for _ in range(200):
        dynamics.step(v, 0.005)
    assert v.spin[0] == 0.0
    assert v.yaw[0] == pytest.approx(angle, rel=0.02)
    assert (v.x[0], v.y[0]) == (0.0, 0.0)


def test_a_spinning_car_goes_on_where_it_went():
    v = fleet(Pose(0, 0, 0))
    v.set_velocity(0, 10.0, 0.0)
    v.spin[0] = 4.0
    for _ in range(8):
        dynamics.step(v, 0.05)
    assert v.yaw[0] > 0.8
    assert v.vx[0] > 5.0
    assert abs(np.arctan2(v.vy[0], v.vx[0])) < 0.5 * v.yaw[0]


def crash(v, restitution, friction, seconds, dt=0.01):
    for _ in range(round(seconds / dt)):
        dynamics.step(v, dt)
        bodies = v.rigid()
        v.take(resolve(bodies, contacts(bodies), restitution, friction))
    return v


@pytest.mark.parametrize("physics", list(Physics))
def test_cars_come_to_rest_where_momentum_and_brakes_say(physics):
    gap = 1.0
    v = fleet(Pose(0, 0, 0), Pose(LENGTH + gap, 0, 0), physics=physics)
    v.set_velocity(0, 12.0, 0.0)
    v.brake[1] = v.brake_now[1] = 1.0
    crash(v, 0.0, 0.0, gap / 12.0 + 0.02)
    v.brake[:] = v.brake_now[:] = 1.0
    crash(v, 0.0, 0.0, 4.0)
    # Half the speed is left to both after the blow; the standing one brakes all the time.
    deceleration = min(v.full_brake[1], v.grip[1]) + v.rolling[1]
    assert v.speed == pytest.approx([0.0, 0.0], abs=1e-3)
    assert v.x[1] - (LENGTH + gap) == pytest.approx(6.0**2 / (2.0 * deceleration), rel=0.1)
    assert v.x[1] - v.x[0] == pytest.approx(LENGTH, abs=0.15)
    assert v.yaw == pytest.approx([0.0, 0.0], abs=1e-9)


@pytest.mark.parametrize("physics", list(Physics))
def test_a_car_struck_at_its_tail_ends_up_turned_to_that_side(physics):
    v = fleet(
        Pose(0, 0, 0), Pose((LENGTH + WIDTH) / 2 + 0.2, 1.2, 0, yaw=np.pi / 2), physics=physics
    )
    v.set_velocity(0, 10.0, 0.0)
    v.brake[:] = v.brake_now[:] = 1.0
    crash(v, *BLOWS[physics], 4.0)
    assert np.hypot(v.vx, v.vy).max() < 0.05
    turned = float(wrap_angle(v.yaw[1] - np.pi / 2))
    assert np.deg2rad(10.0) < turned < np.deg2rad(170.0)
    assert v.x[1] > (LENGTH + WIDTH) / 2 + 0.5
