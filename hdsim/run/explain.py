"""What drivers of a recorded scenario believed at a tick, and why; worked out from the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hdsim.core.errors import InputError, did_you_mean
from hdsim.perception.explain import explained
from hdsim.record.run import Run
from hdsim.road.cache import load_lane_graph
from hdsim.road.maps import find_map
from hdsim.run.derive import drivers_of, recorded_states
from hdsim.run.replay import recorded_task


def beliefs_at(
    run: Run, scenario: str, tick: int, names: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Beliefs beside the truth, each difference with the operation and trait that caused it.

    Args:
        run: A run.
        scenario: Id of a scenario that HDSim drove somebody in.
        tick: When.
        names: Drivers; all when empty.

    Returns:
        One record per driver, see ``hdsim.perception.explain.explained``.

    Raises:
        InputError: If there is no such driver, tick or log, or the map has changed since.
    """
    task = recorded_task(run, scenario)
    source = find_map(task.map, task.source)
    graph = load_lane_graph(source.name, source.xodr)
    roster = run.roster(scenario)
    driven = [roster.names[row] for row in roster.drivers]
    for name in names:
        if name not in driven:
            hint = did_you_mean(name, driven) or f"one of {', '.join(driven)}"
            raise InputError(str(run.path), "driver", name, f"a driver of HDSim's: {hint}")
    drivers = drivers_of(run, task, roster, graph)
    last = -1
    for last, (state, moved) in enumerate(recorded_states(run, task, roster, graph)):
        if moved.any():
            drivers.begin_anew(np.flatnonzero(moved[roster.drivers]))
        thought = drivers.think(state)
        if last == tick:
            return [
                explained(drivers.perceiver, thought.observation, thought.percepts, roster, d)
                for d, name in enumerate(driven)
                if not names or name in names
            ]
    raise InputError(str(run.path), "tick", tick, f"a tick of {scenario}: 0 to {last}")
