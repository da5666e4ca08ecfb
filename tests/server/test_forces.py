"""Blows, forces, held velocities, and Ackermann control, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hdsim.server.calls.table import Session
from tests.server.test_calls import batch, call, good, new_session, spawn

DT = 0.05


@pytest.fixture
def session() -> Session:
    return new_session()


def run(session, seconds):
    for _ in range(round(seconds / DT)):
        session.sim.step()


def test_an_impulse_changes_the_velocity_by_its_share_of_the_mass(session):
    car, v = spawn(session), session.sim.vehicles
    call(session, "add_actor_impulse", car, [float(v.mass[0]) * 2.0, 0.0, 0.0])
    assert (v.vx[0], v.vy[0]) == (pytest.approx(2.0), 0.0)


def test_an_impulse_off_the_centre_turns_as_its_arm_says(session):
    car, v = spawn(session), session.sim.vehicles
    # To the right (CARLA's +y) at two metres ahead of the centre: the nose goes right.
    at = [float(v.x[0]) + 2.0, -float(v.y[0]), 0.5]
    call(session, "add_actor_impulse_at_location", car, [0.0, 500.0, 0.0], at)
    assert v.yaw_rate[0] == pytest.approx(-2.0 * 500.0 / v.inertia[0])
    assert v.vy[0] == pytest.approx(-500.0 / v.mass[0])


def test_a_force_held_for_a_second_is_an_impulse(session):
    car, v = spawn(session), session.sim.vehicles
    for _ in range(20):
        call(session, "add_actor_force", car, [float(v.mass[0]) * 2.0, 0.0, 0.0])
        session.sim.step()
    # 2 m/s^2 less the rolling resistance of 0.15 and a little drag.
    assert v.vx[0] == pytest.approx(2.0 - 0.15, abs=0.01)
    session.sim.step()
    assert v.vx[0] < 1.9


def test_turning_has_carlas_sign_and_degrees(session):
    car, v = spawn(session), session.sim.vehicles
    call(session, "set_actor_target_angular_velocity", car, [0.0, 0.0, 30.0])
    assert v.yaw_rate[0] == pytest.approx(-math.radians(30.0))


def test_an_angular_impulse_over_the_inertia_is_a_turn_rate(session):
    car, v = spawn(session), session.sim.vehicles
    call(session, "add_actor_angular_impulse", car, [0.0, 0.0, 90.0 * float(v.inertia[0])])
    assert v.yaw_rate[0] == pytest.approx(-math.radians(90.0))


def test_a_held_velocity_is_exact_whatever_the_pedals_say(session):
    car, v = spawn(session), session.sim.vehicles
    call(session, "enable_actor_constant_velocity", car, [5.0, 0.0, 0.0])
    call(session, "apply_control_to_vehicle", car, [0.0, 0.0, 1.0, True, False, False, 0])
    x = float(v.x[0])
    run(session, 2.0)
    assert v.x[0] - x == pytest.approx(10.0)
    assert v.vx[0] == pytest.approx(5.0)
    call(session, "disable_actor_constant_velocity", car)
    run(session, 2.0)
    assert v.vx[0] == 0.0


def test_a_held_velocity_turns_with_the_vehicle(session):
    car, v = spawn(session), session.sim.vehicles
    call(session, "enable_actor_constant_velocity", car, [6.0, 0.0, 0.0])
    call(session, "apply_control_to_vehicle", car, [0.0, 0.3, 0.0, False, False, False, 0])
    run(session, 1.0)
    assert math.hypot(v.vx[0], v.vy[0]) == pytest.approx(6.0)
    assert math.atan2(v.vy[0], v.vx[0]) == pytest.approx(v.yaw[0])
    assert v.yaw[0] < -0.1


def test_a_vehicle_that_is_gone_leaves_no_force_behind(session):
    car = spawn(session)
    call(session, "add_actor_force", car, [1.0, 0.0, 0.0])
    call(session, "enable_actor_constant_velocity", car, [5.0, 0.0, 0.0])
    call(session, "apply_ackermann_control_to_vehicle", car, [0.0, 0.0, 5.0, 1.0, 0.0])
    good(session, "destroy_actor", car)
    session.sim.step()
    assert len(session.sim.ackermann) == 0


def test_ackermann_reaches_its_speed_and_stops_again(session):
    car, v = spawn(session), session.sim.vehicles
    call(session, "apply_ackermann_control_to_vehicle", car, [0.0, 0.0, 8.0, 3.0, 0.0])
    run(session, 20.0)
    assert v.speed[0] == pytest.approx(8.0, abs=0.5)
    call(session, "apply_ackermann_control_to_vehicle", car, [0.0, 0.0, 0.0, 3.0, 0.0])
    run(session, 20.0)
    assert abs(v.speed[0]) < 0.1
    assert (v.throttle[0], v.brake[0]) == (0.0, 1.0)


def test_ackermann_steers_no_faster_than_it_is_told(session):
    car, v = spawn(session), session.sim.vehicles
    call(session, "apply_ackermann_control_to_vehicle", car, [0.5, 0.2, 1.0, 1.0, 0.0])
    run(session, 1.0)
    assert -v.steer[0] * math.radians(70.0) == pytest.approx(0.2)
    run(session, 3.0)
    assert -v.steer[0] * math.radians(70.0) == pytest.approx(0.5)


def test_ackermann_drives_backwards_after_a_stop(session):
    car, v = spawn(session, 60.0), session.sim.vehicles
    call(session, "apply_ackermann_control_to_vehicle", car, [0.0, 0.0, -3.0, 2.0, 0.0])
    run(session, 15.0)
    assert v.speed[0] == pytest.approx(-3.0, abs=0.5)


def test_a_vehicle_control_ends_ackermann_control(session):
    car, v = spawn(session), session.sim.vehicles
    batch(session, [3, [car, [0.0, 0.0, 8.0, 3.0, 0.0]]])
    assert len(session.sim.ackermann) == 1
    batch(session, [2, [car, [0.25, 0.0, 0.0, False, False, False, 0]]])
    session.sim.step()
    assert (len(session.sim.ackermann), v.throttle[0]) == (0, 0.25)


def test_ackermann_gains_are_kept_and_given_back(session):
    car = spawn(session)
    assert good(session, "get_ackermann_controller_settings", car) == [
        0.15, 0.0, 0.25, 0.01, 0.0, 0.01
    ]  # fmt: skip
    gains = [0.3, 0.01, 0.1, 0.02, 0.0, 0.02]
    call(session, "apply_ackermann_controller_settings", car, gains)
    assert good(session, "get_ackermann_controller_settings", car) == gains


def test_instruments_show_the_state(session):
    car, v = spawn(session), session.sim.vehicles
    call(session, "apply_control_to_vehicle", car, [0.5, 0.1, 0.0, False, False, False, 0])
    run(session, 1.0)
    speed, steer, throttle, brake, _rpm, gear, _drag, wheels = good(
        session, "get_telemetry_data", car
    )
    assert (speed, steer, throttle, brake, gear) == (v.speed[0], 0.1, 0.5, 0.0, 1)
    assert len(wheels) == 4
    assert np.sum([w[4] for w in wheels]) == pytest.approx(9.81 * v.mass[0])
    assert good(session, "get_wheel_steer_angle", car, 0) == pytest.approx(0.1 * 70.0, rel=0.15)
    assert good(session, "get_wheel_steer_angle", car, 2) == 0.0


def test_every_batch_command_is_served_or_says_why(session):
    car = spawn(session)
    zero = [0.0, 0.0, 0.0]
    place = [zero, zero]
    answers = batch(
        session,
        [6, [car, place]], [8, [car, zero]], [9, [car, zero]], [10, [car, zero]],
        [11, [car, zero]], [12, [car, zero]], [13, [car, zero]], [14, [car, True]],
        [15, [car, True]], [16, [car, True]], [17, [car, True]], [18, [car, 3]],
        [19, [car, zero]], [21, [1, 2]],
    )  # fmt: skip
    assert [a[0][0] for a in answers] == [1] * len(answers), answers
    assert batch(session, [20, ["stat fps"]]) == [
        [[0, ["there is no Unreal console behind HDSim's embedded server"]]]
    ]


def test_a_force_off_the_centre_turns(session):
    car, v = spawn(session), session.sim.vehicles
    at = [float(v.x[0]) + 1.0, -float(v.y[0]), 0.5]
    call(session, "add_actor_force_at_location", car, [0.0, 1e5, 0.0], at)
    session.sim.step()
    assert v.spin[0] < 0.0
    assert v.vy[0] < 0.0


def test_a_torque_held_is_an_angular_impulse(session):
    once, held = new_session(), session
    cars = [spawn(s) for s in (once, held)]
    push = 720.0 * float(once.sim.vehicles.inertia[0])  # more than standing tyres hold
    call(once, "add_actor_angular_impulse", cars[0], [0.0, 0.0, push * DT])
    call(held, "add_actor_torque", cars[1], [0.0, 0.0, push])
    for s in (once, held):
        s.sim.step()
    assert held.sim.vehicles.yaw[0] == once.sim.vehicles.yaw[0] < 0.0


def test_without_gravity_a_vehicle_coasts(session):
    car, v = spawn(session), session.sim.vehicles
    record = good(session, "get_physics_control", car)
    record[12] = 0.0  # no drag
    call(session, "apply_physics_control", car, record)
    call(session, "set_actor_enable_gravity", car, False)
    call(session, "set_actor_target_velocity", car, [20.0, 0.0, 0.0])
    call(session, "apply_control_to_vehicle", car, [0.0, 0.5, 1.0, True, False, False, 0])
    run(session, 2.0)
    assert v.vx[0] == pytest.approx(20.0)
    assert v.yaw[0] == 0.0
    call(session, "set_actor_enable_gravity", car, True)
    run(session, 4.0)
    assert v.vx[0] == 0.0


def test_physics_that_was_written_comes_back_whole(session):
    car = spawn(session)
    record = good(session, "get_physics_control", car)
    record[7], record[11] = 0.25, 2000.0  # gear switch time, mass
    for wheel in record[15]:
        wheel[0], wheel[8] = 5.0, 987.0  # friction, longitudinal stiffness
    call(session, "apply_physics_control", car, record)
    assert good(session, "get_physics_control", car) == record
    session.sim.step()
    session.sim.vehicles.grip[0] = 3.0  # something else has changed it: the truth counts
    assert good(session, "get_physics_control", car)[15][0][0] == pytest.approx(3.0 / 9.81)


def test_physics_of_nothing_can_be_undone(session):
    car = spawn(session)
    before = good(session, "get_physics_control", car)
    bare = [*before]
    bare[12] = 0.0
    bare[15] = [[0.0, *wheel[1:]] for wheel in before[15]]
    for record in (bare, before):
        call(session, "apply_physics_control", car, record)
        assert good(session, "get_physics_control", car) == record
    assert session.sim.vehicles.grip[0] == pytest.approx(20.0)
