"""The Traffic Manager ego drives routes in an empty town, on the embedded server."""

import socket
from types import SimpleNamespace

import numpy as np
import pytest

from hdsim.road.cache import load_lane_graph
from hdsim.road.maps import find_map
from hdsim.road.routes import plan, through
from hdsim.scenario.leaderboard import read_routes
from hdsim.world.embedded import embedded_server
from hdsim.world.frames import to_carla
from hdsim.world.session import SpawnRequest, open_session
from hdsim.world.snapshot import SnapshotReader
from hdsim.world.tm_ego import TrafficManagerEgo, is_clear

STEP_S = 0.05


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def drive(town, graph, route, limit_s):
    """Drives a route alone: ``(fraction driven, largest distance from it [m], path driven)``."""
    source = find_map(town)
    with (
        embedded_server(town) as (host, port),
        open_session(host, port, source, STEP_S) as session,
    ):
        z = float(graph.z[graph.first[route.lanes[0]]])
        start = to_carla(route.x[0], route.y[0], z + 0.5, route.yaw[0])
        (actor,) = session.spawn([SpawnRequest("ego", "vehicle.lincoln.mkz_2017", start, "hero")])
        reader = SnapshotReader(session.world, [actor], graph, STEP_S)
        ego = TrafficManagerEgo(session, actor, graph, route, 1, _free_port())
        at, off, driven = 0, 0.0, []
        for _ in range(int(limit_s / STEP_S)):
            state = reader.read()
            gap = np.hypot(route.x - state.x[0], route.y - state.y[0])[at : at + 80]
            at += int(gap.argmin())
            off = max(off, float(gap.min()))
            driven.append((float(state.x[0]), float(state.y[0])))
            if off > 30.0 or at >= len(route.x) - 6:
                break
            session.client.apply_batch(ego.act(state))
            session.world.tick()
    return (at + 6) / len(route.x), off, driven


def _grid_route():
    source = find_map("grid")
    graph = load_lane_graph(source.name, source.xodr)
    ways = np.flatnonzero((graph.junction < 0) & (graph.length > 40.0))
    routes = (plan(graph, (int(ways[0]), 5.0), (int(goal), 12.0)) for goal in ways[1:])
    return graph, next(r for r in routes if (graph.turn[list(r.lanes)] != 0).sum() >= 2)


def test_it_drives_a_route_of_the_grid_and_again_to_the_bit():
    graph, route = _grid_route()
    fraction, off, driven = drive("grid", graph, route, 240.0)
    assert fraction >= 1.0
    assert off < 4.0
    again = drive("grid", graph, route, 30.0)[2]
    assert again == driven[: len(again)]


@pytest.mark.maps
@pytest.mark.slow
@pytest.mark.parametrize(
    ("town", "file", "route_id"),
    [
        ("Town01", "leaderboard1_training_town01.xml", "4"),  # straight on at speed
        ("Town04", "leaderboard1_testing_town04.xml", "8"),  # short stretches, motorway changes
        ("Town04", "leaderboard1_testing_town04.xml", "13"),
    ],
)
def test_it_drives_leaderboard_routes_of_an_empty_town(town_xodr, route_file, town, file, route_id):
    graph = load_lane_graph(town, town_xodr(town))
    spec = read_routes(route_file(file))[route_id]
    route = through(graph, [(x, y, yaw) for x, y, _, yaw in spec.points])
    fraction, off, _ = drive(town, graph, route, 0.8 * route.length + 5.0)
    assert fraction >= 1.0
    assert off < 6.0


@pytest.mark.parametrize(
    ("ahead", "to_the_left", "clear"),
    [(0.0, 3.5, False), (-15.0, 3.5, False), (-30.0, 3.5, True), (0.0, -3.5, True), (8, 0, True)],
)
def test_a_lane_is_clear_when_nobody_is_beside_or_near_behind(ahead, to_the_left, clear):
    yaw = 0.7
    x = ahead * np.cos(yaw) - to_the_left * np.sin(yaw)
    y = ahead * np.sin(yaw) + to_the_left * np.cos(yaw)
    state = SimpleNamespace(
        x=np.array([5.0, 5.0 + x]),
        y=np.array([7.0, 7.0 + y]),
        yaw=np.array([yaw, yaw]),
        present=np.array([True, True]),
    )
    assert is_clear(state, +1) is clear
    state.present = np.array([True, False])
    assert is_clear(state, +1)
