"""Features say what they are called; the test is held out by seed and by route."""

from __future__ import annotations

import numpy as np
import pytest

from hdsim.study.features import FEATURES, Tracks, features, leaders
from hdsim.study.styles import Trajectories, held_out


def two_cars(gap: float, speed: float = 10.0, ticks: int = 300) -> Tracks:
    """One car behind another on a straight road, both at one speed; the first weaves."""
    t = 0.1 * np.arange(ticks)[:, None]
    x = np.hstack([speed * t, speed * t + gap + 4.6])
    weave = np.hstack([0.2 * np.sin(t), 0.0 * t])
    flat = np.zeros_like(x)
    return Tracks(0.1, x, weave, flat, flat + speed, weave, flat, flat + 12.5, flat,
                  np.full(2, 4.6))  # fmt: skip


def test_the_leader_is_the_car_in_front():
    gap, speed = leaders(two_cars(15.0))
    assert gap[:, 0] == pytest.approx(15.0, abs=0.01)
    assert np.isinf(gap[:, 1]).all()
    assert speed[:, 0] == pytest.approx(10.0)


def test_features_are_what_they_are_called():
    found = features(two_cars(15.0))
    assert found.shape == (2, len(FEATURES))
    first = dict(zip(FEATURES, found[0], strict=True))
    assert first["speed_mean"] == pytest.approx(10.0)
    assert first["time_gap_p50"] == pytest.approx(1.5, abs=0.01)
    assert first["speed_of_limit_p50"] == pytest.approx(0.8)
    assert first["lateral_sd"] == pytest.approx(0.2 / np.sqrt(2.0), rel=0.1)
    assert first["following_share"] == 1.0
    assert np.isnan(dict(zip(FEATURES, found[1], strict=True))["time_gap_p50"])


def test_neither_a_seed_nor_a_route_is_on_both_sides():
    seed = np.repeat(np.arange(6), 4)
    route = [(k % 3, 10, 11) for k in range(24)]
    route[8] = (7, 8, 9)  # seed 2 is a test seed; this route is its own
    data = Trajectories(np.zeros(24, dtype=np.int64), seed, route, np.zeros((24, 1)))
    train, test = held_out(data)
    assert set(seed[train]) & set(seed[test]) == set()
    assert {data.route[i] for i in train} & {data.route[i] for i in test} == set()
    assert list(test) == [8]
