"""Where drivers look, what they take in from there, and what they cannot have seen."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from hdsim.core import seeds
from hdsim.perception.compile import compile_programs
from hdsim.perception.observe import Observer
from hdsim.perception.operations.field import Field
from hdsim.perception.operations.gaze import AREAS, INNER, INSIDE, LEFT, Gaze
from hdsim.perception.perceive import Perceiver
from hdsim.testing.scenes import crossing, straight
from hdsim.testing.stills import paths_along, roster_of, state_of

from .drives import PLACES, STEP_S, Drive, program

SCAN = {
    "op": "scan",
    "inner_mirror": 0.06,
    "left_mirror": 0.05,
    "right_mirror": 0.03,
    "inside": 0.06,
    "crossing_left": 0.3,
    "crossing_right": 0.2,
}
FIELD = {"op": "useful_field", "radius_deg": 30.0}


def _looks(scan, ticks, drivers=300, near_junction=False, side=0):
    """Areas by tick and driver, shape (ticks, drivers)."""
    names = [f"d{i}" for i in range(drivers)]
    programs = compile_programs([[program(scan)]] * drivers, names, seed=3)
    programs.advance(0.0, STEP_S, {})
    graph, index = crossing() if near_junction else straight(500.0)
    lanes = [index["in-w"], index["w-e"], index["out-e"]] if near_junction else [0]
    at = float(graph.length[lanes[0]]) - 5.0 if near_junction else 100.0
    paths = paths_along(graph, lanes, [at] * drivers)
    gaze = Gaze(seeds.keys(1, names, "gaze"), STEP_S, graph.junction)
    sides = np.full(drivers, side, dtype=np.int8)
    found = np.empty((ticks, drivers), dtype=np.int64)
    for tick in range(ticks):
        gaze.look(
            tick, programs.columns["scan"], programs.version, paths, np.full(drivers, 10.0), sides
        )
        found[tick] = gaze.area
    return found


def _shares(areas):
    return np.bincount(areas[400:].ravel(), minlength=len(AREAS)) / areas[400:].size


@pytest.mark.parametrize(
    ("near_junction", "side", "relevance"),
    [
        (False, 0, {"crossing_left": 0.0, "crossing_right": 0.0}),
        (True, 0, {}),
        (False, 1, {"crossing_left": 0.0, "crossing_right": 0.0, "inner_mirror": 4.0,
                    "left_mirror": 4.0}),
    ],
)  # fmt: skip
def test_shares_of_gaze_are_weight_times_relevance(near_junction, side, relevance):
    areas = _looks({**SCAN, "change_gain": 4.0}, 2400, near_junction=near_junction, side=side)
    weights = np.array([1.0, *(SCAN[a] * relevance.get(a, 1.0) for a in AREAS[1:])])
    np.testing.assert_allclose(_shares(areas), weights / weights.sum(), atol=0.012)


def test_a_driver_looks_both_ways_by_turns():
    areas = _looks({**SCAN, "crossing_right": 0.3}, 600, drivers=20, near_junction=True)
    for column in areas.T:
        sides = [AREAS[a] for a in column if AREAS[a].startswith("crossing")]
        looks = [AREAS[a] for a, b in zip(column[1:], column, strict=False) if a != b]
        looks = [name for name in looks if name.startswith("crossing")]
        assert len(sides) > 100
        assert all(a != b for a, b in itertools.pairwise(looks))


def _lengths(areas, area):
    """Lengths of whole looks at an area [s]."""
    found = []
    for column in areas.T:
        edges = np.flatnonzero(np.diff(column)) + 1
        for begin, end in itertools.pairwise(edges):
            if column[begin] == area:
                found.append((end - begin) * STEP_S)
    return np.array(found)


@pytest.mark.parametrize(("area", "mean"), [(INNER, 0.75), (INSIDE, 0.62), (LEFT, 1.1)])
def test_glances_are_lognormal_about_their_mean(area, mean):
    lengths = _lengths(_looks(SCAN, 3000), area)
    assert len(lengths) > 500
    assert lengths.mean() == pytest.approx(mean, abs=0.05)
    assert np.log(lengths).std() == pytest.approx(0.45, abs=0.05)
    assert np.mean(lengths > 2.0) < 0.12


def test_looks_are_a_function_of_the_drivers_name():
    areas = _looks(SCAN, 600, drivers=20)
    np.testing.assert_array_equal(areas[:, :8], _looks(SCAN, 600, drivers=8))
    assert len(np.unique(areas[300])) > 1


def _field(area, bearing_deg, radius=30.0, rate=0.0, scans=True, side=0, ticks=1):
    """Whether an object at a bearing is taken in at the last of some ticks."""
    keys = seeds.keys(1, ["d"], "field"), seeds.keys(1, ["o"], "object")
    field, angle = Field(*keys, STEP_S), np.radians([[bearing_deg]])
    one = np.ones((1, 1))
    for tick in range(ticks):
        taken = field.taken_in(
            tick, np.zeros((1, 1), np.int64), one.astype(bool), np.cos(angle), np.sin(angle),
            np.zeros(1), np.array([area]), np.array([scans]), np.array([side], np.int8),
            radius * one, np.array([[rate]]), np.array([[20.0]]), np.array([False]),
        )  # fmt: skip
    return bool(taken[0, 0])


def test_mirrors_show_what_is_behind_and_blind_spots_stay_blind():
    assert _field(0, 10.0)
    assert not _field(0, 45.0), "outside the useful field"
    assert not _field(0, 180.0, radius=30.0), "a mirror that is not looked into"
    assert _field(INNER, 175.0)
    assert _field(INNER, -175.0)
    assert not _field(INNER, 10.0, radius=30.0), "the road while looking into the mirror"
    assert _field(LEFT, 160.0)
    assert not _field(LEFT, -160.0)
    assert not _field(0, 125.0, radius=180.0), "the blind spot"
    assert not _field(LEFT, 125.0), "the blind spot, in the mirror"
    assert _field(LEFT, 125.0, side=1), "over the shoulder"
    assert not _field(INSIDE, 0.0, radius=180.0)


def test_the_corner_of_the_eye_notices_by_chance_and_less_farther_out():
    keys = seeds.keys(1, [f"d{i}" for i in range(500)], "field"), seeds.keys(1, ["o"], "object")
    n, waits = 500, {}
    for bearing in (35.0, 75.0):
        field, angle = Field(*keys, STEP_S), np.full((n, 1), np.radians(bearing))
        first = np.full(n, np.nan)
        for tick in range(400):
            taken = field.taken_in(
                tick, np.zeros((n, 1), np.int64), np.ones((n, 1), bool), np.cos(angle),
                np.sin(angle), np.zeros(n), np.zeros(n, np.int64), np.ones(n, bool),
                np.zeros(n, np.int8), np.full((n, 1), 30.0), np.full((n, 1), 2.0),
                np.full((n, 1), 20.0), np.zeros(n, bool),
            )  # fmt: skip
            first = np.where(np.isnan(first) & taken[:, 0], tick * STEP_S, first)
        waits[bearing] = np.nanmean(first)
        # Exponential with the rate at that angle.
        rate = 2.0 * np.exp(-(bearing - 30.0) / 20.0)
        assert waits[bearing] == pytest.approx(1.0 / rate, rel=0.12)


def test_without_a_scan_the_eyes_are_ahead_and_mirrors_count():
    assert _field(0, 10.0, scans=False)
    assert not _field(0, 60.0, scans=False)
    assert _field(0, 170.0, scans=False)
    assert _field(0, 125.0, scans=False)


def test_what_is_behind_is_known_after_a_look_into_the_mirror_and_remembered():
    """``npc-01`` and ``npc-04`` drive behind; they come into sight after the first second."""
    ops = (SCAN, {**FIELD, "edge_rate_per_s": 0.0}, {"op": "attend", "memory_s": 10.0})
    drive = Drive(program(*ops))
    hide = lambda t: ["npc-04"] if t < 1.0 else []  # noqa: E731
    looked = known = 0
    for _ in range(1200):
        _, percepts = drive.step(hide)
        gaze = AREAS[drive.perceiver.trace().gaze[drive.me]]
        behind = drive.find(percepts.objects, "npc-04") is not None
        looked += gaze in ("inner_mirror", "left_mirror")
        if not looked:
            assert not behind, "nobody knows what no glance has shown"
        known += behind
    assert known > 300


def test_what_a_gaze_has_left_is_kept_in_mind_for_three_seconds_however_memory_varies():
    attend = {"op": "attend", "memory_s": 1.0, "memory_sigma": 1.5}
    drive = Drive(program({"op": "scan", "inside": 0.02}, attend))
    hidden = lambda t: ["ego"] if t % 5.0 > 2.0 else []  # noqa: E731
    for tick in range(800):
        _, percepts = drive.step(hidden)
        if (tick * STEP_S) % 5.0 < 4.8 and tick > 0:
            assert drive.find(percepts.objects, "ego") is not None


@pytest.mark.parametrize("name", ["npc-01", "npc-02", "npc-04"])
def test_what_gaze_cannot_reach_has_no_influence(name, monkeypatch):
    """Beside and behind, with eyes ahead only: it may do what it likes."""
    ahead_only = {"op": "scan", "inside": 0.02}
    ops = (ahead_only, {**FIELD, "edge_rate_per_s": 0.0}, {"op": "attend", "memory_s": 1.0},
           {"op": "accumulate"})  # fmt: skip

    def beliefs(wild: bool):
        drive, found = Drive(program(*ops)), []
        x, y, v = PLACES[name]
        for tick in range(200):
            if wild and tick >= 40:
                monkeypatch.setitem(PLACES, name, (x + 0.3 * (tick - 40) * 0.05, y, v - 0.3))
            else:
                monkeypatch.setitem(PLACES, name, (x, y, v))
            percepts = drive.step()[1].objects
            if tick >= 80:
                found.append(
                    [(int(percepts.row[drive.me, k]), float(percepts.x[drive.me, k]),
                      float(percepts.speed[drive.me, k]))
                     for k in np.flatnonzero(percepts.seen[drive.me])]
                )  # fmt: skip
        return found

    calm, wild = beliefs(False), beliefs(True)
    if name == "npc-02":  # 15 m ahead one lane beside: 13 degrees off the gaze, so it is seen
        assert calm != wild
    else:
        assert calm == wild
        assert not any(name == Drive().names[row] for tick in calm for row, *_ in tick)


def _believed_of_a_hidden_car(op, drivers, ticks):
    """x [m] of a car 30 m ahead that each driver believes in, nan for none, from 0.5 s on.

    It drives at 10 m/s and is out of sight from then on; shape (ticks, drivers).
    """
    graph = straight(500.0)[0]
    names = [f"npc-{i:03d}" for i in range(drivers + 1)]
    perceiver = Perceiver(roster_of(names, range(drivers)), graph, STEP_S, seed=5)
    perceiver.set_programs({d: [program(op)] for d in range(drivers)})
    single = Observer(roster_of(names[:2], [0]), graph).observe(
        state_of(graph, [100.0, 130.0], [0.0, 0.0], 0.0, [10.0, 10.0]),
        paths_along(graph, [0], [100.0]),
    )
    repeated = {
        part: replace(
            value,
            **{f: np.repeat(getattr(value, f), drivers, axis=0) for f in type(value).__slots__},
        )
        for part, value in ((p, getattr(single, p)) for p in ("own", "objects", "signal", "paths"))
    }
    found = np.full((ticks, drivers), np.nan)
    for tick in range(10 + ticks):
        obs = replace(single, time=tick * STEP_S, **repeated)
        obs.objects.x[:, 0] = 130.0 + 10.0 * tick * STEP_S
        obs.objects.s[:, 0] = obs.objects.x[:, 0]
        obs.objects.seen[:, 0] = tick < 10
        objects = perceiver.perceive(obs, {}).objects
        if tick >= 10:
            found[tick - 10] = np.where(objects.seen[:, 0], objects.x[:, 0], np.nan)
    return found


def test_memory_drifts_the_longer_nothing_is_seen():
    op = {"op": "attend", "memory_s": 8.0, "drift_mps": 1.0}
    believed = _believed_of_a_hidden_car(op, drivers=300, ticks=100)
    error = believed - (135.0 + 10.0 * STEP_S * np.arange(100))[:, None]
    assert error[19].std() == pytest.approx(1.0, rel=0.15)
    assert error[99].std() == pytest.approx(5.0, rel=0.15)
    assert abs(error[99].mean()) < 1.0
    assert np.ptp(np.diff(error, axis=0), axis=0).max() < 1e-6, "it grows evenly, never jumps"


def test_forgetting_is_spread():
    op = {"op": "attend", "memory_s": 2.0, "memory_sigma": 0.4}
    believed = _believed_of_a_hidden_car(op, drivers=300, ticks=160)
    kept = np.maximum((~np.isnan(believed)).sum(axis=0), 1) * STEP_S
    assert np.median(kept) == pytest.approx(2.0, rel=0.1)
    assert np.log(kept).std() == pytest.approx(0.4, abs=0.06)


def test_begin_anew_forgets_what_one_driver_had_in_mind_and_all_had_of_it():
    op = {"op": "attend", "memory_s": 5.0, "latency_median_s": 1.0, "latency_sigma": 0.0}
    drive = Drive(program(op), everybody=True)
    hide = lambda t: ["ego"] if t >= 0.5 else []  # noqa: E731
    for _ in range(20):
        _, percepts = drive.step(hide)
    assert drive.find(percepts.objects, "ego") is not None
    drive.perceiver.begin_anew(np.array([drive.me]))
    obs, percepts = drive.step(hide)
    assert drive.find(percepts.objects, "ego") is None
    assert drive.find(percepts.objects, "npc-01") is not None, "what is in view is known"
    row, me = drive.names.index("npc-00"), drive.me
    others = np.arange(len(drive.roster.drivers)) != me
    assert obs.objects.seen[(obs.objects.row == row)].any()
    assert not percepts.objects.seen[others][percepts.objects.row[others] == row].any()
