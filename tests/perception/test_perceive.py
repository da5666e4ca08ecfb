"""Properties of perception as a whole: identity, keyed noise, no influence of the unseen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsim.core.percept import Objects, Observation, Percepts
from hdsim.perception.catalogue import operation_adapter
from tests.perception.drives import PLACES, STEP_S, Drive, differences, program

STRONG: list[dict[str, Any]] = [
    {"op": "attend", "range_m": 25.0, "max_objects": 1, "latency_median_s": 2.0,
     "miss_probability": 1.0},
    {"op": "delay", "delay_s": 1.5},
    {"op": "scale_distance", "factor": 1.6, "noise_sd": 0.3, "noise_tau_s": 2.0},
    {"op": "scale_closing_speed", "factor": 0.3, "noise_sd_per_s": 0.05, "noise_tau_s": 2.0},
    {"op": "scale_size", "factor": 0.6},
    {"op": "shift_lateral", "offset_m": 0.8, "noise_sd_m": 0.4},
    {"op": "bend_lane", "offset_m": 0.4, "offset_sd_m": 0.3, "curvature_sd_per_m": 0.01},
    {"op": "misread_signal", "probability": 1.0, "delay_s": 2.0},
    {"op": "scale_own_speed", "factor": 0.8, "noise_sd": 0.2},
    {"op": "scale_speed_limit", "factor": 1.4},
    {"op": "look_away", "glance_median_s": 2.0},
    {"op": "scan", "inner_mirror": 0.5, "left_mirror": 0.5, "right_mirror": 0.5,
     "crossing_left": 1.0, "crossing_right": 1.0, "inside": 1.0},
    {"op": "useful_field", "radius_deg": 10.0},
    {"op": "accumulate", "bound": 0.5},
]  # fmt: skip
# No signal, and nothing that changes its speed.
_NOT_HERE = ("misread_signal", "accumulate")
NEVER = {"course": "ramp", "start_s": 1e6, "rise_s": 1.0}
NO_GAIN = {"state": "fatigue", "at_zero": 0.0, "slope": 0.0}


def test_every_kind_of_operation_is_tried_here():
    assert {o["op"] for o in STRONG} == {
        c.model_fields["op"].default
        for c in operation_adapter._type.__origin__.__args__  # the union's members
    }


def test_without_programs_percepts_are_the_observation():
    drive = Drive()
    for _ in range(5):
        obs, percepts = drive.step()
        assert differences(obs, percepts) == []


@settings(max_examples=60, deadline=None)
@given(
    ops=st.lists(st.sampled_from(STRONG), min_size=1, max_size=6),
    off=st.sampled_from([{"course": NEVER}, {"gain": NO_GAIN}]),
)
def test_strength_zero_is_the_identity_bit_for_bit(ops, off):
    drive = Drive(program(*({**o, **off} for o in ops)), everybody=True)
    drive.driver_state = {"fatigue": np.full(5, 0.7)}
    for _ in range(6):
        obs, percepts = drive.step()
        assert differences(obs, percepts) == []


@pytest.mark.parametrize("op", STRONG, ids=lambda o: o["op"])
def test_an_operation_touches_only_its_own_driver(op):
    """The others run through the same arithmetic and must come out bit for bit."""
    drive, plain = Drive(program(op)), Drive()
    for _ in range(40):
        _, percepts = drive.step()
        _, neutral = plain.step()
    others = np.arange(5) != drive.me
    for part in ("own", "objects", "signal", "paths"):
        one, two = getattr(percepts, part), getattr(neutral, part)
        for name in type(one).__slots__:
            a, b = getattr(one, name)[others], getattr(two, name)[others]
            assert a.tobytes() == b.tobytes(), f"{part}.{name}"


@pytest.mark.parametrize(
    "op", [o for o in STRONG if o["op"] not in _NOT_HERE], ids=lambda o: o["op"]
)
def test_a_strong_operation_changes_something(op):
    drive = Drive(program(op))
    changed = set()
    for _ in range(60):
        obs, percepts = drive.step()
        changed.update(differences(obs, percepts))
    assert changed


def _by_name(drive: Drive, percepts: Percepts | Observation) -> dict[tuple[str, str], tuple]:
    """What each driver believes about each object, by their names."""
    o: Objects = percepts.objects
    fields = ("relation", "x", "y", "speed", "length", "s", "d")
    return {
        (drive.names[r], drive.names[o.row[d, k]]): tuple(
            getattr(o, f)[d, k].item() for f in fields
        )
        for d, r in enumerate(drive.roster.drivers)
        for k in np.flatnonzero(o.seen[d])
    }


@settings(max_examples=10, deadline=None)
@given(st.permutations(list(PLACES)))
def test_draws_follow_names_and_not_rows(names):
    plain = Drive(program(*STRONG), everybody=True)
    mixed = Drive(program(*STRONG), everybody=True, names=names)
    for _ in range(30):
        a, b = plain.step()[1], mixed.step()[1]
        assert _by_name(plain, a) == _by_name(mixed, b)


def test_taking_away_an_object_nobody_perceives_changes_nothing_else():
    near = {"op": "attend", "range_m": 60.0, "latency_median_s": 0.3}
    ops = [near, *STRONG[1:]]
    full = Drive(program(*ops), everybody=True)
    less = Drive(program(*ops), everybody=True, names=[n for n in PLACES if n != "npc-03"])
    PLACES["npc-03"] = (260.0, 0.0, 8.0)  # beyond everybody's range
    try:
        for _ in range(60):
            a, b = _by_name(full, full.step()[1]), _by_name(less, less.step()[1])
            mine = {k: v for k, v in a.items() if k[0] != "npc-03"}
            assert "npc-03" not in {k[1] for k in mine}
            assert mine == b
    finally:
        PLACES["npc-03"] = (160.0, 0.0, 8.0)


def test_taking_away_an_operation_shifts_no_other_draw():
    both = Drive(program(STRONG[2], STRONG[5]))
    one = Drive(program(STRONG[5]))
    for _ in range(40):
        a, b = both.step()[1].objects, one.step()[1].objects
        assert (a.d - b.d)[a.seen] == pytest.approx(0.0, abs=1e-12)


def test_a_hidden_object_makes_no_difference():
    """What stands in the slot of an object out of sight must not be used."""
    clean, dirty = Drive(program(*STRONG), everybody=True), Drive(program(*STRONG), everybody=True)
    for _ in range(40):
        a = clean.step()[1]
        obs = dirty.observe()
        dirty.tick += 1
        hidden = ~obs.objects.seen
        assert hidden.any()
        for name in ("x", "y", "speed", "s", "d", "length", "width", "accel"):
            getattr(obs.objects, name)[hidden] += 7.0
        obs.objects.relation[hidden] = 1
        b = dirty.perceiver.perceive(obs, {})
        assert _by_name(clean, a) == _by_name(dirty, b)
        assert a.own.speed.tobytes() == b.own.speed.tobytes()


@pytest.mark.parametrize("field", ["x", "speed", "d"])
def test_what_is_believed_of_an_object_is_continuous_in_time(field):
    smooth = [o for o in STRONG if o["op"] in
              ("delay", "scale_distance", "scale_closing_speed", "shift_lateral")]  # fmt: skip
    drive = Drive(program(*smooth))
    values = []
    for _ in range(200):
        _, percepts = drive.step()
        values.append(drive.value(percepts.objects, "ego", field))
    steps = np.abs(np.diff(values))
    # A jump would stand out against the ordinary change from one tick to the next.
    assert steps.max() < 6.0 * np.quantile(steps, 0.75) + 1e-6


def test_programs_fade_in_within_their_rates():
    drive = Drive()
    gaps = []
    for tick in range(120):
        if tick == 20:
            drive.perceiver.set_programs(
                {drive.me: [program({"op": "scale_distance", "factor": 1.3})]}
            )
        if tick == 90:
            drive.perceiver.set_programs({drive.me: []})
        obs, percepts = drive.step()
        true, believed = (drive.value(o, "ego", "x") for o in (obs.objects, percepts.objects))
        gap = true - float(obs.own.x[drive.me]) - 4.5
        gaps.append((believed - true) / gap)
    rates = np.diff(gaps) / STEP_S
    assert np.all(np.abs(rates) <= 0.1 + 1e-9)
    assert gaps[19] == 0.0
    assert gaps[85] == pytest.approx(0.3)
    assert gaps[119] == pytest.approx(0.15, abs=0.01)


def test_programs_given_before_the_first_tick_act_at_once():
    drive = Drive(program({"op": "scale_speed_limit", "factor": 1.2}))
    assert drive.step()[1].own.limit_factor[drive.me] == pytest.approx(1.2)


def test_gain_follows_the_state_of_the_driver():
    drive = Drive(
        program(
            {"op": "scale_speed_limit", "factor": 1.2, "gain": {"state": "alcohol", "slope": 10}}
        )
    )
    drive.driver_state = {"alcohol": np.full(5, 0.05)}
    assert drive.step()[1].own.limit_factor[drive.me] == pytest.approx(1.1)


def test_a_gain_on_a_state_that_is_not_given_is_an_error():
    drive = Drive(
        program(
            {"op": "scale_speed_limit", "factor": 1.2, "gain": {"state": "alcohol", "slope": 10}}
        )
    )
    with pytest.raises(ValueError, match=r"^a gain uses the state 'alcohol', which was not given$"):
        drive.step()


def test_trace_needs_a_tick_and_then_says_what_changed_what():
    drive = Drive(program(*STRONG[2:6]))
    with pytest.raises(ValueError, match="nothing has been perceived yet"):
        drive.perceiver.trace()
    drive.step()
    trace = drive.perceiver.trace()
    assert set(trace.changes) == {"scale_distance", "scale_closing_speed", "shift_lateral"}
    k = drive.find(drive.observe().objects, "ego")
    moved = trace.believed_gap[drive.me, k] - trace.gap[drive.me, k]
    assert trace.changes["scale_distance"][drive.me, k] == pytest.approx(moved, abs=0.2)
    assert not trace.missed.any()
    assert (trace.strength["scale_distance"][drive.me] == 1.0).all()
