"""Lidar: pattern, points, intensities, what is dropped, and the bytes."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.server.actors.attachments import rotation
from hdsim.server.actors.attributes import Values
from hdsim.server.sensors import messages
from hdsim.server.sensors.catalogue import SENSORS
from hdsim.server.sensors.lidar import Lidar, Pattern
from tests.server.sensors.scenes import plane, scene

HERE, LEVEL, STEP = np.zeros(3), np.eye(3), 0.05
CLEAR = {"dropoff_general_rate": 0, "dropoff_intensity_limit": 0, "dropoff_zero_intensity": 0}


def lidar(**attributes):
    given_ = {k: str(v) for k, v in {**CLEAR, **attributes}.items()}
    return Lidar.of(Values(SENSORS["sensor.lidar.ray_cast"].attributes, given_))


def pattern(**attributes):
    given_ = {k: str(v) for k, v in attributes.items()}
    return Pattern.of(Values(SENSORS["sensor.lidar.ray_cast_semantic"].attributes, given_))


def test_the_default_turns_half_round_in_a_step_and_takes_88_points_a_channel():
    p = pattern()
    assert p.per_channel(STEP) == 88  # 56,000 * 0.05 / 32 = 87.5, rounded up as CARLA does
    rays = p.directions(0.0, STEP).reshape(32, 88, 3)
    up = np.degrees(np.arcsin(rays[:, 0, 2]))
    assert up == pytest.approx(np.linspace(10.0, -30.0, 32))
    right = np.degrees(np.arctan2(-rays[0, :, 1], rays[0, :, 0]))
    assert right == pytest.approx(
        np.where(np.arange(88) == 0, right[0], -180.0 + np.arange(88) * 180 / 88)
    )
    assert abs(right[0]) == pytest.approx(180.0)
    assert p.angle(STEP) == pytest.approx(math.pi)


def test_two_steps_go_once_round_without_gap_or_overlap():
    p = pattern(channels=1, upper_fov=0, lower_fov=0, points_per_second=7200)
    rays = np.vstack([p.directions(0.0, STEP), p.directions(STEP, STEP)])
    bearings = np.sort(np.degrees(np.arctan2(-rays[:, 1], rays[:, 0])) % 360.0)
    assert np.diff(bearings) == pytest.approx(np.full(719, 0.5))


def test_a_narrow_field_of_view_stays_ahead():
    rays = pattern(horizontal_fov=90, channels=1, upper_fov=0, lower_fov=0).directions(0.013, STEP)
    assert np.abs(np.degrees(np.arctan2(rays[:, 1], rays[:, 0]))).max() <= 45.0 + 1e-9


def test_a_ring_of_flat_road_lies_below_the_sensor():
    at = np.array([3.0, -2.0, 1.8])
    p = pattern(channels=4, upper_fov=-10, lower_fov=-25, range=20)
    scan = p.scan(scene(ground=plane()), at, LEVEL, 0.0, STEP)
    assert scan.counts.tolist() == [700] * 4
    assert scan.points[:, 2] == pytest.approx(np.full(2800, -1.8))
    assert set(scan.labels.tolist()) == {1}
    assert set(scan.ids.tolist()) == {0}
    assert scan.incidence == pytest.approx(1.8 / scan.distance)


@given(st.floats(-3, 3), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_points_are_in_the_sensors_frame_however_it_is_turned(yaw, pitch, roll):
    turn = rotation(np.array([pitch]), np.array([yaw]), np.array([roll]))[0]
    wall = scene((11, 0, 0, 0, 1, 50, 50))
    scan = pattern(range=40, channels=8).scan(wall, HERE, turn, 0.0, 0.1)
    world = (scan.points * [1, -1, 1]) @ turn.T
    assert world[:, 0] == pytest.approx(np.full(len(world), 10.0))


def test_a_car_to_the_right_is_at_positive_y_with_its_id_and_label():
    right = scene((0, -10, 0, 0, 2, 1, 1))
    scan = pattern(range=40).scan(right, HERE, LEVEL, 0.0, 0.1)
    assert len(scan.points) > 5
    assert scan.points[:, 1] == pytest.approx(np.full(len(scan.points), 9.0))
    assert set(scan.ids.tolist()) == {100}
    assert set(scan.labels.tolist()) == {14}


def test_intensity_falls_with_distance_and_nothing_is_dropped_unless_asked():
    wall = scene((11, 0, 0, 0, 1, 500, 500))
    scan, intensity = lidar(range=100).measure(wall, HERE, LEVEL, 0.0, 0.1, 1)
    assert intensity == pytest.approx(np.exp(-0.004 * scan.distance))
    all_points = pattern(range=100).scan(wall, HERE, LEVEL, 0.0, 0.1)
    assert len(scan.points) == len(all_points.points)
    assert scan.counts.sum() == len(scan.points)


def test_a_share_of_rays_is_never_cast_and_weak_points_go_the_likelier_the_weaker():
    shell = scene((51, 0, 0, 0, 1, 900, 900))
    whole, _ = lidar(range=800).measure(shell, HERE, LEVEL, 0.0, 0.1, 1)
    fewer, _ = lidar(range=800, dropoff_general_rate=0.45).measure(shell, HERE, LEVEL, 0.0, 0.1, 1)
    assert len(fewer.points) / len(whole.points) == pytest.approx(0.55, abs=0.03)
    weak, intensity = lidar(
        range=800, dropoff_intensity_limit=1.0, dropoff_zero_intensity=1.0, channels=1,
        points_per_second=800000, atmosphere_attenuation_rate=math.log(4.0) / 50.0,
        upper_fov=0, lower_fov=0, horizontal_fov=1,
    ).measure(shell, HERE, LEVEL, 0.0, STEP, 1)  # fmt: skip
    # Every point has intensity 1/4, kept with probability 1/4.
    assert intensity == pytest.approx(np.full(len(intensity), 0.25), rel=1e-3)
    assert len(weak.points) / 40000 == pytest.approx(0.25, abs=0.01)
    assert weak.counts.tolist() == [len(weak.points)]


def test_noise_is_along_the_ray():
    wall = scene((11, 0, 0, 0, 1, 50, 50))
    clean, _ = lidar().measure(wall, HERE, LEVEL, 0.0, 0.1, 1)
    noisy, _ = lidar(noise_stddev=0.1, range=10.5).measure(wall, HERE, LEVEL, 0.0, 0.1, 1)
    exact, _ = lidar(range=10.5).measure(wall, HERE, LEVEL, 0.0, 0.1, 1)
    off = np.linalg.norm(noisy.points, axis=1) - exact.distance
    assert off.std() == pytest.approx(0.1, rel=0.15)
    across = np.cross(noisy.points, exact.points)
    assert np.abs(across).max() < 1e-9
    assert len(clean.points) <= len(exact.points)


def test_no_points_at_all_still_make_a_message():
    scan = pattern(points_per_second=0, channels=3).scan(scene(), HERE, LEVEL, 0.0, STEP)
    assert messages.semantic_lidar(scan) == struct.pack("<fI3I", scan.angle, 3, 0, 0, 0)


def test_the_bytes_are_angle_channels_counts_and_points():
    scan, intensity = lidar(range=40, channels=2).measure(
        scene((11, 0, 0, 0, 1, 50, 50)), HERE, LEVEL, 0.0, STEP * 2, 1
    )
    data = messages.lidar(scan, intensity)
    angle, channels, first, second = struct.unpack_from("<fIII", data)
    assert (channels, first, second) == (2, *scan.counts)
    assert angle == pytest.approx(scan.angle)
    points = np.frombuffer(data, dtype="<f4", offset=16).reshape(-1, 4)
    assert points[:, :3] == pytest.approx(scan.points, rel=1e-6, abs=1e-5)
    assert points[:, 3] == pytest.approx(intensity, rel=1e-6)
