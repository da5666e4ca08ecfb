"""Closed-form cases and invariants of the vehicle model with published limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hdsim.server.actors.blueprints import library
from hdsim.server.physics import dynamics
from hdsim.server.physics.profiles import GRAVITY, WET_GRIP, Physics, road_grip
from hdsim.server.wire.shapes import Pose
from tests.server.fleet import MODEL3, fleet, model

DT = 0.05
MODELS = [b.vehicle for b in library().values() if b.vehicle is not None]
BICYCLE, BUS = model("vehicle.bh.crossbike"), model("vehicle.mitsubishi.fusorosa")


def cars(*models, **more):
    poses = [Pose(0.0, 100.0 * k, 0.0, **more) for k in range(len(models))]
    return fleet(*poses, models=models, physics=Physics.REALISTIC)


def control(v, throttle=0.0, steer=0.0, brake=0.0, hand=0, reverse=0):
    """Drives all alike; steer to the left positive."""
    one = [throttle, -steer, brake, hand, reverse, 0, 1]
    v.control(np.arange(len(v)), np.tile(np.array(one, dtype=float), (len(v), 1)))
    return v


def roll(v, speed):
    v.vx, v.vy = speed * np.cos(v.yaw), speed * np.sin(v.yaw)
    v.speed = np.zeros(len(v)) + speed
    return v


def drive(v, seconds, dt=DT, road=1.0):
    for _ in range(round(seconds / dt)):
        dynamics.step(v, dt, road)
    return v


def hold_speed(v, speed, steer, seconds):
    """Keeps a speed by the pedals while turning."""
    roll(v, speed)
    for _ in range(round(seconds / DT)):
        pedal = 0.5 * (speed - v.speed[0])
        control(v, throttle=np.clip(0.05 + pedal, 0, 1), steer=steer, brake=np.clip(-pedal, 0, 1))
        dynamics.step(v, DT)
    return v


def brake_delay(v, road=1.0):
    """Time that a full brake's actuator costs until the tyres are at their limit [s]."""
    over, lag = v.full_brake[0] / (road * v.grip[0]), v.brake_lag[0]
    return lag - lag * (over - 1.0) * -np.log(1.0 - 1.0 / over)


def energy(v):
    return 0.5 * v.mass * (v.vx**2 + v.vy**2) + 0.5 * v.inertia * v.yaw_rate**2


def test_a_full_brake_stops_within_the_grip():
    v = drive(control(roll(cars(MODEL3), 30.0), brake=1.0), 6.0)
    deceleration = v.grip[0] + v.rolling[0]
    # v dv/ds = -(a + d v^2), and the actuator costs its lag's worth of way.
    braked = np.log(1.0 + v.drag[0] * 30.0**2 / deceleration) / (2.0 * v.drag[0])
    assert v.x[0] == pytest.approx(braked + 30.0 * brake_delay(v), rel=0.01)
    assert v.speed[0] == 0.0


def test_half_a_brake_is_half_of_what_the_brakes_can():
    v = roll(cars(BUS), 20.0)
    drive(control(v, brake=0.5), 2.0)
    drag = v.drag[0] * v.speed[0] ** 2
    assert -v.ax[0] == pytest.approx(0.5 * 7.0 + v.rolling[0] + drag, rel=0.01)


@pytest.mark.parametrize("road", [1.0, WET_GRIP, 0.1])
def test_a_road_with_less_grip_takes_as_much_longer(road):
    v = drive(control(roll(cars(MODEL3), 20.0), brake=1.0), 25.0, road=road)
    braked = 20.0**2 / (2.0 * (road * v.grip[0] + v.rolling[0]))
    assert v.x[0] == pytest.approx(braked + 20.0 * brake_delay(v, road), rel=0.04)


def test_rain_wets_the_road():
    dry = [0.0] * 14
    assert road_grip(dry) == 1.0
    for place in (1, 2, 9):
        wet = list(dry)
        wet[place] = 100.0
        assert road_grip(wet) == pytest.approx(WET_GRIP)
        wet[place] = 50.0
        assert road_grip(wet) == pytest.approx((1.0 + WET_GRIP) / 2)


def test_coasting_follows_rolling_resistance_and_drag():
    v = drive(control(roll(cars(MODEL3), 30.0)), 20.0)
    a, d = v.rolling[0], v.drag[0]
    root = np.sqrt(a * d)
    angle = np.arctan(30.0 * np.sqrt(d / a)) - root * 20.0
    assert v.speed[0] == pytest.approx(np.sqrt(a / d) * np.tan(angle), rel=1e-3)


@pytest.mark.parametrize("grade_deg", [-5.0, 5.0])
def test_a_hill_pulls(grade_deg):
    v = control(roll(cars(MODEL3, pitch=np.deg2rad(grade_deg)), 20.0))
    drive(v, 3.0)
    v.pitch[:] = np.deg2rad(grade_deg)
    slope = GRAVITY * np.sin(np.deg2rad(grade_deg)) + v.rolling[0] * np.cos(np.deg2rad(grade_deg))
    assert -v.ax[0] == pytest.approx(slope + v.drag[0] * v.speed[0] ** 2, rel=0.01)


def test_on_a_hill_a_car_rolls_back_unless_it_is_held():
    v = drive(control(cars(MODEL3, pitch=0.1)), 2.0)
    assert v.speed[0] == pytest.approx(-2.0 * (GRAVITY * np.sin(0.1) - v.rolling[0]), rel=0.02)
    for held in ({"brake": 0.5}, {"hand": 1}):
        assert drive(control(cars(MODEL3, pitch=0.1), **held), 2.0).x[0] == pytest.approx(
            0, abs=1e-3
        )
    gentle = drive(control(cars(MODEL3, pitch=0.01)), 2.0)  # less than rolling resistance
    assert gentle.x[0] == 0.0


def test_top_speed_is_where_power_meets_resistance():
    v = drive(control(roll(cars(MODEL3), 50.0), throttle=1.0), 120.0)
    power = v.full_throttle[0] * v.power_speed[0]
    resistance = v.rolling[0] + v.drag[0] * v.speed[0] ** 2
    assert v.speed[0] * resistance == pytest.approx(power, rel=0.01)


def test_a_start_is_limited_by_the_grip_of_the_driven_axle():
    v = control(cars(model("vehicle.kawasaki.ninja"), model("vehicle.mini.cooper_s")), throttle=1.0)
    drive(v, 1.0)
    # Rear drive loads its axle: a = mu g / 2 / (1 - mu h / L); front drive unloads it.
    mu, lever = v.grip / GRAVITY, v.cg_height / v.wheelbase
    rear = v.grip[0] / 2 / (1 - mu[0] * lever[0])
    front = v.grip[1] / 2 / (1 + mu[1] * lever[1])
    expected = np.array([rear, front]) - v.rolling - v.drag * v.speed**2
    strongest = np.minimum(expected, v.full_throttle)
    assert v.ax == pytest.approx(strongest, rel=0.04)


@pytest.mark.parametrize(
    ("speed", "steer"), [(2.0, 0.8), (10.0, 0.05), (20.0, -0.05), (30.0, 0.02)]
)
def test_a_steady_turn_has_the_radius_of_its_understeer(speed, steer):
    v = hold_speed(cars(MODEL3), speed, steer, 15.0)
    u, r = v.speed[0], v.yaw_rate[0]
    lateral = u * r
    # delta = L / R + K a_y, with K from the cornering stiffnesses (Gillespie 1992, eq. 6-15); the
    # saturation of the tyres adds a little.
    gradient = (1.0 / v.stiff_front[0] - 1.0 / v.stiff_rear[0]) / GRAVITY
    needed = np.arctan(v.wheelbase[0] * r / u) + gradient * lateral
    assert v.wheel_angle[0] == pytest.approx(needed, rel=0.08)
    assert np.sign(r) == np.sign(steer)


def test_understeer_grows_with_speed_as_its_gradient_says():
    gradient_deg = np.rad2deg(1 / cars(MODEL3).stiff_front[0] - 1 / cars(MODEL3).stiff_rear[0])
    assert gradient_deg == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize("road", [1.0, WET_GRIP])
def test_no_turn_is_tighter_than_the_grip(road):
    v = roll(cars(MODEL3), 30.0)
    most = 0.0
    for steer in np.linspace(0.0, 0.5, 400):
        control(v, throttle=0.4, steer=steer)
        dynamics.step(v, DT, road)
        most = max(most, abs(v.vx[0] * v.ay[0] - v.vy[0] * v.ax[0]) / np.hypot(v.vx[0], v.vy[0]))
    assert 0.93 * road * v.grip[0] < most < 1.03 * road * v.grip[0]


@pytest.mark.parametrize("throttle", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("steer", [0.2, 0.5])
def test_nothing_spins_when_the_steer_is_torn_round(throttle, steer):
    fast = np.array([7.0 if m.base_type == "bicycle" else 25.0 for m in MODELS])
    v = roll(cars(*MODELS), fast)
    for _ in range(100):
        control(v, throttle=throttle, steer=steer)
        dynamics.step(v, DT)
        slip = np.arctan2(np.hypot(v.slide_x, v.slide_y), v.speed)
        assert slip[np.hypot(v.vx, v.vy) > 1.0].max(initial=0.0) < np.deg2rad(40.0)
    assert (v.yaw_rate > 0.0).all()


def test_the_hand_brake_turns_a_car_around():
    v = control(roll(cars(MODEL3), 15.0), steer=0.5)
    drive(v, 0.6)
    control(v, steer=0.5, hand=1)
    v.full_hand_brake[:] = 10.0
    slip = 0.0
    for _ in range(60):
        dynamics.step(v, DT)
        slip = max(slip, abs(np.arctan2(np.hypot(v.slide_x[0], v.slide_y[0]), v.speed[0])))
    assert slip > np.deg2rad(30.0)


def test_slow_cars_roll_where_their_wheels_point():
    v = hold_speed(cars(MODEL3), 1.0, 1.0, 10.0)
    radius = np.hypot(v.vx[0], v.vy[0]) / abs(v.yaw_rate[0])
    length = v.wheelbase[0]
    assert radius == pytest.approx(
        np.hypot(length / np.tan(v.wheel_angle[0]), length / 2), rel=0.03
    )


def test_actuators_lag_and_the_steering_is_rate_limited():
    v = control(roll(cars(MODEL3), 1.0), throttle=1.0, steer=1.0)
    drive(v, 0.2, dt=0.01)
    assert v.throttle_now[0] == pytest.approx(1 - np.exp(-0.2 / v.throttle_lag[0]))
    assert v.wheel_angle[0] == pytest.approx(0.2 * v.steer_rate[0])


def test_full_lock_of_a_standing_car_turns_the_wheels_only():
    v = drive(control(cars(MODEL3), steer=1.0), 5.0)
    assert (v.x[0], v.y[0], v.yaw[0]) == (0.0, 0.0, 0.0)
    assert v.wheel_angle[0] == pytest.approx(v.max_wheel_angle[0])


def test_a_car_pushed_sideways_slides_to_rest_by_friction():
    v = cars(MODEL3)
    v.set_velocity(0, 0.0, 8.0)
    drive(control(v, brake=1.0), 3.0)
    y = v.y[0]
    assert y == pytest.approx(8.0**2 / (2 * v.grip[0]), rel=0.1)
    assert np.hypot(v.vx[0], v.vy[0]) < 1e-3


def test_wheels_roll_without_brakes_when_pushed_from_behind():
    v = cars(MODEL3)
    v.set_velocity(0, 3.0, 0.0)
    drive(control(v), 1.0)
    assert v.speed[0] == pytest.approx(3.0 - v.rolling[0], rel=0.01)


def test_a_car_without_physics_does_not_move():
    v = roll(cars(MODEL3), 10.0)
    v.physics[0] = False
    drive(control(v, throttle=1.0), 1.0)
    assert (v.x[0], v.vx[0]) == (0.0, 0.0)


def test_every_model_starts_turns_and_stops():
    v = drive(control(cars(*MODELS), throttle=1.0, steer=0.05), 10.0)
    assert (v.speed > 3.0).all()
    assert (v.yaw_rate > 0.0).all()
    drive(control(v, brake=1.0), 12.0)
    assert (np.hypot(v.vx, v.vy) < 1e-3).all()


SPEED = st.floats(-30.0, 30.0)
SMALL = st.floats(-5.0, 5.0)
WHICH = st.sampled_from(MODELS)


@settings(max_examples=200)
@given(
    WHICH, SPEED, SMALL, SMALL, st.floats(-1, 1), st.floats(0, 1), st.booleans(), st.floats(0.1, 1)
)
def test_energy_never_grows_without_throttle(body, ahead, left, spin, steer, brake, hand, road):
    v = cars(body, yaw=0.7)
    c, s = np.cos(0.7), np.sin(0.7)
    v.set_velocity(0, ahead * c - left * s, ahead * s + left * c)
    v.yaw_rate[0] = spin
    control(v, steer=steer, brake=brake, hand=hand)
    for _ in range(30):
        before = energy(v)[0]
        dynamics.step(v, DT, road)
        assert energy(v)[0] <= before * (1 + 1e-12) + 1e-9


@given(WHICH, st.floats(0.0, 30.0), st.floats(-1, 1), st.floats(0.05, 1))
def test_brakes_never_reverse(body, speed, steer, brake):
    steer *= body.wheels == 4  # a bicycle stands on its front wheel, and its rear swings out
    v = control(roll(cars(body), speed), steer=steer, brake=brake)
    for _ in range(100):
        dynamics.step(v, DT)
        assert v.speed[0] >= -0.05  # what is left of the turn may push a hair back


@settings(max_examples=15, phases=[Phase.generate])
@given(st.floats(-np.pi, np.pi), SMALL, SMALL, st.floats(-0.5, 0.5), st.floats(0, 1))
def test_the_scene_can_be_turned_and_moved(angle, x, y, steer, throttle):
    here = roll(cars(MODEL3, BUS, BICYCLE), 8.0)
    there = fleet(
        *[
            Pose(x - 100.0 * k * np.sin(angle), y + 100.0 * k * np.cos(angle), 0.0, yaw=angle)
            for k in range(3)
        ],
        models=[MODEL3, BUS, BICYCLE],
        physics=Physics.REALISTIC,
    )
    roll(there, 8.0)
    for v in (here, there):
        drive(control(v, throttle=throttle, steer=steer), 3.0)
    c, s = np.cos(angle), np.sin(angle)
    assert there.x == pytest.approx(x + here.x * c - here.y * s, abs=1e-6)
    assert there.y == pytest.approx(y + here.x * s + here.y * c, abs=1e-6)
    assert there.yaw_rate == pytest.approx(here.yaw_rate, abs=1e-6)
    assert there.speed == pytest.approx(here.speed, abs=1e-6)


number = st.floats(-1e9, 1e9) | st.just(float("nan")) | st.just(float("inf"))


@given(
    WHICH, st.lists(number, min_size=7, max_size=7), st.floats(-60, 60), SPEED, SPEED,
    st.floats(0.001, 1.0), st.floats(-1.5, 1.5),
)  # fmt: skip
def test_no_input_makes_the_state_other_than_finite(body, inputs, ahead, left, spin, dt, pitch):
    v = cars(body, pitch=pitch)
    v.set_velocity(0, ahead, left)
    v.yaw_rate[0] = spin
    v.control(np.array([0]), np.array([inputs]))
    for _ in range(3):
        dynamics.step(v, dt)
    state = [v.x, v.y, v.yaw, v.vx, v.vy, v.ax, v.ay, v.speed, v.yaw_rate, v.wheel_angle]
    assert all(np.isfinite(a).all() for a in state)


def test_a_step_in_two_halves_is_the_step():
    once, twice = (roll(cars(MODEL3), 20.0) for _ in range(2))
    for v in (once, twice):
        control(v, throttle=0.3, steer=0.05)
    drive(once, 2.0, dt=0.05)
    drive(twice, 2.0, dt=0.025)
    assert (once.x[0], once.y[0], once.yaw[0]) == pytest.approx(
        (twice.x[0], twice.y[0], twice.yaw[0]), abs=1e-3
    )


def test_finer_pieces_change_a_lane_change_by_less_than_three_centimetres():
    coarse, fine = (roll(cars(MODEL3), 25.0) for _ in range(2))
    for v, dt in ((coarse, 0.05), (fine, 0.001)):
        for steer in (0.05, -0.05, 0.0):
            drive(control(v, throttle=0.2, steer=steer), 1.0, dt=dt)
    assert coarse.y[0] == pytest.approx(fine.y[0], abs=0.03)
    assert abs(fine.y[0]) > 1.0
