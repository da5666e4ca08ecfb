"""The maps that HDSim brings along, and the geometry they are made of."""

import math
import subprocess
import sys

import carla
import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hdsim.core.state import wrap_angle
from hdsim.road.builtin import BUILTIN_MAPS
from hdsim.road.builtin.geometry import Pose, Stretch, biarc, end_of, length_of
from hdsim.road.cache import load_furniture
from hdsim.road.signs import SignKind


def _pairs(graph):
    c = graph.conflicts
    return np.repeat(np.arange(len(graph)), np.diff(c.start)), c


def test_texts_are_the_same_in_another_process():
    code = "from hdsim.road.builtin import BUILTIN_MAPS as b; print(*(b[k]() for k in sorted(b)))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout == " ".join(BUILTIN_MAPS[k]() for k in sorted(BUILTIN_MAPS)) + "\n"


@pytest.mark.parametrize(("name", "edges"), [("grid", 256), ("motorway", 168), ("roundabout", 72)])
def test_the_parser_of_the_client_accepts_them_without_a_word(capfd, name, edges):
    assert len(carla.Map(name, BUILTIN_MAPS[name]()).get_topology()) == edges
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


@pytest.mark.parametrize("name", ["motorway", "roundabout"])
def test_every_conflict_has_somebody_to_go_first(town, name):
    _, c = _pairs(town(name))
    assert len(c.priority)
    assert (c.priority != 0).all()


def test_the_motorway_has_three_fast_lanes_and_wide_bends(town):
    graph = town("motorway")
    fast = (np.round(graph.limit * 3.6) == 120) & (graph.junction < 0)
    assert np.abs(graph.curvature[np.repeat(fast, np.diff(graph.first))]).max() < 1.0 / 585.0
    bends = np.flatnonzero(fast & (graph.length > 1500.0))
    assert len(bends) == 4 * 3
    beside = [int(graph.left[i] >= 0) + int(graph.right[i] >= 0) for i in bends]
    assert sorted(beside) == [1] * 8 + [2] * 4


def test_ramps_have_a_lane_beside_the_motorway_to_leave_and_to_join_it(town):
    graph = town("motorway")
    on = np.flatnonzero((np.round(graph.limit * 3.6) == 80) & (graph.junction < 0))
    off = np.flatnonzero((np.round(graph.limit * 3.6) == 60) & (graph.junction < 0))
    assert (len(on), len(off)) == (4, 4)
    for ramps, step, length in ((on, graph.successors, 300.0), (off, graph.predecessors, 250.0)):
        for ramp in ramps:
            (link,) = step[ramp]
            (lane,) = step[link]
            assert graph.right[lane] < 0
            assert graph.left[lane] >= 0  # there it can change to and from the motorway
            assert graph.length[lane] == pytest.approx(length, abs=0.01)
            assert graph.limit[lane] == pytest.approx(120 / 3.6)


def test_traffic_that_joins_the_motorway_yields_to_it(town):
    graph = town("motorway")
    own, c = _pairs(graph)
    furniture = load_furniture(BUILTIN_MAPS["motorway"](), graph)
    # The signs where entry lanes end, not those at the ends of ramps, which have their own limit.
    ends = {
        i
        for s in furniture.signs
        if s.kind is SignKind.YIELD and all(graph.limit[p] > 30.0 for p, _ in s.places)
        for i in s.lanes
    }
    assert len(ends) == 4
    joining = np.isin(own, sorted(ends))
    assert joining.any()
    assert c.merge[joining].any()
    assert (c.priority[joining] == -1).all()


def test_the_country_road_crosses_above_the_motorway(town):
    graph = town("motorway")
    country = np.round(graph.limit * 3.6) == 70
    on_country = np.repeat(country, np.diff(graph.first))
    fast = np.repeat(np.round(graph.limit * 3.6) == 120, np.diff(graph.first))
    assert (graph.z[on_country & (np.abs(graph.y) > 400.0)] > 6.0).all()
    assert (np.abs(graph.z[fast]) < 0.01).all()
    grade = np.abs(np.diff(graph.z)) / np.maximum(np.hypot(np.diff(graph.x), np.diff(graph.y)), 0.5)
    assert grade[np.hypot(np.diff(graph.x), np.diff(graph.y)) < 1.5].max() < 0.03


def test_who_enters_the_roundabout_gives_way_to_who_is_in_it(town):
    graph = town("roundabout")
    own, c = _pairs(graph)
    start, end = graph.first[:-1], graph.first[1:] - 1
    near = np.hypot(graph.x[end], graph.y[end]) < 20.0
    from_arm = (graph.junction >= 0) & (np.hypot(graph.x[start], graph.y[start]) > 30.0) & near
    around = (graph.junction >= 0) & (np.hypot(graph.x[start], graph.y[start]) < 20.0) & near
    assert (from_arm.sum(), around.sum()) == (4, 4)
    met = from_arm[own] & around[c.other]
    assert met.sum() == 4
    assert (c.priority[met] == -1).all()
    assert c.merge[met].all()


def test_one_drives_anticlockwise_around_the_island(town):
    graph = town("roundabout")
    circle = np.hypot(graph.x, graph.y) < 17.0
    turning = graph.x * np.sin(graph.yaw) - graph.y * np.cos(graph.yaw)
    assert (turning[circle] > 0.0).all()
    ring = nx.DiGraph(
        [(i, j) for i in range(len(graph)) for j in graph.successors[i]
         if circle[graph.first[i]] and circle[graph.first[j + 1] - 1]]
    )  # fmt: skip
    assert len(nx.find_cycle(ring)) == 8


def test_every_arm_of_the_roundabout_has_its_sign_and_crosswalk(town):
    graph = town("roundabout")
    furniture = load_furniture(BUILTIN_MAPS["roundabout"](), graph)
    kinds = {}
    for sign in furniture.signs:
        if sign.kind is not SignKind.SPEED_LIMIT and np.hypot(sign.x, sign.y) < 50.0:
            kinds[round(math.degrees(math.atan2(sign.y, sign.x)) / 90.0) % 4] = sign.kind
    assert kinds == dict.fromkeys(range(3), SignKind.YIELD) | {3: SignKind.STOP}
    middles = [c.outline.mean(axis=0)[:2] for c in furniture.crosswalks]
    assert sum(np.hypot(*m) < 50.0 for m in middles) == 4


angles = st.floats(-1.5, 1.5)


@given(x=st.floats(1.0, 200.0), y=st.floats(-100.0, 100.0), turn=angles, heading=angles)
def test_two_arcs_join_any_two_poses_smoothly(x, y, turn, heading):
    start = Pose(3.0, -2.0, heading)
    end = start.moved(x, y, turn)
    assume(x * (1.0 + math.cos(turn)) + y * math.sin(turn) > 0.2)
    shape = biarc(start, end)
    assert all(stretch.length > 0.0 for stretch in shape)
    assert length_of(shape) >= math.hypot(x, y) - 1e-9
    got = end_of(start, shape)
    assert math.hypot(got.x - end.x, got.y - end.y) < 1e-6
    assert abs(wrap_angle(got.heading - end.heading)) < 1e-6


def test_nothing_leads_back_behind():
    with pytest.raises(ValueError, match="no smooth way"):
        biarc(Pose(0.0, 0.0, 0.0), Pose(-5.0, 0.0, 0.0))
    assert end_of(Pose(0.0, 0.0, 0.0), [Stretch(math.pi, 1.0)]).y == pytest.approx(2.0)
