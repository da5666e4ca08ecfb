"""The sensors of a world: when they read, where they are, and what ends them."""

from __future__ import annotations

import logging
import math
import struct

import carla
import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsim.server.errors import CallError
from hdsim.server.frames import PLAIN
from hdsim.server.simulation import Simulation
from hdsim.server.town import load_town
from hdsim.server.wire.shapes import Description, Pose, Settings

STEP = 0.05
HEADER = 4 + 48
RAYS = ("sensor.lidar.ray_cast", "sensor.lidar.ray_cast_semantic", "sensor.other.radar")


@pytest.fixture
def sim():
    made = Simulation(load_town("grid"), load_town, 2001)
    made.settings = Settings(synchronous=True, fixed_delta_s=STEP)
    return made


HERE = Pose(0.0, 0.0, 0.0)


def spawn(sim, name, pose=HERE, parent=0, **attributes):
    return sim.spawn(Description(name, {k: str(v) for k, v in attributes.items()}), pose, parent)


def car(sim, index=0):
    return spawn(sim, "vehicle.tesla.model3", sim.surface.spawn_points()[index])


def read(sim, *sensors):
    """One step and the messages of some sensors, by actor id."""
    sim.step()
    sim.frame_message()
    found = dict(sim.readings({s.stream for s in sensors}))
    return [found.get(s.stream) for s in sensors]


def header(message):
    length, index, frame, time_s, *pose = struct.unpack_from("<IQQd6f", message)
    assert length == len(message) - 4
    return index, frame, time_s, pose


@pytest.mark.parametrize(
    ("tick", "frames"),
    [(0.0, range(1, 13)), (0.01, range(1, 13)), (0.1, [1, 3, 5, 7, 9, 11]), (0.2, [1, 5, 9]),
     (0.075, [1, 3, 4, 6, 7, 9, 10, 12])],
)  # fmt: skip
def test_a_sensor_reads_in_its_first_frame_and_then_once_every_tick(sim, tick, frames):
    sensor = spawn(sim, "sensor.other.gnss", sensor_tick=tick)
    first = sim.frame
    seen = [sim.frame - first for _ in range(12) if read(sim, sensor)[0] is not None]
    assert seen == list(frames)


def test_ticks_do_not_drift_over_an_hour(sim):
    sensor = spawn(sim, "sensor.other.gnss", sensor_tick=0.1)
    sim.time_s, sim.frame = sim.time_s + 3600.0 * STEP * 20, sim.frame + 72000
    seen = [read(sim, sensor)[0] is not None for _ in range(40)]
    assert seen in ([True, False] * 20, [False, True] * 20)


def test_nobody_listens_nothing_is_measured_and_who_comes_late_sees_the_same():
    streams = []
    for early in (True, False):
        sim = Simulation(load_town("grid"), load_town, 2001)
        sim.settings = Settings(synchronous=True, fixed_delta_s=STEP)
        ego = car(sim)
        sim.vehicles.control(np.array([0]), np.array([[1.0, 0.3, 0, 0, 0, 0, 0]]))
        names = (*RAYS, "sensor.other.gnss", "sensor.other.imu")
        sensors = [spawn(sim, name, Pose(0, 0, 2.4), ego.id) for name in names]
        for _ in range(20):
            if early:
                read(sim, *sensors)
            else:
                assert read(sim) == []
        streams.append(read(sim, *sensors))
    assert None not in streams[0]
    assert streams[0] == streams[1]


def test_sensors_die_with_what_carries_them(sim):
    ego = car(sim)
    sensor = spawn(sim, "sensor.other.imu", parent=ego.id)
    upper = spawn(sim, "sensor.other.gnss", Pose(0, 0, 1), sensor.id)
    assert None not in read(sim, sensor, upper)
    assert sim.destroy(ego.id)
    assert read(sim, sensor, upper) == [None, None]
    assert len(sim.rack) == 0


def test_a_sensor_spawned_after_a_frame_waits_for_the_next(sim):
    sim.step()
    sensor = spawn(sim, "sensor.other.gnss")
    assert list(sim.readings({sensor.stream})) == []
    assert read(sim, sensor) != [None]


angle = st.floats(-1.4, 1.4)


@settings(max_examples=50)
@given(st.tuples(angle, angle, angle), st.tuples(angle, angle, angle))
def test_mounts_are_composed_as_the_client_composes_transforms(outer, inner):
    sim = Simulation(load_town("grid"), load_town, 2001)
    sim.settings = Settings(synchronous=True, fixed_delta_s=STEP)
    first = spawn(sim, "sensor.other.gnss", Pose(5.0, 3.0, 2.0, *outer))
    second = spawn(sim, "sensor.other.gnss", Pose(1.0, -0.5, 0.25, *inner), first.id)
    _, _, _, pose = header(read(sim, first, second)[1])

    def transform(p, a):
        degrees = [math.degrees(v) for v in a]
        rotation = carla.Rotation(pitch=degrees[0], yaw=-degrees[1], roll=degrees[2])
        return carla.Transform(carla.Location(p[0], -p[1], p[2]), rotation)

    parent, mount = transform((5, 3, 2), outer), transform((1, -0.5, 0.25), inner)
    want = np.array(parent.get_matrix()) @ np.array(mount.get_matrix())
    x, y, z, pitch, yaw, roll = pose
    got = carla.Transform(carla.Location(x, y, z), carla.Rotation(pitch, yaw, roll)).get_matrix()
    assert np.array(got) == pytest.approx(want, abs=1e-4)


def test_the_header_and_the_snapshot_agree_on_where_a_sensor_is(sim):
    ego = car(sim)
    sensor = spawn(sim, "sensor.other.gnss", Pose(2.0, 0.5, 1.5, yaw=0.25), ego.id)
    sim.step()
    frame = sim.frame_message()
    record = np.frombuffer(frame[-PLAIN.itemsize :], dtype=PLAIN)[0]
    index, number, time_s, pose = header(dict(sim.readings({sensor.stream}))[sensor.stream])
    assert (index, number, time_s) == (4, sim.frame, pytest.approx(sim.time_s))
    assert record["id"] == sensor.id
    assert pose == pytest.approx([*record["location"], *record["rotation"]])


def test_a_sensor_can_be_mounted_elsewhere(sim):
    ego = car(sim)
    sensor = spawn(sim, "sensor.other.gnss", Pose(0, 0, 1.0), ego.id)
    sim.place(sensor.id, Pose(0.0, 0.0, 3.0))
    assert header(read(sim, sensor)[0])[3][2] == pytest.approx(3.0)


def test_driving_a_circle_the_imu_feels_what_the_snapshot_tells(sim):
    ego = car(sim, 4)
    imu = spawn(sim, "sensor.other.imu", parent=ego.id)
    row = sim.vehicles.row[ego.id]
    sim.vehicles.set_velocity(
        row, 8 * math.cos(sim.vehicles.yaw[row]), 8 * math.sin(sim.vehicles.yaw[row])
    )
    sim.vehicles.control(np.array([row]), np.array([[0.3, 0.05, 0, 0, 0, 0, 0]]))
    for _ in range(30):
        message = read(sim, imu)[0]
    felt, gyro, heading = msgpack.unpackb(message[HEADER:])
    v = sim.vehicles
    c, s = math.cos(v.yaw[row]), math.sin(v.yaw[row])
    ahead, left = v.ax[row] * c + v.ay[row] * s, v.ay[row] * c - v.ax[row] * s
    assert left < -0.5
    assert felt[:2] == pytest.approx([ahead, -left], abs=0.1)
    assert felt[2] == pytest.approx(9.81)
    assert gyro[2] == pytest.approx(-float(v.yaw_rate[row]))
    assert heading == pytest.approx((math.pi / 2 - float(v.yaw[row])) % (2 * math.pi))


def test_obstacle_and_radar_find_the_car_ahead(sim):
    points = sim.surface.spawn_points()
    ego, point = car(sim), points[0]
    ahead = Pose(
        point.x + 20 * math.cos(point.yaw),
        point.y + 20 * math.sin(point.yaw),
        point.z,
        yaw=point.yaw,
    )
    lead = spawn(sim, "vehicle.tesla.model3", ahead)
    half = float(sim.vehicles.half_length[0])
    obstacle = spawn(
        sim, "sensor.other.obstacle", Pose(0, 0, 1), ego.id, distance=30, hit_radius=0.25
    )
    radar = spawn(sim, "sensor.other.radar", Pose(half + 0.05, 0, 1), ego.id)
    sim.vehicles.physics[:] = False
    hit, echo = read(sim, obstacle, radar)
    own, other, distance = msgpack.unpackb(hit[HEADER:])
    assert (own, other) == (obstacle.record, lead.record)
    assert distance == pytest.approx(20 - half - 0.25, abs=1e-5)
    found = np.frombuffer(echo[HEADER:], "<f4").reshape(-1, 4)
    level = found[np.abs(found[:, 2]) < 0.01]
    assert len(level)
    ahead_m = level[:, 3] * np.cos(level[:, 1]) * np.cos(level[:, 2])
    assert ahead_m == pytest.approx(np.full(len(level), 20 - 2 * half - 0.05), abs=1e-3)


def test_the_semantic_lidar_names_cars_walkers_props_and_the_road(sim):
    points = sim.surface.spawn_points()
    point = points[0]

    def beside(ahead, left, up=0.0):
        c, s = math.cos(point.yaw), math.sin(point.yaw)
        x, y = point.x + ahead * c - left * s, point.y + ahead * s + left * c
        return Pose(x, y, up, yaw=point.yaw)

    ego = car(sim)
    lead = spawn(sim, "vehicle.tesla.model3", beside(10, 0))
    walker = spawn(sim, "walker.pedestrian.0001", beside(8, 3, 1.0))
    prop = spawn(sim, "static.prop.streetbarrier", beside(8, -3))
    lidar = spawn(
        sim, "sensor.lidar.ray_cast_semantic", Pose(0, 0, 2.4), ego.id,
        range=30, points_per_second=200000, rotation_frequency=20,
    )  # fmt: skip
    message = read(sim, lidar)[0]
    channels = struct.unpack_from("<I", message, HEADER + 4)[0]
    data = np.frombuffer(message, "<3f4,<f4,<u4,<u4", offset=HEADER + 8 + 4 * channels)
    seen = {(int(i), int(label)) for _, _, i, label in data}
    assert seen == {(ego.id, 14), (lead.id, 14), (walker.id, 12), (prop.id, 20), (0, 1)}


@pytest.mark.parametrize(
    ("name", "attributes", "says"),
    [
        ("sensor.lidar.ray_cast", {"channels": 0},
         "cannot spawn sensor.lidar.ray_cast: channels = '0', expected a whole number from 1 to "
         "1024"),
        ("sensor.other.radar", {"range": "far"},
         "cannot spawn sensor.other.radar: range = 'far', expected a number from 0 to 10000"),
        ("sensor.other.obstacle", {"only_dynamics": "maybe"},
         "cannot spawn sensor.other.obstacle: only_dynamics = 'maybe', expected true or false"),
        ("sensor.other.imu", {"noise_seed": "1.5"},
         "cannot spawn sensor.other.imu: noise_seed = '1.5', expected a whole number from "
         "-2147483648 to 2147483647"),
        ("sensor.camera.rgb", {},
         "cannot spawn sensor.camera.rgb: HDSim's embedded server renders nothing; run a CARLA "
         "server for pictures, or start this one with --stub-cameras for blank frames of the right "
         "size and rate"),
        ("sensor.other.collision", {},
         "sensor.other.collision must be attached to a vehicle or a walker"),
    ],
)  # fmt: skip
def test_what_cannot_be_spawned_says_why(sim, name, attributes, says):
    with pytest.raises(CallError) as error:
        spawn(sim, name, **attributes)
    assert str(error.value) == says


def test_a_bad_tick_is_refused(sim):
    with pytest.raises(CallError, match="sensor_tick = '-1', expected a number from 0"):
        spawn(sim, "sensor.other.gnss", sensor_tick=-1)
    assert len(sim.rack) == 0


def test_a_sensor_does_not_ride_on_a_light_or_on_nobody(sim):
    light = next(a for a in sim.actors.values() if a.type == "traffic.traffic_light")
    with pytest.raises(CallError, match=r"cannot attach sensor.other.gnss to actor 1 \(traffic"):
        spawn(sim, "sensor.other.gnss", parent=light.id)
    with pytest.raises(CallError, match="unknown actor 9999"):
        spawn(sim, "sensor.other.gnss", parent=9999)


def test_stub_cameras_come_with_one_warning_a_kind(sim, caplog):
    sim.stub_cameras = True
    with caplog.at_level(logging.WARNING):
        cameras = [
            spawn(sim, "sensor.camera.rgb", image_size_x=8, image_size_y=4) for _ in range(2)
        ]
    assert caplog.messages == ["sensor.camera.rgb sends blank frames: nothing is rendered"]
    message = read(sim, *cameras)[0]
    assert header(message)[0] == 13
    assert len(message) == HEADER + 12 + 8 * 4 * 4
