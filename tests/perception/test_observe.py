"""What a driver could see: occlusion, relations, own projection, signals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsim.core.percept import Observation, Relation
from hdsim.core.state import SignalState
from hdsim.perception.observe import Observer
from hdsim.perception.sight import visible as visible_of_actors
from hdsim.road.strips import LANE_WIDTH
from hdsim.testing.scenes import bend, crossing, straight
from hdsim.testing.stills import LENGTH, paths_along, roster_of, state_of


def _scene(x, y, yaw=0.0, speed=10.0, lanes=3, slots=16) -> Observation:
    """Driver is row 0 on lane 1 of a straight road; the others as given."""
    graph, index = straight(500.0, lanes=lanes)
    names = [f"npc-{i:02d}" for i in range(len(x))]
    observer = Observer(roster_of(names, [0]), graph, slots=slots)
    state = state_of(graph, x, y, yaw, speed)
    return observer.observe(state, paths_along(graph, [index["1"]], [x[0]]))


def visible(dx, dy, yaw, length, width, valid):
    """Of one driver at the origin; arrays have shape (1, n)."""
    rows, eye = np.where(valid, np.arange(dx.shape[1]), -1), np.zeros(1)
    rest = length[0], width[0], dx.shape[1]
    return visible_of_actors(rows, eye, eye, dx[0], dy[0], np.cos(yaw[0]), np.sin(yaw[0]), *rest)


def _slot(obs: Observation, row: int) -> int:
    (k,) = np.flatnonzero(obs.objects.row[0] == row)
    return int(k)


def _relation(obs: Observation, row: int) -> Relation:
    return Relation(obs.objects.relation[0, _slot(obs, row)])


MID = LANE_WIDTH


def test_a_car_right_ahead_hides_the_car_before_it():
    obs = _scene([100.0, 120.0, 140.0], [MID, MID, MID])
    assert obs.objects.seen[0, _slot(obs, 1)]
    assert not obs.objects.seen[0, _slot(obs, 2)]


def test_an_offset_car_is_seen_past_the_lead():
    obs = _scene([100.0, 120.0, 140.0], [MID, MID, MID + 2.5])
    assert obs.objects.seen[0, _slot(obs, 2)]


def test_the_neighbouring_lanes_are_seen_past_the_lead():
    obs = _scene([100.0, 110.0, 125.0, 130.0], [MID, MID, 0.0, 2 * MID])
    assert obs.objects.seen[0, [_slot(obs, r) for r in (1, 2, 3)]].all()


def test_two_cars_side_by_side_hide_together_what_neither_hides_alone():
    ahead, gap = 12.0, 1.6
    one = _scene([100.0, 112.0, 140.0], [MID, MID + gap / 2, MID])
    both = _scene([100.0, ahead + 100.0, 140.0, 100.0 + ahead], [MID, MID + 0.8, MID, MID - 0.8])
    assert one.objects.seen[0, _slot(one, 2)]
    assert not both.objects.seen[0, _slot(both, 2)]


@settings(max_examples=60, deadline=None)
@given(turn=st.floats(-np.pi, np.pi), offset=st.floats(-6.0, 6.0))
def test_visibility_does_not_depend_on_the_direction_of_view(turn, offset):
    """Also across the seam at +-180 degrees."""
    x, y = np.array([15.0, 40.0]), np.array([0.0, offset])
    c, s = np.cos(turn), np.sin(turn)
    args = (np.array([4.5, 4.5]), np.array([1.8, 1.8]), np.array([True, True]))
    here = visible(x[None], y[None], np.zeros((1, 2)), *(a[None] for a in args))
    there = visible(
        (x * c - y * s)[None],
        (x * s + y * c)[None],
        np.full((1, 2), turn),
        *(a[None] for a in args),
    )
    edge = abs(abs(offset) - 2.9) < 1.0  # sight lines that graze a corner may fall to either side
    assert edge or (here == there).all()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-80, 80), st.floats(-40, 40)), min_size=2, max_size=8),
    st.integers(0, 7),
)
def test_taking_away_a_car_never_hides_another(places, which):
    which %= len(places)
    x, y = (np.array(a)[None] for a in zip(*places, strict=True))
    full = np.ones_like(x)
    valid = np.ones(x.shape, bool)
    before = visible(x, y, 0 * full, 4.5 * full, 1.8 * full, valid)
    valid[0, which] = False
    after = visible(x, y, 0 * full, 4.5 * full, 1.8 * full, valid)
    rest = np.arange(len(places)) != which
    assert (after[0, rest] >= before[0, rest]).all()
    assert not after[0, which]


def test_relations_on_a_straight_road():
    obs = _scene(
        [100.0, 120.0, 80.0, 105.0, 90.0, 150.0, 130.0, 125.0],
        [MID, MID, MID, 0.0, 2 * MID, 2 * MID, MID - 20.0, MID + 2.5],
        [0.0, 0.0, 0.0, 0.0, 0.0, np.pi, np.pi / 2, 0.0],
    )
    assert [_relation(obs, r) for r in range(1, 8)] == [
        Relation.LEAD,
        Relation.REAR,
        Relation.BESIDE,
        Relation.BESIDE,
        Relation.ONCOMING,
        Relation.CROSSING,
        Relation.BESIDE,
    ]


def test_only_one_lead_and_only_if_seen():
    obs = _scene([100.0, 120.0, 140.0, 160.0], [MID] * 4)
    assert list(obs.objects.relation[0]).count(Relation.LEAD) == 1
    assert _relation(obs, 1) == Relation.LEAD


def test_a_car_turning_across_is_crossing():
    graph, index = crossing()
    mine = [index["in-w"], index["w-e"], index["out-e"]]
    turning = index["e-s"]
    x, y, yaw = graph.at([mine[0], turning], [110.0, 4.0])
    observer = Observer(roster_of(["npc-00", "npc-01"], [0]), graph)
    obs = observer.observe(state_of(graph, x, y, yaw, 8.0), paths_along(graph, mine, [110.0]))
    assert _relation(obs, 1) in (Relation.CROSSING, Relation.ONCOMING)
    x, y, yaw = graph.at([mine[0], turning], [110.0, 12.0])
    obs = observer.observe(state_of(graph, x, y, yaw, 8.0), paths_along(graph, mine, [110.0]))
    assert _relation(obs, 1) == Relation.CROSSING


def test_a_merging_car_that_heads_the_same_way_is_crossing():
    graph, index = crossing()
    mine = [index["in-w"], index["w-e"], index["out-e"]]
    merging = index["s-e"]  # turns right into the lane that the path leads to
    end = float(graph.length[merging])
    x, y, yaw = graph.at([mine[0], merging], [110.0, end - 3.0])
    observer = Observer(roster_of(["npc-00", "npc-01"], [0]), graph)
    state = state_of(graph, x, y, yaw, 8.0)
    obs = observer.observe(state, paths_along(graph, mine, [110.0]))
    expected = Relation.LEAD if abs(y[1] - y[0]) < 2.0 else Relation.CROSSING
    assert _relation(obs, 1) == expected


@pytest.mark.parametrize("radius", [10.0, 20.0, 60.0])
@pytest.mark.parametrize("at", [0.1, 0.9, 1.0, 1.7, 3.3])
def test_own_offset_and_heading_are_right_on_a_coarse_path(radius, at):
    graph, index = bend(radius)
    true_d, true_heading = 0.4, 0.1
    s = 5.0 + at
    # The pose is worked out on the circle itself, not on its sampled points.
    a = s / radius
    cx = (radius - true_d) * np.sin(a)
    cy = radius - (radius - true_d) * np.cos(a)
    lanes = [index["in"], index["arc"], index["out"]]
    own_s = float(graph.length[lanes[0]]) + s
    observer = Observer(roster_of(["npc-00"], [0]), graph)
    obs = observer.observe(
        state_of(graph, [cx], [cy], [a + true_heading], 8.0), paths_along(graph, lanes, [own_s])
    )
    assert obs.own.d[0] == pytest.approx(true_d, abs=0.03)
    assert obs.own.heading_error[0] == pytest.approx(true_heading, abs=0.03)


def test_the_next_signal_is_measured_from_the_front_bumper():
    graph, index = crossing(signals=True)
    lanes = [index["in-w"], index["w-e"], index["out-e"]]
    observer = Observer(roster_of(["npc-00"], [0]), graph)
    length = float(graph.length[lanes[0]])
    for back in (30.0, 5.0, 0.5):
        own_s = length - back
        x, y, yaw = graph.at([lanes[0]], [own_s])
        state = state_of(graph, x, y, yaw, 8.0, signals=[SignalState.RED] * 4)
        signal = observer.observe(state, paths_along(graph, lanes, [own_s])).signal
        assert signal.index[0] == graph.signal[lanes[0]]
        assert signal.state[0] == SignalState.RED
        assert signal.distance[0] == pytest.approx(back - LENGTH / 2, abs=1e-6)


def test_no_signal_means_off_and_infinitely_far():
    obs = _scene([100.0], [MID])
    assert obs.signal.index[0] == -1
    assert obs.signal.state[0] == SignalState.OFF
    assert obs.signal.distance[0] == np.inf


def test_absent_actors_take_no_slot():
    graph, index = straight(500.0)
    observer = Observer(roster_of(["npc-00", "npc-01"], [0]), graph)
    state = state_of(graph, [100.0, 120.0], [0.0, 0.0])
    state.present[1] = False
    obs = observer.observe(state, paths_along(graph, [index["0"]], [100.0]))
    assert (obs.objects.row == -1).all()
    assert not obs.objects.seen.any()


def test_more_actors_than_slots_keeps_the_near_and_the_seen():
    x = np.concatenate([[100.0], 100.0 + 6.0 * np.arange(1, 15)])
    obs = _scene(x, [MID] * 15, slots=4)
    assert obs.objects.row.shape == (1, 4)
    assert 1 in obs.objects.row[0]
    assert obs.objects.seen[0, _slot(obs, 1)]


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(6)))
def test_the_order_of_the_roster_is_of_no_consequence(order):
    x = np.array([100.0, 118.0, 131.0, 90.0, 145.0, 160.0])
    y = np.array([MID, MID, 0.0, 2 * MID, MID + 2.0, 0.5])
    graph, index = straight(500.0, lanes=3)
    plain = Observer(roster_of([f"v{i}" for i in range(6)], [0]), graph)
    mixed = Observer(roster_of([f"v{i}" for i in order], [order.index(0)]), graph)
    paths = paths_along(graph, [index["1"]], [100.0])
    a = plain.observe(state_of(graph, x, y), paths).objects
    b = mixed.observe(state_of(graph, x[list(order)], y[list(order)]), paths).objects

    def facts(o, names):
        return {
            names[r]: (s, rel, px)
            for r, s, rel, px in zip(o.row[0], o.seen[0], o.relation[0], o.x[0], strict=True)
            if r >= 0
        }

    assert facts(a, range(6)) == facts(b, order)
