from itertools import pairwise

import carla
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.core.errors import InputError
from hdsim.core.state import wrap_angle
from hdsim.road.build import lane_graph
from hdsim.road.builtin import BUILTIN_MAPS

MAPS = ["grid", "motorway", "roundabout", "Town01", "Town02", "Town04", "Town10HD"]


@pytest.mark.parametrize("name", MAPS)
def test_every_lane_follows_on_without_gap_or_kink(town, name):
    graph = town(name)
    ends = graph.first[1:] - 1
    for i, after in enumerate(graph.successors):
        assert after, f"lane {i} of {name} is a dead end"
        for j in after:
            gap = np.hypot(*(a[ends[i]] - a[graph.first[j]] for a in (graph.x, graph.y)))
            kink = wrap_angle(graph.yaw[ends[i]] - graph.yaw[graph.first[j]])
            assert gap < 0.01
            assert abs(kink) < 0.01
            assert i in graph.predecessors[j]


@pytest.mark.parametrize("name", MAPS)
def test_points_are_even_and_head_where_yaw_says(town, name):
    graph = town(name)
    for i in range(len(graph)):
        p = slice(graph.first[i], graph.first[i + 1])
        s = graph.s[p]
        assert s[0] == 0.0
        assert s[-1] == graph.length[i]
        assert np.allclose(np.diff(s), s[1], atol=1e-9)
        assert s[1] < 1.5
        course = np.arctan2(np.diff(graph.y[p]), np.diff(graph.x[p]))
        middle = np.unwrap(graph.yaw[p])
        error = wrap_angle(course - (middle[1:] + middle[:-1]) / 2.0)
        assert np.abs(error).max() < 0.06
        # Curvature integrates to the heading change.
        turned = np.sum((graph.curvature[p][1:] + graph.curvature[p][:-1]) / 2.0 * np.diff(s))
        assert turned == pytest.approx(middle[-1] - middle[0], abs=0.12)


def test_frame_is_right_handed(town, town_xodr):
    graph = town("Town01")
    world_map = carla.Map("Town01", town_xodr("Town01"))
    keys = zip(graph.road, graph.section, graph.lane_id, strict=True)
    index = {tuple(map(int, key)): i for i, key in enumerate(keys)}
    for seen in world_map.generate_waypoints(7.0):
        lane = index[seen.road_id, seen.section_id, seen.lane_id]
        pose = seen.transform
        _, d, yaw = graph.project(lane, pose.location.x, -pose.location.y)
        assert abs(d) < 0.04
        assert abs(wrap_angle(yaw + np.radians(pose.rotation.yaw))) < 0.02


@pytest.mark.parametrize("name", MAPS)
def test_neighbours_are_beside_and_know_each_other(town, name):
    graph = town(name)
    for side, back, sign in ((graph.left, graph.right, 1.0), (graph.right, graph.left, -1.0)):
        for i in np.flatnonzero(side >= 0):
            j = side[i]
            assert graph.junction[i] < 0
            x, y, yaw = graph.at(i, graph.length[i] / 2.0)
            x2, y2, yaw2 = graph.at(j, graph.length[j] / 2.0)
            aside = (y2 - y) * np.cos(yaw) - (x2 - x) * np.sin(yaw)
            assert 2.0 < sign * aside < 5.0
            assert abs(wrap_angle(yaw2 - yaw)) < 0.1
            assert back[j] in (i, -1)


@pytest.mark.parametrize(("name", "count"), [("grid", 36), ("Town01", 36), ("Town04", 43)])
def test_each_approach_of_a_signalised_junction_has_its_signal(town, name, count):
    graph = town(name)
    assert len(graph.signals) == count
    signalised = {s.junction for s in graph.signals}
    assert -1 not in signalised
    for i in range(len(graph)):
        into = (
            {int(graph.junction[j]) for j in graph.successors[i]} if graph.junction[i] < 0 else ()
        )
        if signalised & set(into):
            signal = graph.signals[graph.signal[i]]
            assert graph.signal[i] >= 0
            assert i in signal.lanes
            assert signal.junction in into
            assert signal.controller
            assert graph.stop_s[i] == pytest.approx(graph.length[i])
        else:
            assert graph.signal[i] == -1
            assert np.isinf(graph.stop_s[i])


def test_signals_of_one_controller_share_a_phase(town):
    graph = town("Town01")
    assert all(len(groups) == 3 for groups in graph.phases.values())  # T-junctions, one by one
    grid = town("grid")
    assert sorted(len(group) for group in grid.phases[105]) == [2, 2]  # opposite approaches
    assert sorted(k for groups in grid.phases.values() for g in groups for k in g) == list(
        range(36)
    )


@pytest.mark.parametrize("name", MAPS)
def test_all_lanes_can_be_reached(town, name):
    assert nx.is_strongly_connected(town(name).digraph)


def test_town04_motorway_bends_are_straight_on_but_town_corners_are_turns(town):
    graph = town("Town04")
    heading = np.array([np.ptp(np.unwrap(graph.yaw[a:b])) for a, b in pairwise(graph.first)])
    bends = (graph.junction >= 0) & (heading > 0.7)
    wide = bends & (graph.length > 41.0 * heading)
    assert wide.sum() >= 15
    assert not graph.turn[wide].any()
    assert graph.turn[bends & ~wide].all()
    town01 = town("Town01")
    inside = town01.junction >= 0
    assert [int((town01.turn[inside] == t).sum()) for t in (-1, 0, 1)] == [24, 24, 24]


@given(data=st.data())
def test_locate_inverts_at(grid, data):
    lane = data.draw(st.integers(0, len(grid) - 1).filter(lambda i: grid.junction[i] < 0))
    s = data.draw(st.floats(0.5, grid.length[lane] - 0.5))
    d = data.draw(st.floats(-1.5, 1.5))
    x, y, yaw = grid.at(lane, s)
    found = grid.locate(x - d * np.sin(yaw), y + d * np.cos(yaw), yaw)
    assert found[0] == lane
    assert found[1] == pytest.approx(s, abs=0.05)
    assert found[2] == pytest.approx(d, abs=0.05)
    s2, d2, yaw2 = grid.project(lane, float(x - d * np.sin(yaw)), float(y + d * np.cos(yaw)))
    assert s2 == pytest.approx(s, abs=0.05)
    assert d2 == pytest.approx(d, abs=0.05)
    assert abs(wrap_angle(yaw2 - yaw)) < 0.05


def test_limits_follow_signs_read_as_kmh(town):
    graph = town("Town01")
    kmh = set(np.round(graph.limit * 3.6).astype(int).tolist())
    assert kmh == {30, 60, 90}  # the file says "mph"
    assert set(np.round(graph.limit[graph.junction >= 0] * 3.6).tolist()) == {30.0}


def test_without_signs_the_road_type_gives_the_limit_and_turns_inherit_it():
    text = BUILTIN_MAPS["grid"]().replace('type="274"', 'type="999"')
    assert np.allclose(lane_graph("grid", text).limit, 50.0 / 3.6)
    for speed, kmh in (('max="70" unit="km/h"', 70), ('max="30" unit="mph"', 48.28032)):
        other = text.replace('max="50" unit="km/h"', speed)
        assert np.allclose(lane_graph("grid", other).limit * 3.6, kmh)


def test_a_map_that_states_no_speed_gets_carlas_30_kmh():
    text = BUILTIN_MAPS["grid"]().replace('type="274"', 'type="999"')
    text = text.replace('max="50"', 'max="no limit"')
    assert np.allclose(lane_graph("grid", text).limit * 3.6, 30.0)


def test_broken_text_is_an_input_error():
    with pytest.raises(InputError, match="half, expected an OpenDRIVE map"):
        lane_graph("half", BUILTIN_MAPS["grid"]()[:5000])
