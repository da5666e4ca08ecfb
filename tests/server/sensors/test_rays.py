"""What rays hit, against closed forms and a slow search."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from hdsim.server.sensors.ground import road_ground
from hdsim.server.sensors.rays import GROUND, NOTHING, cast
from hdsim.server.town import load_town
from tests.server.sensors.scenes import NO_GROUND, boxes, plane

AHEAD = np.array([[1.0, 0.0, 0.0]])
ORIGIN = np.zeros(3)
FAR = np.array([100.0])


def test_a_box_ten_metres_ahead_is_ten_metres_away():
    hits = cast(ORIGIN, AHEAD, FAR, boxes((12.0, 0, 0, 0, 2.0, 1.0, 1.0)), NO_GROUND)
    assert hits.what.tolist() == [0]
    assert hits.distance[0] == pytest.approx(10.0, abs=1e-12)
    assert hits.incidence[0] == pytest.approx(1.0)


def test_a_turned_box_shows_its_corner_and_slanted_sides():
    turned = boxes((10.0, 0.0, 0, math.pi / 4, 1.0, 1.0, 1.0))
    hits = cast(np.array([0.0, 0.1, 0.0]), AHEAD, FAR, turned, NO_GROUND)
    assert hits.distance[0] == pytest.approx(10.0 - math.sqrt(2.0) + 0.1)
    assert hits.incidence[0] == pytest.approx(math.sqrt(0.5))


def test_the_nearer_of_two_hides_the_other_and_nothing_is_hit_beyond_the_reach():
    two = boxes((30.0, 0, 0, 0, 1, 1, 1), (20.0, 0, 0, 0, 1, 1, 1))
    assert cast(ORIGIN, AHEAD, FAR, two, NO_GROUND).what.tolist() == [1]
    short = cast(ORIGIN, AHEAD, np.array([18.9]), two, NO_GROUND)
    assert short.what.tolist() == [NOTHING]
    assert short.distance.tolist() == [18.9]


def test_a_sensor_looks_out_of_the_box_that_it_sits_in():
    both = boxes((0, 0, 0, 0.3, 2.0, 1.0, 1.0), (20.0, 0, 0, 0, 1, 1, 1))
    assert cast(ORIGIN, AHEAD, FAR, both, NO_GROUND).what.tolist() == [1]


def test_a_ray_does_not_look_back():
    behind = boxes((-10.0, 0, 0, 0, 1, 1, 1))
    assert cast(ORIGIN, AHEAD, FAR, behind, NO_GROUND).what.tolist() == [NOTHING]


@pytest.mark.parametrize("down_deg", [1.5, 10.0, 45.0, 90.0])
def test_a_ray_from_two_metres_meets_the_road_where_the_sine_says(down_deg):
    down = math.radians(down_deg)
    ray = np.array([[math.cos(down), 0.0, -math.sin(down)]])
    hits = cast(np.array([0.0, 0.0, 2.0]), ray, FAR, boxes(), plane())
    assert hits.what.tolist() == [GROUND]
    assert hits.distance[0] == pytest.approx(2.0 / math.sin(down))
    assert hits.incidence[0] == pytest.approx(math.sin(down))


def test_rays_come_into_the_grid_from_outside():
    ray = np.array([[0.8, 0.0, -0.6]])
    hits = cast(np.array([-400.0, 3.0, 200.0]), ray, np.array([900.0]), boxes(), plane())
    assert hits.what.tolist() == [GROUND]
    assert hits.distance[0] == pytest.approx(200.0 / 0.6)


place = st.floats(-15.0, 15.0)
box = st.tuples(
    place, place, st.floats(-3.0, 3.0), st.floats(-3.2, 3.2),
    st.floats(0.2, 4.0), st.floats(0.2, 3.0), st.floats(0.2, 3.0),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(box, min_size=1, max_size=6), st.floats(-3.2, 3.2), st.floats(-1.4, 1.4))
def test_a_hit_is_on_the_face_of_its_box_and_no_box_is_nearer(rows, yaw, pitch):
    some = boxes(*rows)
    origin = np.array([0.0, 0.0, 20.0])
    ray = np.array(
        [math.cos(pitch) * math.cos(yaw), math.cos(pitch) * math.sin(yaw), -abs(math.sin(pitch))]
    )
    hits = cast(origin, ray[None], FAR, some, NO_GROUND)
    c, s = np.cos(some.yaw), np.sin(some.yaw)
    half = np.column_stack([some.half_length, some.half_width, some.half_height])

    def inside(t, slack):
        x, y, z = origin + t * ray
        dx, dy = x - some.x, y - some.y
        at = np.column_stack([dx * c + dy * s, dy * c - dx * s, z - some.z])
        return (np.abs(at) <= half + slack).all(axis=1)

    t = np.linspace(0.0, float(hits.distance[0]) - 1e-6, 400)
    assert not any(inside(v, -1e-6).any() for v in t)
    if hits.what[0] >= 0:
        assert inside(float(hits.distance[0]), 1e-9)[hits.what[0]]


def onto_the_road(graph, k, aside):
    """How deep rays straight down fall that start 1.5 m above lane points, moved aside."""
    ground = road_ground(graph)
    x = graph.x[k] - np.sin(graph.yaw[k]) * aside
    y = graph.y[k] + np.cos(graph.yaw[k]) * aside
    down = np.array([[0.0, 0.0, -1.0]])
    starts = np.column_stack([x, y, graph.z[k] + 1.5])
    return np.array([cast(at, down, FAR, boxes(), ground).distance[0] for at in starts])


def test_no_ray_slips_through_the_road_of_a_town():
    graph = load_town("grid").graph
    rng = np.random.default_rng(1)
    k = np.concatenate([rng.choice(len(graph.x), 300), graph.first[:-1], graph.first[1:] - 1])
    aside = rng.uniform(-0.5, 0.5, len(k)) * graph.width[k]
    assert np.allclose(onto_the_road(graph, k, aside), 1.5, atol=1e-9)


@pytest.mark.maps
def test_a_bridge_is_not_the_road_under_it(town_xodr):
    town_xodr("Town04")
    graph = load_town("Town04").graph
    near = cKDTree(np.column_stack([graph.x, graph.y])).query_pairs(1.0, output_type="ndarray")
    levels = near[np.abs(graph.z[near[:, 0]] - graph.z[near[:, 1]]) > 3.0].ravel()
    assert len(levels) > 100
    # Lanes of one carriageway differ a little in height where they overlap.
    assert np.allclose(onto_the_road(graph, levels, 0.0), 1.5, atol=0.4)


anywhere = st.one_of(st.floats(-1e9, 1e9), st.floats(-300, 300), st.sampled_from([0.0, 1.0, -4.0]))
slope = st.one_of(st.floats(-1, 1), st.sampled_from([0.0, 1e-300, -1e-300]))


@settings(max_examples=300)
@given(st.tuples(anywhere, anywhere, anywhere), st.tuples(slope, slope, slope))
def test_from_wherever_rays_end_and_stay_within_their_reach(origin, ray):
    length = float(np.linalg.norm(ray))
    towards = np.array(ray) / length if length > 1e-200 else AHEAD[0]
    some = boxes((5.0, 1.0, 0.5, 0.3, 2.0, 1.0, 0.7))
    hits = cast(np.array(origin), towards[None], np.array([1e4]), some, plane())
    assert 0.0 <= hits.distance[0] <= 1e4
    assert 0.0 <= hits.incidence[0] <= 1.0 + 1e-9
    assert (hits.what[0] == NOTHING) == (hits.distance[0] == 1e4)
