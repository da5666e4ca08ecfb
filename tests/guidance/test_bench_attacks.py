"""The study of attacks on a real model: cut short, it goes on where it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.attacks import Log, measure, summarise
from hdsim.core.errors import InputError
from hdsim.guidance.endpoint import Endpoint
from hdsim.testing.llm_server import HangUp, ScriptedModel
from tests.guidance.corpus import load_corpus
from tests.guidance.test_live import good

SETTING = {"model": "m", "prompts": "compact"}


def test_run_that_was_cut_short_asks_only_what_is_left(tmp_path: Path, capsys):
    file = tmp_path / "attacks.jsonl"
    attacks = [a for a in load_corpus() if not a.scenario][:2]
    questions = 2 * (2 + 6)  # without and with the defence; two attacks, six benign profiles

    def measured(server: ScriptedModel, *, resume: bool) -> Log:
        log = Log(file, SETTING, resume=resume)
        measure(Endpoint(server.base_url, "m", retries=0, prompts="compact"), log, attacks)
        return log

    with ScriptedModel(lambda r: good(r) if len(server.requests) <= 5 else HangUp()) as server:
        measured(server, resume=False)
        assert len(server.requests) == questions
    with file.open("a") as unfinished:
        unfinished.write('{"kind": "attack", "name"')
    with ScriptedModel(good) as server:
        log = measured(server, resume=True)
        assert len(server.requests) == questions - 5
        measured(server, resume=True)
        assert len(server.requests) == questions - 5
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert rows[0] == SETTING
    assert len(rows) == 1 + questions + questions - 5
    assert {row["outcome"] for row in log.of("attack")} == {"held"}
    capsys.readouterr()
    summarise(log)
    shown = capsys.readouterr().out
    assert "| all | 2 | 0 -> 0 | 0 | 0 -> 0 |" in shown
    assert "benign profiles: 6; usable without the defence 6, with it 6; the same program" in shown


def test_file_of_another_model_is_never_mixed_with(tmp_path: Path):
    file = tmp_path / "attacks.jsonl"
    Log(file, SETTING, resume=False)
    with pytest.raises(InputError, match="a new file, or --resume"):
        Log(file, SETTING, resume=False)
    with pytest.raises(InputError, match="expected a file that begins"):
        Log(file, {**SETTING, "model": "another"}, resume=True)
