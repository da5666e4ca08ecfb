"""Every example runs alone, as its first lines say."""

from __future__ import annotations

import csv
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hdsim.record.run import Run
from hdsim.testing.llm_server import Reply, Request, ScriptedModel, under_its_tag
from hdsim.world.embedded import embedded_server
from tests.guidance.models import ORDINARY
from tests.guidance.test_live import good

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


def run(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def hdsim(*arguments: str | Path, **environment: str) -> str:
    return run("-m", "hdsim.cli", *arguments, **environment)


def only_row(folder: Path) -> dict:
    (row,) = Run.open(folder).scenarios.to_pylist()
    return row


def test_every_example_is_listed() -> None:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    files = [p for p in EXAMPLES.rglob("*") if p.suffix in (".py", ".yaml")]
    assert len(files) > 5
    assert [str(p) for p in files if f"`{p.relative_to(EXAMPLES)}`" not in page] == []


def test_01_a_plain_client_drives_ten_cars() -> None:
    words = run(EXAMPLES / "01_server_first_steps.py").splitlines()
    assert words[0] == "Carla/Maps/grid, server 0.9.16"
    speeds = [float(word) for word in words[-1].split(":")[1].split()]
    assert len(speeds) == 10
    assert max(speeds) > 5.0


def test_02_the_profile_is_right_and_shown_with_sources() -> None:
    path = "examples/drivers/night-nurse.yaml"
    assert hdsim("drivers", "check", path) == f"{path}: ok\n"
    shown = hdsim("drivers", "show", path, COLUMNS="120")
    assert re.search(r"│ fatigue +│ 0\.7", shown)
    assert "look_away" in shown


@pytest.mark.timeout(300)
def test_03_the_scenario_runs(tmp_path) -> None:
    hdsim("scenarios", "check", "examples/03_scenario.yaml")
    shown = hdsim("run", "examples/03_scenario.yaml", "--out", tmp_path / "run")
    row = only_row(tmp_path / "run")
    assert row["status"] in ("completed", "failed"), row["status_detail"]
    assert row["ticks"] > 0
    assert row["scenario"] in shown


@pytest.mark.timeout(300)
def test_04_a_batch_from_python(tmp_path) -> None:
    shown = run(EXAMPLES / "04_python_api.py", tmp_path / "run")
    row = only_row(tmp_path / "run")
    assert row["hash"] in shown
    assert "believed minus true own speed" in shown


@pytest.mark.timeout(300)
def test_08_people_walk_and_ride(tmp_path) -> None:
    hdsim("run", "examples/08_people.yaml", "--out", tmp_path / "run")
    row = only_row(tmp_path / "run")
    assert row["status"] in ("completed", "failed"), row["status_detail"]
    roster = Run.open(tmp_path / "run").roster(row["scenario"])
    assert (len(roster.walkers), len(roster.cyclists)) == (20, 3)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_07_words_become_drivers_and_the_second_run_is_the_same(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HDSIM_CACHE", str(tmp_path / "cache"))
    with ScriptedModel(words_model) as server:
        options = ("--base-url", server.base_url, "--model", "scripted")
        shown = run(EXAMPLES / "07_words.py", tmp_path / "run", *options)
        calls = len(server.requests)
        again = run(EXAMPLES / "07_words.py", tmp_path / "run", *options)
        assert len(server.requests) == calls
    assert f"in all: {calls} calls, {100 * calls} tokens" in shown
    assert "1 fall-backs\n  personality: the answer holds no JSON object" in shown
    assert "0 calls; the same" in shown
    assert "in all: 0 calls, 0 tokens" in again
    hashes = [line for line in shown.splitlines() if ", hash " in line]
    assert len(hashes) == 2
    assert all(line in again for line in hashes)
    assert only_row(tmp_path / "run")["status"] == "completed"


def words_model(request: Request) -> Reply:
    """Good at everything but the personality of the courier."""
    text = request["messages"][1]["content"]
    if "Task: estimate" in text:
        return under_its_tag(request, json.dumps(ORDINARY))
    if 'layer "personality"' in text and "courier" in text:
        return "No."
    if "Task: describe" in text:
        told = json.loads(text.partition("{")[1] + text.partition("{")[2].partition("\n")[0])
        return under_its_tag(request, json.dumps(told["driver"]))
    return good(request)


@pytest.mark.timeout(300)
def test_05_a_callable_drives_its_route_and_its_blind_spot_is_found(tmp_path) -> None:
    out = tmp_path / "run"
    hdsim("run", "examples/05_callable_ego.yaml", "--out", out, PYTHONPATH=str(EXAMPLES))
    row = only_row(out)
    assert (row["status"], row["status_detail"]) == ("completed", "arrived")
    assert row["route_completion_pct"] == 100.0
    assert row["off_road_share"] == 0.0
    assert "red_light" in {failure["kind"] for failure in Run.open(out).failures}


@pytest.mark.timeout(300)
def test_06_a_policy_on_rasters_drives_its_route(tmp_path) -> None:
    hdsim("run", "examples/06_bev_policy.yaml", "--out", tmp_path / "run")
    row = only_row(tmp_path / "run")
    assert row["route_completion_pct"] > 50.0
    assert row["collisions_ego_at_fault"] == row["red_lights"] == 0
    assert row["off_road_share"] == 0.0
    assert row["hdsim_ms_median"] > 0.0


@pytest.fixture(scope="module")
def foreign() -> Iterator[Callable[..., str]]:
    """Runs a program of ``examples/foreign`` on an embedded server."""
    with embedded_server("grid", navigation=True) as (host, port):

        def program(name: str, *arguments: str | Path) -> str:
            place = ("--host", host, "--port", str(port))
            return run(EXAMPLES / "foreign" / name, *place, *arguments)

        yield program


def test_foreign_programs_import_nothing_of_hdsim() -> None:
    files = sorted((EXAMPLES / "foreign").glob("*.py"))
    assert len(files) == 3
    imports = [re.findall(r"^(?:from|import) (\w+)", p.read_text(), re.MULTILINE) for p in files]
    assert all("carla" in names and "hdsim" not in names for names in imports)


def test_foreign_traffic(foreign) -> None:
    words = foreign(
        "traffic.py", "--seconds", "20", "--vehicles", "20", "--walkers", "10",
        "--tm-port", str(free_port()),
    ).split()  # fmt: skip
    assert words[:2] == ["spawned", "20"]
    driven, walked = (float(words[words.index(verb) + 1]) for verb in ("drove", "walked"))
    assert 1.0 < driven < 10.0
    assert 0.05 < walked < 0.6


def test_foreign_agent_arrives(foreign) -> None:
    shown = foreign("agent.py", "--metres", "300")
    assert "arrived after" in shown
    assert float(re.search(r"never more than ([\d.]+) m", shown)[1]) < 1.5


def test_foreign_logger_misses_no_frame(foreign, tmp_path) -> None:
    foreign("logger.py", "--seconds", "10", "--out", tmp_path, "--tm-port", str(free_port()))
    with (tmp_path / "frames.csv").open() as file:
        rows = list(csv.DictReader(file))
    frames = [int(row["frame"]) for row in rows]
    assert frames == list(range(frames[0], frames[0] + len(frames)))
    assert len(frames) >= 200
    assert all(row["lat"] and row["accel_x"] for row in rows[:200])
    assert max(float(row["speed_mps"]) for row in rows) > 3.0
    with (tmp_path / "lidar.csv").open() as file:
        assert sum(int(row["points"]) for row in csv.DictReader(file)) > 10_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
