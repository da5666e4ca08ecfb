from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsim.core.errors import InputError
from hdsim.core.state import wrap_angle
from hdsim.road.paths import CHANGE_MIN_M
from hdsim.road.routes import plan, through

FILES = {
    "Town01": ("leaderboard1_training_town01.xml", 10),
    "Town02": ("leaderboard1_testing_town02.xml", 6),
    "Town04": ("leaderboard1_testing_town04.xml", 10),
}
# Waypoints of these routes force a way round: route 9 of Town04 has one on the road below the
# bridge it crosses, route 11 asks for a turn that the map's junction does not have.
DETOURS = {("Town04", "9"): 1.9, ("Town04", "11"): 1.3}


def _waypoints(element):
    def value(p, key):
        return float(p.get(key))

    return np.array(
        [
            (value(p, "x"), -value(p, "y"), -np.radians(value(p, "yaw")))
            for p in element.iterfind("waypoint")
        ]
    )


def _sane(route):
    steps = np.diff(route.s)
    assert route.s[0] == 0.0
    assert (steps > 0.01).all()
    assert (steps < 1.6).all()
    assert np.allclose(np.hypot(np.diff(route.x), np.diff(route.y)), steps)
    course = np.arctan2(np.diff(route.y), np.diff(route.x))
    turned = wrap_angle(np.diff(route.yaw))
    far = steps > 0.2  # the sampling inset blurs the course of the shortest steps
    assert np.abs(wrap_angle(course - route.yaw[:-1] - turned / 2.0))[far].max() < 0.06
    assert np.abs(route.curvature).max() < 0.45
    assert np.abs(turned).max() < 0.45


@pytest.mark.parametrize("name", list(FILES))
def test_leaderboard_routes_become_smooth_paths_through_their_waypoints(town, route_file, name):
    graph = town(name)
    file, count = FILES[name]
    routes = list(ElementTree.parse(route_file(file)).iter("route"))
    assert len(routes) == count
    for element in routes:
        points = _waypoints(element)
        route = through(graph, points, where=f"{file}: route {element.get('id')}")
        _sane(route)
        straight = np.hypot(*np.diff(points[:, :2], axis=0).T).sum()
        longest = DETOURS.get((name, element.get("id")), 1.08)
        assert 0.99 < route.length / straight < longest, element.get("id")
        s = 0.0
        for x, y, _ in points:
            near = np.hypot(route.x - x, route.y - y)
            ahead = np.flatnonzero((near < 1.5) & (route.s >= s - 1.0))
            assert len(ahead), f"route {element.get('id')} misses {x:.1f}, {y:.1f}"
            s = route.s[ahead[0]]


def test_a_lane_change_moves_over_smoothly_where_both_lanes_run(grid):
    left = int(np.flatnonzero(grid.right >= 0)[0])
    right = int(grid.right[left])
    route = plan(grid, (left, 5.0), (right, 90.0))
    assert route.lanes == (left, right)
    _sane(route)
    x, y, yaw = grid.at(left, 0.0)
    d = -(route.x - x) * np.sin(yaw) + (route.y - y) * np.cos(yaw)
    assert d[0] == pytest.approx(0.0, abs=1e-6)
    assert d[-1] == pytest.approx(-3.5, abs=1e-3)
    assert (np.diff(d) <= 1e-9).all()
    moving = route.s[(d < -0.01) & (d > -3.49)]
    assert CHANGE_MIN_M * 0.7 < np.ptp(moving) < 5.0 * grid.limit[left]
    assert np.abs(np.diff(route.curvature)).max() < 0.005
    assert (route.lane[d > -1.7] == left).all()
    assert (route.lane[d < -1.8] == right).all()


@settings(max_examples=40)
@given(data=st.data())
def test_any_two_places_are_joined_by_a_sane_path(grid, data):
    lane = st.integers(0, len(grid) - 1)
    a, b = data.draw(lane), data.draw(lane)
    share = st.floats(0.05, 0.95)
    start, goal = (a, data.draw(share) * grid.length[a]), (b, data.draw(share) * grid.length[b])
    if a == b and abs(start[1] - goal[1]) < 2.5:
        return
    route = plan(grid, start, goal)
    if route.length > 2.0:
        _sane(route)
    for place, k in ((start, 0), (goal, -1)):
        x, y, _ = grid.at(*place)
        assert np.hypot(route.x[k] - x, route.y[k] - y) < 2.5
    assert route.lane[0] == a
    for i, j in zip(route.lanes, route.lanes[1:], strict=False):
        assert j in grid.successors[i] or j in (grid.left[i], grid.right[i])


def test_a_goal_behind_on_the_same_lane_is_reached_by_going_round(grid):
    route = plan(grid, (0, 60.0), (0, 20.0))
    assert route.length > 200.0
    assert route.lanes[0] == route.lanes[-1] == 0
    _sane(route)


def test_a_route_to_where_it_starts_is_refused(grid):
    with pytest.raises(InputError, match="route, expected a goal that is not where the route"):
        plan(grid, (3, 10.0), (3, 10.0))


def test_at_and_project_are_inverse(grid):
    route = plan(grid, (0, 1.0), (100, 50.0))
    s = np.linspace(0.0, route.length, 200)
    x, y, yaw = route.at(s)
    found, d = route.project(x - 0.8 * np.sin(yaw), y + 0.8 * np.cos(yaw), np.maximum(s - 3.0, 0.0))
    assert np.allclose(found, s, atol=0.25)
    assert np.allclose(d, 0.8, atol=0.05)


def test_progress_never_falls_back_and_does_not_jump_to_a_later_pass(grid):
    route = plan(grid, (0, 60.0), (0, 59.0 - 30.0))
    x, y, _ = route.at(10.0)
    assert route.project(x, y, 15.0)[0] == 15.0
    # A lap later the route comes by its first lane again; the hint keeps the passes apart.
    x, y, _ = route.at(route.length)
    start, d = route.project(x, y, 0.0)
    assert start < 60.0
    assert abs(d) > 20.0
    assert route.project(x, y, route.length - 20.0)[0] == pytest.approx(route.length)


def test_a_waypoint_off_the_map_is_named_in_carlas_frame(grid):
    x, y, yaw = grid.at(0, [10.0, 80.0])
    points = [(x[0], y[0], yaw[0]), (900.0, 50.0, 0.0), (x[1], y[1], yaw[1])]
    with pytest.raises(InputError) as caught:
        through(grid, points, where="routes.xml: route 3")
    assert str(caught.value) == (
        "routes.xml: route 3: waypoint 1 = 'x=900.0 y=-50.0 yaw=0', expected a point on a lane of"
        " grid that heads that way (the route leaves the map)"
    )


def test_a_waypoint_facing_the_wrong_way_is_off_the_map(grid):
    x, y, yaw = grid.at(0, 10.0)
    with pytest.raises(InputError, match="waypoint 0"):
        through(grid, [(x, y, yaw + np.pi / 2), (x, y, yaw)])


def test_one_waypoint_is_no_route(grid):
    with pytest.raises(InputError, match=r"route: waypoints = 1, expected at least two"):
        through(grid, [(0.0, 0.0, 0.0)])
