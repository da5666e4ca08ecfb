"""The road under the vehicles, and spawn points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hdsim.road.strips import Strip, build, line
from hdsim.server.physics.surface import OFF_ROAD_LIMIT, Surface
from hdsim.server.town import load_town
from hdsim.server.wire.shapes import Pose
from tests.server.fleet import fleet


def road():
    strips = {
        "in": Strip(*line(0, 0, 100, 0), limit=10.0),
        "over": Strip(*line(100, 0, 130, 0), follows=("in",), junction=1),
        "out": Strip(*line(130, 0, 230, 0), follows=("over",)),
    }
    return build("road", strips)[0]


def test_a_car_stands_on_a_slope_and_tilts_with_it():
    flat = road()
    hill = replace(flat, z=0.1 * flat.x)
    v = fleet(Pose(50.3, 0, 6.0), Pose(50.3, 0.2, 5.0, yaw=np.pi))
    Surface(hill).settle(v)
    assert v.z == pytest.approx([5.03, 5.03])
    assert v.pitch == pytest.approx([np.arctan(0.1), -np.arctan(0.1)])


def test_a_car_on_a_bridge_is_not_put_on_the_road_below():
    low = Strip(*line(0, 0, 100, 0))
    high = Strip(*line(0, 0.5, 100, 0.5))
    graph = build("bridge", {"low": low, "high": high})[0]
    graph = replace(graph, z=np.where(graph.y > 0.25, 6.0, 0.0))
    v = fleet(Pose(50, 0, 6.1), Pose(50, 0.5, 0.1))
    Surface(graph).settle(v)
    assert v.z == pytest.approx([6.0, 0.0])


def test_limit_of_the_lane_and_carlas_default_off_the_network():
    v = fleet(Pose(20, 0, 0), Pose(20, 500, 3.0))
    Surface(road()).settle(v)
    assert v.limit == pytest.approx([10.0, OFF_ROAD_LIMIT])
    assert v.lane.tolist() == [0, -1]
    assert v.z[1] == 3.0


def test_spawn_points_keep_away_from_junctions_and_from_each_other():
    points = Surface(road()).spawn_points()
    x = np.array([p.x for p in points])
    assert len(points) == 10
    assert ((x <= 90) | (x >= 140)).all()
    assert np.diff(np.sort(x)).min() >= 20.0 - 1e-9


@pytest.mark.parametrize("name", ["grid", "Town01"])
def test_every_car_fits_on_every_spawn_point(name, town_xodr):
    if name != "grid":
        town_xodr(name)
    town = load_town(name)
    points = Surface(town.graph).spawn_points()
    assert len(points) > 100
    x, y = (np.array([getattr(p, a) for p in points]) for a in "xy")
    gap = np.hypot(x[:, None] - x, y[:, None] - y) + np.eye(len(x)) * 1e9
    assert gap.min() > 2.5
    lane, _, d, _ = town.graph.locate(x, y, [p.yaw for p in points])
    assert (lane >= 0).all()
    assert np.abs(d).max() < 0.1
