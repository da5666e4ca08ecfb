"""What CARLA's own smoke tests ask of a server, by the plain ``carla`` client."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

Program = Callable[..., dict[str, Any]]


@pytest.fixture
def smoke(program: Program) -> Program:
    return partial(program, programs="smoke.py")


@pytest.fixture
def embedded_only(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--carla"):
        pytest.skip("the claim is about the embedded server only")


def test_vehicles_stand_where_they_were_spawned(carla_address: str, smoke: Program):
    seen = smoke("snapshot", carla_address)
    assert seen["errors"] == []
    assert seen["frame"]
    assert seen["all"]
    assert seen["largest_error"] < 0.01


def test_all_spawn_points_at_once(carla_address: str, smoke: Program):
    assert set(smoke("spawn_points", carla_address)["refused"].values()) == {0}


def test_fixed_steps_in_asynchronous_mode(carla_address: str, smoke: Program):
    assert smoke("steps", carla_address)["largest_error"] < 1e-6


@pytest.mark.usefixtures("embedded_only")
def test_built_in_maps(carla_address: str, smoke: Program):
    seen = smoke("maps", carla_address)
    assert {"grid", "motorway", "roundabout"} <= set(seen)
    for name, road in seen.items():
        assert road["name"] == name
        assert road["points"] > 20
        assert road["on_lanes"]
        assert road["topology"] > 0
        assert road["led_on"] > 50


def test_every_prop(carla_address: str, smoke: Program):
    seen = smoke("props", carla_address)
    assert seen["errors"] == []
    assert seen["seen"] == seen["models"] > 90


def test_physics_that_is_written_comes_back_for_every_model(carla_address: str, smoke: Program):
    assert smoke("physics_records", carla_address)["wrong"] == []


def test_without_friction_or_weight_a_car_keeps_its_speed(carla_address: str, smoke: Program):
    assert smoke("without_friction", carla_address)["kept_mps"] == pytest.approx(
        [20.0] * 2, abs=0.1
    )


def test_a_light_outside_junctions_in_an_uploaded_world(carla_address: str, smoke: Program):
    seen = smoke("lone_light", carla_address)
    assert seen["id"] == "10"
    assert all(t > 0.0 for t in seen["times"])
    assert seen["shown"] == ["Green", "Yellow", "Red"]


def test_every_model_reports_its_collision(carla_address: str, smoke: Program):
    assert smoke("every_model_hits", carla_address, timeout=240.0)["silent"] == []


def test_a_friction_trigger_acts_inside_only(carla_address: str, smoke: Program):
    assert smoke("friction_volume", carla_address)["frictions"] == pytest.approx([0.0, 5.0, 0.0])


def test_collisions_repeat(carla_address: str, smoke: Program):
    assert len(set(smoke("crashes", carla_address)["digests"])) == 1


def test_the_traffic_manager_drives_large_vehicles(carla_address: str, smoke: Program):
    seen = smoke("large_vehicle", carla_address)
    assert seen["sane"]
    assert min(seen["moved_m"]) > 5.0


def test_what_a_traffic_manager_drove_is_played_back(
    request: pytest.FixtureRequest,
    embedded_server: Callable[..., str],
    smoke: Program,
    tmp_path_factory: Any,
):
    folder = tmp_path_factory.mktemp("recordings")
    address = request.config.getoption("--carla") or embedded_server(
        "grid", "--no-navigation", "--recordings", str(folder)
    )
    seen = smoke("replayed", address)
    assert seen["empty"] == 0
    assert seen["kinds"] == seen["driven"]
    assert seen["finite"]


def test_places_to_geographic_coordinates_and_back(carla_address: str, smoke: Program):
    assert smoke("geography", carla_address)["largest_error_m"] < 0.1


@pytest.mark.usefixtures("embedded_only")
def test_the_traffic_manager_stops_at_stop_signs(carla_address: str, smoke: Program):
    seen = smoke("give_way", carla_address, timeout=240.0)
    assert seen["stop stood_s"]
    assert seen["yield stood_s"]
    assert min(seen["stop stood_s"]) > 1.5
    assert max(seen["yield stood_s"]) < 0.5, "nobody was in their way"
    assert seen["stop lights"] == seen["yield lights"] == 0, "a sign is no traffic light"
