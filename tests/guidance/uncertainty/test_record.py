"""Recording a model through the command line, and looking at what was recorded."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from hdsim.cli import app
from hdsim.guidance.uncertainty import record
from hdsim.guidance.uncertainty.recording import read_recording
from hdsim.testing.llm_server import Reply, Request, ScriptedModel

runner = CliRunner()
ANSWER = json.dumps({"operations": [{"op": "delay", "delay_s": 0.4}]})


def test_a_recorded_model_can_be_looked_at(tmp_path: Path):
    def script(request: Request) -> Reply:
        return ANSWER if request["seed"] < 2 else "no idea"

    out = tmp_path / "mine.jsonl.gz"
    with ScriptedModel(script) as server:
        asked = ["--base-url", server.base_url, "--model", "m", "--out", str(out)]
        recorded = runner.invoke(
            app, ["guidance", "record", *asked, "--answers", "3", "--detail", "1", "--most", "2"]
        )
    assert recorded.exit_code == 0, recorded.output
    assert "8 calls" in recorded.output
    made = read_recording(out)
    assert not made.synthetic
    assert [[a.context for a in p.answers] for p in made.pairs] == [["policy"] * 3 + ["detail"]] * 2
    shown = runner.invoke(app, ["study", "guidance-uncertainty", str(out)])
    assert "6 of 8 answers usable; 2 pairs with a usable answer" in shown.output
    assert "Too few to rank" in shown.output


def test_a_pair_is_left_out_of_its_own_examples_and_its_style_withheld():
    for _, layer, example in record.pairs():
        policy, detail = (
            record.prompt(layer, example, context).messages(None)[1]["content"]
            for context in ("policy", "detail")
        )
        shown = policy.partition("Worked examples")[2].partition("<data>")[0]
        assert json.dumps(example.policy) not in shown
        assert example.style not in policy
        assert json.dumps(example.style)[1:-1].split("'")[0] in detail
