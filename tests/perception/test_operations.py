"""Each distortion: direction, size, and the equations they state."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsim.core.state import SignalState
from hdsim.perception.observe import Observer
from hdsim.perception.perceive import Perceiver
from hdsim.road.strips import LANE_WIDTH
from hdsim.testing.scenes import bend, crossing
from hdsim.testing.stills import LENGTH, paths_along, roster_of, state_of
from tests.perception.drives import STEP_S, Approach, Drive, program

G, Y, R = SignalState.GREEN, SignalState.YELLOW, SignalState.RED
factors = st.floats(0.5, 2.0)


def _look(graph, lanes, own_s, x, y, yaw, speed, *operations):
    """Observation and percepts of row 0 in a still scene."""
    roster = roster_of([f"npc-{i:02d}" for i in range(len(x))], [0])
    obs = Observer(roster, graph).observe(
        state_of(graph, x, y, yaw, speed), paths_along(graph, lanes, [own_s])
    )
    perceiver = Perceiver(roster, graph, STEP_S, seed=1)
    perceiver.set_programs({0: [program(*operations)]})
    return obs, perceiver.perceive(obs, {})


@settings(max_examples=40, deadline=None)
@given(factors, factors)
def test_more_factor_is_farther_and_never_touching(a, b):
    gaps = []
    for factor in sorted((a, b)):
        drive = Drive(program({"op": "scale_distance", "factor": factor}))
        obs, percepts = drive.step()
        true, believed = (drive.value(o, "ego", "x") for o in (obs.objects, percepts.objects))
        own = float(obs.own.x[drive.me])
        gaps.append(believed - own - LENGTH)
        assert gaps[-1] == pytest.approx(factor * (true - own - LENGTH))
        assert gaps[-1] > 0.0
        assert drive.value(percepts.objects, "ego", "s") == pytest.approx(believed)
        assert drive.value(percepts.objects, "ego", "d") == pytest.approx(0.0, abs=1e-9)
    assert gaps[0] <= gaps[1]


@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_a_lead_in_a_bend_is_believed_to_be_in_its_lane(factor):
    graph, index = bend(40.0)
    lanes = [index["in"], index["arc"], index["out"]]
    start = float(graph.length[lanes[0]])
    x, y, yaw = graph.at([lanes[1], lanes[1]], [2.0, 27.0])
    op = {"op": "scale_distance", "factor": factor}
    obs, percepts = _look(graph, lanes, start + 2.0, x, y, yaw, 8.0, op)
    before, after = (np.hypot(o.x[0, 0] - x[0], o.y[0, 0] - y[0])
                     for o in (obs.objects, percepts.objects))  # fmt: skip
    gap = before - LENGTH
    assert after - before == pytest.approx((factor - 1.0) * gap, rel=0.25)
    lane, s, d, _ = graph.locate(percepts.objects.x[0, 0], percepts.objects.y[0, 0], yaw[1])
    assert lane == lanes[1]
    assert abs(d) < 0.8
    assert percepts.objects.s[0, 0] == pytest.approx(s, abs=1.0)


def test_a_crossing_car_is_moved_along_the_sight_line():
    graph, index = crossing()
    lanes = [index["in-w"], index["w-e"], index["out-e"]]
    x, y, yaw = np.array([-30.0, 0.0]), np.array([-1.75, -1.75]), np.array([0.0, np.pi / 2])
    op = {"op": "scale_distance", "factor": 1.5}
    obs, percepts = _look(graph, lanes, 100.0, x, y, yaw, 8.0, op)
    gap = 30.0 - LENGTH / 2 - 0.9
    assert percepts.objects.x[0, 0] - obs.objects.x[0, 0] == pytest.approx(0.5 * gap)
    assert percepts.objects.y[0, 0] == pytest.approx(-1.75)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 2.0), st.sampled_from(["ego", "npc-01", "npc-03", "npc-04"]))
def test_believed_closing_speed_is_the_true_one_times_factor(factor, name):
    """Read off as the driving model does: from the object's speed and the own speed."""
    drive = Drive(program({"op": "scale_closing_speed", "factor": factor}))
    obs, percepts = drive.step()
    me, k = drive.me, drive.find(percepts.objects, name)
    dx, dy = (getattr(obs.objects, a)[me, k] - getattr(obs.own, a)[me] for a in "xy")
    u = dx / np.hypot(dx, dy)
    if abs(u) < 0.8:
        return
    closing = [(o.own.speed[me] - o.objects.speed[me, k]) * u for o in (obs, percepts)]
    assert closing[1] == pytest.approx(factor * closing[0], abs=1e-9)


def test_a_crossing_car_has_its_speed_scaled_instead():
    graph, index = crossing()
    lanes = [index["in-w"], index["w-e"], index["out-e"]]
    x, y, yaw = np.array([-30.0, 0.0]), np.array([-1.75, -1.75]), np.array([0.0, np.pi / 2])
    op = {"op": "scale_closing_speed", "factor": 0.6}
    _, percepts = _look(graph, lanes, 100.0, x, y, yaw, 10.0, op)
    assert percepts.objects.speed[0, 0] == pytest.approx(6.0)


def test_selectors_choose_by_relation_range_and_sector():
    size = {"op": "scale_size", "factor": 0.5}
    for select, names in (
        ({"relation": "lead"}, {"ego"}),
        ({"relation": "beside"}, {"npc-01", "npc-02", "npc-03", "npc-04"}),
        ({"range_m": [0.0, 20.0]}, {"npc-01", "npc-02"}),
        ({"range_m": [40.0, 300.0]}, {"npc-03"}),
        ({"sector_deg": [0.1, 90.0]}, {"npc-02"}),
        ({"sector_deg": [-180.0, -90.0]}, {"npc-01"}),
    ):
        drive = Drive(program({**size, "select": select}))
        _, percepts = drive.step()
        small = {
            n
            for n in drive.names
            if n != "npc-00" and drive.value(percepts.objects, n, "length") < LENGTH
        }
        assert small == names, select


def test_lateral_shift_is_to_the_left_of_the_lane():
    drive = Drive(program({"op": "shift_lateral", "offset_m": 0.5}))
    obs, percepts = drive.step()
    assert drive.value(percepts.objects, "ego", "y") == pytest.approx(LANE_WIDTH + 0.5)
    assert drive.value(percepts.objects, "ego", "d") == pytest.approx(0.5)
    assert drive.value(percepts.objects, "ego", "x") == drive.value(obs.objects, "ego", "x")


def test_a_lane_believed_to_the_left_puts_the_driver_right_of_it():
    drive = Drive(program({"op": "bend_lane", "offset_m": 0.3}))
    obs, percepts = drive.step()
    me = drive.me
    assert percepts.own.d[me] == pytest.approx(obs.own.d[me] - 0.3)
    np.testing.assert_allclose(percepts.paths.y[me] - obs.paths.y[me], 0.3)
    np.testing.assert_array_equal(percepts.paths.yaw[me], obs.paths.yaw[me])


def test_a_believed_bend_is_a_path_whose_heading_and_curvature_fit_its_points():
    op = {"op": "bend_lane", "curvature_sd_per_m": 0.01, "noise_tau_s": 1.0}
    drive = Drive(program(op))
    for _ in range(25):
        obs, percepts = drive.step()
    me, p = drive.me, percepts.paths
    shift = p.y[me] - obs.paths.y[me]
    slope = np.gradient(shift, p.s[me])
    assert np.abs(shift).max() > 0.05
    np.testing.assert_allclose(p.yaw[me][2:-2], slope[2:-2], atol=0.01)
    bend_ = np.gradient(slope, p.s[me])
    np.testing.assert_allclose(p.curvature[me][3:-3], bend_[3:-3], atol=0.002)
    assert percepts.own.d[me] == obs.own.d[me]


def test_the_sense_of_speed_scales_with_the_own_speed():
    drive = Drive(program({"op": "scale_own_speed", "factor": 0.9}))
    _, percepts = drive.step()
    assert percepts.own.speed[drive.me] == pytest.approx(9.0)
    assert drive.value(percepts.objects, "ego", "speed") == pytest.approx(8.1)


def test_distance_noise_has_the_stated_spread():
    op = {"op": "scale_distance", "noise_sd": 0.1, "noise_tau_s": 0.5}
    drive = Drive(program(op), everybody=True)
    logs = []
    for _ in range(400):
        _, percepts = drive.step()
        trace, o = drive.perceiver.trace(), percepts.objects
        k = drive.find(o, "ego")
        gap = trace.gap[drive.me, k] - LENGTH
        logs.append(np.log(1.0 + trace.changes["scale_distance"][drive.me, k] / gap))
    assert np.std(logs) == pytest.approx(0.1, abs=0.03)
    assert np.mean(logs) == pytest.approx(0.0, abs=0.04)


def test_layers_compose():
    drive = Drive(
        program({"op": "scale_speed_limit", "factor": 1.1}),
        program({"op": "scale_speed_limit", "factor": 1.2}, layer="physiology"),
    )
    assert drive.step()[1].own.limit_factor[drive.me] == pytest.approx(1.32)


def test_a_signal_is_taken_for_another_for_a_whole_approach():
    op = {"op": "misread_signal", "actual": "red", "seen": "green", "probability": 1.0}
    approach = Approach(program(op))
    assert [approach.step(s) for s in (R, R, Y, R, G)] == [G, G, Y, G, G]


def test_signals_are_misread_as_often_as_stated():
    op = {"op": "misread_signal", "actual": "red", "seen": "green", "probability": 0.3}
    seen = [Approach(program(op), seed=seed).step(R) for seed in range(200)]
    assert np.mean([s == G for s in seen]) == pytest.approx(0.3, abs=0.1)
    assert set(seen) == {R, G}


def test_a_change_of_the_signal_is_noticed_late():
    approach = Approach(program({"op": "misread_signal", "delay_s": 0.5}))
    shown = [G] * 20 + [Y] * 20 + [R] * 20
    assert [approach.step(s) for s in shown] == [G] * 30 + [Y] * 20 + [R] * 10


def test_the_delay_of_a_signal_is_lognormal_and_the_same_for_a_whole_approach():
    op = {"op": "misread_signal", "delay_s": 0.5, "delay_sigma": 0.5}
    shown, noticed = [G] * 30 + [Y] * 80, []
    for seed in range(150):
        approach = Approach(program(op), seed=seed)
        believed = [approach.step(s) for s in shown]
        first = believed.index(Y)
        assert believed == [G] * first + [Y] * (110 - first)
        noticed.append((first - 30) * STEP_S)
    assert np.median(noticed) == pytest.approx(0.5, abs=0.1)
    assert np.std(np.log(noticed)) == pytest.approx(0.5, abs=0.1)


def test_the_stop_line_is_misjudged_like_all_distances_and_not_like_those_of_leaders():
    far, lead_only = (
        Approach(program({"op": "scale_distance", "factor": 1.2, "select": {"relation": relation}}))
        for relation in ("any", "lead")
    )
    for approach in (far, lead_only):
        approach.step(R)
    true = lead_only.percepts.signal.distance[0]
    assert true == pytest.approx(60.0, abs=3.0)
    assert far.percepts.signal.distance[0] == pytest.approx(1.2 * true)


def test_while_looking_away_the_signal_keeps_its_last_seen_state():
    op = {"op": "look_away", "glance_median_s": 1.0, "glance_sigma": 0.0, "on_road_s": 1.0}
    approach = Approach(program(op))
    believed = [approach.step(s) for s in [G] * 5 + [R] * 25]
    # The glance began at tick 0; the first tick counts as a look at the road.
    assert believed == [G] * 20 + [R] * 10
