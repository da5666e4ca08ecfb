"""Drivers can be worked out again from the log; nobody's draws depend on who else is there."""

import dataclasses

import numpy as np
import pytest

from hdsim.road.cache import load_lane_graph
from hdsim.road.maps import find_map
from hdsim.run.derive import derive, drivers_of, recorded_states
from hdsim.run.replay import recorded_task
from hdsim.run.traffic import candidate_poses

SHARED = ("frame", "time", "signals")


@pytest.fixture(scope="module")
def scenario(small_run):
    return next(t["id"] for t in small_run.tasks if t["agent"] == "traffic_manager")


def test_decisions_and_beliefs_follow_from_the_log(small_run, scenario):
    table = small_run.trajectory(scenario)
    roster = small_run.roster(scenario)
    n = len(roster)

    def logged(name):
        values = table.column(name).to_numpy(zero_copy_only=False)
        return values.reshape(-1, n)[:, roster.drivers].astype(np.float32)

    accel, steer = logged("wanted_accel_mps2"), logged("wanted_steer_rad")
    speed = logged("believed_speed_mps")
    ticks = 0
    for tick, _, thought in derive(small_run, scenario):
        np.testing.assert_array_equal(thought.decisions.accel.astype(np.float32), accel[tick])
        np.testing.assert_array_equal(thought.decisions.steer.astype(np.float32), steer[tick])
        np.testing.assert_array_equal(thought.percepts.own.speed.astype(np.float32), speed[tick])
        ticks += 1
    assert ticks == small_run.scenarios.to_pylist()[0]["ticks"] + 1


def parked(state, row, graph, x, y, yaw):
    """The state with one actor standing elsewhere."""
    lane, s, d, lane_yaw = graph.locate(x, y, yaw)
    values = {"x": x, "y": y, "yaw": yaw, "lane": lane, "s": s, "d": d, "lane_yaw": lane_yaw}
    values |= dict.fromkeys(("vx", "vy", "speed", "accel", "yaw_rate"), 0.0)
    changed = {}
    for name, value in values.items():
        changed[name] = getattr(state, name).copy()
        changed[name][row] = value
    return dataclasses.replace(state, **changed)


def without(state, keep):
    per_actor = [f.name for f in dataclasses.fields(state) if f.name not in SHARED]
    return dataclasses.replace(state, **{name: getattr(state, name)[keep] for name in per_actor})


def test_without_an_npc_that_nobody_perceives_all_others_draw_the_same(small_run, scenario):
    """The recorded motions with one driver parked out of everybody's sight, and without it."""
    source = find_map("grid")
    graph = load_lane_graph(source.name, source.xodr)
    roster = small_run.roster(scenario)
    task = recorded_task(small_run, scenario)
    states = [s for s, _ in recorded_states(small_run, task, roster, graph)]
    gone = int(roster.drivers[4])
    keep = [row for row in range(len(roster)) if row != gone]
    poses = candidate_poses(graph)
    nearest = np.full(len(poses.x), np.inf)
    for state in states[::10]:
        away = np.hypot(poses.x[:, None] - state.x[keep], poses.y[:, None] - state.y[keep])
        nearest = np.minimum(nearest, away.min(axis=1))
    far = int(np.argmax(nearest))
    fewer = roster.only(keep)
    everybody = drivers_of(small_run, task, roster, graph)
    others_only = drivers_of(small_run, task, fewer, graph)
    others = [d for d, row in enumerate(roster.drivers) if row != gone]
    glanced_away = 0
    for recorded in states:
        state = parked(recorded, gone, graph, poses.x[far], poses.y[far], poses.yaw[far])
        before = everybody.think(state)
        objects = before.observation.objects
        assert not (objects.row[others][objects.seen[others]] == gone).any()
        now = others_only.think(without(state, keep))
        for field in ("accel", "steer", "reason"):
            was = getattr(before.decisions, field)[others]
            np.testing.assert_array_equal(getattr(now.decisions, field), was)
        np.testing.assert_array_equal(now.percepts.own.d, before.percepts.own.d[others])
        glanced_away += int(others_only.perceiver.trace().looking_away.sum())
    assert glanced_away > 0, "distracted drivers look away at some time: there are draws to disturb"
