"""The command line as a user meets it: what it prints, and how it says no."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hdsim.cli import main

SCENARIO = """
schema: 1
name: tiny
map: grid
ego: {agent: "hdsim:normal", route: {roam: 2}}
traffic: {vehicles: 3, mix: drunk}
"""


def call(monkeypatch, capsys, *arguments):
    """Exit code and everything printed."""
    monkeypatch.setattr(sys, "argv", ["hdsim", *map(str, arguments)])
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    seen = capsys.readouterr()
    return code, seen.out + seen.err


@pytest.fixture
def hdsim(monkeypatch, capsys):
    return lambda *arguments: call(monkeypatch, capsys, *arguments)


def scenario(folder: Path, text: str = SCENARIO) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(text)
    return path


def test_run_report_replay_and_verify(hdsim, tmp_path):
    file, folder = scenario(tmp_path), tmp_path / "run"
    code, text = hdsim("run", file, "--out", folder)
    assert code == 0
    assert "grid/roam2/drunk/s1: completed (arrived)" in text
    assert "no failures in" in text
    code, text = hdsim("report", folder)
    assert code == 0
    assert "drunk" in text
    code, text = hdsim("verify", folder)
    assert (code, "1 of 1 the same" in text) == (0, True)
    at = ("explain", folder, "--scenario", "grid/roam2/drunk/s1", "--tick", 20)
    code, text = hdsim(*at, "--driver", "npc-00")
    assert code == 0
    assert "npc-00 (" in text
    assert "[personality: baseline" in text
    assert "npc-01 (" not in text
    code, text = hdsim(*at, "--json")
    assert [r["driver"] for r in json.loads(text)] == ["ego", "npc-00", "npc-01", "npc-02"]
    code, text = hdsim(*at, "--driver", "npc-7")
    assert (code, "a driver of HDSim's" in text) == (2, True)
    code, text = hdsim(*at[:-1], 9999)
    assert (code, "0 to" in text) == (2, True)
    code, text = hdsim("explain", folder)
    assert (code, "--failure ID" in text) == (2, True)
    code, text = hdsim("replay", folder, "--failure", "zebra")
    assert code == 2
    assert "expected a failure of the run" in text
    code, text = hdsim("run", file, "--out", folder)
    assert code == 2
    assert "expected a new or empty directory" in text


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("vehicles: 3", "vehicels: 3"), "tiny.yaml:6: traffic.vehicels, expected a known key"),
        (("mix: drunk", "mix: drunken"), "expected a mix or a profile (did you mean 'drunk'?)"),
        (("hdsim:normal", "hdsim:nromal"), "did you mean 'normal'?"),
        (("roam: 2", "leaderboard: nowhere.xml"), "expected a route file; looked for"),
        (("vehicles: 3", "vehicles: -1"), "traffic.vehicles = -1, expected 0 to 1000"),
    ],
)
def test_a_wrong_scenario_names_the_place_and_leaves_nothing(hdsim, tmp_path, change, complaint):
    code, text = hdsim(
        "run", scenario(tmp_path, SCENARIO.replace(*change)), "--out", tmp_path / "r"
    )
    assert code == 2
    assert complaint in text
    assert not (tmp_path / "r").exists()


def test_an_impossible_blood_alcohol_is_refused_with_its_line(hdsim, tmp_path):
    profile = tmp_path / "sot.yaml"
    profile.write_text("schema: 1\nname: sot\nphysiology:\n  alcohol: {bac: 0.9}\n")
    code, text = hdsim("drivers", "check", profile)
    assert code == 2
    assert "sot.yaml:4: physiology.alcohol.bac = 0.9, expected 0 to 0.4 (g/100 ml)" in text


def test_a_missing_map_is_recorded_and_says_where_it_was_looked_for(hdsim, tmp_path):
    file = scenario(tmp_path, SCENARIO.replace("map: grid", "map: Atlantis"))
    code, text = hdsim("run", file, "--out", tmp_path / "run")
    assert code == 2
    assert "bad_input" in text
    assert "Atlantis" in text
    assert "HDSIM_MAPS" in text


def test_a_truncated_map_names_file_and_line(hdsim, tmp_path):
    (tmp_path / "broken.xodr").write_text("<?xml version='1.0'?>\n<OpenDRIVE>\n<road id='1'")
    code, text = hdsim("server", "--map", tmp_path / "broken.xodr", "--port", 0)
    assert code == 2
    assert "broken.xodr:3" in text


def test_a_port_in_use_is_named(hdsim):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, text = hdsim("server", "--port", port)
    assert code == 2
    assert str(port) in text


def test_no_server_at_the_address_stops_the_batch_before_anything_runs(hdsim, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code, text = hdsim(
        "run", scenario(tmp_path), "--out", tmp_path / "run", "--carla", f"127.0.0.1:{port}"
    )
    assert code == 3
    assert f"no CARLA server at 127.0.0.1:{port}" in text
    assert not (tmp_path / "run").exists()
    code, text = hdsim("run", scenario(tmp_path), "--carla", "nowhere")
    assert (code, "--carla = 'nowhere', expected HOST:PORT" in text) == (2, True)


def test_force_replaces_runs_and_nothing_else(hdsim, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    code, text = hdsim("run", scenario(tmp_path), "--out", tmp_path / "mine", "--force")
    assert code == 2
    assert "expected a run directory to replace" in text
    assert (tmp_path / "mine" / "letter.txt").exists()


def test_help_names_every_command():
    done = subprocess.run(
        [sys.executable, "-m", "hdsim.cli", "--help"], capture_output=True, text=True, check=True
    )
    for command in ("run", "report", "replay", "verify", "server", "drivers", "scenarios"):
        assert command in done.stdout
