"""What the plain ``carla`` client may rely on, on the embedded server or on ``--carla``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Program = Callable[..., dict[str, Any]]


@pytest.fixture
def embedded_only(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--carla"):
        pytest.skip("the claim is about the embedded server only")


def test_first_steps(carla_address: str, program: Program):
    seen = program("first_steps", carla_address)
    assert seen["version"] == "0.9.16"
    assert seen["frames_in_a_row"]
    assert seen["delta_s"] == pytest.approx(0.05)
    assert seen["moved_m"] > 10.0
    assert seen["off_lane_m"] < 1.0
    assert seen["occupied_point_refused"]
    assert (seen["role"], seen["wheels"]) == ("autopilot", "4")
    assert seen["length_m"] == pytest.approx(4.892, abs=0.01)
    assert seen["spectator"] == pytest.approx([1.0, 2.0, 50.0])
    assert seen["destroyed"]
    assert seen["left"] == 0


def test_batches(carla_address: str, program: Program):
    seen = program("batch", carla_address)
    assert [bool(e) for e in seen["errors"]] == [False, False, True]
    assert "collision" in seen["errors"][2]
    assert all(2.0 < v < 8.0 for v in seen["speeds_mps"])
    assert [bool(e) for e in seen["mixed"]] == [True, False]
    assert seen["left"] == 1


def test_motion(carla_address: str, program: Program):
    seen = program("motion", carla_address)
    assert 3.0 < seen["braking_m"] < 12.0
    assert seen["after_teleport_m"] < 0.5
    assert seen["held_m"] < 0.1
    assert seen["throttle"] == 1.0
    assert seen["max_steer_deg"] == pytest.approx(70.0)
    assert 2.0 < seen["wheelbase_m"] < 3.5
    assert seen["lights"]
    assert seen["speed_limit_kmh"] > 0


@pytest.mark.usefixtures("embedded_only")
def test_braking_distance_is_the_closed_form(carla_address: str, program: Program):
    # 10 m/s, 8 + 0.15 m/s2 and a little drag: v^2 / 2a = 6.13 m.
    assert program("motion", carla_address)["braking_m"] == pytest.approx(6.1, abs=0.1)


def test_collision_sensor(carla_address: str, program: Program):
    seen = program("collision", carla_address)
    assert seen["events"] >= 1
    assert seen["pair_is_right"]
    assert seen["first_impulse"] > 0
    assert seen["gap_m"] > -0.1
    assert seen["pushed_m"] > 0.5


def test_traffic_lights(carla_address: str, program: Program):
    seen = program("lights", carla_address)
    assert seen["lights"] > 0
    assert seen["some_green"]
    assert seen["never_all_green"]
    assert seen["kept"]
    assert seen["frozen"]
    assert (seen["green_s"], seen["yellow_s"], seen["red_s"]) == (33.0, 3.0, 2.0)
    assert seen["stop_waypoints"] >= 1
    assert seen["found_by_id"]


def test_worlds(carla_address: str, program: Program):
    seen = program("worlds", carla_address)
    assert seen["cloudiness"] == pytest.approx(77.0)
    assert seen["new_episode"]
    assert seen["left"] == 0
    assert seen["settings_kept"]
    assert seen["generated"].endswith("OpenDriveMap")
    assert seen["asynchronous_after_load"]
    assert seen["frames_flow"]
    assert seen["unknown_map"]


def test_traffic_manager_drives(carla_address: str, program: Program):
    seen = program("traffic", carla_address)
    assert seen["present"] == seen["vehicles"] == 20
    assert seen["finite"]
    assert seen["km"] > 2.0
    assert seen["offset_p95_m"] < 0.5
    assert seen["offset_max_m"] < 2.0
    assert seen["collision_pairs"] == 0
    assert seen["red_runs"] == 0


def test_managers_and_clients_share_a_world(carla_address: str, program: Program):
    seen = program("sharing", carla_address)
    assert seen["vehicles"] == 15
    assert seen["moved"] > 8
    assert seen["heard_all"]
    assert seen["actors_heard"] > 0


@pytest.mark.slow
@pytest.mark.usefixtures("embedded_only")
def test_traffic_manager_runs_repeat_bit_for_bit(
    embedded_server: Callable[[str], str], program: Program
):
    first, second = (program("traffic", embedded_server("grid"))["hash"] for _ in range(2))
    assert first == second


@pytest.mark.slow
@pytest.mark.maps
@pytest.mark.usefixtures("embedded_only")
def test_fifty_vehicles_for_ten_minutes_in_town01(
    embedded_server: Callable[[str], str],
    program: Program,
    town_xodr: Callable[[str], str],
    record_property: Callable[[str, object], None],
):
    town_xodr("Town01")
    seen = program("traffic_long", embedded_server("Town01"), timeout=280.0)
    record_property("traffic", seen)
    print(seen)
    assert seen["finite"]
    assert seen["present"] >= seen["vehicles"] - 2
    assert seen["offset_p95_m"] < 0.5
    assert seen["stopped_on_red"] > 100  # queues form
    assert seen["red_runs"] <= 1
    assert seen["collision_pairs"] <= 1
