"""Recorded scenes: made from a run, read back, refused when they do not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from hdsim.cli import app
from hdsim.core.errors import InputError
from hdsim.record.run import Run
from hdsim.run.derive import recorded_states
from hdsim.run.rehearsal.record import SCENE_S, record
from hdsim.run.rehearsal.scenes import OWN_SCENES, load, save
from hdsim.run.replay import recorded_task

CLI = CliRunner()


def test_own_scenes_fit_their_map():
    scenes = load()
    graph = scenes.graph()
    assert len(scenes) == 3
    for number in range(len(scenes)):
        for state, _ in scenes.states(graph, number):
            on_lanes = state.lane[state.present] >= 0
            assert on_lanes.mean() > 0.9


def test_scenes_of_a_run_are_its_states(small_run: Run, tmp_path: Path):
    scenario = small_run.tasks[0]["id"]
    save(record(small_run, scenario, [0.5]), tmp_path / "scenes.npz")
    scenes = load(tmp_path / "scenes.npz")
    task, graph = recorded_task(small_run, scenario), scenes.graph()
    first = round(0.5 / task.step_s)
    roster = small_run.roster(scenario).without_walkers()
    recorded = [s for s, _ in recorded_states(small_run, task, roster, graph)]
    states = [s for s, _ in scenes.states(graph, 0)]
    assert len(states) == round(SCENE_S / task.step_s)
    for ours, theirs in zip(states, recorded[first:], strict=False):
        assert np.allclose(ours.x, theirs.x, atol=1e-4)
        assert (ours.signals == theirs.signals).all()


def test_scene_outside_the_run_is_named(small_run: Run):
    with pytest.raises(InputError, match=r"--at = 1000000000.*expected 0 to"):
        record(small_run, small_run.tasks[0]["id"], [1e9])


def test_another_map_is_refused(tmp_path: Path):
    save(replace(load(), digest="0" * 64), tmp_path / "other.npz")
    with pytest.raises(InputError, match="the map on which the scenes were recorded"):
        load(tmp_path / "other.npz").graph()


@pytest.mark.parametrize("damage", ["cut", "text", "missing"])
def test_damaged_file_is_named(damage: str, tmp_path: Path):
    path = tmp_path / "scenes.npz"
    if damage == "cut":
        path.write_bytes(OWN_SCENES.read_bytes()[:5000])
    if damage == "text":
        path.write_text("no scenes")
    result = CLI.invoke(app, ["guidance", "rehearse", "normal", "--scenes", str(path)])
    assert isinstance(result.exception, InputError)
    assert "expected a file of recorded scenes" in str(result.exception)


def test_command_shows_each_combination():
    result = CLI.invoke(app, ["guidance", "rehearse", "distracted"])
    assert result.exit_code == 0, result.output
    assert result.output.count("good") >= 2
