"""One small batch on the embedded server, shared by the tests of this folder."""

from pathlib import Path

import pytest

from hdsim.record.run import Run
from hdsim.run.batch import Options, run_batch
from hdsim.scenario.expand import expand

SMALL = """
schema: 1
name: small
map: grid
ego:
  agent: traffic_manager
  route: {roam: 12}
traffic:
  mix: aggressive-drunk-distracted
  vehicles: 12
  walkers: 6
  cyclists: 2
  area: {near_route_m: 120}
matrix:
  ego.agent: [traffic_manager, "hdsim:normal"]
"""


@pytest.fixture(scope="session")
def small_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("small") / "small.yaml"
    path.write_text(SMALL)
    return path


@pytest.fixture(scope="session")
def small_run(small_file, tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("runs") / "small"
    run_batch(expand(small_file), folder, Options())
    return Run.open(folder)
