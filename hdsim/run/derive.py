"""From the log alone, without a simulator: what every driver saw and decided, tick by tick."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from hdsim.core.clock import Clock
from hdsim.core.state import Bools, Roster, SignalState, State
from hdsim.record.run import Run
from hdsim.road.cache import load_lane_graph
from hdsim.road.lanes import LaneGraph
from hdsim.road.maps import find_map
from hdsim.road.states import StateBuilder
from hdsim.run.drivers import Drivers, Thought
from hdsim.run.inputs import recorded_guidance
from hdsim.run.replay import recorded_task
from hdsim.run.stage import EGO, control_of, ego_profile, route_of, weather_of
from hdsim.scenario.task import ScenarioTask
from hdsim.world.weather import ambient_of

_COLUMNS = ("x_m", "y_m", "yaw_rad", "vx_mps", "vy_mps")


def derive(run: Run, scenario: str) -> Iterator[tuple[int, State, Thought]]:
    """What the drivers of a recorded scenario saw and decided.

    Args:
        run: A run.
        scenario: Id of a scenario that HDSim drove somebody in.

    Yields:
        Tick, state and thought; the same, bit for bit, as when it was driven.

    Raises:
        InputError: If there is no such log, or the map has changed since.
    """
    task = recorded_task(run, scenario)
    source = find_map(task.map, task.source)
    graph = load_lane_graph(source.name, source.xodr)
    roster = run.roster(scenario)
    drivers = drivers_of(run, task, roster, graph)
    for tick, (state, moved) in enumerate(recorded_states(run, task, roster, graph)):
        if moved.any():
            drivers.begin_anew(np.flatnonzero(moved[roster.drivers]))
        yield tick, state, drivers.think(state)


def drivers_of(run: Run, task: ScenarioTask, roster: Roster, graph: LaneGraph) -> Drivers:
    """The drivers of a recorded scenario as they were at its first tick."""
    route = route_of(task, graph, []) if ego_profile(task) is not None else None
    return Drivers(
        roster,
        graph,
        recorded_guidance(run, task),
        Clock(task.step_s),
        task.seed,
        {EGO: route} if route is not None else {},
        control_of(task),
        ambient_of(weather_of(task)),
    )


def recorded_states(
    run: Run, task: ScenarioTask, roster: Roster, graph: LaneGraph
) -> Iterator[tuple[State, Bools]]:
    """Each tick's state, and which rows had been moved since the last one.

    ``roster`` may leave actors out: the states are then those of a world without them.
    """
    table = run.trajectory(task.id)
    everybody = run.roster(task.id).names
    keep = [everybody.index(name) for name in roster.names]
    n = len(everybody)

    def column(name: str) -> NDArray[Any]:
        return np.asarray(table.column(name).to_numpy()).reshape(-1, n)[:, keep]

    motion = {name: column(name) for name in _COLUMNS}
    present, moved = column("present").astype(bool), column("moved").astype(bool)
    times = table.column("time_s").to_numpy().reshape(-1, n)[:, 0]
    builder = StateBuilder(graph, task.step_s, roster.walkers)
    signals = np.full(len(graph.signals), SignalState.OFF, dtype=np.uint8)
    changes = run.signals(task.id)
    for tick, time in enumerate(times):
        for row in changes.filter(pc.equal(changes.column("tick"), tick)).to_pylist():
            signals[row["signal"]] = SignalState[row["state"].upper()]
        x, y, yaw, vx, vy = (np.ascontiguousarray(motion[name][tick]) for name in _COLUMNS)
        state = builder.build(
            tick, time, x, y, yaw, vx, vy, present[tick], signals.copy(), moved[tick]
        )
        yield state, moved[tick]
