"""Garbage in, through the commands: the batch ends, and its files and report say why."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hdsim.cli import app
from hdsim.core.errors import InfrastructureError
from hdsim.guidance.schedule import Provenance, Schedule
from hdsim.record.run import Run
from hdsim.testing.llm_server import (
    HangUp,
    Reply,
    Request,
    ScriptedModel,
    Status,
    under_its_tag,
)
from tests.guidance.test_endpoint import GARBAGE
from tests.guidance.test_live import good, layer_of

# Kinds that a whole run meets; test_endpoint.py has all of them.
RUN = ("invalid JSON", "10 MB", "endless", "HTML error", "429", "500", "refusal", "hangs up")


def named(kind: str) -> str:
    return "gets-" + kind.lower().replace(" ", "-")


KINDS = {named(kind): kind for kind in GARBAGE}


def script(request: Request) -> Reply:
    """Good, but for each driver's personality, which gets the garbage that the driver is named for.

    The description that is passed on from stage to stage says who it is.
    """
    (name,) = set(re.findall(r"gets-[a-z0-9-]+", request["messages"][1]["content"]))
    if layer_of(request) == "description":
        return under_its_tag(request, json.dumps({"description": f"The one who {name} "}))
    return GARBAGE[KINDS[name]][0] if layer_of(request) == "personality" else good(request)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory; one profile for each kind, one question at a time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    # The dry run has tests of its own, and takes long.
    monkeypatch.setattr("hdsim.run.inputs.problems", lambda *_: [])
    monkeypatch.setenv("HDSIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HDSIM_LLM_MODEL", "m")
    Path("hdsim.yaml").write_text("schema: 1\nguidance: {retries: 0, concurrency: 1}\n")
    Path("drivers").mkdir()
    for name in KINDS:
        Path(f"drivers/{name}.yaml").write_text(
            f"schema: 1\nname: {name}\ndescription: The one who {name} .\n"
            "personality: {aggressiveness: 0.6}\n"
        )
    return tmp_path


def hdsim(server: ScriptedModel, monkeypatch: pytest.MonkeyPatch, *command: str) -> Result:
    monkeypatch.setenv("HDSIM_LLM_BASE_URL", server.base_url)
    return CliRunner().invoke(app, command)


def scenario(names: tuple[str, ...]) -> str:
    """A second of driving with one driver of each name."""
    Path("drivers/mixes").mkdir(exist_ok=True)
    shares = ", ".join(f"{name}: 1" for name in names)
    Path("drivers/mixes/all.yaml").write_text(f"schema: 1\nname: all\nshares: {{{shares}}}\n")
    Path("scenario.yaml").write_text(
        "schema: 1\nname: garbage\nmap: grid\nego: {agent: 'hdsim:normal', route: {roam: 1}}\n"
        f"traffic: {{mix: all, vehicles: {len(names)}}}\nguidance: live\nseed: 1\n"
    )
    return "scenario.yaml"


def fallbacks(schedule: Schedule) -> list[Provenance]:
    return [p for p in schedule.provenance if p.origin == "fallback"]


def test_run_that_meets_every_kind_ends_with_0_and_tells_each_reason(folder, monkeypatch):
    names = tuple(map(named, RUN))
    with ScriptedModel(script_or_good) as server:
        done = hdsim(server, monkeypatch, "run", scenario(names), "--out", "run")
    assert done.exit_code == 0, done.output
    (row,) = Run.open(folder / "run").scenarios.to_pylist()
    assert row["status"] == "completed"
    assert row["ticks"] == 20
    for name, kind in zip(names, RUN, strict=True):
        (bad,) = fallbacks(Schedule.load(folder / f"run/guidance/{name}.json"))
        assert bad.stage == "personality"
        assert GARBAGE[kind][1] in bad.reason
        (told,) = (line for line in done.output.splitlines() if f"profile '{name}'" in line)
        assert f"(personality) because {bad.reason.splitlines()[0]}" in told
    again = CliRunner().invoke(app, ["report", "run"])
    assert all(f"profile '{name}'" in again.output for name in names)


def script_or_good(request: Request) -> Reply:
    """The ego is an ordinary driver, for whom nothing goes wrong."""
    return script(request) if "gets-" in request["messages"][1]["content"] else good(request)


def test_run_whose_endpoint_dies_in_the_batch_ends_with_0(folder, monkeypatch):
    names = ("cautious", "drunk", "aggressive")
    with ScriptedModel(lambda r: good(r) if len(server.requests) <= 9 else HangUp()) as server:
        done = hdsim(server, monkeypatch, "run", scenario(names), "--out", "run")
        assert len(server.requests) == 9 + 3
    assert done.exit_code == 0, done.output
    assert Run.open(folder / "run").scenarios.column("status").to_pylist() == ["completed"]
    schedules = [Schedule.load(path) for path in Path("run/guidance").glob("*.json")]
    assert {len(fallbacks(s)) == 0 for s in schedules} == {True, False}
    given_up = [p.reason for s in schedules for p in fallbacks(s)][-1]
    assert "given up after 3 failures in a row, the last: cannot be reached" in given_up
    assert "stages of guidance are from the tables" in done.output


@pytest.mark.parametrize("reply", [HangUp(), Status(401, "no such key")], ids=["dead", "401"])
def test_run_whose_endpoint_never_answers_drives_nothing(reply, folder, monkeypatch):
    with ScriptedModel([reply]) as server:
        done = hdsim(server, monkeypatch, "run", scenario(("drunk",)), "--out", "run")
    assert isinstance(done.exception, InfrastructureError)
    assert done.exception.exit_code == 3
    assert not Path("run").exists()
