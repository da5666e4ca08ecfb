"""Radar: depth, bearing and closing speed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hdsim.server.actors.attributes import Values
from hdsim.server.sensors.catalogue import SENSORS
from hdsim.server.sensors.radar import Radar
from tests.server.sensors.scenes import plane, scene

HERE, LEVEL, STILL, STEP = np.zeros(3), np.eye(3), np.zeros(3), 0.05


def sensor(**attributes):
    given_ = {k: str(v) for k, v in attributes.items()}
    return Radar.of(Values(SENSORS["sensor.other.radar"].attributes, given_))


def test_a_wall_ten_metres_ahead_fills_the_view():
    wall = scene((11, 0, 0, 0, 1, 50, 50))
    found = sensor().measure(wall, HERE, LEVEL, STILL, STEP, 1)
    assert found.shape == (75, 4)  # 1,500 rays a second
    velocity, azimuth, altitude, depth = found.T
    assert velocity == pytest.approx(np.zeros(75))
    assert depth * np.cos(altitude) * np.cos(azimuth) == pytest.approx(np.full(75, 10.0))
    assert np.abs(azimuth).max() <= math.radians(15.0)
    assert np.abs(altitude).max() <= math.radians(15.0)
    assert azimuth.min() < 0 < azimuth.max()


def test_speed_is_that_along_the_ray_and_negative_for_what_comes_nearer():
    wall = scene((11, 0, 0, 0, 1, 50, 50), velocity=[5.0, 0.0, 0.0])
    own = np.array([20.0, 0.0, 0.0])
    velocity, azimuth, altitude, _ = sensor().measure(wall, HERE, LEVEL, own, STEP, 1).T
    assert velocity == pytest.approx(-15.0 * np.cos(azimuth) * np.cos(altitude))


def test_a_car_to_the_right_has_a_positive_azimuth():
    right = scene((30, -4, 0, 0, 2, 1, 1))  # right is -y inside
    found = sensor(points_per_second=100000).measure(right, HERE, LEVEL, STILL, STEP, 1)
    assert len(found) > 3
    assert np.median(found[:, 1]) == pytest.approx(math.atan2(4, 30), abs=0.03)


def test_the_road_recedes_with_the_own_speed_and_nothing_is_seen_past_the_range():
    above = np.array([0.0, 0.0, 1.0])
    own = np.array([10.0, 0.0, 0.0])
    found = sensor(points_per_second=20000).measure(
        scene(ground=plane()), above, LEVEL, own, STEP, 1
    )
    velocity, azimuth, altitude, depth = found.T
    assert (altitude < 0).all()
    assert depth * np.sin(-altitude) == pytest.approx(np.ones(len(found)))
    assert velocity == pytest.approx(-10.0 * np.cos(azimuth) * np.cos(altitude))
    assert (depth * np.cos(azimuth) * np.cos(altitude)).max() <= 100.0
    assert (
        len(sensor(range=9.9).measure(scene((11, 0, 0, 0, 1, 50, 50)), HERE, LEVEL, STILL, STEP, 1))
        == 0
    )


def test_rays_are_new_in_every_frame_and_the_same_for_the_same_seed():
    assert (sensor().rays(STEP, 5) == sensor().rays(STEP, 5)).all()
    assert (sensor().rays(STEP, 5) != sensor().rays(STEP, 6)).any()
    assert (sensor().rays(STEP, 5) != sensor(noise_seed=1).rays(STEP, 5)).any()
