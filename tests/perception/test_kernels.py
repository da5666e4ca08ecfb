"""The compiled loops against plain array expressions of the same definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from hdsim.core import draws, seeds
from hdsim.core.percept import Observation, Relation
from hdsim.core.state import State, wrap_angle
from hdsim.perception import ahead, candidates, combine, noise, relation, sight, view
from hdsim.perception import compile as compiled
from hdsim.perception.observe import Observer
from hdsim.perception.operations import (
    attention,
    distance,
    evidence,
    field,
    gaze,
    lateral,
    recall,
    registration,
    signals,
    speed,
)
from hdsim.perception.operations.recall import History
from hdsim.perception.view import Sightlines, View, share_along
from hdsim.testing.scenes import crossing
from hdsim.testing.stills import joined, paths_along, roster_of, state_of

from .drives import Drive, program

GRAPH, INDEX = crossing(signals=True)
ROUTES = [
    [INDEX[name] for name in names]
    for names in (("in-w", "w-e", "out-e"), ("in-w", "w-n", "out-n"), ("in-s", "s-n", "out-n"))
]
SEEDS = st.integers(0, 2**32 - 1)
ACTORS, SLOTS = 24, 6


def _scene(seed: int) -> tuple[Observer, State, Observation]:
    """A crossing full of cars, on lanes and beside them; three of them are drivers."""
    draw = np.random.default_rng(seed)
    lane = draw.integers(0, len(GRAPH), ACTORS)
    for i, route in enumerate(ROUTES):
        lane[i] = route[0]
    s = draw.uniform(0.1, 0.95, ACTORS) * GRAPH.length[lane]
    x, y, yaw = GRAPH.at(lane, s)
    x, y = x + draw.normal(0.0, 1.0, ACTORS), y + draw.normal(0.0, 1.0, ACTORS)
    state = state_of(GRAPH, x, y, yaw + draw.normal(0.0, 0.4, ACTORS), draw.uniform(0, 15, ACTORS))
    state.present[draw.random(ACTORS) < 0.1] = False
    state.present[:3] = True
    observer = Observer(roster_of([f"v{i}" for i in range(ACTORS)], [0, 1, 2]), GRAPH, SLOTS)
    paths = joined([paths_along(GRAPH, r, [s[i]]) for i, r in enumerate(ROUTES)])
    return observer, state, observer.observe(state, paths)


def _on_path(obs: Observation) -> np.ndarray:
    on_path = np.zeros((len(obs.paths.lane), len(GRAPH) + 1), bool)
    on_path[np.arange(len(on_path))[:, None], obs.paths.lane] = True
    on_path[:, -1] = False
    return on_path


def _score(state: State, obs: Observation) -> np.ndarray:
    drivers = np.arange(3)
    c, s = np.cos(state.yaw[drivers, None]), np.sin(state.yaw[drivers, None])
    dx, dy = state.x - state.x[drivers, None], state.y - state.y[drivers, None]
    along, aside = dx * c + dy * s, dy * c - dx * s
    score = (along * np.where(along > 0.0, 0.7, 1.5)) ** 2 + (1.5 * aside) ** 2
    score *= np.where(_on_path(obs)[:, state.lane], 0.25, 1.0)
    score[(dx * dx + dy * dy >= 150.0**2) | ~state.present] = np.inf
    score[drivers, drivers] = np.inf
    return score


def _visible(dx, dy, yaw, length, width, valid) -> np.ndarray:
    """By angles; the seven sight lines of each object against every nearer one."""
    r, bearing = np.maximum(np.hypot(dx, dy), 0.3), np.arctan2(dy, dx)
    turn = yaw - bearing
    corners = [
        (
            0.5 * (a * length * np.cos(turn) - b * width * np.sin(turn)),
            0.5 * (a * length * np.sin(turn) + b * width * np.cos(turn)),
        )
        for a in (1, -1)
        for b in (1, -1)
    ]
    angles = np.array([np.arctan(y / np.maximum(x + r, 0.3)) for x, y in corners])
    left, right = angles.max(axis=0), angles.min(axis=0)
    ray = right[..., None] + (left - right)[..., None] * ((np.arange(7) + 0.5) / 7)
    shift = wrap_angle(bearing[:, None, :] - bearing[:, :, None])
    lines = ray[:, :, None, :] - shift[..., None]
    inside = (lines >= right[:, None, :, None]) & (lines <= left[:, None, :, None])
    nearer = (r[:, None, :] < r[:, :, None]) & valid[:, None, :]
    return valid & ~(inside & nearer[..., None]).any(axis=2).all(axis=-1)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_slots_hold_the_most_relevant_of_what_is_seen_and_then_of_the_rest(seed):
    observer, state, obs = _scene(seed)
    score, everyone = _score(state, obs), np.tile(np.arange(ACTORS), (3, 1))
    dx, dy = state.x - state.x[:3, None], state.y - state.y[:3, None]
    nearest = score.argsort(axis=1)[:, : 2 * SLOTS]
    considered = np.zeros_like(score, dtype=bool)
    np.put_along_axis(considered, nearest, True, axis=1)
    valid = considered & np.isfinite(score)
    length, width = observer.roster.length, observer.roster.width
    seen = _visible(dx, dy, state.yaw, length, width, valid)
    order = np.where(valid, np.where(seen, score - 1e9, score), np.inf).argsort(axis=1)[:, :SLOTS]
    for d in range(3):
        wanted = sorted(r for r in everyone[d, order[d]] if valid[d, r])
        row = obs.objects.row[d]
        assert list(row[: len(wanted)]) == wanted
        assert (row[len(wanted) :] == -1).all()
        assert list(obs.objects.seen[d, : len(wanted)]) == [seen[d, r] for r in wanted]


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_relations(seed):
    _, _, obs = _scene(seed)
    o, paths, on_path = obs.objects, obs.paths, _on_path(obs)
    square = (o.x[..., None] - paths.x[:, None]) ** 2 + (o.y[..., None] - paths.y[:, None]) ** 2
    k, row = square.argmin(axis=-1), np.arange(3)[:, None]
    c, s = np.cos(paths.yaw[row, k]), np.sin(paths.yaw[row, k])
    ex, ey = o.x - paths.x[row, k], o.y - paths.y[row, k]
    way, offset = paths.s[row, k] + ex * c + ey * s, np.abs(ey * c - ex * s)
    cos = np.cos(o.yaw - paths.yaw[row, k])
    front, same, against = way > 0.0, cos > np.cos(np.radians(50)), cos < np.cos(np.radians(130))
    corridor = same & (offset < 0.5 * (o.width + obs.own.width[:, None]) + 0.2)
    expected = np.full(o.row.shape, Relation.OTHER)
    expected[same & (offset < 7.5) & ~corridor] = Relation.BESIDE
    expected[corridor & ~front] = Relation.REAR
    expected[against] = Relation.ONCOMING
    expected[front & ~same & ~against] = Relation.CROSSING
    candidate = np.where(corridor & front & o.seen, way, np.inf)
    for d in range(3):
        if np.isfinite(candidate[d]).any():
            expected[d, candidate[d].argmin()] = Relation.LEAD
        for j in range(SLOTS):
            lane = o.lane[d, j]
            if expected[d, j] in (Relation.OTHER, Relation.BESIDE) and front[d, j] and lane >= 0:
                start, end = GRAPH.conflicts.start[lane : lane + 2]
                if not on_path[d, lane] and on_path[d, GRAPH.conflicts.other[start:end]].any():
                    expected[d, j] = Relation.CROSSING
    expected[o.row < 0] = Relation.OTHER
    assert np.array_equal(o.relation, expected)


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_sight_lines_gaps_and_lanes(seed):
    _, _, obs = _scene(seed)
    v = View.of(obs.own, obs.objects)
    v.seen = np.ones_like(v.seen)
    lines = Sightlines(v, GRAPH)
    dx, dy = v.x - obs.own.x[:, None], v.y - obs.own.y[:, None]
    r = np.maximum(np.hypot(dx, dy), 1e-3)
    ux, uy = dx / r, dy / r

    def extent(yaw, length, width):
        c, s = (
            np.abs(np.cos(yaw) * ux + np.sin(yaw) * uy),
            np.abs(np.cos(yaw) * uy - np.sin(yaw) * ux),
        )
        return 0.5 * np.minimum(length / np.maximum(c, 1e-9), width / np.maximum(s, 1e-9))

    own = obs.own
    mine = extent(own.yaw[:, None], own.length[:, None], own.width[:, None])
    gap = np.maximum(r - mine - extent(v.yaw, v.length, v.width), 0.0)
    assert lines.range == pytest.approx(r, abs=1e-9)
    assert lines.gap == pytest.approx(gap, abs=1e-7)
    on = v.lane >= 0
    lane = np.maximum(v.lane, 0)
    first, last = GRAPH.first[lane], GRAPH.first[lane + 1] - 1
    point = first + np.rint(v.s / GRAPH.length[lane] * (last - first)).astype(int)
    yaw = np.where(on, GRAPH.yaw[np.clip(point, first, last)], v.yaw)
    cos = np.cos(yaw) * ux + np.sin(yaw) * uy
    share = np.clip((np.abs(cos) - 0.5) / 0.3, 0.0, 1.0) * on
    for got, expected in zip(lines.tangent, (np.cos(yaw), np.sin(yaw), cos, share), strict=True):
        assert got == pytest.approx(expected, abs=1e-9)
    heading = np.cos(v.yaw) * ux + np.sin(v.yaw) * uy
    assert lines.along[1] == pytest.approx(heading, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_displaced_and_sped_up_objects(seed):
    draw = np.random.default_rng(seed)
    a = draw.normal(0.0, 3.0, (12, 3, 4))
    factor, gap, ux, uy, tx, ty, cos, share, x, y, s, d = a
    share[:] = np.clip(share, 0.0, 1.0)
    change = (factor - 1.0) * gap
    along = share * change / np.where(share > 0.0, cos, 1.0)
    direct = (1.0 - share) * change
    expected = (
        change,
        x + along * tx + direct * ux,
        y + along * ty + direct * uy,
        s + along + direct * cos,
        d + direct * (tx * uy - ty * ux),
    )
    for got, wanted in zip(distance._move(*a), expected, strict=True):
        assert got == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    error, reach, own_along, own_speed, v = gap, np.abs(ux), uy, tx[:, 0].copy(), ty
    heading = np.clip(cos / 3.0, -1.0, 1.0)
    part = np.vectorize(share_along)(heading)
    closing = own_speed[:, None] * own_along - v * heading
    more = (factor - 1.0) * closing + error * reach
    faster = (1.0 - part) * (factor - 1.0) * v - part * more / np.where(part > 0.0, heading, 1.0)
    got, believed = speed._speed_up(factor, error, reach, own_along, heading, own_speed, v)
    assert got == pytest.approx(faster, rel=1e-9, abs=1e-9)
    assert np.array_equal(believed, v + got)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_bent_paths(seed):
    draw = np.random.default_rng(seed)
    offset, curvature = draw.normal(0.0, 0.5, 3), draw.normal(0.0, 0.01, 3)
    offset[0] = curvature[0] = 0.0
    s, x, y, yaw, bend = draw.normal(0.0, 40.0, (5, 3, 9))
    got = lateral._bend(offset, curvature, s, x, y, yaw, bend)
    o, c, s = offset[:, None], curvature[:, None], np.maximum(s, 0.0)
    q = (s / 20.0) ** 2
    shift = o + 0.5 * c * s * s / (1.0 + q)
    expected = (
        x - shift * np.sin(yaw),
        y + shift * np.cos(yaw),
        yaw + c * s / (1.0 + q) ** 2,
        bend + c * (1.0 - 3.0 * q) / (1.0 + q) ** 3,
    )
    for a, b, true in zip(got, expected, (x, y, yaw, bend), strict=True):
        assert a == pytest.approx(b, rel=1e-9, abs=1e-9)
        assert np.array_equal(a[0], true[0])


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(0, 200))
def test_remembered_objects_move_on(seed, age):
    _, _, obs = _scene(seed)
    o, v = obs.objects, View.of(obs.own, obs.objects)
    history = History(GRAPH, ACTORS, 400)
    history.write(7, o)
    history.recall(v, np.full(o.row.shape, 7), 7 + age, 0.05, o.seen)
    nexts = [after[0] if len(after) == 1 else -1 for after in GRAPH.successors]
    for i, k in np.argwhere(o.seen):
        x, y, yaw, lane, s = o.x[i, k], o.y[i, k], o.yaw[i, k], o.lane[i, k], o.s[i, k]
        way, d = o.speed[i, k] * (age * 0.05), o.d[i, k]
        if lane >= 0:
            points = GRAPH.yaw[GRAPH.first[lane] : GRAPH.first[lane + 1]]
            nearest = int(np.rint(s / GRAPH.length[lane] * (len(points) - 1)))
            heading = points[np.clip(nearest, 0, len(points) - 1)]
            if np.cos(yaw - heading) > np.cos(np.radians(30.0)):
                s += way
                for _ in range(4):
                    if s > GRAPH.length[lane] and nexts[lane] >= 0:
                        s -= GRAPH.length[lane]
                        lane = nexts[lane]
                lx, ly, there = GRAPH.at(lane, s)
                x, y = lx - d * np.sin(there), ly + d * np.cos(there)
                yaw = float(wrap_angle(yaw + there - heading))
                way, s = max(s - GRAPH.length[lane], 0.0), min(s, GRAPH.length[lane])
        believed = (v.x[i, k], v.y[i, k], v.yaw[i, k], v.s[i, k])
        expected = (x + way * np.cos(yaw), y + way * np.sin(yaw), yaw, s)
        assert believed == pytest.approx(expected, rel=0.0, abs=1e-9)
        assert v.lane[i, k] == lane


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_columns_combine(seed):
    draw = np.random.default_rng(seed)
    value, sd = draw.uniform(0.5, 1.5, (2, 3, 4))
    unit, channel = draw.normal(size=(2, 3, 5)), np.array([-1, 1, 0, -1])
    wanted = draw.integers(-1, 3, (3, 4)).astype(np.int8)
    near, far = draw.uniform(0, 30, (3, 4)), draw.uniform(40, 100, (3, 4))
    near[0], far[0] = 0.0, 300.0
    right, left = draw.uniform(-np.pi, 0, (3, 4)), draw.uniform(0, np.pi, (3, 4))
    kind, r = draw.integers(0, 3, (3, 5)).astype(np.int8), draw.uniform(0, 120, (3, 5))
    bearing, yaw = draw.uniform(-3.0, 3.0, (3, 5)), draw.uniform(-3.0, 3.0, 3)
    r[0] += 250.0  # without bounds a column reaches beyond 300 m, too
    ux, uy = np.cos(bearing + yaw[:, None]), np.sin(bearing + yaw[:, None])
    seen = draw.random((3, 5)) < 0.8
    rest = (unit, channel, wanted, near, far, right, left, True, kind, r, ux, uy, yaw, seen)
    one = np.ones((3, 5, 4))
    w = np.moveaxis(np.stack([np.zeros((3, 5)), unit[1], unit[0], np.zeros((3, 5))]), 0, 2)
    chosen = (wanted[:, None] < 0) | (wanted[:, None] == kind[..., None])
    chosen &= seen[..., None]
    bounded = (near[:, None] > 0.0) | (far[:, None] < 300.0)
    inside = (r[..., None] >= near[:, None]) & (r[..., None] <= far[:, None])
    chosen &= inside | ~bounded
    chosen &= (bearing[..., None] >= right[:, None]) & (bearing[..., None] <= left[:, None])
    for how, part, empty, over in (
        (combine.PRODUCT, value[:, None] * np.exp(sd[:, None] * w), 1.0, np.prod),
        (combine.SUM, value[:, None] + sd[:, None] * w, 0.0, np.sum),
        (combine.LEAST, value[:, None] * one, np.inf, np.min),
    ):
        expected = over(np.where(chosen, part, empty), axis=-1)
        assert combine.combine(how, value, sd, *rest) == pytest.approx(expected, rel=1e-12)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(-(2**40), 2**40))
def test_keyed_draws_are_those_of_seeds(a, b, counter):
    a, b = np.uint64(a), np.uint64(b)
    assert draws.combined(a, b) == seeds.combine(a, b)
    assert draws.uniform(a, counter) == seeds.uniform(a, counter)
    assert draws.normal(a, counter) == seeds.normal(a, counter)


def test_the_quantile_holds_in_the_tails():
    p = np.concatenate([np.geomspace(2.0**-53, 0.5, 200), 1.0 - np.geomspace(2.0**-53, 0.5, 200)])
    assert [draws.quantile(each) for each in p.tolist()] == pytest.approx(ndtri(p), rel=1e-14)


def test_every_loop_is_compiled_for_one_set_of_types():
    """Arrays of one layout and type only: each further one would cost seconds to compile."""
    acting = program(
        {"op": "attend", "memory_s": 1.0, "range_m": 60.0},
        {"op": "delay", "delay_s": 0.5, "select": {"relation": "lead"}},
        {"op": "scale_distance", "factor": 0.8, "noise_sd": 0.1},
        {"op": "scale_closing_speed", "factor": 0.8, "noise_sd_per_s": 0.02},
        {"op": "shift_lateral", "offset_m": 0.3},
        {"op": "scale_size", "factor": 0.9},
        {"op": "misread_signal", "probability": 0.5, "delay_s": 0.5},
        {"op": "bend_lane", "offset_m": 0.3, "curvature_sd_per_m": 0.001},
        {"op": "look_away", "glance_median_s": 1.0},
        {"op": "scan", "inner_mirror": 0.2, "inside": 0.1},
        {"op": "useful_field", "radius_deg": 30.0},
        {"op": "accumulate"},
    )
    modules = (
        ahead, attention, candidates, combine, compiled, distance, evidence, field, gaze,
        lateral, noise, recall, registration,
        relation, sight, signals, speed, view,
    )  # fmt: skip
    kernels = [v for m in modules for v in vars(m).values() if hasattr(v, "py_func")]
    assert len(kernels) > 15
    # Other tests of this process may have called them with arrays of their own.
    before = {kernel: set(kernel.signatures) for kernel in kernels}
    for drive in (Drive(acting), Drive(acting, everybody=True)):
        for _ in range(60):
            drive.step()
    assert [k for k in kernels if len(set(k.signatures) - before[k]) > 1] == []


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_the_next_signal_and_the_own_offset(seed):
    _, state, obs = _scene(seed)
    paths, own = obs.paths, obs.own
    for i in range(3):
        to_line = GRAPH.stop_s[paths.lane[i]] - paths.lane_s[i]
        ahead_m = paths.s[i] + to_line
        held = (GRAPH.signal[paths.lane[i]] >= 0) & (to_line >= 0.0) & (ahead_m > 0.0)
        last = np.append(np.diff(paths.s[i]), 0.0) + 0.5
        k = np.flatnonzero(held & (to_line < last))
        index = GRAPH.signal[paths.lane[i, k[0]]] if k.size else -1
        assert obs.signal.index[i] == index
        if k.size:
            bumper = ahead_m[k[0]] - 0.5 * own.length[i]
            assert obs.signal.distance[i] == pytest.approx(bumper, abs=1e-9)
            assert obs.signal.state[i] == state.signals[index]
        near = np.argmin(np.abs(paths.s[i]))
        back, yaw = paths.s[i, near], paths.yaw[i, near]
        dx = own.x[i] - paths.x[i, near] + back * np.cos(yaw)
        dy = own.y[i] - paths.y[i, near] + back * np.sin(yaw)
        # All three start on straight lanes, where the path's own heading is that of the chord.
        assert own.d[i] == pytest.approx(dy * np.cos(yaw) - dx * np.sin(yaw), abs=1e-9)
        assert own.heading_error[i] == pytest.approx(wrap_angle(own.yaw[i] - yaw), abs=1e-9)
