"""The table of what is served: whole, true to the calls, and shown by tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import carla
import pytest

from hdsim.server.calls import coverage
from hdsim.server.calls.batch import COMMANDS
from hdsim.server.calls.coverage import Status
from hdsim.server.calls.table import Answer, table
from hdsim.server.sensors.catalogue import SENSORS
from tests.server.test_calls import CALLS, WALKER, call, good, new_session, spawn

TESTS = Path(__file__).parents[1]
ROWS = {row.name: row for rows in coverage.calls().values() for row in rows}
ALL = (*ROWS.values(), *coverage.commands(), *coverage.streams())
PARTS = [
    f"get_actor_{part}_{frame}_transforms"
    for part in ("bone", "socket")
    for frame in ("world", "relative")
]


@cache
def functions(file: str) -> set[str]:
    tree = ast.parse((TESTS / f"{file}.py").read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_call_has_a_row_and_every_row_a_call():
    assert set(ROWS) == set(table())


def test_every_call_is_one_of_the_client():
    (library,) = Path(carla.__file__).parent.glob("libcarla*.so")
    content = library.read_bytes()
    # Calls of CARLA's server that this client does not make.
    unused = {"console_command", "set_walker_state"}
    assert {name for name in ROWS if name.encode() not in content} == unused


@pytest.mark.parametrize("row", ALL, ids=lambda r: r.name)
def test_the_test_that_shows_it_exists(row):
    file, _, name = row.test.partition("::")
    assert name in functions(file), row.test


def test_a_row_that_is_not_whole_says_what_is_missing():
    assert [r.name for r in ALL if r.status is not Status.SUPPORTED and not r.note] == []


def test_every_command_of_the_wire_has_a_row():
    # 0 to 21 without gaps, as the client's variant counts them.
    numbers = [int(re.match(r"command (\d+)", r.note)[1]) for r in coverage.commands()]
    assert sorted(numbers) == list(range(22))
    assert len(COMMANDS) == 22 - 3


def test_a_sensor_is_refused_exactly_if_it_cannot_be_spawned():
    rows = {r.name: r for r in coverage.streams()}
    for sensor in SENSORS.values():
        assert (rows[sensor.name].status is Status.REFUSED) == bool(sensor.refusal), sensor.name


def refused(session, name, *args):
    (answer,) = call(session, name, *args)
    return answer[0] is True if CALLS[name].answer is Answer.VOID else answer[0] == 0


def args_of(name):
    """Arguments of a call that only counts them."""
    return [0] * len(CALLS[name].readers)


def test_refusals_say_why():
    # The three that read their arguments have tests of their own.
    own = {"get_actor_component_world_transform", "get_actor_component_relative_transform"}
    for row in ROWS.values():
        if row.status is Status.REFUSED and row.name not in own:
            session = new_session()
            assert refused(session, row.name, *args_of(row.name)), row.name
            (answer,) = call(session, row.name, *args_of(row.name))
            assert "HDSim's embedded server" in answer[1][0]


def test_calls_without_effect_answer():
    session = new_session()
    car, walker = spawn(session), spawn(session, 40.0, WALKER)
    given = {
        "set_actor_autopilot": [car, True],
        "show_vehicle_debug_telemetry": [car, True],
        "set_wheel_pitch_angle": [car, 0, 5.0],
        "set_wheel_steer_direction": [car, 0, 5.0],
        "open_vehicle_door": [car, 0],
        "close_vehicle_door": [car, 6],
        "restore_physx_physics": [car],
        "set_bones_transform": [walker, []],
        "blend_pose": [walker, 0.5],
        "get_pose_from_animation": [walker],
        "enable_environment_objects": [[1], False],
    }
    without = [r.name for r in ROWS.values() if r.note.startswith(("accepted", "always"))]
    assert set(given) <= set(without)
    before = session.sim.frame_message()[4 + 84 :]
    for name in without:
        assert not refused(session, name, *given.get(name, args_of(name))), name
    assert session.sim.frame_message()[4 + 84 :] == before


def test_parts_of_meshes_are_none():
    session = new_session()
    car = spawn(session)
    for name in (*PARTS, "get_vehicle_bone_world_transforms"):
        assert good(session, name, car) == []
    for frame in ("world", "relative"):
        assert call(session, f"get_actor_component_{frame}_transform", car, "door") == [
            [0, [f"actor {car} has no component 'door'"]]
        ]


def test_a_location_keeps_the_attitude():
    session = new_session()
    car = good(session, "spawn_actor", [0, "vehicle.tesla.model3", []],
               [[10.0, 0.0, 0.5], [0.0, 20.0, 0.0]])[0]  # fmt: skip
    call(session, "set_actor_location", car, [60.0, 1.0, 0.0])
    pose = session.sim.pose(car).wire()
    assert pose[0] == pytest.approx([60.0, 1.0, 0.0])
    assert pose[1][1] == pytest.approx(20.0)


def test_times_of_lights():
    session = new_session()
    for name in ("green", "yellow", "red"):
        call(session, f"set_traffic_light_{name}_time", 1, 7.0)
    assert session.sim.lights.times[0].tolist() == [7.0, 7.0, 7.0]
    call(session, "freeze_traffic_light", 1, True)
    assert session.sim.lights.frozen


def test_the_page_of_smoke_tests_names_tests_that_exist():
    page = (TESTS.parent / "docs" / "carla-smoke-tests.md").read_text(encoding="utf-8")
    links = re.findall(r"\[`(test_\w+)`\]\(\.\./tests/([\w/]+)\.py\)", page)
    assert len(links) > 30
    assert [(file, name) for name, file in links if name not in functions(file)] == []
