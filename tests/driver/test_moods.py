"""Anger and hurry: from what drivers perceive, in the drive, all at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.core.percept import Objects, OwnState, Paths, Percepts, Relation, SignalAhead
from hdsim.core.state import SignalState
from hdsim.driver.moods import Moods
from hdsim.driver.profile import DriverProfile

LIMIT = 14.0


def profile(**layers: object) -> DriverProfile:
    return DriverProfile.model_validate({"schema": 1, "name": "x", **layers})


def percepts(
    speed: list[float],
    gap: float = np.inf,
    relation: Relation = Relation.LEAD,
    row: int = 7,
    signal: SignalState = SignalState.OFF,
    time: float = 0.0,
) -> Percepts:
    """Every driver at its own speed with one car (5 m long, as its own) ahead at a gap."""
    n = len(speed)
    zero, one = np.zeros(n), np.ones((n, 1))
    own = OwnState(
        x=zero, y=zero, yaw=zero, speed=np.array(speed), yaw_rate=zero, accel=zero, d=zero,
        heading_error=zero, limit_factor=np.ones(n), length=zero + 5.0, width=zero + 2.0,
        wheelbase=zero + 3.0,
    )  # fmt: skip
    seen = np.full((n, 1), np.isfinite(gap))
    away = one * (gap + 5.0 if np.isfinite(gap) else 0.0)
    objects = Objects(
        row=np.full((n, 1), row), seen=seen, relation=np.full((n, 1), relation, dtype=np.int8),
        x=away, y=0 * one, yaw=0 * one, speed=0 * one, accel=0 * one, length=5.0 * one,
        width=2.0 * one, lane=np.zeros((n, 1), dtype=np.int64), s=0 * one, d=0 * one,
    )  # fmt: skip
    points = np.zeros((n, 2))
    paths = Paths(
        x=points, y=points, yaw=points, curvature=points, s=points, limit=points + LIMIT,
        width=points + 3.5, lane=points.astype(np.int64), lane_s=points,
        end_s=np.full(n, np.inf),
    )  # fmt: skip
    ahead = SignalAhead(
        index=np.zeros(n, dtype=np.int64),
        state=np.full(n, signal, dtype=np.uint8),
        distance=np.full(n, 30.0),
    )
    return Percepts(time, own, objects, ahead, paths)


def after(moods: Moods, scene: Percepts, seconds: int) -> np.ndarray:
    for _ in range(seconds):
        moods.notice(scene, 1.0)
    return moods.anger.copy()


def test_being_held_up_angers_and_a_free_road_calms():
    moods = Moods([profile()])
    angered = after(moods, percepts([3.0], gap=6.0), 60)
    assert 0.05 < angered[0] < 0.5
    assert after(moods, percepts([3.0], gap=6.0), 60)[0] > angered[0]
    before = moods.anger[0]
    assert after(moods, percepts([14.0]), 120)[0] == pytest.approx(before * np.exp(-1.0), rel=0.02)


def test_a_red_light_angers_nobody():
    scene = percepts([0.0], gap=3.0, signal=SignalState.RED)
    assert after(Moods([profile()]), scene, 60)[0] == 0.0


def test_a_cut_in_angers_at_once():
    moods = Moods([profile(), profile(personality={"aggressiveness": 1.0})])
    after(moods, percepts([12.0, 12.0], gap=5.0, relation=Relation.BESIDE), 3)
    assert np.all(moods.anger == 0.0)
    calm, pushy = after(moods, percepts([12.0, 12.0], gap=5.0), 1)
    assert 0.1 < calm < pushy
    again = after(moods, percepts([12.0, 12.0], gap=5.0), 1)
    assert np.all(again < [calm, pushy])  # the same vehicle does not cut in twice


def test_a_wide_lane_change_is_no_cut_in():
    moods = Moods([profile()])
    after(moods, percepts([12.0], gap=25.0, relation=Relation.BESIDE), 2)
    assert after(moods, percepts([12.0], gap=25.0), 1)[0] == 0.0


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_aggressive_drivers_are_angered_no_less(a: float, b: float):
    low, high = sorted((a, b))
    moods = Moods([profile(personality={"aggressiveness": x}) for x in (low, high)])
    calm, pushy = after(moods, percepts([2.0, 2.0], gap=5.0), 30)
    assert 0.0 <= calm <= pushy <= 1.0


@given(st.floats(0.0, 20.0), st.floats(0.0, 20.0))
def test_slower_never_means_less_anger(a: float, b: float):
    slow, fast = sorted((a, b))
    moods = Moods([profile(), profile()])
    more, less = after(moods, percepts([slow, fast], gap=5.0), 20)
    assert more >= less


def test_hurry_grows_with_lateness_and_fades_when_made_up_for():
    moods = Moods([profile(physiology={"hurry": {"time_allowed": 1.0}})])
    after(moods, percepts([0.0]), 30)
    assert moods.hurry[0] == pytest.approx(0.5)
    after(moods, percepts([2 * LIMIT]), 15)
    assert moods.hurry[0] == pytest.approx(0.25)


def test_time_to_spare_is_no_hurry():
    moods = Moods([profile(physiology={"hurry": {"time_allowed": 2.0}})])
    after(moods, percepts([0.6 * LIMIT]), 100)
    assert moods.hurry[0] == 0.0


def test_a_deadline_presses_when_the_way_is_too_long():
    pressed = profile(physiology={"hurry": {"deadline_s": 100.0}})
    moods = Moods([pressed, pressed, pressed], np.array([50 * LIMIT, 130 * LIMIT, np.nan]))
    moods.notice(percepts([LIMIT] * 3, time=1.0), 1.0)
    assert moods.hurry == pytest.approx([0.0, 0.5, 0.0], abs=0.02)


def test_plain_hurry_lasts_and_anger_at_the_start_decays():
    moods = Moods([profile(physiology={"hurry": 0.6, "anger": 0.8})])
    after(moods, percepts([LIMIT]), 60)
    assert moods.hurry[0] == 0.6
    assert moods.anger[0] == pytest.approx(0.8 * np.exp(-0.5), rel=0.02)


def test_ideal_observers_have_no_moods():
    moods = Moods([profile(baseline="none", physiology={"anger": 1.0, "hurry": 1.0})])
    after(moods, percepts([0.0], gap=3.0), 60)
    assert moods.anger[0] == moods.hurry[0] == 0.0


def test_one_put_elsewhere_begins_anew_and_nobody_else():
    moods = Moods([profile(physiology={"hurry": {"time_allowed": 1.0}})] * 2)
    after(moods, percepts([0.0, 0.0], gap=3.0), 40)
    angry, hurried = moods.anger[1], moods.hurry[1]
    moods.begin_anew(np.array([0]))
    assert (moods.anger[0], moods.hurry[0]) == (0.0, 0.0)
    assert (moods.anger[1], moods.hurry[1]) == (angry, hurried)


@given(st.lists(st.floats(0.0, 20.0), min_size=2, max_size=6), st.data())
def test_drivers_do_not_depend_on_each_other(speeds: list[float], data: st.DataObject):
    pick = data.draw(st.integers(0, len(speeds) - 1))
    drivers = [profile(personality={"aggressiveness": i / 6}) for i in range(len(speeds))]
    together = after(Moods(drivers), percepts(speeds, gap=5.0), 10)
    alone = after(Moods([drivers[pick]]), percepts([speeds[pick]], gap=5.0), 10)
    assert together[pick] == alone[0]


def test_what_is_not_seen_angers_nobody():
    scene = percepts([2.0], gap=5.0)
    unseen = replace(scene, objects=replace(scene.objects, seen=np.zeros((1, 1), dtype=bool)))
    assert after(Moods([profile()]), unseen, 60)[0] == 0.0
