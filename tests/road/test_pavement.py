"""Strips of pavement: they follow the lanes and share their edges."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import shapely

from hdsim.road.builtin import BUILTIN_MAPS
from hdsim.road.cache import load_lane_graph
from hdsim.road.maps import find_map
from hdsim.road.pavement import Pavement, find_pavement

TOWNS = ("Town01", "Town04")


@cache
def pavement(name: str) -> Pavement:
    return find_pavement(name, find_map(name).xodr)


@pytest.fixture(params=[*BUILTIN_MAPS, *TOWNS])
def name(request: pytest.FixtureRequest, town_xodr: Callable[[str], str]) -> str:
    if request.param in TOWNS:
        town_xodr(request.param)
    return str(request.param)


def test_kept_points_follow_the_edges(name: str):
    for strip in pavement(name).strips:
        assert strip.kept[0] == 0
        assert strip.kept[-1] == len(strip.left) - 1
        for edge in (strip.left, strip.right):
            for a, b in pairwise(strip.kept.tolist()):
                along = np.linspace(0.0, 1.0, b - a + 1)[:, None]
                straight = edge[a] + along * (edge[b] - edge[a])
                assert np.abs(straight - edge[a : b + 1]).max() < 0.051


def test_lanes_lie_on_the_pavement(name: str):
    graph = load_lane_graph(name, find_map(name).xodr)
    outlines = [shapely.Polygon(s.outline[:, :2]).buffer(0.3) for s in pavement(name).strips]
    tree = shapely.STRtree(outlines)
    points = shapely.points(graph.x[::7], graph.y[::7])
    assert len(np.unique(tree.query(points, predicate="within")[0])) == len(points)


def test_neighbouring_lanes_share_their_edge(name: str):
    strips = pavement(name).strips
    shared = 0
    for a, b in pairwise(strips):
        if a.road == b.road and a.left.shape == b.right.shape:
            shared += bool(np.abs(a.left - b.right).max() < 1e-9)
    assert shared > 0.2 * len(strips)


def test_mouths_look_into_the_junction(name: str):
    strips = pavement(name).strips
    of: dict[int, list[shapely.Polygon]] = {}
    for s in strips:
        if s.junction >= 0:
            of.setdefault(s.junction, []).append(shapely.Polygon(s.outline[:, :2]).buffer(0.0))
    inside = {j: shapely.union_all(parts) for j, parts in of.items()}
    assert pavement(name).mouths
    for mouth in pavement(name).mouths:
        middle = 0.5 * (mouth.left + mouth.right)[:2]
        ahead = np.array([np.cos(mouth.heading), np.sin(mouth.heading)])
        # Some of the border leads on into a lane of the junction.
        border = shapely.LineString([mouth.left[:2] + ahead, mouth.right[:2] + ahead])
        assert inside[mouth.junction].intersects(border)
        across = (mouth.left - mouth.right)[:2]
        assert across @ ahead == pytest.approx(0.0, abs=1e-6)
        assert ahead[0] * across[1] - ahead[1] * across[0] > 0.0
        assert np.hypot(*(middle - mouth.left[:2])) > 1.0
