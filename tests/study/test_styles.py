"""Features say what they are called; the test is held out by seed and by route."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from hdsim.core.errors import InputError
from hdsim.study.cli import app
from hdsim.study.features import FEATURES, Tracks, features, leaders, reversals
from hdsim.study.styles import Drive, Trajectories, drive, held_out


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
    assert first["steady_time_gap"] == pytest.approx(1.5, abs=0.01)
    # A sine of 0.2 m that takes 2 pi s turns back twice in each period.
    assert first["lateral_reversals"] == pytest.approx(60.0 / np.pi, rel=0.1)
    assert np.isnan(dict(zip(FEATURES, found[1], strict=True))["time_gap_p50"])


def test_small_movements_are_no_reversals():
    t = np.arange(0.0, 60.0, 0.1)
    slow = np.sin(0.5 * t)
    turns = reversals(slow, 0.1)
    assert turns in (9, 10)
    assert reversals(slow + 0.04 * np.sin(9.0 * t), 0.1) == turns
    assert reversals(slow + 0.2 * np.sin(9.0 * t), 0.1) > 5 * turns


def test_the_start_delay_is_from_the_leaders_start_to_the_own_one():
    ticks, leads, follows = 300, 100, 118
    speed = np.zeros((ticks, 2))
    speed[leads:, 1] = speed[follows:, 0] = 5.0
    x = 0.1 * np.cumsum(speed, axis=0) + np.array([0.0, 7.0])
    flat = np.zeros_like(x)
    tracks = Tracks(0.1, x, flat, flat, speed, flat, flat, flat + 12.5, flat, np.full(2, 4.6))
    found = dict(zip(FEATURES, features(tracks)[0], strict=True))
    assert found["start_delay"] == pytest.approx(0.1 * (follows - leads))


def test_a_drive_is_cut_into_trajectories_of_one_length():
    tracks = two_cars(15.0, ticks=300)
    data = Drive(tracks, np.zeros((300, 2), dtype=np.int64), np.array([0, 1]), 7).cut(12.0)
    assert len(data.style) == 2 * (300 // 120)
    assert set(data.seed) == {7}


def test_styles_drive_together_in_the_town():
    driven, errors = drive(1, 5.0, ("aggressive", "normal"))
    assert driven.tracks.x.shape == (50, 40)
    assert (np.bincount(driven.style) == 20).all()
    assert (errors > 0.0).all()


def test_neither_a_seed_nor_a_route_is_on_both_sides():
    seed = np.repeat(np.arange(6), 4)
    route = [(k % 3, 10, 11) for k in range(24)]
    route[8] = (7, 8, 9)  # seed 2 is a test seed; this route is its own
    data = Trajectories(np.zeros(24, dtype=np.int64), seed, route, np.zeros((24, 1)))
    train, test = held_out(data)
    assert set(seed[train]) & set(seed[test]) == set()
    assert {data.route[i] for i in train} & {data.route[i] for i in test} == set()
    assert list(test) == [8]


def test_too_few_drives_of_the_control_arm_are_refused(tmp_path):
    result = CliRunner().invoke(app, ["styles", "--traffic-manager", "2", "--out", str(tmp_path)])
    assert isinstance(result.exception, InputError)
    assert "--traffic-manager" in str(result.exception)
    assert not any(tmp_path.iterdir())
