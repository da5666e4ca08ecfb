"""The demonstration of words that become drivers: two of the five, a second of driving."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from hdsim.guidance.endpoint import Endpoint
from hdsim.testing.llm_server import ScriptedModel
from tests.examples.test_examples import EXAMPLES, only_row, words_model


def test_costs_are_told_the_drives_happen_and_again_asks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    spec = importlib.util.spec_from_file_location("words_example", EXAMPLES / "07_words.py")
    assert spec
    assert spec.loader
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    words = tmp_path / "words"
    shutil.copytree(EXAMPLES / "words", words)
    for file in (words / "drivers").glob("*.yaml"):
        if file.stem not in ("night-nurse", "late-courier"):
            file.unlink()
    scenario = words / "scenario.yaml"
    text = scenario.read_text().replace("roam: 10", "roam: 1").replace("vehicles: 5", "vehicles: 2")
    others = ", new-licence: 1, after-the-party: 1, sunday-grandfather: 1"
    assert others in text
    scenario.write_text(text.replace(others, ""))
    monkeypatch.setattr(example, "WORDS", words)
    # The dry run has tests of its own, and takes long.
    monkeypatch.setattr("hdsim.run.inputs.problems", lambda *_: [])
    monkeypatch.setattr(example, "problems", lambda *_: [])
    monkeypatch.setenv("HDSIM_CACHE", str(tmp_path / "cache"))
    for name in ("BASE_URL", "MODEL", "PROMPTS"):
        monkeypatch.setenv(f"HDSIM_LLM_{name}", "")  # set by the example, unset afterwards
    with ScriptedModel(words_model) as server:
        endpoint = Endpoint(server.base_url, "scripted", concurrency=1, prompts="compact")
        assert example.demo(tmp_path / "run", endpoint)
        calls = len(server.requests)
    shown = capsys.readouterr().out
    assert f"in all: {calls} calls, {100 * calls} tokens" in shown
    assert "0 repaired, 1 fall-backs" in shown
    assert "1 fall-backs\n  personality: the answer holds no JSON object" in shown
    assert "0 calls; the same" in shown
    first, second = [line for line in shown.splitlines() if ", hash " in line]
    assert first == second
    for folder in ("run", "run-cached"):
        row = only_row(tmp_path / folder)
        assert (row["status"], row["ticks"]) == ("completed", 20)
