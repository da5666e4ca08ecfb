"""The table of calls: strict on shapes, and never an exception."""

from __future__ import annotations

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsim.core.errors import InputError
from hdsim.road.strips import Strip, build, line
from hdsim.server.actors.blueprints import library
from hdsim.server.calls.table import Session, dispatch, table
from hdsim.server.simulation import Simulation
from hdsim.server.town import Town
from hdsim.server.wire import msgrpc

CALLS = table()
ORIGIN = [[10.0, 0.0, 0.5], [0.0, 0.0, 0.0]]
CAR = [0, "vehicle.tesla.model3", [["role_name", 4, "hero"]]]
WALKER = [0, "walker.pedestrian.0001", [["is_invincible", 1, "false"]]]
COLLISION = [0, "sensor.other.collision", []]


def nowhere(name):
    raise InputError("map", value=name, expected="a map that exists")


def new_session() -> Session:
    strips = {
        "in": Strip(*line(0, 0, 100, 0), signal=True),
        "over": Strip(*line(100, 0, 130, 0), follows=("in",), junction=1),
        "out": Strip(*line(130, 0, 230, 0), follows=("over",)),
    }
    town = Town("road", "<OpenDRIVE/>", build("road", strips)[0])
    return Session(Simulation(town, nowhere, 2001), {})


@pytest.fixture
def session() -> Session:
    return new_session()


def call(session, name, *args):
    """The answer as the client would read it."""
    result = dispatch(CALLS[name], session, list(args))
    return msgpack.unpackb(msgrpc.answer(1, result))[3]


def good(session, name, *args):
    (variant,) = call(session, name, *args)
    assert variant[0] == 1, variant
    return variant[1]


def spawn(session, x=10.0, what=CAR):
    return good(session, "spawn_actor", what, [[x, 0.0, 0.5], [0.0, 0.0, 0.0]])[0]


def batch(session, *commands):
    return call(session, "apply_batch", [[list(c)] for c in commands], False)


def test_spawning_gives_ids_in_order_after_those_of_the_map(session):
    # One light and the spectator come first.
    assert [spawn(session, x) for x in (10.0, 20.0)] == [3, 4]


def test_an_occupied_place_is_refused(session):
    spawn(session)
    assert call(session, "spawn_actor", CAR, ORIGIN) == [
        [0, ["Spawn failed because of collision at spawn position"]]
    ]


def test_a_modifiable_attribute_is_kept_and_a_fixed_one_is_not(session):
    wanted = [0, "vehicle.tesla.model3", [["role_name", 4, "hero"], ["number_of_wheels", 2, "9"]]]
    record = good(session, "spawn_actor", wanted, ORIGIN)
    values = {name: value for name, _, value in record[2][2]}
    assert (values["role_name"], values["number_of_wheels"]) == ("hero", "4")


def test_the_box_of_an_unknown_actor_is_zero_and_no_error(session):
    assert good(session, "get_actor_bounding_box", 99) == [[0.0] * 3, [0.0] * 3, [0.0] * 3, 0]


def test_a_vehicle_takes_its_sensors_with_it(session):
    car = spawn(session)
    sensor = good(session, "spawn_actor_with_parent", COLLISION, ORIGIN, car, 0, "")[0]
    assert good(session, "destroy_actor", car) is True
    assert good(session, "get_actors_by_id", [car, sensor]) == []
    assert good(session, "destroy_actor", sensor) is False


def test_the_map_cannot_be_destroyed(session):
    assert call(session, "destroy_actor", 1) == [
        [0, ["actor 1 (traffic.traffic_light) belongs to the map"]]
    ]


def test_batched_controls_equal_single_ones():
    fast, slow = new_session(), new_session()
    ids = [spawn(s, x) for s in (fast, slow) for x in (10.0, 20.0)][:2]
    controls = [[0.5, -0.25, 0.0, False, False, False, 1], [0.0, 0.0, 1.0, True, True, False, 0]]
    answers = batch(fast, *([2, [i, c]] for i, c in zip(ids, controls, strict=True)))
    assert answers == [[[1, i]] for i in ids]
    for i, c in zip(ids, controls, strict=True):
        assert call(slow, "apply_control_to_vehicle", i, c) == [[False]]
    for _ in range(20):
        fast.sim.step(), slow.sim.step()
    np.testing.assert_array_equal(fast.sim.vehicles.x, slow.sim.vehicles.x)
    np.testing.assert_array_equal(fast.sim.vehicles.yaw, slow.sim.vehicles.yaw)


def test_a_batch_goes_on_after_a_command_that_fails(session):
    car = spawn(session)
    control = [1.0, 0.0, 0.0, False, False, False, 0]
    answers = batch(session, [2, [77, control]], [2, [car, control]], [20, ["quit"]], [1, [car]])
    assert answers == [
        [[0, ["actor 77 is not a vehicle of this episode"]]],
        [[1, car]],
        [[0, ["there is no Unreal console behind HDSim's embedded server"]]],
        [[1, car]],
    ]


def test_commands_after_a_spawn_are_for_the_new_actor(session):
    then = [[2, [0, [1.0, 0.0, 0.0, False, False, False, 1]]]]
    ((made,),) = batch(session, [0, [CAR, ORIGIN, [False], 77, "", [then]]])
    assert made[0] == 1
    assert session.sim.vehicles.throttle.tolist() == [1.0]


def test_wrong_arguments_are_errors_that_say_so(session):
    assert call(session, "destroy_actor") == [[0, ["expected 1 arguments, got 0"]]]
    assert call(session, "destroy_actor", "x") == [[0, ["expected an unsigned integer, got 'x'"]]]
    assert call(session, "set_actor_transform", 3, []) == [
        [True, ["expected a transform, an array of 2"]]
    ]


def test_a_reload_starts_over(session):
    first = spawn(session)
    session.sim.step()
    before = good(session, "get_episode_info")[0]
    assert call(session, "load_new_episode", "", False, 65535) == [[False]]
    assert good(session, "get_episode_info")[0] == before + 1
    assert (len(session.sim.vehicles), session.sim.time_s) == (0, 0.0)
    assert spawn(session) == first


def test_a_map_that_is_not_found_is_an_error(session):
    assert call(session, "load_new_episode", "Atlantis", True, 0) == [
        [True, ["map = 'Atlantis', expected a map that exists"]]
    ]


def test_managers_are_forgotten_with_the_connection_that_registered_them(session):
    session.connection = 4
    assert good(session, "add_traffic_manager_running", ["10.0.0.1", 8000]) is True
    assert good(session, "add_traffic_manager_running", ["10.0.0.2", 8000]) is False
    assert good(session, "get_traffic_manager_running", 8000) == ["10.0.0.1", 8000]
    session.drop_connection(4)
    assert good(session, "is_traffic_manager_running", 8000) is False
    assert good(session, "get_traffic_manager_running", 8000) == ["", 0]


def test_equal_calls_make_equal_bytes():
    def run():
        session = new_session()
        ids = [spawn(session, x) for x in (10.0, 40.0, 70.0)]
        for tick in range(100):
            control = [0.7, 0.1 * (tick % 3 - 1), 0.0, False, False, False, 1]
            batch(session, *([2, [i, control]] for i in ids))
            session.sim.step()
        message = bytearray(session.sim.frame_message())
        message[4 + 48 + 8 : 4 + 48 + 16] = bytes(8)  # platform time
        return bytes(message)

    assert run() == run()


def test_every_blueprint_is_spawned_or_refused_with_a_reason():
    for name, blueprint in library().items():
        session = new_session()
        car = spawn(session, 60.0)
        if name.startswith("controller"):
            walker = spawn(session, 20.0, WALKER)
            args = ("spawn_actor_with_parent", [0, name, []], ORIGIN, walker, 0, "")
        elif name.startswith("sensor"):
            args = ("spawn_actor_with_parent", [0, name, []], ORIGIN, car, 0, "")
        else:
            args = ("spawn_actor", [0, name, []], ORIGIN)
        ((ok, answer),) = call(session, *args)
        assert ok == (not blueprint.refusal), (name, answer)
        if not ok:
            assert answer[0] == f"cannot spawn {name}: {blueprint.refusal}"


LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=8)
)
JUNK = st.recursive(
    LEAVES | st.binary(max_size=8), lambda i: st.lists(i, max_size=7), max_leaves=20
)
IDS = st.sampled_from([0, 1, 2, 3, 4, 5, 99, 2**32 - 1])
SEMI = st.one_of(
    IDS, JUNK, st.sampled_from([ORIGIN, CAR, COLLISION, [1.0, 2.0, 3.0], [True, 3], "", True, 0.5])
)
COMMAND = st.tuples(st.tuples(st.integers(0, 22), st.lists(SEMI, max_size=6).map(list)).map(list))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(CALLS)), st.lists(SEMI, max_size=6))
        | st.tuples(
            st.just("apply_batch"),
            st.tuples(st.lists(COMMAND.map(list), max_size=4), st.booleans()).map(list),
        ),
        max_size=8,
    )
)
def test_no_arguments_raise_or_leave_a_state_that_cannot_be_sent(calls):
    session = new_session()
    spawn(session)
    good(session, "spawn_actor_with_parent", COLLISION, ORIGIN, 3, 0, "")
    for name, args in calls:
        result = dispatch(CALLS[name], session, args)
        msgrpc.answer(1, result)
        session.sim.step()
    session.sim.frame_message()
    v = session.sim.vehicles
    assert all(np.isfinite(a).all() for a in (v.x, v.y, v.z, v.yaw, v.vx, v.vy, v.ax, v.ay))
