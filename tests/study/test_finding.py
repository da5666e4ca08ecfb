"""Pass and miss are said plainly, by a rule that can fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hdsim.study.experiments import pooled
from hdsim.study.finding import Finding, Mark, Rule, Target

TARGET = Target(1.0, 2.0, "1 to 2", "somebody 1999", Mark.MEMORY)


def found(value: float, low: float, high: float, **more: object) -> Finding:
    return Finding("e", "o", "s", value, low, high, 10, **more)


def test_inside_goes_by_the_value_and_overlap_by_the_interval():
    just_off = found(2.1, 1.9, 2.3, target=TARGET)
    assert just_off.verdict == "MISS"
    assert replace(just_off, rule=Rule.OVERLAP).verdict == "pass"
    assert replace(just_off, low=2.05, rule=Rule.OVERLAP).verdict == "MISS"
    assert found(1.5, 0.0, 9.0, target=TARGET).verdict == "pass"


def test_nothing_measured_is_a_miss_and_nothing_published_is_no_verdict():
    nothing = found(np.nan, np.nan, np.nan, target=TARGET)
    assert nothing.verdict == "MISS"
    assert replace(nothing, rule=Rule.OVERLAP).verdict == "MISS"
    assert found(1.0, 1.0, 1.0).verdict == ""


def test_seeds_pool_to_a_mean_with_a_narrower_interval():
    (both,) = pooled([[found(1.0, 0.0, 2.0)], [found(3.0, 2.0, 4.0)]])
    assert both.value == 2.0
    assert both.n == 20
    assert np.isclose(both.high - both.value, 1.0 / np.sqrt(2.0))
