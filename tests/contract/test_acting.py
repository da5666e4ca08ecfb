"""Actors acted on, and the world asked about, by the plain ``carla`` client."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

Program = Callable[..., dict[str, Any]]


@pytest.fixture
def acting(program: Program) -> Program:
    return partial(program, programs="acting.py")


@pytest.fixture
def embedded_only(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--carla"):
        pytest.skip("the claim is about the embedded server only")


def test_ackermann_control(carla_address: str, acting: Program):
    seen = acting("ackermann", carla_address)
    assert seen["speed_kp"] == pytest.approx(0.15)
    assert seen["speed_mps"] == pytest.approx(5.0, abs=0.5)
    assert seen["stopped_mps"] < 0.1
    assert seen["went_ahead"]
    assert seen["kept"] == pytest.approx([0.2, 0.01, 0.02])


def test_blows_forces_and_velocities(carla_address: str, acting: Program):
    seen = acting("pushes", carla_address)
    assert seen["impulse_mps"] == pytest.approx(3.0, abs=0.3)
    assert seen["force_mps"] == pytest.approx(3.0, abs=0.4)
    assert 10.0 < seen["turn_degps"] <= 40.0
    assert seen["held_m"] == pytest.approx(6.0, abs=0.1)
    assert seen["held_mps"] == pytest.approx(6.0, abs=0.1)
    assert seen["let_go_mps"] < 0.1
    assert seen["wheel_deg"] == pytest.approx(35.0, abs=10.0)
    assert seen["rear_wheel_deg"] == 0.0
    assert seen["failure"] == "NONE"


@pytest.mark.usefixtures("embedded_only")
def test_meshes_have_no_parts(carla_address: str, acting: Program):
    assert acting("pushes", carla_address)["bones"] == [[], [], []]


def test_physics_control_and_telemetry(carla_address: str, acting: Program):
    seen = acting("physics", carla_address)
    assert seen["mass_ratio"] == pytest.approx(2.0)
    assert seen["friction"] == pytest.approx(0.3)
    # On ice-like tyres from 8 m/s: v^2 / 2 mu g = 10.9 m; on dry ones less than 5 m.
    assert 8.0 < seen["slid_m"] < 13.0
    assert seen["telemetry_speed_error"] < 0.05
    assert seen["throttle"] == pytest.approx(0.6)
    assert seen["wheels"] == 4


def test_walkers(carla_address: str, acting: Program):
    seen = acting("walkers", carla_address)
    assert seen["walked_m"] == pytest.approx([3.0, 0.0], abs=0.2)
    assert seen["control_mps"] == pytest.approx(1.5)
    assert seen["speed_mps"] == pytest.approx(1.5, abs=0.1)
    assert 0.5 < seen["highest_m"] < 2.0
    assert abs(seen["landed_m"]) < 0.1
    assert seen["led_m"] < 0.2
    assert seen["bones"] >= 3
    assert seen["extent_z"] == pytest.approx(0.93, abs=0.05)
    assert seen["age"] == "adult"
    assert len(seen["speeds"]) == 3
    assert seen["hit"]
    assert seen["thrown_m"] > 2.0
    assert seen["destroyed"]
    assert seen["left"] == 0


def test_props_rays_and_boxes(carla_address: str, acting: Program):
    seen = acting("things", carla_address)
    assert seen["ray"][:1] == ["Static"]
    assert seen["ray_m"] == pytest.approx(7.4, abs=0.3)
    assert (seen["ground"], seen["forward"]) == ("Roads", "Static")
    assert seen["ground_z"] == pytest.approx(-0.5, abs=0.2)
    assert seen["nothing"]
    assert seen["car_boxes"] >= 1
    assert seen["light_objects"] > 0
    assert seen["objects"] >= seen["light_objects"]
    assert seen["names"] > 0
    assert seen["stopped_before_m"] == pytest.approx(0.607, abs=0.15)
    assert seen["wall_gone"]


def test_lights_signs_and_landmarks(carla_address: str, acting: Program):
    seen = acting("map_and_lights", carla_address)
    assert seen["by_waypoint"]
    assert seen["affected"] > 0
    assert seen["junction"]
    assert seen["in_junction"]
    assert seen["by_mark"]
    assert "traffic.yield" in seen["signs"] or "traffic.stop" in seen["signs"]
    assert set(seen["of_mark"]) <= set(seen["sign_ids"])
    assert seen["of_mark"]
    assert all(x > 0.0 for x in seen["trigger_m"])
    assert seen["light_boxes"] >= 1
    assert seen["frozen"]


def test_every_batch_command(carla_address: str, acting: Program):
    seen = acting("every_command", carla_address)
    assert seen["spawned"] == ["", ""]
    assert set(seen["errors"]) == {""}
    assert seen["lights"]
    assert seen["near_m"] < 1.0


@pytest.mark.usefixtures("embedded_only")
def test_what_has_no_effect_and_what_says_why(carla_address: str, acting: Program):
    seen = acting("no_ops", carla_address)
    assert seen["lamps"] == 0
    assert seen["gravity"] == pytest.approx([9.81, 1.62])
    assert seen["pitch"] == "HDSim's embedded server draws nothing: wheels have no pitch"
    assert seen["recorder"] == "recordings need a folder: start the server with --recordings DIR"
    assert seen["alive"]


@pytest.mark.usefixtures("embedded_only")
def test_recorder_and_replayer(
    embedded_server: Callable[..., str], acting: Program, tmp_path_factory: Any
):
    folder = tmp_path_factory.mktemp("recordings")
    seen = acting("recorder", embedded_server("grid", "--recordings", str(folder)))
    assert seen["path"] == str(folder / "drive.rec")
    assert seen["info"][:2] == ["Version: 1", "Map: grid"]
    assert seen["info"][5].startswith(" Create ")
    assert seen["frames"]
    assert seen["blocked"]
    assert seen["hits"]
    assert seen["said"] == f"Replaying File: {folder / 'drive.rec'}"
    assert seen["largest_error_m"] < 1e-3
    assert seen["left"] == 0
    for refused in (seen["outside"], seen["absolute"]):
        assert "expected a plain file name" in refused
    assert [p.name for p in folder.iterdir()] == ["drive.rec"]
