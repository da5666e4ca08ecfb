"""Crosswalks from kerb to kerb: those of the file made longer, and inferred ones."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
import shapely

from hdsim.road.crosswalks import Crosswalk
from hdsim.road.lanes import LaneGraph
from hdsim.road.maps import find_map
from hdsim.road.pavement import Mouth
from hdsim.server.navigation.crossings import crossings
from hdsim.server.town import parse_town

# A road 8 m wide along x with kerbs, ending at a junction at x = 0; sidewalks on both sides.
ROAD = shapely.box(-50, -4.3, 20, 4.3)
BOTH = shapely.union(shapely.box(-50, 4.3, 20, 7), shapely.box(-50, -7, 20, -4.3))
MOUTH = Mouth(1, 9, np.array([0.0, 4.0, 0.0]), np.array([0.0, -4.0, 0.0]), 0.0)


@cache
def graph() -> LaneGraph:
    return parse_town("grid", find_map("grid").xodr).graph


def found(walked=BOTH, crosswalks=(), level=None, limit_kmh=50.0):
    limit = np.where(graph().road == 1, limit_kmh / 3.6, graph().limit)
    lanes = dataclasses.replace(graph(), limit=limit)
    return list(crossings([MOUTH], crosswalks, lanes, level or {1: 0}, 0, ROAD, walked))


def crosswalk(x0, y0, x1, y1):
    corners = [(x0, y0, 0.0), (x1, y0, 0.0), (x1, y1, 0.0), (x0, y1, 0.0)]
    return Crosswalk("7", 1, -1, np.array(corners))


def test_an_arm_gets_one_from_kerb_to_kerb_just_inside_the_junction():
    (one,) = found()
    assert one.bounds == pytest.approx((0.3, -4.3, 3.3, 4.3))


def test_no_sidewalk_on_the_far_side_no_crosswalk():
    assert found(walked=shapely.box(-50, 4.3, 20, 7)) == []


@pytest.mark.parametrize(("limit", "count"), [(90.0, 1), (100.0, 0)])
def test_fast_roads_are_not_crossed(limit: float, count: int):
    assert len(found(limit_kmh=limit)) == count


def test_another_level_has_its_own():
    assert found(level={1: 1}) == []


def test_one_of_the_file_reaches_the_kerbs_and_stands_for_the_arm():
    (one,) = found(crosswalks=[crosswalk(-6, -3, -3, 3)])
    assert one.bounds == pytest.approx((-6.0, -4.3, -3.0, 4.3))


def test_one_of_the_file_far_away_does_not():
    assert len(found(crosswalks=[crosswalk(-40, -3, -37, 3)])) == 2


def test_one_that_lies_on_the_sidewalk_too_leaves_it_to_the_sidewalk():
    (one,) = found(crosswalks=[crosswalk(-6, -6, -3, 6)])
    assert one.bounds == pytest.approx((-6.0, -4.3, -3.0, 4.3))
    assert not shapely.intersection(one, BOTH).area
