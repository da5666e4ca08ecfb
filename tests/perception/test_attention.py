"""Registration, memory, glances and delay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hdsim.core import seeds
from hdsim.core.percept import Observation, Relation
from hdsim.perception.noise import NoiseField
from hdsim.perception.observe import Observer
from hdsim.perception.perceive import Perceiver
from hdsim.testing.scenes import straight
from hdsim.testing.stills import paths_along, roster_of, state_of
from tests.perception.drives import PLACES, STEP_S, Drive, program


def _hide_ego(begin: float, end: float):
    return lambda t: ["ego"] if begin <= t + 1e-9 < end else []


def _seen(drive: Drive, ticks: int, hide=lambda t: ()) -> list[bool]:
    return [drive.find(drive.step(hide)[1].objects, "ego") is not None for _ in range(ticks)]


def test_a_new_object_is_noticed_after_its_latency_and_an_old_one_at_once():
    drive = Drive(
        program({"op": "attend", "latency_median_s": 0.8, "latency_sigma": 0.0, "memory_s": 0.0})
    )
    seen = _seen(drive, 100, _hide_ego(1.0, 2.0))
    assert all(seen[:20]), "what is there at the start of the drive is known"
    assert not any(seen[20:40])
    assert not any(seen[40 : 40 + 16])
    assert all(seen[40 + 16 :])


def test_an_overlooked_object_is_noticed_later():
    drive = Drive(
        program({"op": "attend", "miss_probability": 1.0, "miss_s": 1.5, "memory_s": 0.0})
    )
    seen = _seen(drive, 100, _hide_ego(0.0, 1.0))
    assert not any(seen[20:50])
    assert all(seen[50:])


def test_latencies_have_the_wanted_distribution():
    """One object 30 m ahead of each of 400 drivers comes into sight at 0.5 s."""
    n, graph = 400, straight(500.0)[0]
    names = [f"npc-{i:03d}" for i in range(n + 1)]
    perceiver = Perceiver(roster_of(names, range(n)), graph, STEP_S, seed=5)
    op = {"op": "attend", "latency_median_s": 0.6, "latency_sigma": 0.45}
    perceiver.set_programs({d: [program(op)] for d in range(n)})
    single = Observer(roster_of(names, [0]), graph).observe(
        state_of(graph, [100.0] + [130.0] * n, [0.0] * (n + 1)), paths_along(graph, [0], [100.0])
    )
    repeated = {
        part: replace(
            value,
            **{f: np.repeat(getattr(value, f), n, axis=0) for f in type(value).__slots__},
        )
        for part, value in ((p, getattr(single, p)) for p in ("own", "objects", "signal", "paths"))
    }
    waits = np.zeros(n)
    for tick in range(80):
        obs = Observation(time=tick * STEP_S, **repeated)
        obs.objects.seen[:, 0] = tick >= 10
        obs.objects.seen[:, 1:] = False
        seen = perceiver.perceive(obs, {}).objects.seen[:, 0]
        waits += ~seen * STEP_S
    waits -= 0.5
    assert np.median(waits) == pytest.approx(0.6, abs=0.06)
    assert np.std(np.log(waits)) == pytest.approx(0.45, abs=0.06)


def test_an_object_out_of_sight_is_kept_in_mind_and_moves_on():
    drive = Drive(program({"op": "attend", "memory_s": 2.0}))
    for tick in range(100):
        obs, percepts = drive.step(_hide_ego(1.0, 4.0))
        inside = drive.find(percepts.objects, "ego") is not None
        # Kept for 2 s after it was last seen at 0.95 s; at once there when it comes back.
        assert inside == (tick < 60 or tick >= 80), tick
        if inside:
            believed = drive.value(percepts.objects, "ego", "x")
            x, _, v = PLACES["ego"]
            assert believed == pytest.approx(x + v * obs.time, abs=1e-6)


def test_what_is_kept_in_mind_needs_no_second_noticing():
    drive = Drive(program({"op": "attend", "latency_median_s": 0.8, "memory_s": 2.0}))
    assert all(_seen(drive, 100, _hide_ego(1.0, 2.0)))
    assert not drive.perceiver.trace().remembered.any()


def test_a_remembered_object_keeps_the_relation_it_had():
    drive = Drive(program({"op": "attend", "memory_s": 2.0}))
    for _ in range(5):
        drive.step()
    obs = drive.observe(_hide_ego(0.0, 9.0))
    obs.objects.relation[~obs.objects.seen] = Relation.CROSSING
    percepts = drive.perceiver.perceive(obs, {})
    assert drive.value(percepts.objects, "ego", "relation") == Relation.LEAD


def test_only_the_most_pressing_objects_fit_in_mind():
    drive = Drive(program({"op": "attend", "max_objects": 2}))
    _, percepts = drive.step()
    assert percepts.objects.seen[drive.me].sum() == 2
    assert drive.find(percepts.objects, "ego") is not None  # the lead, 30 m ahead at 10 m/s


def test_range_limits_what_is_noticed():
    drive = Drive(program({"op": "attend", "range_m": 20.0}))
    obs, percepts = drive.step()
    o, me = percepts.objects, drive.me
    reach = np.hypot(o.x[me] - obs.own.x[me], o.y[me] - obs.own.y[me])
    assert (reach[o.seen[me]] <= 20.0).all()
    assert 0 < o.seen[me].sum() < obs.objects.seen[me].sum()


def test_a_selector_limits_the_filter_to_its_objects():
    drive = Drive(program({"op": "attend", "range_m": 5.0, "select": {"relation": "beside"}}))
    _, percepts = drive.step()
    assert drive.find(percepts.objects, "ego") is not None
    assert percepts.objects.seen[drive.me].sum() == 1


def test_while_looking_away_the_scene_is_the_last_seen_one_moved_on():
    ops = {"op": "look_away", "glance_median_s": 1.0, "glance_sigma": 0.0, "on_road_s": 1.0}
    drive = Drive(program({**ops, "course": {"course": "ramp", "start_s": 1.0, "rise_s": 0.5}}))
    away = []
    for _ in range(200):
        obs, percepts = drive.step()
        away.append(bool(drive.perceiver.trace().looking_away[drive.me]))
        for name in ("ego", "npc-01", "npc-03"):
            # They do move at constant speed, so nothing is wrong with what is believed.
            true, believed = (drive.value(o, name, "x") for o in (obs.objects, percepts.objects))
            assert believed == pytest.approx(true, abs=1e-6)
    begin = away.index(True)
    assert begin * STEP_S > 1.0
    assert np.mean(away[80:200]) == 0.5
    # One tick after the other, not one long glance.
    assert np.abs(np.diff(np.array(away[60:], dtype=int))).sum() >= 6


def test_a_lead_that_brakes_during_a_glance_is_believed_to_drive_on(monkeypatch):
    ops = {"op": "look_away", "glance_median_s": 2.0, "glance_sigma": 0.0, "on_road_s": 1.0}
    drive = Drive(program({**ops, "course": {"course": "ramp", "start_s": 0.51, "rise_s": 0.5}}))
    for _ in range(30):
        if drive.perceiver._tick >= 0 and drive.perceiver.trace().looking_away[drive.me]:
            break
        drive.step()
    x, y, v = PLACES["ego"]
    now = drive.tick * STEP_S
    monkeypatch.setitem(PLACES, "ego", (x + v * now, y, 0.0))  # stands from here on
    obs, percepts = drive.step()
    assert drive.value(obs.objects, "ego", "speed") == 0.0
    assert drive.value(percepts.objects, "ego", "speed") == v
    age = drive.perceiver.trace().age_s[drive.me, drive.find(percepts.objects, "ego")]
    last_seen = now - float(age) - 0.0
    assert drive.value(percepts.objects, "ego", "x") == pytest.approx(
        x + v * last_seen + v * age, abs=v * STEP_S + 1e-6
    )


def test_an_object_that_appears_during_a_glance_is_not_seen():
    ops = {"op": "look_away", "glance_median_s": 2.0, "glance_sigma": 0.0, "on_road_s": 1.0}
    drive = Drive(program(ops))
    away_seen = []
    drive.step(_hide_ego(0.0, 0.5))  # the first tick of a drive is a look at the road
    for _ in range(39):
        _, percepts = drive.step(_hide_ego(0.0, 0.5))
        assert drive.perceiver.trace().looking_away[drive.me]
        away_seen.append(drive.find(percepts.objects, "ego") is not None)
    assert not any(away_seen)
    drive.step()
    assert drive.find(drive.step()[1].objects, "ego") is not None


def test_delay_loses_the_change_and_not_the_motion(monkeypatch):
    drive = Drive(program({"op": "delay", "delay_s": 0.5}))
    for _ in range(40):
        obs, percepts = drive.step()
    true, believed = (drive.value(o, "ego", "x") for o in (obs.objects, percepts.objects))
    assert believed == pytest.approx(true, abs=1e-6)
    x, y, v = PLACES["ego"]
    monkeypatch.setitem(PLACES, "ego", (x + v * 40 * STEP_S, y, 0.0))
    speeds = [drive.value(drive.step()[1].objects, "ego", "speed") for _ in range(14)]
    assert speeds[:10] == [v] * 10
    assert speeds[10:] == [0.0] * 4


def test_episodes_begin_at_the_poisson_rate_and_are_shared_within_a_layer():
    course = {"course": "episodic", "rate_per_s": 0.2, "duration_median_s": 1.0,
              "duration_sigma": 0.0}  # fmt: skip
    drive = Drive(
        program(
            {"op": "attend", "max_objects": 1, "course": course},
            {"op": "look_away", "glance_median_s": 8.0, "course": course},
            layer="attention",
        )
    )
    strengths = []
    for tick in range(20 * 1000):
        drive.perceiver.programs.advance(tick * STEP_S, STEP_S, {})
        both = [
            drive.perceiver.programs.columns[k].strength[drive.me, 0]
            for k in ("attend", "look_away")
        ]
        assert both[0] == both[1]
        strengths.append(both[0])
    onsets = (np.diff(strengths, prepend=0.0) > 0).sum()
    # Poisson with 1 s episodes that merge: 200 e^-0.2 = 164 in 1,000 s, sd about 12.
    assert onsets == pytest.approx(164, abs=40)


def test_episodes_are_a_function_of_time_alone():
    course = {"course": "episodic", "rate_per_s": 0.3, "duration_median_s": 1.0}
    op = {"op": "attend", "max_objects": 1, "course": course}
    early, late = Drive(program(op)), Drive()
    for tick in range(400):
        if tick == 200:
            late.perceiver.set_programs({late.me: [program(op)]})
        for drive in (early, late):
            drive.perceiver.programs.advance(tick * STEP_S, STEP_S, {})
        if tick > 200:
            a, b = (d.perceiver.programs.columns["attend"].strength[d.me, 0] for d in (early, late))
            assert a == b


def test_noise_field_gives_the_values_of_smooth_normal():
    places, objects = 40, seeds.keys(3, [f"o{i}" for i in range(9)])
    keys = seeds.keys(3, range(places), "op")
    tau = np.linspace(0.3, 9.0, places)
    field = NoiseField(keys, tau, objects)
    for tick in range(80):
        shown = (np.arange(places) + tick // 7) % 9
        expected = seeds.smooth_normal(seeds.combine(keys, objects[shown]), tick * 0.17, tau)
        all_of_them = np.ones((1, places), bool), np.ones((1, 1), bool)
        values, _ = field.at(tick * 0.17, shown[None], *all_of_them, 0)
        np.testing.assert_allclose(values[0, 0], expected, atol=1e-12)


def test_ones_place_in_the_lane_is_lost_during_a_glance_and_seen_again_after_it():
    ops = {"op": "look_away", "glance_median_s": 2.0, "glance_sigma": 0.0, "on_road_s": 2.0}
    drive = Drive(program(ops))
    me, errors, away = drive.me, [], []
    for _ in range(400):
        obs, percepts = drive.step()
        errors.append(float(percepts.own.d[me] - obs.own.d[me]))
        away.append(bool(drive.perceiver.trace().looking_away[me]))
    error, off = np.array(errors), np.array(away)
    assert error[0] == 0.0  # a drive begins with a look at the road
    # One course for the whole glance: the error grows by the same amount every tick.
    during = np.diff(error[:40])
    assert during == pytest.approx(during[0])
    assert abs(during[0]) <= obs.own.speed[me] * np.sin(np.radians(3 * 0.6)) * STEP_S
    assert during[0] != 0.0
    # Another one in the next glance, and none left at the end of a look at the road.
    ends = np.flatnonzero(np.diff(off.astype(int)) == 1)
    assert len(ends) >= 3
    assert np.abs(error[ends]) == pytest.approx(0.0, abs=1e-3)
    slopes = np.round(error[ends + 2] - error[ends + 1], 6)
    assert len(set(slopes)) == len(slopes)


def test_without_an_error_of_the_course_the_place_in_the_lane_is_kept():
    ops = {"op": "look_away", "glance_median_s": 2.0, "course_error_deg": 0.0}
    drive = Drive(program(ops))
    for _ in range(100):
        obs, percepts = drive.step()
        assert percepts.own.d[drive.me] == obs.own.d[drive.me]
