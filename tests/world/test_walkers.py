"""Walkers of a session on the embedded server: places, room, and that nobody stays behind."""

import pytest

from hdsim.core.errors import InputError
from hdsim.road.maps import find_map
from hdsim.world.embedded import embedded_server
from hdsim.world.session import open_session
from hdsim.world.walkers import (
    Controllers,
    WalkerRequest,
    navigation_places,
    spawn_walkers,
    walker_blueprints,
)

STEP_S = 0.05


def people(world) -> list[str]:
    wanted = ("walker.", "controller.")
    return [a.type_id for a in world.get_actors() if a.type_id.startswith(wanted)]


def test_walkers_go_where_they_are_sent_and_are_gone_with_the_session():
    source = find_map("grid")
    with embedded_server("grid", navigation=True) as (host, port):
        with open_session(host, port, source, STEP_S) as session:
            places = navigation_places(session, 50, 3, "test")
            assert (places == navigation_places(session, 50, 3, "test")).all()
            blueprint = walker_blueprints(session)[0]
            here, there = (tuple(map(float, places[k])) for k in (0, 1))
            walker, twin = spawn_walkers(
                session,
                [WalkerRequest(blueprint, here, False), WalkerRequest(blueprint, here, True)],
            )
            assert twin is None  # no room for a second one there
            actor, speed = walker
            assert speed == pytest.approx(1.4)
            Controllers(session, [actor], [speed], 0.0).start([there])
            before = actor.get_location()
            for _ in range(60):
                session.world.tick()
            assert 1.0 < before.distance(actor.get_location()) < 3.01 * speed
            assert len(people(session.world)) == 2
        with open_session(host, port, source, STEP_S) as after:
            assert people(after.world) == []


def test_without_a_navigation_mesh_walkers_are_an_error_of_input():
    with (
        embedded_server("grid") as (host, port),
        open_session(host, port, find_map("grid"), STEP_S) as session,
        pytest.raises(InputError, match=r"traffic\.walkers, expected none: .* no navigation mesh"),
    ):
        navigation_places(session, 10, 1, "test")
