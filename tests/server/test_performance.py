"""The realistic cars against what makers and testers published."""

from __future__ import annotations

import numpy as np
import pytest

from hdsim.server.physics.performance import SPRINTS, STOPS, sprint, stop


@pytest.mark.parametrize("case", STOPS, ids=lambda c: c.car)
def test_a_car_stops_where_testers_stopped_it(case):
    assert stop(case.model, case.of) == pytest.approx(case.metres, rel=0.13)


def test_cars_sprint_about_as_published():
    off = {c.car: sprint(c.model, c.to, c.rollout) / c.seconds - 1.0 for c in SPRINTS}
    size = np.abs(list(off.values()))
    assert np.median(size) < 0.12
    assert np.sum(size < 0.15) >= 8, off
    assert size.max() < 0.45, off  # the Wrangler, of whose gears the model knows nothing
    assert abs(np.mean(list(off.values()))) < 0.06, "the share of the power is fitted"
