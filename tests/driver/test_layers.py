"""How fatigue and alcohol evolve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.driver.layers import DriverStates, blood_alcohol, fatigue_level, layer_state
from hdsim.driver.load import load_profile

HOURS = st.floats(0.0, 72.0)


def test_fatigue_is_nothing_below_its_threshold_and_one_after_a_day_awake():
    assert fatigue_level(15.9, 0.0, 16.0) == 0.0
    assert fatigue_level(20.0, 0.0, 16.0) == pytest.approx(0.5)
    assert fatigue_level(24.0, 0.0, 16.0) == 1.0
    assert fatigue_level(60.0, 0.0, 16.0) == 1.0


@given(HOURS, HOURS, st.floats(0.0, 24.0), st.floats(8.0, 24.0))
def test_more_hours_awake_or_at_the_wheel_never_mean_less_fatigue(a, b, task, threshold):
    low, high = sorted((a, b))
    assert fatigue_level(low, task, threshold) <= fatigue_level(high, task, threshold)
    assert fatigue_level(low, 0.0, threshold) <= fatigue_level(low, task, threshold)
    assert 0.0 <= fatigue_level(high, task, threshold) <= 1.0


@given(st.floats(0.0, 0.4), st.floats(0.0, 0.04), st.floats(0.0, 24.0))
def test_alcohol_only_falls_and_never_below_zero(bac, rate, hours):
    later = blood_alcohol(bac, rate, hours)
    assert 0.0 <= later <= bac


def test_fatigue_grows_during_a_drive_and_alcohol_falls_slowly():
    fatigued, drunk = load_profile("fatigued"), load_profile("drunk")
    assert layer_state(fatigued, 600.0)["fatigue"] > layer_state(fatigued, 0.0)["fatigue"]
    assert layer_state(drunk, 600.0)["alcohol"] == pytest.approx(0.12 - 0.015 / 6)
    assert layer_state(drunk, 600.0)["elapsed_s"] == 600.0


def test_arrays_hold_each_driver_in_order():
    profiles = [load_profile(name) for name in ("normal", "drunk", "fatigued")]
    together = DriverStates.of(profiles).at(300.0)
    for i, profile in enumerate(profiles):
        alone = layer_state(profile, 300.0)
        assert {name: float(value[i]) for name, value in together.items()} == alone
    assert all(np.shape(value) == (3,) for value in together.values())
