"""The points for the Traffic Manager, judged by a model of its path import."""

import carla
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hdsim.road.cache import load_lane_graph
from hdsim.road.maps import find_map
from hdsim.road.routes import plan, through
from hdsim.scenario.leaderboard import read_routes
from hdsim.world.tm_net import SPACING_M, TrafficManagerNet, traffic_manager_net
from hdsim.world.tm_path import nodes_on, path_of


@pytest.fixture(scope="module")
def grid():
    source = find_map("grid")
    graph = load_lane_graph(source.name, source.xodr)
    return graph, traffic_manager_net(carla.Map("grid", source.xodr))


def test_every_lane_has_nodes_along_its_centreline(grid):
    graph, net = grid
    assert len(net.nodes_of) == len(graph)
    for lane in range(len(graph)):
        nodes = nodes_on(net, graph, lane)
        s = [at for _, at in nodes]
        assert s == sorted(s)
        assert np.allclose(np.diff(s), SPACING_M, atol=1.0)  # 5 m along the road's axis
        for node, _ in nodes:
            x, y, _ = net.location[node]
            assert abs(graph.project(lane, x, -y)[1]) < 0.2


def test_following_nodes_are_those_of_the_lanes_that_follow(grid):
    graph, net = grid
    first = [nodes_on(net, graph, lane)[0][0] for lane in range(len(graph))]
    last = [nodes_on(net, graph, lane)[-1][0] for lane in range(len(graph))]
    for lane in range(len(graph)):
        assert set(net.following[last[lane]]) == {first[j] for j in graph.successors[lane]}


def test_a_branch_is_known_by_a_node_past_its_junction(grid):
    graph, net = grid
    for lane in np.flatnonzero(graph.junction >= 0):
        node = nodes_on(net, graph, int(lane))[0][0]
        beyond = net.exit_beyond(node)
        assert not net.is_junction[beyond]
        assert net.distance2(node, beyond) >= 50.0
        if net.is_junction[node]:
            (after,) = graph.successors[lane]
            assert net.road[beyond] == graph.road[after]


def test_a_junction_road_that_neither_forks_nor_merges_is_no_junction(grid):
    graph, net = grid
    forks = {r for nexts in graph.successors if len(nexts) > 1 for r in graph.road[list(nexts)]}
    junction_roads = set(graph.road[graph.junction >= 0].tolist())
    assert forks <= {int(r) for r in net.road[net.is_junction]} <= junction_roads


def _line(*following: tuple[int, ...], road: list[int], junction: list[int]) -> TrafficManagerNet:
    count = len(following)
    return TrafficManagerNet(
        location=np.column_stack([SPACING_M * np.arange(count), np.zeros(count), np.zeros(count)]),
        road=np.array(road),
        is_junction=np.isin(np.arange(count), junction),
        following=following,
        segment=tuple((r, 0, -1) for r in road),
        nodes_of={},
    )


def test_no_exit_where_the_lane_ends_or_no_junction_follows():
    ends = _line((1,), (2,), (), road=[1, 1, 1], junction=[])
    assert ends.exit_beyond(0) == -1
    circle = _line((1,), (2,), (0,), road=[1, 1, 1], junction=[])
    assert circle.exit_beyond(0) == -1


def test_a_branch_that_leads_to_the_targets_road_is_taken_though_another_is_nearer():
    # 0 forks to 1 (junction road 2, then road 3 at 10 to 20 m) and 5 (road 4, then road 6).
    net = _line(
        (1, 5), (2,), (3,), (4,), (), (6,), (7,), (8,), (),
        road=[1, 2, 3, 3, 3, 4, 6, 6, 6],
        junction=[1, 5],
    )  # fmt: skip
    assert net.choice(0, 8) == 5
    assert net.choice(0, 4) == 1
    assert net.follow(0, (8,)) == (0, 5, 6, 7, 8)


@settings(max_examples=25)
@given(data=st.data())
def test_the_traffic_manager_stays_on_any_route_without_lane_change(grid, data):
    graph, net = grid
    stretches = np.flatnonzero((graph.junction < 0) & (graph.length > 20.0)).tolist()
    start = lane = data.draw(st.sampled_from(stretches))
    for _ in range(data.draw(st.integers(2, 12))):
        lane = data.draw(st.sampled_from(graph.successors[lane]))
    assume(lane != start)
    route = plan(graph, (start, 5.0), (lane, 0.9 * float(graph.length[lane])))
    path = path_of(net, graph, route)
    changes = [
        int(b) not in net.following[int(a)]
        for a, b in zip(path.node[:-1], path.node[1:], strict=True)
    ]
    assume(not any(changes))
    assert path.guided.all()
    planned = net.follow(int(path.node[0]), tuple(int(n) for n in path.node[path.point]))
    assert set(planned) == set(path.node.tolist())


def test_a_route_shorter_than_the_spacing_has_its_goal_as_the_only_point(grid):
    graph, net = grid
    lane = int(np.flatnonzero((graph.junction < 0) & (graph.length > 20.0))[0])
    path = path_of(net, graph, plan(graph, (lane, 5.6), (lane, 8.0)))
    assert path.point.tolist() == [0]
    assert int(path.lane[0]) == lane


@pytest.mark.maps
@pytest.mark.parametrize(
    ("town", "file"),
    [
        ("Town01", "leaderboard1_training_town01.xml"),
        ("Town02", "leaderboard1_testing_town02.xml"),
        ("Town04", "leaderboard1_testing_town04.xml"),
    ],
)
def test_points_lead_along_every_leaderboard_route_between_lane_changes(
    town_xodr, route_file, town, file
):
    xodr = town_xodr(town)
    graph = load_lane_graph(town, xodr)
    net = traffic_manager_net(carla.Map(town, xodr))
    for spec in read_routes(route_file(file)).values():
        path = path_of(net, graph, through(graph, [(x, y, yaw) for x, y, _, yaw in spec.points]))
        begin = 0
        for k in range(1, len(path.node) + 1):
            at_end = k == len(path.node)
            if not at_end and int(path.node[k]) in net.following[int(path.node[k - 1])]:
                continue
            # From one lane change to the next, or to the goal: every fork goes the route's way.
            for fork in range(begin, k - 1):
                nexts = net.following[int(path.node[fork])]
                target = path.point[np.searchsorted(path.point, fork, side="right")]
                guided = path.guided[np.searchsorted(path.point, fork, side="right")]
                if len(nexts) > 1 and guided:
                    chosen = net.choice(int(path.node[fork]), int(path.node[target]))
                    assert chosen == path.node[fork + 1], (spec.id, fork)
            begin = k
        assert (~path.guided).sum() <= 1
