"""Scenes cut out of a recorded run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdsim.core.errors import InputError
from hdsim.record.run import Run
from hdsim.road.cache import load_lane_graph
from hdsim.road.maps import find_map
from hdsim.run.derive import recorded_states
from hdsim.run.rehearsal.scenes import MOTION, Scenes
from hdsim.run.replay import recorded_task

# Length of a scene [s].
SCENE_S = 3.0


def record(run: Run, scenario: str, starts_s: Sequence[float]) -> Scenes:
    """Scenes of a recorded scenario, without its walkers.

    Args:
        run: The run.
        scenario: Id of a scenario.
        starts_s: When each scene begins, in the scenario's time [s].

    Raises:
        InputError: If there is no such log, or a scene does not lie within it.
    """
    task = recorded_task(run, scenario)
    source = find_map(task.map, task.source)
    graph = load_lane_graph(source.name, source.xodr)
    roster = run.roster(scenario).without_walkers()
    states = list(recorded_states(run, task, roster, graph))
    ticks = round(SCENE_S / task.step_s)
    firsts = [round(start / task.step_s) for start in starts_s]
    for first, start in zip(firsts, starts_s, strict=True):
        if not 0 <= first <= len(states) - ticks:
            latest = (len(states) - ticks) * task.step_s
            raise InputError("--at", value=start, expected=f"0 to {latest:g} s for {scenario}")
    if not firsts:
        raise InputError("--at", expected="at least one time at which a scene begins")
    clips = [states[first : first + ticks] for first in firsts]

    def of(name: str, kind: type[np.generic]) -> NDArray[Any]:
        return np.array([[getattr(s, name) for s, _ in clip] for clip in clips], dtype=kind)

    return Scenes(
        map=task.map,
        digest=hashlib.sha256(source.xodr.encode()).hexdigest(),
        step_s=task.step_s,
        names=np.array(roster.names),
        length=roster.length,
        width=roster.width,
        wheelbase=roster.wheelbase,
        **{name: of(name, np.float32) for name in MOTION},
        present=of("present", np.bool_),
        moved=np.array([[moved for _, moved in clip] for clip in clips]),
        signals=of("signals", np.uint8),
    )
