"""Scenarios to measure: a roaming ego among a number of vehicles, on any map."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hdsim.core.cores import interpreter_apart
from hdsim.core.errors import InputError
from hdsim.core.yaml_input import parse_yaml
from hdsim.road.cache import load_lane_graph
from hdsim.road.maps import find_map
from hdsim.run.inputs import compile_guidance, resolve
from hdsim.run.stage import Stage, build
from hdsim.run.worker import session_for
from hdsim.scenario.expand import expand_document
from hdsim.scenario.task import ScenarioTask

# Until traffic moves and every cache is warm.
WARM_UP_TICKS = 100


@dataclass(slots=True)
class Parts:
    """Wall time of the parts of each tick [ms]; ``think_cpu`` is CPU time of this thread."""

    snapshot: list[float] = field(default_factory=list)
    think: list[float] = field(default_factory=list)
    think_cpu: list[float] = field(default_factory=list)
    batch: list[float] = field(default_factory=list)
    tick: list[float] = field(default_factory=list)


def median(values: Sequence[float]) -> float:
    """Median of what was measured after the warm-up."""
    return statistics.median(values[WARM_UP_TICKS:])


# What fits on Town01 and on the built-in grid with room to move.
_SMALL_TOWN_VEHICLES = 70


def town_for(vehicles: int) -> str | None:
    """A map with room for so many vehicles: Town01, beyond 70 Town04.

    Where Town01 is not installed the built-in grid stands for it; nothing stands for Town04.
    """
    name = "Town01" if vehicles <= _SMALL_TOWN_VEHICLES else "Town04"
    try:
        return find_map(name).name
    except InputError:
        return "grid" if name == "Town01" else None


def roaming(
    map_name: str, agent: str, vehicles: int, mix: str = "normal", seed: int = 1
) -> ScenarioTask:
    """An ego that roams for a day among ``vehicles`` NPCs spread over the map."""
    text = f"""
schema: 1
name: bench
map: {map_name}
ego: {{agent: "{agent}", route: {{roam: 86400}}}}
traffic: {{vehicles: {vehicles}, mix: {mix}, area: whole_map, respawn: {{enabled: false}}}}
seed: {seed}
"""
    document = parse_yaml(text, "bench")
    return resolve(expand_document(document, Path.cwd()).tasks[0])


@contextlib.contextmanager
def staged(task: ScenarioTask) -> Iterator[Stage]:
    """The scenario's stage on an embedded server of its own."""
    source = find_map(task.map)
    graph = load_lane_graph(source.name, source.xodr)
    with session_for(task, source, None) as session:
        yield build(session, task, graph, compile_guidance([task]))


def run(stage: Stage, ticks: int, acknowledged: bool = False) -> Parts:
    """A closed loop without detectors and log.

    Args:
        stage: Everybody in place.
        ticks: How many.
        acknowledged: Wait for the server's answer to each batch.
    """
    parts, client = Parts(), stage.session.client
    with interpreter_apart():
        for _ in range(ticks):
            t0 = time.perf_counter()
            state = stage.reader.read()
            t1, c1 = time.perf_counter(), time.thread_time()
            thought = stage.drivers.think(state) if stage.drivers else None
            t2, c2 = time.perf_counter(), time.thread_time()
            commands = stage.ego.act(state)
            if thought is not None and stage.actuator is not None:
                commands += stage.actuator.commands(thought.decisions, state)
            if acknowledged:
                client.apply_batch_sync(commands)
            else:
                client.apply_batch(commands)
            t3 = time.perf_counter()
            stage.session.world.tick()
            t4 = time.perf_counter()
            parts.snapshot.append(1e3 * (t1 - t0))
            parts.think.append(1e3 * (t2 - t1))
            parts.think_cpu.append(1e3 * (c2 - c1))
            parts.batch.append(1e3 * (t3 - t2))
            parts.tick.append(1e3 * (t4 - t3))
    return parts
