"""Traffic that a Traffic Manager drives, with parameters from the profiles."""

import numpy as np
import pytest

from hdsim.driver.load import load_profile
from hdsim.record.run import Run
from hdsim.run import control_arm
from hdsim.run.batch import Options, run_batch
from hdsim.run.control_arm import traffic_manager_parameters, unheard_traits
from hdsim.run.replay import verify
from hdsim.scenario.expand import expand
from hdsim.world.tm_traffic import TrafficManagerParameters

ARM = """
schema: 1
name: arm
map: grid
ego: {agent: "hdsim:normal", route: {roam: 15}}
traffic: {mix: aggressive, vehicles: 12, driven_by: traffic_manager, respawn: {enabled: false}}
matrix:
  mix: [aggressive-drunk, cautious]
"""


@pytest.fixture(scope="module")
def arm(tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("arm")
    (folder / "arm.yaml").write_text(ARM)
    run_batch(expand(folder / "arm.yaml"), folder / "run", Options())
    return Run.open(folder / "run")


def test_a_profile_without_traits_leaves_the_traffic_managers_defaults():
    assert traffic_manager_parameters(load_profile("normal")) == TrafficManagerParameters()


def test_aggressive_drivers_are_faster_and_closer_than_cautious_ones():
    aggressive, cautious = (
        traffic_manager_parameters(load_profile(name)) for name in ("aggressive", "cautious")
    )
    assert aggressive.speed_difference_pct < 0.0 < cautious.speed_difference_pct
    assert aggressive.distance_m < cautious.distance_m
    assert aggressive.auto_lane_change
    assert not cautious.auto_lane_change


def test_traits_without_a_parameter_are_named(arm):
    assert "physiology.alcohol" in unheard_traits(load_profile("aggressive-drunk"))
    assert not unheard_traits(load_profile("aggressive"))
    told = "\n".join(control_arm.notes(arm))
    assert "'aggressive-drunk'" in told
    assert "physiology.alcohol" in told
    assert "'cautious'" not in told


def cruising_speed(run: Run, scenario: str) -> float:
    table = run.trajectory(scenario)
    n = len(run.roster(scenario).names)
    vx, vy = (table.column(c).to_numpy().reshape(-1, n)[150:, 1:] for c in ("vx_mps", "vy_mps"))
    return float(np.quantile(np.hypot(vx, vy), 0.9))


def test_the_traffic_drives_by_its_parameters(arm):
    rows = {row["mix"]: row for row in arm.scenarios.to_pylist()}
    assert set(rows) == {"aggressive-drunk-tm", "cautious-tm"}
    assert {row["status"] for row in rows.values()} == {"completed"}
    fast, slow = (cruising_speed(arm, rows[mix]["scenario"]) for mix in sorted(rows))
    assert fast > 1.2 * slow > 1.0


def test_hdsim_drives_the_ego_alone(arm):
    scenario = arm.scenarios.to_pylist()[0]["scenario"]
    assert arm.roster(scenario).drivers.tolist() == [0]


def test_the_arm_runs_again_with_the_same_hash(arm):
    assert set(dict(verify(arm, [])).values()) == {None}
