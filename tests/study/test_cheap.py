"""The cheap experiments in small, with wide tolerance."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from hdsim.cli import app
from hdsim.core.errors import InputError
from hdsim.study import braking, glances, lane_keeping, yellow
from hdsim.study.experiments import EXPERIMENTS, chosen
from hdsim.study.scene import profile


def test_the_list_names_every_experiment():
    shown = CliRunner().invoke(app, ["study", "driver-science", "--list"])
    assert shown.exit_code == 0
    assert [line.split(":")[0] for line in shown.stdout.splitlines()] == list(EXPERIMENTS)


def test_an_unknown_experiment_is_bad_input():
    with pytest.raises(InputError, match="did you mean"):
        chosen(["yelow"])


@pytest.mark.slow
def test_drivers_react_to_a_braking_leader_as_people_do():
    times, _ = braking.lead_brakes(seed=1, n=24)
    assert np.isfinite(times).sum() >= 18
    assert 0.6 <= np.nanmedian(times) <= 1.7


@pytest.mark.slow
def test_drivers_stop_at_an_early_yellow_and_go_at_a_late_one():
    left, stopped, _ = yellow.approaches(seed=1, n=30, mixed=False)
    assert stopped[left > 6.0].mean() > 0.8
    assert stopped[left < 2.0].mean() < 0.2


@pytest.mark.slow
def test_alcohol_makes_the_lane_wider():
    sober = lane_keeping.sdlp(profile("sober"), seed=1, n=6)
    drunk = lane_keeping.sdlp(lane_keeping.bac(0.15), seed=1, n=6)
    assert 0.14 <= sober.mean() <= 0.26
    assert drunk.mean() > sober.mean() + 0.02


@pytest.mark.slow
def test_who_texts_looks_away_most_of_the_time():
    away = glances.eyes_off(seed=1, n=6)
    assert 0.03 <= away["alert"].mean() <= 0.3
    assert away["texting"].mean() > 0.5
