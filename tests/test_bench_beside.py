"""Other programs' traffic beside HDSim's: measured where installed, named where not."""

from __future__ import annotations

import importlib.util

import pytest

from bench import beside


def test_a_program_that_is_not_installed_is_said_to_be(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert beside.ask("sumo", "grid", 5, 20) is None
    assert "not installed (extra `bench`)" in beside.title("sumo")


@pytest.mark.parametrize("program", list(beside.PROGRAMS))
def test_as_many_vehicles_as_are_asked_for_are_driven(program):
    if beside.missing(program):
        pytest.skip(f"{beside.title(program)}")
    answer = beside.ask(program, "grid", 5, 20)
    assert answer is not None
    assert answer["vehicles"] == 5
    assert answer["median"] > 0.0
