"""Golden scenes of merging: ramps of a motorway, a roundabout, cut-ins."""

from __future__ import annotations

import numpy as np
import pytest

from hdsim.road.strips import LANE_WIDTH, Strip, build, line
from hdsim.study.town import lanes_of, places
from hdsim.testing.traffic import LENGTH, Traffic

SECONDS = 40.0


def drive(name: str, cars: int, mps: float, style: str) -> tuple[Traffic, set, np.ndarray]:
    """Traffic, who touched whom, and how many times each driver entered a junction."""
    graph = lanes_of(name)
    lane, s = places(graph, cars, seed=1)
    speed = np.minimum(graph.limit[lane], mps)
    starts = [(int(a), float(b), float(c)) for a, b, c in zip(lane, s, speed, strict=True)]
    t = Traffic(graph, starts, styles=[style] * cars, seed=1)
    touched: set[tuple[int, int]] = set()
    entered, inside = np.zeros(cars, dtype=int), np.zeros(cars, dtype=bool)

    def note(t: Traffic) -> None:
        nonlocal inside
        touched.update(t.overlaps())
        now = graph.junction[np.maximum(t.state().lane, 0)] >= 0
        entered[now & ~inside] += 1
        inside = now

    t.run(SECONDS, note)
    return t, touched, entered


@pytest.mark.parametrize("style", ["neutral", "normal"])
def test_traffic_merges_from_ramps_without_contact_or_standstill(style: str):
    t, touched, entered = drive("motorway", 30, 25.0, style)
    assert touched == set()
    assert (entered > 0).sum() > 15
    assert np.median(t.speed) > 20.0


@pytest.mark.parametrize("style", ["neutral", "normal"])
def test_a_busy_roundabout_keeps_flowing_without_contact(style: str):
    _, touched, entered = drive("roundabout", 30, 8.0, style)
    assert touched == set()
    assert (entered > 0).sum() > 20
    assert entered.sum() > 35


@pytest.mark.parametrize(("gap", "slower", "hardest"), [(10.0, 0.0, 2.5), (20.0, 5.0, 5.0)])
def test_a_cut_in_is_answered_as_hard_as_it_needs(gap: float, slower: float, hardest: float):
    """Into the own lane 2 s after the begin, at equal speed calmly, at a lower one harder."""
    lanes = {"0": Strip(*line(0.0, 0.0, 900.0, 0.0), limit=22.0)}
    lanes["1"] = Strip(*line(0.0, LANE_WIDTH, 900.0, LANE_WIDTH), limit=22.0)
    graph, index = build("two lanes", lanes)
    speed, first = 20.0, 40.0
    other = speed - slower
    at = first + LENGTH + gap + 2.0 * slower

    def cuts_in(time: float) -> tuple[int, float, float]:
        return index["0" if time >= 2.0 else "1"], at + other * time, other

    t = Traffic(graph, [(index["0"], first, speed), (index["1"], at, other)], scripts={1: cuts_in})
    accel, gaps = [], []

    def note(t: Traffic) -> None:
        accel.append(float(t.accel[0]))
        gaps.append(float(t.x[1] - t.x[0]) - LENGTH)

    t.run(25.0, note)
    assert min(gaps) > 3.0
    assert -hardest < min(accel) < -0.3
    assert gaps[-1] > 0.8 * t.speed[0]
    assert t.speed[0] == pytest.approx(other, abs=1.0)
