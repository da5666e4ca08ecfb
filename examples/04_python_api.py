"""A batch from Python, and its log as tables.

    python examples/04_python_api.py [RUN_DIRECTORY]

Runs ``03_scenario.yaml`` with other values for two of its keys.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pyarrow.compute as pc

from hdsim.record.run import Run
from hdsim.run.batch import Options, run_batch
from hdsim.scenario.expand import expand

SCENARIO = Path(__file__).with_name("03_scenario.yaml")


def study(run_dir: Path) -> None:
    batch = expand(SCENARIO, {"ego.route": {"roam": 5}, "traffic.vehicles": 4})
    run_batch(batch, run_dir, Options(workers=1))

    run = Run.open(run_dir)
    for row in run.scenarios.select(["scenario", "status", "distance_m", "hash"]).to_pylist():
        print(row)
        log = run.trajectory(row["scenario"])
        driven = log.filter(pc.is_valid(log["believed_speed_mps"]))
        error = pc.subtract(driven["believed_speed_mps"], driven["speed_mps"])
        mean = pc.mean(error).as_py()
        print(f"{len(log)} rows; believed minus true own speed: {mean:+.2f} m/s on average")
    for failure in run.failures:
        print(failure["id"], failure["verdict"], failure["because"])


if __name__ == "__main__":  # worker processes import this module: nothing may run there
    if len(sys.argv) > 1:
        study(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            study(Path(scratch) / "run")
