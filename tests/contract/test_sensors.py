"""What the plain ``carla`` client may rely on of sensors, on the embedded server or ``--carla``."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

Program = Callable[..., dict[str, Any]]


@pytest.fixture
def sensing(program: Program) -> Program:
    return partial(program, programs="sensing.py")


@pytest.fixture
def embedded_only(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--carla"):
        pytest.skip("the claim is about the embedded server only")


def test_gnss(carla_address: str, sensing: Program):
    seen = sensing("gnss", carla_address)
    assert max(seen["errors"]) < 1e-6
    assert max(seen["apart_m"]) < 1e-3
    assert seen["free"] == pytest.approx([300.0, -40.0, 5.0])


def test_imu(carla_address: str, sensing: Program):
    seen = sensing("imu", carla_address)
    assert seen["rest"] == pytest.approx([0.0, 0.0, 9.81], abs=0.2)
    assert seen["compass_error"] < 1e-3
    assert seen["rate"] > 0.1
    assert seen["gyro_z"] == pytest.approx(seen["rate"], rel=0.02)
    assert seen["turn"][1] == pytest.approx(seen["centripetal"], rel=0.2)


def test_obstacle(carla_address: str, sensing: Program):
    seen = sensing("obstacle", carla_address)
    assert seen["distance"] == pytest.approx(seen["want"], abs=0.2)
    assert seen["other_is_the_car"]
    assert seen["too_far_is_silent"]


def test_radar(carla_address: str, sensing: Program):
    seen = sensing("radar", carla_address)
    assert seen["detections"] > 50
    assert seen["depth_error"] < 0.3
    assert seen["still_mps"] < 0.1
    assert seen["speed"] > 5.0
    assert seen["closing"] == pytest.approx([-seen["speed"]] * 2, rel=0.05)


def test_lidar(carla_address: str, sensing: Program):
    seen = sensing("lidar", carla_address)
    assert seen["channels"] == [16, 16]
    assert seen["counts_add_up"] == [True, True]
    assert seen["raw_bytes"] == [16 * seen["points"][0], 24 * seen["points"][1]]
    assert 200 < seen["points"][2] < 0.8 * seen["points"][0]
    assert seen["intensity_error"] < 1e-5


@pytest.mark.usefixtures("embedded_only")
def test_semantic_lidar(carla_address: str, sensing: Program):
    seen = sensing("lidar", carla_address)
    assert seen["same_points"] < 1e-4
    assert seen["road_z"] == pytest.approx([-2.4, -2.4], abs=1e-3)
    assert seen["car_tags"] == [14]
    assert seen["car_x_error"] < 0.01
    assert 0.0 < seen["cosines"][0] < seen["cosines"][1] < 0.6
    assert 0.0 <= seen["angle"] <= 2 * math.pi


def test_ticks(carla_address: str, sensing: Program):
    seen = sensing("ticks", carla_address)
    assert all(seen["every"])
    assert set(seen["gaps"]) == {4}
    assert seen["slow"] >= 5
    assert seen["left"] == []
    assert seen["alive"]


def test_clients_share_a_sensor(carla_address: str, sensing: Program):
    seen = sensing("shared", carla_address)
    assert seen["same"]
    assert seen["went_on"]
    assert seen["flowing"] >= 2


def test_lane_invasion(carla_address: str, sensing: Program):
    seen = sensing("lane_invasion", carla_address)
    assert seen["events"] >= 1
    assert seen["off_m"] < 15.0
    assert seen["markings"] >= 1


@pytest.mark.usefixtures("embedded_only")
def test_refusals(carla_address: str, sensing: Program):
    seen = sensing("refusals", carla_address)
    assert seen.pop("alive")
    assert seen == {
        "rgb": "cannot spawn sensor.camera.rgb: HDSim's embedded server renders nothing; run a "
        "CARLA server for pictures, or start this one with --stub-cameras for blank frames of the "
        "right size and rate",
        "rss": "cannot spawn sensor.other.rss: CARLA's RSS library is not part of the client on "
        "PyPI; there is nothing to serve it with",
        "v2x": "cannot spawn sensor.other.v2x: HDSim's embedded server models no radio; write "
        "messages between your own actors",
        "channels": "cannot spawn sensor.lidar.ray_cast: channels = '0', expected a whole number "
        "from 1 to 1024",
    }


@pytest.mark.usefixtures("embedded_only")
def test_stub_cameras(embedded_server: Callable[..., str], sensing: Program):
    seen = sensing("cameras", embedded_server("grid", "--stub-cameras"))
    assert seen.pop("first_pixel") == [255, 0, 255, 255]
    assert seen.pop("pitch") == pytest.approx(-8.0, abs=1e-3)
    assert seen.pop("depth_is_far")
    pixels = 96 * 54
    size = {"sensor.camera.optical_flow": 8, "sensor.camera.dvs": 0}
    assert len(seen) == 8
    for kind, got in seen.items():
        assert got == [96, 54, 70.0, pixels * size.get(kind, 4)], kind
