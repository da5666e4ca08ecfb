"""Walkers: control, jumps, being led by a client, and being hit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsim.server.calls.table import Session
from tests.server.test_calls import CAR, COLLISION, ORIGIN, WALKER, call, good, new_session

DT = 0.05
STILL = [[0.0, 0.0, 0.0], 0.0, False]


@pytest.fixture
def session() -> Session:
    return new_session()


def place(x, y=0.0, z=0.93, yaw=0.0):
    return [[x, y, z], [0.0, yaw, 0.0]]


def walker(session, x=20.0, **more):
    return good(session, "spawn_actor", WALKER, place(x, **more))[0]


def steps(session, count):
    return [event for _ in range(count) for event in session.sim.step()]


def test_it_walks_where_its_control_says(session):
    one = walker(session)
    # CARLA's y points to the right: +y is our -y.
    call(session, "apply_control_to_walker", one, [[0.6, 0.8, 0.0], 1.5, False])
    steps(session, 20)
    w = session.sim.walkers
    assert (w.x[0], w.y[0]) == pytest.approx((20.0 + 0.9, -1.2))
    assert (w.vx[0], w.vy[0]) == pytest.approx((0.9, -1.2))
    assert w.yaw[0] == pytest.approx(math.atan2(-0.8, 0.6))
    assert w.z[0] == pytest.approx(0.93)


def test_a_direction_longer_than_one_makes_it_no_faster(session):
    one = walker(session)
    call(session, "apply_control_to_walker", one, [[5.0, 0.0, 0.0], 2.0, False])
    steps(session, 20)
    assert session.sim.walkers.x[0] == pytest.approx(22.0)


def test_a_jump_rises_as_high_as_its_speed_and_comes_down(session):
    one = walker(session)
    steps(session, 1)
    call(session, "apply_control_to_walker", one, [[1.0, 0.0, 0.0], 1.0, True])
    heights = []
    for _ in range(40):
        steps(session, 1)
        heights.append(session.sim.walkers.z[0] - 0.93)
    # v^2 / 2g = 1.27 m; symplectic steps of 0.05 s lose up to v dt / 2.
    assert max(heights) == pytest.approx(5.0**2 / (2 * 9.81), abs=0.13)
    assert heights[-1] == 0.0
    assert sum(h > 0 for h in heights) == pytest.approx(2 * 5.0 / 9.81 / DT, abs=2)


def test_it_falls_to_the_ground_it_was_spawned_above(session):
    walker(session, z=2.93)
    steps(session, 40)
    assert session.sim.walkers.z[0] == pytest.approx(0.93)


def test_a_client_that_leads_it_places_its_soles(session):
    one = walker(session)
    call(session, "set_walker_state", one, place(25.0, 2.0, 0.1, yaw=90.0), 1.4)
    steps(session, 1)
    w = session.sim.walkers
    assert (w.x[0], w.y[0], w.z[0]) == pytest.approx((25.0, -2.0, 0.1 + 0.93))
    assert (w.vx[0], w.vy[0]) == pytest.approx((0.0, -1.4), abs=1e-9)
    # Left alone it goes on as it went.
    steps(session, 10)
    assert w.y[0] == pytest.approx(-2.0 - 10 * DT * 1.4)


def test_the_batch_leads_walkers_like_the_call(session):
    one = walker(session)
    answer = call(session, "apply_batch", [[[7, [one, place(25.0, z=0.0), 1.0]]]], False)
    assert answer == [[[1, one]]]
    steps(session, 1)
    assert session.sim.walkers.x[0] == 25.0


def hit(session, speed, invincible="false"):
    wanted = [0, "walker.pedestrian.0001", [["is_invincible", 1, invincible]]]
    one = good(session, "spawn_actor", wanted, place(20.0))[0]
    car = good(session, "spawn_actor", CAR, ORIGIN)[0]
    sensor = good(session, "spawn_actor_with_parent", COLLISION, ORIGIN, car, 0, "")
    own = good(session, "spawn_actor_with_parent", COLLISION, ORIGIN, one, 0, "")
    call(session, "set_actor_target_velocity", car, [speed, 0.0, 0.0])
    return one, car, sensor, own


def test_a_car_that_hits_it_knocks_it_down_and_both_sensors_notice(session):
    one, car, *_ = hit(session, 10.0)
    before = session.sim.vehicles.mass[0] * 10.0
    events = steps(session, 20)
    pairs = {(e.own.id, e.other.id) for e in events}
    assert pairs == {(one, car), (car, one)}
    first = {e.own.id: e.impulse for e in events[:2]}
    assert np.add(first[one], first[car]) == pytest.approx([0.0, 0.0, 0.0])
    assert session.sim.walkers.dead[0]
    assert session.sim.walkers.vx[0] > 3.0
    v, w = session.sim.vehicles, session.sim.walkers
    # What the walker gained the car lost, but for rolling and friction of the second.
    assert v.mass[0] * v.vx[0] + w.mass[0] * w.vx[0] < before


def test_one_that_was_knocked_down_slides_to_rest_and_is_taken_away(session):
    one, car, *_ = hit(session, 10.0)
    steps(session, 20)
    call(session, "apply_control_to_walker", one, [[0.0, 1.0, 0.0], 3.0, False])
    good(session, "destroy_actor", car)
    steps(session, 60)
    assert np.hypot(session.sim.walkers.vx[0], session.sim.walkers.vy[0]) == 0.0
    steps(session, 200)
    assert one not in session.sim.actors
    assert len(session.sim.walkers) == 0
    assert all(a.parent != one for a in session.sim.actors.values())


def test_an_invincible_one_stays_on_its_feet(session):
    hit(session, 10.0, "true")
    steps(session, 20)
    assert not session.sim.walkers.dead[0]


def test_a_dead_one_stands_no_more_by_the_call(session):
    one = walker(session)
    call(session, "set_actor_dead", one)
    call(session, "apply_control_to_walker", one, [[1.0, 0.0, 0.0], 2.0, False])
    steps(session, 20)
    assert session.sim.walkers.x[0] == 20.0


def test_a_led_one_without_physics_shows_the_speed_it_walks_at(session):
    one = walker(session)
    call(session, "set_actor_simulate_physics", one, False)
    call(session, "set_walker_state", one, [[20.0, 0.0, 0.0], [0.0, 90.0, 0.0]], 1.4)
    steps(session, 1)
    w = session.sim.walkers
    assert (w.vx[0], w.vy[0]) == pytest.approx((0.0, -1.4), abs=1e-9)
    # Nobody leads it in the next step, and without physics it stands.
    steps(session, 1)
    assert (w.vx[0], w.vy[0]) == (0.0, 0.0)


def test_a_dead_one_has_its_physics_back_and_is_pushed(session):
    one, *_ = hit(session, 10.0)
    call(session, "set_actor_simulate_physics", one, False)
    call(session, "set_actor_dead", one)
    steps(session, 40)
    w, v = session.sim.walkers, session.sim.vehicles
    assert w.x[0] > 21.0
    assert v.vx[0] > 5.0


def test_bones_stand_where_the_body_does(session):
    one = walker(session)
    (bones,) = good(session, "get_bones_transform", one)
    heights = {name: world[0][2] for name, world, *_ in bones}
    assert heights["crl_root"] == pytest.approx(0.0)
    assert 1.6 < heights["crl_Head__C"] < 1.86


def test_calls_for_walkers_refuse_cars_and_the_other_way_round(session):
    one, car = walker(session), good(session, "spawn_actor", CAR, ORIGIN)[0]
    assert call(session, "apply_control_to_walker", car, STILL) == [
        [True, [f"actor {car} is not a walker of this episode"]]
    ]
    assert call(session, "get_physics_control", one) == [
        [0, [f"actor {one} is not a vehicle of this episode"]]
    ]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(-2, 2), st.floats(-2, 2), st.floats(-3, 100), st.booleans(), st.booleans()
        ),
        max_size=12,
    )
)
def test_no_control_leaves_a_state_that_is_not_finite(controls):
    session = new_session()
    one = walker(session)
    for x, y, speed, jump, lead in controls:
        if lead:
            call(session, "set_walker_state", one, place(20 + x, y, 0.0), speed)
        call(session, "apply_control_to_walker", one, [[x, y, 0.0], speed, jump])
        steps(session, 3)
    w = session.sim.walkers
    assert all(np.isfinite(a).all() for a in (w.x, w.y, w.z, w.vx, w.vy, w.ax, w.ay, w.yaw))
    assert w.z[0] >= 0.93 - 1e-9


def test_without_gravity_it_stays_aloft(session):
    one = walker(session, z=3.0)
    call(session, "set_actor_enable_gravity", one, False)
    steps(session, 20)
    assert session.sim.walkers.z[0] == pytest.approx(3.0)
    call(session, "set_actor_enable_gravity", one, True)
    steps(session, 40)
    assert session.sim.walkers.z[0] == pytest.approx(0.93)


def test_two_that_meet_pass_through_each_other(session):
    one, other = walker(session, 20.0), walker(session, 24.0)
    call(session, "apply_control_to_walker", one, [[1.0, 0.0, 0.0], 2.0, False])
    call(session, "apply_control_to_walker", other, [[-1.0, 0.0, 0.0], 2.0, False])
    assert steps(session, 40) == []
    w = session.sim.walkers
    assert w.x.tolist() == pytest.approx([24.0, 20.0])
    assert not w.dead.any()


def test_one_that_walks_into_a_standing_car_stays_on_its_feet(session):
    one = walker(session, 20.0)
    good(session, "spawn_actor", CAR, [[25.0, 0.0, 0.5], [0.0, 0.0, 0.0]])
    call(session, "apply_control_to_walker", one, [[1.0, 0.0, 0.0], 3.0, False])
    steps(session, 60)
    assert not session.sim.walkers.dead[0]
    v = session.sim.vehicles
    assert session.sim.walkers.x[0] < 25.0 - v.half_length[0] + 0.2
