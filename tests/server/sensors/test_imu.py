"""IMU: gravity, a steady turn, compass, and noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.server.actors.attachments import rotation
from hdsim.server.actors.attributes import Values
from hdsim.server.sensors.catalogue import SENSORS
from hdsim.server.sensors.imu import GRAVITY, Imu, acceleration, compass

NOTHING = np.zeros(3)


def sensor(**attributes):
    given_ = {k: str(v) for k, v in attributes.items()}
    return Imu.of(Values(SENSORS["sensor.other.imu"].attributes, given_))


def turn(pitch=0.0, yaw=0.0, roll=0.0):
    return rotation(*(np.array([a]) for a in (pitch, yaw, roll)))[0]


def test_at_rest_it_feels_gravity_alone():
    felt, rate, _ = sensor().measure(NOTHING, NOTHING, turn(yaw=1.0), 1)
    assert felt == pytest.approx([0.0, 0.0, GRAVITY])
    assert rate == pytest.approx([0.0, 0.0, 0.0])


def test_uphill_it_is_pushed_forward_and_leaning_right_it_is_pushed_to_the_left():
    uphill = sensor().measure(NOTHING, NOTHING, turn(pitch=0.1, yaw=0.7), 1)[0]
    assert uphill == pytest.approx([GRAVITY * math.sin(0.1), 0.0, GRAVITY * math.cos(0.1)])
    leaning = sensor().measure(NOTHING, NOTHING, turn(roll=0.1, yaw=0.7), 1)[0]
    assert leaning == pytest.approx([0.0, -GRAVITY * math.sin(0.1), GRAVITY * math.cos(0.1)])


@pytest.mark.parametrize("side", [-1.0, 1.0])  # to the right, to the left
def test_in_a_steady_turn_it_feels_v_squared_over_r_to_the_inside(side):
    speed, radius, step = 10.0, 25.0, 0.05
    rate = side * speed / radius
    bearing = rate * step * np.arange(3)
    path = np.column_stack(
        [radius * np.sin(np.abs(bearing)), side * radius * (1 - np.cos(bearing)), np.zeros(3)]
    )
    world = acceleration(path[2], path[1], path[0], step)
    felt, gyro, _ = sensor().measure(world, np.array([0, 0, rate]), turn(yaw=float(bearing[1])), 1)
    # The second difference of a circle falls short by the factor sinc^2(half the turn).
    exact = speed**2 / radius * (math.sin(rate * step / 2) / (rate * step / 2)) ** 2
    assert felt == pytest.approx([0.0, -side * exact, GRAVITY], abs=1e-9)
    assert exact == pytest.approx(4.0, rel=1e-3)
    assert gyro == pytest.approx([0.0, 0.0, -rate])  # clockwise is positive on the wire


def test_a_turned_mount_reads_in_its_own_frame():
    felt, gyro, _ = sensor().measure(
        np.array([2.0, 0.0, 0.0]), np.array([0.0, 0.0, 0.5]), turn(yaw=math.pi / 2), 1
    )
    assert felt == pytest.approx([0.0, 2.0, GRAVITY])  # what was ahead is to the right
    assert gyro == pytest.approx([0.0, 0.0, -0.5])
    _, rolled, _ = sensor().measure(NOTHING, np.array([0.0, 0.0, 0.5]), turn(roll=math.pi / 2), 1)
    assert rolled == pytest.approx([0.0, 0.5, 0.0], abs=1e-12)


@pytest.mark.parametrize(
    ("yaw", "want"), [(math.pi / 2, 0.0), (0.0, 0.5), (-math.pi / 2, 1.0), (math.pi, 1.5)]
)
def test_the_compass_counts_clockwise_from_north(yaw, want):
    assert compass(turn(yaw=yaw)) == pytest.approx(want * math.pi, abs=1e-9)


@given(st.floats(-3.1, 3.1), st.floats(-1.5, 1.5), st.floats(-3.1, 3.1))
def test_what_is_felt_has_the_size_of_what_there_is(yaw, pitch, roll):
    felt, rate, heading = sensor().measure(
        np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.2, 0.3]), turn(pitch, yaw, roll), 1
    )
    assert np.linalg.norm(felt) == pytest.approx(math.hypot(1.0, 2.0, 3.0 + GRAVITY))
    assert np.linalg.norm(rate) == pytest.approx(math.hypot(0.1, 0.2, 0.3))
    assert 0.0 <= heading < 2.0 * math.pi


def test_noise_and_bias_go_to_the_axes_they_are_named_for():
    noisy = sensor(
        noise_accel_stddev_x=0.3, noise_gyro_stddev_z=0.02, noise_gyro_bias_y=0.1, noise_seed=3
    )
    readings = [noisy.measure(NOTHING, NOTHING, turn(), tick) for tick in range(2000)]
    felt, rate = (np.array([r[i] for r in readings]) for i in (0, 1))
    assert felt.std(axis=0) == pytest.approx([0.3, 0.0, 0.0], rel=0.05, abs=1e-9)
    assert rate.mean(axis=0) == pytest.approx([0.0, 0.1, 0.0], abs=2e-3)
    assert rate.std(axis=0) == pytest.approx([0.0, 0.0, 0.02], rel=0.05, abs=1e-9)
