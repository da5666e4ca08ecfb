"""Routes and the window of path ahead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hdsim.control.parameters import Parameters
from hdsim.control.router import Router
from hdsim.control.track import YAW, Track
from hdsim.road.routes import plan
from hdsim.testing.scenes import bend, crossing, straight
from hdsim.testing.traffic import LENGTH, Traffic


def test_the_window_starts_at_the_projection_and_follows_the_lane():
    graph, index = bend(30.0)
    t = Traffic(graph, [(index["in"], 100.3, 10.0)])
    t.y[0] += 0.7
    paths = t.router.paths(t.state())
    assert paths.x.shape == (1, 64)
    assert paths.s[0, 0] == 0.0
    assert np.all(np.diff(paths.s[0]) > 0.0)
    assert paths.s[0, -1] > 120.0
    assert paths.x[0, 0] == pytest.approx(t.x[0], abs=0.05)
    assert paths.y[0, 0] == pytest.approx(0.0, abs=1e-6)
    # Chords are never longer than the way along the path.
    chords = np.hypot(np.diff(paths.x[0]), np.diff(paths.y[0]))
    assert np.all(chords <= np.diff(paths.s[0]) + 0.02)
    x, y, yaw = graph.at(paths.lane[0], paths.lane_s[0])
    inside = paths.s[0] < paths.end_s[0]
    assert np.max(np.hypot(x - paths.x[0], y - paths.y[0])[inside]) < 0.1
    assert np.max(np.abs(yaw - paths.yaw[0])[inside]) < 0.05


def test_progress_is_monotone_and_equals_the_way_driven():
    graph, index = bend(30.0)
    t = Traffic(graph, [(index["in"], 10.0, 8.0)])
    ends, way = [], [0.0]

    def note(t: Traffic) -> None:
        ends.append(float(t.percepts.paths.end_s[0]))
        way.append(way[-1] + float(t.speed[0]) * 0.05)

    t.run(15.0, note)
    assert np.all(np.diff(ends) <= 1e-9)
    assert ends[0] - ends[-1] == pytest.approx(way[-2], abs=0.5)


def test_roaming_is_keyed_by_name_and_makes_no_u_turn():
    graph, index = crossing()
    starts = [(index["in-w"], 20.0, 5.0), (index["in-s"], 20.0, 5.0), (index["in-e"], 20.0, 5.0)]
    ways = []
    for seed in range(6):
        t = Traffic(graph, starts, seed=seed)
        t.router.paths(t.state())
        ways.append([t.router.lanes_ahead(k)[1] for k in range(3)])
    assert len({tuple(way) for way in ways}) > 1
    again = Traffic(graph, starts, seed=5)
    again.router.paths(again.state())
    assert [again.router.lanes_ahead(k)[1] for k in range(3)] == ways[5]
    # Taking away the last driver changes nobody's way.
    fewer = Traffic(graph, starts[:2], seed=5)
    fewer.router.paths(fewer.state())
    assert [fewer.router.lanes_ahead(k)[1] for k in range(2)] == ways[5][:2]


def test_a_goal_route_is_followed_to_its_end():
    graph, index = crossing()
    route = plan(graph, (index["in-w"], 60.0), (index["out-n"], 40.0))
    t = Traffic(graph, [(index["in-w"], 60.0, 0.0)], routes={"car-00": route})
    t.run(35.0)
    assert t.speed[0] < 0.05
    assert t.y[0] == pytest.approx(10.0 + 40.0, abs=4.0)
    assert 0.0 < float(t.percepts.paths.end_s[0]) < 4.0


def test_a_goal_route_changes_lane_where_it_needs_to():
    graph, index = straight(500.0, lanes=2)
    route = plan(graph, (index["0"], 20.0), (index["1"], 250.0))
    t = Traffic(graph, [(index["0"], 20.0, 10.0)], routes={"car-00": route})
    t.run(40.0)
    assert t.y[0] == pytest.approx(3.5, abs=0.05)
    assert t.x[0] == pytest.approx(250.0, abs=4.0)


def test_a_lane_change_moves_over_smoothly():
    graph, index = straight(500.0, lanes=2)
    t = Traffic(graph, [(index["0"], 20.0, 10.0)])
    t.tick()
    assert list(t.router.switch_lane([0], [1])) == [True]
    paths = t.router.paths(t.state())
    assert paths.y[0, 0] == pytest.approx(0.0, abs=1e-3)
    assert paths.y[0, -1] == pytest.approx(3.5, abs=1e-6)
    assert np.all(np.diff(paths.y[0]) >= -1e-9)
    assert np.max(np.abs(paths.curvature[0])) < 0.02
    t.run(12.0)
    assert t.y[0] == pytest.approx(3.5, abs=0.02)


def test_a_change_without_a_neighbour_is_refused():
    graph, index = straight(500.0, lanes=2)
    t = Traffic(graph, [(index["0"], 20.0, 10.0)])
    t.tick()
    assert list(t.router.switch_lane([0], [-1])) == [False]


def test_a_driver_far_off_its_path_is_routed_from_where_it_is():
    graph, index = crossing()
    t = Traffic(graph, [(index["in-w"], 20.0, 0.0)])
    t.tick()
    t.x[0], t.y[0], t.yaw[0] = (float(v) for v in graph.at(index["in-s"], 40.0))
    paths = t.router.paths(t.state())
    assert paths.lane[0, 0] == index["in-s"]
    assert paths.lane_s[0, 0] == pytest.approx(40.0, abs=0.5)


def test_a_driver_off_the_network_stays_where_it_is():
    graph, index = straight()
    t = Traffic(graph, [(index["0"], 20.0, 0.0)])
    t.y[0] = 500.0
    t.run(2.0)
    assert t.x[0] == pytest.approx(20.0, abs=0.1)
    assert t.decisions.hold[0]


def test_samples_are_one_metre_apart_across_lanes():
    graph, index = bend(20.0)
    track = Track(graph, index["in"], 0.4)
    track.follow(index["arc"])
    track.follow(index["out"])
    steps = np.hypot(*np.diff(track.samples[:, :2], axis=0).T)
    np.testing.assert_allclose(steps, 1.0, atol=0.01)
    assert np.max(np.abs(np.diff(track.samples[:, 2]))) < 0.06


def test_a_cyclist_keeps_its_own_pace_and_who_comes_from_behind_follows():
    graph, _ = straight(900.0)
    t = Traffic(graph, [(0, 20.0, 12.0), (0, 120.0, 0.0)])
    as_it_was = t.router.paths(t.state()).limit
    riders = replace(t.roster, cyclists=np.array([1]))
    t.drivers.router = Router(graph, riders, 0)
    paths = t.router.paths(t.state())
    assert np.array_equal(paths.limit[0], as_it_was[0])
    assert np.all(paths.limit[1] == Parameters().cycling_speed)
    gaps: list[float] = []
    t.run(60.0, lambda t: gaps.append(float(t.x[1] - t.x[0]) - LENGTH))
    assert min(gaps) > 2.0
    assert t.speed == pytest.approx([Parameters().cycling_speed] * 2, rel=0.03)


def test_a_path_that_has_been_round_the_block_changes_lanes_without_a_jump_of_heading():
    graph, index = straight(400.0, lanes=2)
    track, other = Track(graph, index["0"], 100.0), Track(graph, index["1"], 150.0)
    track.samples, track.lane = track.samples[:90], track.lane[:90]  # laid less far than the other
    track.samples[:, YAW] += 4.0 * np.pi
    track.switch(50.0, other, 30.0)
    assert np.abs(np.diff(track.samples[:, YAW])).max() < 0.5
