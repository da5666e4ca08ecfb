"""The fits and intervals find what was put in."""

from __future__ import annotations

import numpy as np
import pytest

from hdsim.study.statistics import bootstrap, critical_headway, logit_fit, ratio_of_rates, wilson


def test_bootstrap_of_a_mean_is_about_the_standard_error():
    values = np.random.default_rng(1).normal(3.0, 2.0, 400)
    value, low, high = bootstrap(values)
    assert value == pytest.approx(values.mean())
    assert (high - low) / 2 == pytest.approx(1.96 * 2.0 / 20.0, rel=0.15)


def test_bootstrap_leaves_out_what_is_not_a_number():
    assert bootstrap(np.array([1.0, np.nan, 1.0])) == (1.0, 1.0, 1.0)
    assert np.isnan(bootstrap(np.array([np.nan]))).all()


def test_wilson_at_nothing_and_in_the_middle():
    """The published example of Newcombe 1998: 0 of 20 and 81 of 263."""
    assert wilson(0, 20)[2] == pytest.approx(0.1611, abs=1e-4)
    assert wilson(81, 263)[1:] == pytest.approx((0.2553, 0.3662), abs=1e-4)


def test_the_logit_finds_its_centre():
    rng = np.random.default_rng(2)
    x = rng.uniform(0.0, 8.0, 4000)
    yes = rng.uniform(size=4000) < 1.0 / (1.0 + np.exp(-(x - 4.0) / 0.68))
    centre, slope = logit_fit(x, yes)
    assert centre == pytest.approx(4.0, abs=0.1)
    assert slope == pytest.approx(1.0 / 0.68, rel=0.1)


def test_the_critical_headway_is_found_between_refused_and_taken_ones():
    rng = np.random.default_rng(3)
    critical = rng.lognormal(np.log(6.0), 0.2, 300)
    pairs = []
    for c in critical:
        offers = rng.exponential(4.0, 200)
        taken = int(np.argmax(offers > c))
        if taken:
            pairs.append((offers[:taken].max(), offers[taken]))
    assert critical_headway(np.array(pairs)) == pytest.approx(critical.mean(), rel=0.05)


def test_a_ratio_of_rates_without_events_is_one():
    assert ratio_of_rates(np.zeros((5, 2))) == 1.0
    assert ratio_of_rates(np.array([[4.0, 1.0], [5.0, 2.0]])) == pytest.approx(9.5 / 3.5)
