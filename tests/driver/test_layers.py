"""How fatigue and alcohol evolve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.driver.layers import (
    MOST_FATIGUE,
    DriverStates,
    alcohol_at_start,
    blood_alcohol,
    fatigue_level,
    layer_state,
    widmark_bac,
)
from hdsim.driver.load import load_profile
from hdsim.driver.profile import Alcohol

HOURS = st.floats(0.0, 72.0)
CLOCK = st.floats(0.0, 24.0)


def up_at_seven(hours_awake: float) -> float:
    return float(fatigue_level(hours_awake, 7.0 + hours_awake))


def test_fatigue_is_nothing_on_an_ordinary_day():
    assert up_at_seven(6.0) == up_at_seven(14.0) == up_at_seven(15.9) == 0.0


@pytest.mark.parametrize(("least_h", "most_h", "like"), [(16.9, 18.6, 0.5), (17.7, 24.0, 1.0)])
def test_hours_awake_do_what_the_published_bac_does(least_h: float, most_h: float, like: float):
    """0.5 within the hours that equal 0.05 g/100 ml, 1 within those that equal 0.10."""
    assert up_at_seven(least_h) <= like <= up_at_seven(most_h)


def test_the_night_is_harder_than_the_day():
    by_clock = [float(fatigue_level(14.0, clock)) for clock in np.arange(0.0, 24.0, 0.5)]
    assert 3.0 <= 0.5 * int(np.argmax(by_clock)) <= 5.0
    assert by_clock[9] > 0.2
    assert float(fatigue_level(14.0, 16.0)) == 0.0


def test_after_a_night_awake_the_morning_brings_some_relief():
    assert up_at_seven(28.0) < up_at_seven(24.0)


def test_longer_night_drives_cross_the_line_more_often():
    """Sagaspe et al. 2008: x6.0, 15.4, 24.3 after 2, 4, 8 h that end at five in the morning."""
    levels = [float(fatigue_level(18.0, 5.0, h)) for h in (2.0, 4.0, 8.0)]
    assert levels[0] < levels[1] < levels[2]
    assert levels[2] - levels[0] == pytest.approx(0.3, abs=0.05)


@given(HOURS, HOURS, CLOCK, st.floats(0.0, 24.0), st.floats(8.0, 24.0))
def test_more_hours_awake_or_at_the_wheel_never_mean_less_fatigue(a, b, clock, task, threshold):
    low, high = sorted((a, b))
    assert fatigue_level(low, clock, task, threshold) <= fatigue_level(high, clock, task, threshold)
    assert fatigue_level(low, clock, 0.0, threshold) <= fatigue_level(low, clock, task, threshold)
    assert 0.0 <= fatigue_level(high, clock, task, threshold) <= MOST_FATIGUE


@given(st.floats(0.0, 0.4), st.floats(0.0, 0.04), st.floats(0.0, 24.0))
def test_absorbed_alcohol_only_falls_and_never_below_zero(bac, rate, hours):
    later = blood_alcohol(bac, rate, hours)
    assert 0.0 <= later <= bac


def test_bac_after_drinks_rises_peaks_and_falls_at_the_rate_of_elimination():
    hours = np.linspace(0.0, 8.0, 161)
    dose = float(widmark_bac(4.0, 75.0))
    assert dose == pytest.approx(0.120, abs=0.001)  # 4 x 14 g in 0.62 x 75 kg
    bac = blood_alcohol(0.0, 0.015, hours, dose, 3.0)
    peak = int(np.argmax(bac))
    assert 0.5 <= hours[peak] <= 1.5
    assert 0.75 * dose <= bac[peak] < dose
    assert np.all(np.diff(bac[: peak + 1]) > 0.0)
    assert np.diff(bac)[-20:] / np.diff(hours)[-20:] == pytest.approx(-0.015, abs=1e-4)


@given(st.floats(0.0, 10.0), st.floats(0.0, 6.0), st.floats(0.5, 12.0))
def test_it_makes_no_difference_where_in_the_evening_the_scenario_begins(drinks, since, k):
    at_start = {"drinks": drinks, "absorption_per_h": k, "elimination_per_h": 0.0}
    bac, absorbing = alcohol_at_start(Alcohol(**at_start, since_drinking_h=since))
    now, rest = alcohol_at_start(Alcohol(**at_start, since_drinking_h=0.0))
    later = blood_alcohol(now, 0.0, since + 1.0, rest, k)
    assert blood_alcohol(bac, 0.0, 1.0, absorbing, k) == pytest.approx(float(later), abs=1e-9)


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
