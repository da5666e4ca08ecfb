"""Scenarios to measure: a roaming ego among a number of vehicles, on any map."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import carla
import numpy as np

from hdsim.core import seeds
from hdsim.core.clock import Clock
from hdsim.core.cores import interpreter_apart
from hdsim.core.errors import InputError
from hdsim.core.state import Floats, Ints
from hdsim.core.yaml_input import parse_yaml
from hdsim.road.cache import load_lane_graph
from hdsim.road.lanes import LaneGraph
from hdsim.road.maps import find_map
from hdsim.run.drivers import Drivers
from hdsim.run.inputs import compile_guidance, resolve
from hdsim.run.stage import Stage, build
from hdsim.run.worker import session_for
from hdsim.scenario.expand import expand_document
from hdsim.scenario.task import ScenarioTask
from hdsim.world.actuation import Actuator
from hdsim.world.egos import Ego, PassiveEgo
from hdsim.world.frames import to_carla
from hdsim.world.session import Session, SpawnRequest
from hdsim.world.snapshot import SnapshotReader
from hdsim.world.spawning import car_blueprints, roster_of

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


def quartile(values: Sequence[float]) -> float:
    """Lower quartile of what was measured after the warm-up."""
    return statistics.quantiles(values[WARM_UP_TICKS:], n=4)[0]


# Between vehicles of a crowd, and above the ground where they begin [m].
_SPACING_M, _DROP_M = 15.0, 0.5
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


@dataclass(slots=True)
class Crowd:
    """What a closed loop needs of a stage, for more vehicles than a scenario puts on a map.

    Attributes:
        session: The connection.
        actors: The vehicles.
        reader: Snapshots to states.
        drivers: Everybody's driver.
        actuator: Their hands and feet.
        ego: There is none.
    """

    session: Session
    actors: tuple[carla.Vehicle, ...]
    reader: SnapshotReader
    drivers: Drivers | None
    actuator: Actuator | None
    ego: Ego = field(default_factory=PassiveEgo)


@contextlib.contextmanager
def crowd(town: str, vehicles: int, mix: str = "mixed", seed: int = 1) -> Iterator[Crowd]:
    """HDSim drivers on an embedded server of their own, in every lane, one behind the other.

    Scenarios keep 15 m from any other vehicle where NPCs begin, neighbouring lanes included; here
    every lane is filled by itself, so that Town04 has room for 1,000.

    Raises:
        InputError: If there is no room for so many.
    """
    task = roaming(town, "hdsim:normal", vehicles - 1, mix, seed)
    source = find_map(task.map)
    graph = load_lane_graph(source.name, source.xodr)
    lane, s = _places(graph, vehicles, seed)
    x, y, yaw = graph.at(lane, s)
    points = graph.first[lane + 1] - graph.first[lane] - 1
    z = graph.z[graph.first[lane] + np.rint(s / graph.length[lane] * points).astype(np.int64)]
    names = tuple(f"car-{i:04d}" for i in range(vehicles))
    with session_for(task, source, None) as session:
        cars = car_blueprints(session.world, ["vehicle.*"], "bench")
        pick = (seeds.uniform(seeds.keys(seed, names, "blueprint")) * len(cars)).astype(int)
        requests = [
            SpawnRequest(name, cars[k], to_carla(x[i], y[i], z[i] + _DROP_M, yaw[i]), "npc")
            for i, (name, k) in enumerate(zip(names, pick, strict=True))
        ]
        actors = tuple(session.spawn(requests))
        roster = roster_of(actors, names, ("normal", *task.drivers), range(vehicles))
        yield Crowd(
            session,
            actors,
            SnapshotReader(session.world, actors, graph, task.step_s),
            Drivers(roster, graph, compile_guidance([task]), Clock(task.step_s), seed),
            Actuator(actors, roster.drivers, task.step_s),
        )


def _places(graph: LaneGraph, vehicles: int, seed: int) -> tuple[Ints, Floats]:
    """Lanes and distances along them [m] for so many vehicles."""
    found = [
        (lane, s)
        for lane in np.flatnonzero(graph.junction < 0).tolist()
        for s in np.arange(_SPACING_M, graph.length[lane] - _SPACING_M, _SPACING_M).tolist()
    ]
    if len(found) < vehicles:
        raise InputError("bench", "vehicles", vehicles, f"at most {len(found)} on this map")
    draw = seeds.uniform(seeds.key(seed, "crowd"), np.arange(len(found)))
    chosen = [found[i] for i in np.argsort(draw)[:vehicles].tolist()]
    return np.array([lane for lane, _ in chosen]), np.array([s for _, s in chosen])


def run(
    stage: Stage | Crowd,
    ticks: int,
    acknowledged: bool = False,
    each: Callable[[], None] = lambda: None,
) -> Parts:
    """A closed loop without detectors and log.

    Args:
        stage: Everybody in place.
        ticks: How many.
        acknowledged: Wait for the server's answer to each batch.
        each: Called after every tick.
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
            each()
    return parts
