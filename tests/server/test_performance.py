"""The realistic cars against what makers and testers published."""

from __future__ import annotations

import numpy as np
import pytest

from hdsim.server.physics.performance import RULES, SPRINTS, STOPS, sprint, stop
from hdsim.server.physics.powertrain import force_and_power


@pytest.mark.parametrize("case", STOPS, ids=lambda c: c.car)
def test_a_car_stops_where_testers_stopped_it(case):
    assert stop(case.model, case.of) == pytest.approx(case.metres, rel=0.13)


def test_vehicles_sprint_about_as_published():
    off = {c.car: sprint(c.model, c.to, c.rollout, c.kerb) / c.seconds - 1.0 for c in SPRINTS}
    size = np.abs(list(off.values()))
    assert np.median(size) < 0.08
    assert np.sum(size < 0.13) >= len(off) - 2, off
    assert size.max() < 0.27, off
    assert abs(np.mean(list(off.values()))) < 0.08, off


@pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{r.what}, {r.source}")
def test_every_class_keeps_the_rules_made_for_it(rule):
    found = (sprint if rule.sprints else stop)(rule.model, rule.speed)
    assert 0.3 * rule.at_most < found <= rule.at_most


def test_gears_come_to_a_force_and_a_power():
    car = {"mass": 1500.0, "power_w": 100e3, "radius": 0.32}
    one = force_and_power(torque_nm=200.0, gears=[9.0], **car)
    assert one[0] == pytest.approx(0.93 * 200.0 * 9.0 / 0.32 / 1.04)
    assert 0.8 * 100e3 < one[1] < 0.93 * 100e3
    engine = {"torque_nm": 200.0, "power_rpm": 6000.0, "torque_rpm": 3500.0}
    few = force_and_power(gears=[12.0, 6.0, 3.0], **engine, **car)
    more = force_and_power(gears=[12.0, 8.0, 5.5, 4.0, 3.0], **engine, **car)
    slow = force_and_power(gears=[12.0, 8.0, 5.5, 4.0, 3.0], shift_s=0.5, **engine, **car)
    assert few[0] == more[0] == slow[0]
    assert few[1] < more[1] < 100e3
    assert slow[1] < more[1]
