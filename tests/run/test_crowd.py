"""Walkers and cyclists in a batch on the embedded server."""

import itertools

import numpy as np

from hdsim.control.parameters import Parameters
from hdsim.run.derive import derive


def test_walkers_walk_mostly_beside_the_lanes(small_run):
    for scenario in (task["id"] for task in small_run.tasks):
        roster = small_run.roster(scenario)
        table = small_run.trajectory(scenario)
        assert [roster.names[row] for row in roster.walkers] == [f"walker-0{k}" for k in range(6)]

        def column(name, roster=roster, table=table):
            values = table.column(name).to_numpy().reshape(-1, len(roster))
            return values[:, roster.walkers]

        walked = np.hypot(np.diff(column("x_m"), axis=0), np.diff(column("y_m"), axis=0)).sum(
            axis=0
        )
        assert np.median(walked) > 10.0  # some wait at a crosswalk for cars to pass
        assert (np.hypot(column("vx_mps"), column("vy_mps")).max(axis=0) < 1.5).all()
        assert (column("lane") < 0).mean() > 0.5


def test_drivers_have_walkers_in_sight(small_run):
    scenario = small_run.tasks[0]["id"]
    walkers = small_run.roster(scenario).walkers
    for _, _, thought in itertools.islice(derive(small_run, scenario), 100, 101):
        objects = thought.observation.objects
        assert np.isin(objects.row[objects.seen], walkers).any()
        assert np.isin(thought.percepts.objects.row[thought.percepts.objects.seen], walkers).any()


def test_cyclists_ride_at_their_pace(small_run):
    for scenario in (task["id"] for task in small_run.tasks):
        roster = small_run.roster(scenario)
        assert [roster.names[row] for row in roster.cyclists] == ["cyclist-00", "cyclist-01"]
        assert {roster.styles[row] for row in roster.cyclists} == {"normal"}
        table = small_run.trajectory(scenario)
        speed = table.column("speed_mps").to_numpy().reshape(-1, len(roster))[:, roster.cyclists]
        assert 2.0 < speed.max() < 1.1 * Parameters().cycling_speed
