"""A batch on the embedded server: results, sameness, and that bad inputs stay where they are."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hdsim.core.errors import InfrastructureError, InputError
from hdsim.record.run import Run
from hdsim.run.batch import Options, run_batch
from hdsim.run.replay import verify
from hdsim.scenario.expand import expand


def statuses(run: Run) -> dict[str, str]:
    return {row["scenario"]: row["status"] for row in run.scenarios.to_pylist()}


def batch_of(tmp_path: Path, text: str, guidance=None) -> Run:
    file = tmp_path / "scenario.yaml"
    file.write_text(text)
    run_batch(expand(file), tmp_path / "run", Options(guidance=guidance))
    return Run.open(tmp_path / "run")


def test_every_scenario_ends_with_a_result_and_a_whole_log(small_run):
    assert set(statuses(small_run).values()) == {"completed"}
    for row in small_run.scenarios.to_pylist():
        table = small_run.trajectory(row["scenario"])
        assert row["ticks"] == 240
        assert table.num_rows == 241 * 21
        assert row["distance_m"] > 5.0
    assert not (small_run.path / ".live").exists()
    assert small_run.manifest["finished"]


def test_running_again_gives_the_same_hashes(small_run):
    assert dict(verify(small_run, [])) == dict.fromkeys(statuses(small_run))


def test_another_seed_gives_another_hash(small_run, small_file, tmp_path):
    batch = expand(small_file, {"seed": 2}).only("hdsim")
    run_batch(batch, tmp_path / "run", Options())
    other = Run.open(tmp_path / "run").scenarios.to_pylist()[0]["hash"]
    assert other not in small_run.scenarios.column("hash").to_pylist()


def test_a_route_that_leaves_the_map_ends_that_scenario_only(tmp_path):
    run = batch_of(
        tmp_path,
        """
schema: 1
name: routes
map: grid
ego: {agent: "hdsim:normal", route: {from: 0, to: 100000}}
traffic: {vehicles: 0}
end: {timeout: 3}
matrix:
  route: [{from: 0, to: 100000}, {from: 0, to: 20}]
""",
    )
    rows = run.scenarios.to_pylist()
    assert [row["status"] for row in rows] == ["bad_input", "failed"]
    assert "a spawn point of grid: 0 to" in rows[0]["status_detail"]
    assert rows[1]["status_detail"] == "timeout"


def test_a_missing_map_ends_that_scenario_only(tmp_path):
    run = batch_of(
        tmp_path,
        """
schema: 1
name: maps
map: grid
ego: {agent: "hdsim:normal", route: {roam: 1}}
traffic: {vehicles: 0}
matrix:
  map: [Atlantis, grid]
""",
    )
    rows = run.scenarios.to_pylist()
    assert [row["status"] for row in rows] == ["bad_input", "completed"]
    assert "Atlantis" in rows[0]["status_detail"]


@pytest.mark.timeout(120)
def test_a_killed_worker_is_started_once_more_and_then_recorded(tmp_path):
    (tmp_path / "suicidal.py").write_text(
        f"import os, signal\ndef drive(view):\n    os.kill(os.getpid(), {int(signal.SIGKILL)})\n"
    )
    (tmp_path / "s.yaml").write_text("""
schema: 1
name: kill
map: grid
ego: {agent: traffic_manager, route: {roam: 1}}
traffic: {vehicles: 0}
matrix:
  ego.agent: ["suicidal:drive", "hdsim:normal"]
""")
    program = (
        "from hdsim.scenario.expand import expand\n"
        "from hdsim.run.batch import Options, run_batch\n"
        "from pathlib import Path\n"
        "if __name__ == '__main__':\n"
        "    run_batch(expand('s.yaml'), Path('run'), Options())\n"
    )
    (tmp_path / "go.py").write_text(program)
    subprocess.run([sys.executable, "go.py"], cwd=tmp_path, check=True, timeout=100)
    rows = Run.open(tmp_path / "run").scenarios.to_pylist()
    assert [row["status"] for row in rows] == ["killed", "completed"]
    assert rows[0]["attempts"] == 2


def test_an_unreachable_model_stops_the_batch_before_anything_runs(
    tmp_path, small_file, monkeypatch
):
    monkeypatch.setenv("HDSIM_LLM_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("HDSIM_LLM_MODEL", "nobody")
    monkeypatch.setenv("HDSIM_LLM_API_KEY", "secret-key")
    with pytest.raises(InfrastructureError, match=r"127\.0\.0\.1:9") as caught:
        run_batch(expand(small_file), tmp_path / "run", Options(guidance="live"))
    assert "secret-key" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_an_unknown_style_stops_the_batch_before_anything_runs(tmp_path, small_file):
    with pytest.raises(InputError, match="did you mean 'aggressive'"):
        run_batch(expand(small_file, {"traffic.mix": "agressive"}), tmp_path / "run", Options())
    assert not (tmp_path / "run").exists()
