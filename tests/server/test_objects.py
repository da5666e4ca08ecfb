"""Rays, environment objects, boxes by label, traffic signs and props."""

from __future__ import annotations

import numpy as np
import pytest

from hdsim.road.furniture import RoadFurniture, Sign
from hdsim.road.signs import SignKind
from hdsim.server.calls.table import Session
from hdsim.server.frames import SIGN
from hdsim.server.simulation import Simulation
from hdsim.server.town import Town, load_town
from tests.server.test_calls import call, good, new_session, nowhere, spawn

ROAD, LIGHT, BOARD, CAR, STATIC = 1, 7, 8, 14, 20
BARRIER = [0, "static.prop.streetbarrier", []]


@pytest.fixture
def session() -> Session:
    return new_session()


@pytest.fixture
def signed() -> Session:
    """The strip of the other tests with a stop sign and a speed limit of 30 km/h."""
    graph = new_session().sim.town.graph
    stop = Sign("7", SignKind.STOP, "206", -1.0, float("nan"), 98.0, -4.0, 2.0, 0.0, (0,),
                ((0, 98.0),))  # fmt: skip
    limit = Sign("12", SignKind.SPEED_LIMIT, "274", 30.0, 30 / 3.6, 20.0, -4.0, 2.5, 0.0, (0,),
                 ((0, 20.0),))  # fmt: skip
    town = Town("road", "<OpenDRIVE/>", graph, RoadFurniture((stop, limit), (), ()))
    return Session(Simulation(town, nowhere, 2001), {})


def prop(session, x, y=0.0):
    return good(session, "spawn_actor", BARRIER, [[x, y, 0.0], [0.0, 90.0, 0.0]])[0]


def test_the_ground_lies_under_a_point_on_the_road(session):
    hit, (place, label) = good(session, "project_point", [20.0, 0.5, 3.0], [0, 0, -1.0], 10.0)
    assert (hit, label) == (True, ROAD)
    assert place == pytest.approx([20.0, 0.5, 0.0])


def test_beside_the_road_and_beyond_the_reach_there_is_nothing(session):
    for place, reach in (([20.0, 30.0, 3.0], 10.0), ([20.0, 0.0, 3.0], 2.0)):
        hit, (point, label) = good(session, "project_point", place, [0, 0, -1.0], reach)
        assert (hit, point, label) == (False, [0.0] * 3, 0)


def test_a_direction_that_points_nowhere_hits_nothing(session):
    assert good(session, "project_point", [20.0, 0, 3.0], [0, 0, 0.0], 5.0)[0] is False
    assert good(session, "cast_ray", [20.0, 0, 3.0], [20.0, 0, 3.0]) == []


def test_a_ray_lists_what_it_enters_in_order(session):
    car = spawn(session, 30.0)
    prop(session, 20.0)
    session.sim.step()
    points = good(session, "cast_ray", [10.0, 0.0, 0.7], [50.0, 0.0, -0.1])
    assert [label for _, label in points] == [STATIC, CAR, ROAD]
    away = [place[0] for place, _ in points]
    half = session.sim.vehicles.half_length[session.sim.vehicles.row[car]]
    assert away[:2] == pytest.approx([20.0 - 0.372 / 2, 30.0 - half], abs=1e-3)
    assert away[2] == pytest.approx(10.0 + 40.0 * 0.7 / 0.8, abs=1e-3)


def test_signs_are_actors_with_carlas_types_and_signal_ids(signed):
    records = good(signed, "get_actors_by_id", signed.sim.sign_ids)
    assert [r[2][1] for r in records] == ["traffic.stop", "traffic.speed_limit.30"]
    shown = np.frombuffer(signed.sim.frame_message(), dtype=SIGN, offset=4 + 84)
    names = {int(r["id"]): r["signal"] for r in shown if r["id"] in signed.sim.sign_ids}
    assert list(names.values()) == [b"7", b"12"]


def test_the_trigger_volume_of_a_stop_sign_lies_before_its_line(signed):
    centre, extent, *_ = good(signed, "get_actor_bounding_box", signed.sim.sign_ids[0])
    # The post stands at (98, 4) on the wire; the line at 98 m on the middle of the lane.
    assert centre[:2] == pytest.approx([-1.5, -4.0])
    assert extent[0] == 1.5


def test_signs_do_not_shift_the_ids_of_vehicles(session, signed):
    assert spawn(session) == spawn(signed)


def test_signs_belong_to_the_map(signed):
    sign = signed.sim.sign_ids[0]
    assert call(signed, "destroy_actor", sign) == [
        [0, [f"actor {sign} (traffic.stop) belongs to the map"]]
    ]


def test_environment_objects_are_the_lights_and_signs(signed):
    names = [o[3] for o in good(signed, "get_environment_objects", 255)]
    assert names == [f"TrafficLight_{signed.sim.town.graph.signals[0].id}", "Sign_stop_7",
                     "Sign_speed_limit_12"]  # fmt: skip
    assert [o[4] for o in good(signed, "get_environment_objects", BOARD)] == [BOARD, BOARD]
    assert good(signed, "get_environment_objects", 3) == []
    assert good(signed, "get_names_of_all_objects") == names


def test_boxes_by_label_are_in_the_world(session):
    car = spawn(session, 30.0)
    prop(session, 20.0)
    session.sim.step()
    ((centre, extent, _, owner),) = good(session, "get_all_level_BBs", CAR)
    assert (centre[0], owner) == (pytest.approx(30.0), car)
    assert centre[2] == pytest.approx(extent[2])
    assert len(good(session, "get_all_level_BBs", LIGHT)) == 1
    assert len(good(session, "get_all_level_BBs", 255)) == 3


def test_a_car_stops_at_a_prop_that_does_not_move(session):
    car, wall = spawn(session), prop(session, 25.0)
    call(session, "set_actor_target_velocity", car, [10.0, 0.0, 0.0])
    for _ in range(40):
        session.sim.step()
    v = session.sim.vehicles
    assert v.x[0] + v.half_length[0] == pytest.approx(25.0 - 0.372 / 2, abs=0.05)
    assert session.sim.props.x[session.sim.props.row[wall]] == 25.0
    assert v.vx[0] <= 0.0


def test_a_prop_may_stand_in_another_and_be_moved_and_taken_away(session):
    first, second = prop(session, 25.0), prop(session, 25.1)
    call(session, "set_actor_transform", second, [[40.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert session.sim.pose(second).x == 40.0
    assert good(session, "destroy_actor", first) is True
    assert session.sim.pose(second).x == 40.0


@pytest.mark.maps
def test_town_signs(town_xodr):
    town_xodr("Town10HD")
    sim = Simulation(load_town("Town10HD"), nowhere, 2001)
    types = {sim.actors[i].type for i in sim.sign_ids}
    assert "traffic.stop" in types


ICE = [0, "static.trigger.friction", [["friction", 3, "0.1"], ["extent_x", 3, "1500"],
       ["extent_y", 3, "300"], ["extent_z", 3, "200"]]]  # fmt: skip


def test_a_friction_trigger_is_ice_as_long_as_a_car_is_in_it(session):
    ice = good(session, "spawn_actor", ICE, [[40.0, 0.0, 0.5], [0.0, 0.0, 0.0]])[0]
    car, v = spawn(session, 20.0), session.sim.vehicles
    before = float(v.grip[0])
    call(session, "set_actor_target_velocity", car, [10.0, 0.0, 0.0])
    grips = []
    for _ in range(200):
        call(session, "apply_control_to_vehicle", car, [0.5, 0.0, 0.0, False, False, False, 1])
        session.sim.step()
        grips.append((float(v.x[0]), float(v.grip[0])))
    on_ice = [grip for x, grip in grips if 26.5 < x < 54.0]
    assert on_ice
    assert set(on_ice) == {0.1 * 9.81}
    assert {grip for x, grip in grips if x < 25.0 or x > 56.5} == {before}
    # It is an actor without a body: shown, moved, taken away.
    call(session, "set_actor_transform", ice, [[200.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert session.sim.pose(ice).x == 200.0
    assert good(session, "destroy_actor", ice) is True


def test_ice_that_is_taken_away_melts(session):
    ice = good(session, "spawn_actor", ICE, [[20.0, 0.0, 0.5], [0.0, 0.0, 0.0]])[0]
    car, v = spawn(session, 20.0), session.sim.vehicles
    before = float(v.grip[0])
    session.sim.step()
    assert v.grip[0] == pytest.approx(0.981)
    other = spawn(session, 60.0)
    good(session, "destroy_actor", ice)
    assert v.grip.tolist() == [before, before]
    assert {car, other} <= set(session.sim.actors)
