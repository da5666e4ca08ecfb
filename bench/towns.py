"""Traffic Manager vehicles in every town that is found: what an hour of them comes to.

A plain Traffic Manager drives them as it comes; nobody is put elsewhere or replaced, so a crashed
pair stays where it is until the Traffic Manager removes it.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import carla
import numpy as np

from bench.results import Table
from hdsim.core import seeds
from hdsim.core.cores import interpreter_apart
from hdsim.core.errors import InputError
from hdsim.core.state import Floats, Roster, State
from hdsim.events.collisions import Collisions
from hdsim.events.rules import RedLights
from hdsim.events.thresholds import Thresholds
from hdsim.road.cache import load_lane_graph
from hdsim.road.lanes import LaneGraph
from hdsim.road.maps import MapSource, find_map, known_maps
from hdsim.run.stage import free_port
from hdsim.world.embedded import embedded_server
from hdsim.world.session import Session, SpawnRequest, open_session
from hdsim.world.snapshot import SnapshotReader
from hdsim.world.spawning import car_blueprints, roster_of

VEHICLES = 100
STEP_S = 0.05
STUCK_S, STANDING_MPS = 120.0, 0.1
# What the Traffic Manager takes for standing, and how long it lets a vehicle stand at a red light
# before it takes it out; 90 s elsewhere (CARLA's ALSM.cpp and its Constants.h).
_IDLE_MPS, _IDLE_AT_RED_S = 0.8, 180.0
_DROP_M = 0.5
# A vehicle stands at a line whose front is no farther from it, and behind another whose rear is no
# farther from its front [m].
_AT_LINE_M, _BEHIND_M = 6.0, 10.0
_PLACES = ("in a junction", "at a line", "in a queue", "elsewhere")
_PROGRESS_S = 300.0


@dataclass(slots=True)
class Tally:
    """What has happened in a town so far.

    Attributes:
        driven_m: Sum over vehicles.
        driving_s: Time that vehicles were there, summed over them.
        collisions: Pairs that collided.
        red_lights: Lights run.
        stuck: Vehicles that stood for longer than two minutes at a stretch.
        removed: For how long those had stood that are gone [s].
        places: Where they had stood, by ``_PLACES``.
        tick_ms: Wall time of each tick.
    """

    driven_m: float = 0.0
    driving_s: float = 0.0
    collisions: int = 0
    red_lights: int = 0
    stuck: set[int] = field(default_factory=set)
    removed: list[float] = field(default_factory=list)
    places: Counter[str] = field(default_factory=Counter)
    tick_ms: list[float] = field(default_factory=list)

    def row(self, town: str, minutes: float, vehicles: int) -> dict[str, object]:
        """The table's row."""
        km = self.driven_m / 1e3
        return {
            "town": town,
            "vehicles": vehicles,
            "simulated min": round(minutes),
            "km": round(km, 1),
            "mean km/h": round(3.6 * self.driven_m / self.driving_s, 1),
            "collisions": self.collisions,
            "per 1,000 km": round(1e3 * self.collisions / km, 1),
            "stuck over 2 min": len(self.stuck),
            "removed": len(self.removed),
            "of them after 180 s": sum(s > 0.99 * _IDLE_AT_RED_S for s in self.removed),
            **{f"removed {place}": self.places[place] for place in _PLACES},
            "red lights run": self.red_lights,
            "tick ms": statistics.median(self.tick_ms),
        }


def measure(minutes: float, only: Sequence[str] = ()) -> Table:
    """Every town that is found, or those named, one after the other.

    Raises:
        InputError: If there is none, or none of a name.
    """
    rows = []
    found = map(find_map, known_maps())
    towns = [find_map(n, "--town") for n in only] or [s for s in found if s.path is not None]
    if not towns:
        raise InputError("HDSIM_MAPS", expected="a folder of towns to measure")
    for source in towns:
        with (
            embedded_server(str(source.path or source.name)) as (host, port),
            open_session(host, port, source, STEP_S) as session,
        ):
            rows.append(drive(session, source, minutes))
        print(rows[-1], flush=True)
    return Table(
        f"{VEHICLES} Traffic Manager vehicles in each town",
        rows,
        "Stuck: speed under 0.1 m/s for longer than two minutes at a stretch, queues included. "
        "Removed: by the Traffic Manager, which takes out who has stood for 90 s where no light is "
        "red for it, and for 180 s anywhere. Collisions: pairs, contacts within 5 s count once. "
        "Fewer vehicles where the map has fewer spawn points.",
    )


def drive(session: Session, source: MapSource, minutes: float) -> dict[str, object]:
    """One town's row."""
    graph = load_lane_graph(source.name, source.xodr)
    actors, roster = populate(session)
    manager = free_port()
    session.traffic_manager(manager, seed=1)
    session.client.apply_batch_sync(
        [carla.command.SetAutopilot(actor.id, True, manager) for actor in actors]
    )
    reader = SnapshotReader(session.world, actors, graph, STEP_S)
    collisions, lights = Collisions(roster, graph, Thresholds()), RedLights(roster, graph)
    tally, stood, idle = Tally(), np.zeros(len(actors)), np.zeros(len(actors))
    here = np.ones(len(actors), dtype=np.bool_)
    before = reader.read()
    with interpreter_apart():
        for tick in range(round(60.0 * minutes / STEP_S)):
            began = time.perf_counter()
            session.world.tick()
            tally.tick_ms.append(1e3 * (time.perf_counter() - began))
            state = reader.read()
            tally.collisions += len(collisions.step(tick, state, ()))
            tally.red_lights += len(lights.step(tick, state))
            gone = here & ~state.present
            tally.removed += idle[gone].tolist()
            if gone.any():
                tally.places.update(
                    place(before, roster, graph, row) for row in np.flatnonzero(gone)
                )
            here, before = state.present, state
            stood = watch(tally, state, stood)
            idle = np.where(here & (np.abs(state.speed) > _IDLE_MPS), 0.0, idle + STEP_S)
            if tick and tick % round(_PROGRESS_S / STEP_S) == 0:
                print(tally.row(source.name, tick * STEP_S / 60.0, len(actors)), flush=True)
    return tally.row(source.name, minutes, len(actors))


def populate(session: Session) -> tuple[list[carla.Vehicle], Roster]:
    """As many cars as are wanted, on spawn points of the map; fewer where there are fewer."""
    points = session.world.get_map().get_spawn_points()
    order = np.argsort(seeds.uniform(seeds.key(1, "towns"), np.arange(len(points))), kind="stable")
    cars = car_blueprints(session.world, ["vehicle.*"], "bench")
    requests = []
    for i, k in enumerate(order[:VEHICLES].tolist()):
        points[k].location.z += _DROP_M
        requests.append(SpawnRequest(f"car-{i:03d}", cars[i % len(cars)], points[k], "autopilot"))
    actors = session.spawn(requests)
    styles = ("",) * len(actors)
    return actors, roster_of(actors, tuple(r.name for r in requests), styles, ())


def place(state: State, roster: Roster, graph: LaneGraph, row: int) -> str:
    """Where a vehicle stands, one of ``_PLACES``."""
    lane, front = int(state.lane[row]), state.s[row] + roster.length[row] / 2
    if lane < 0:
        return "elsewhere"
    if graph.junction[lane] >= 0:
        return "in a junction"
    if graph.signal[lane] >= 0 and abs(graph.stop_s[lane] - front) < _AT_LINE_M:
        return "at a line"
    dx, dy = state.x - state.x[row], state.y - state.y[row]
    ahead = dx * np.cos(state.yaw[row]) + dy * np.sin(state.yaw[row])
    beside = -dx * np.sin(state.yaw[row]) + dy * np.cos(state.yaw[row])
    gap = ahead - (roster.length + roster.length[row]) / 2
    others = state.present & (ahead > 0.0) & (np.abs(beside) < 2.5) & (gap < _BEHIND_M)
    return "in a queue" if others.any() else "elsewhere"


def watch(tally: Tally, state: State, stood: Floats) -> Floats:
    """Adds a tick to the tally; returns for how long each vehicle has stood [s]."""
    speed = np.where(state.present, state.speed, 0.0)
    tally.driven_m += float(speed.sum()) * STEP_S
    tally.driving_s += _here(state) * STEP_S
    standing = state.present & (speed < STANDING_MPS)
    stood = np.where(standing, stood + STEP_S, 0.0)
    tally.stuck |= set(np.flatnonzero(stood > STUCK_S).tolist())
    return stood


def _here(state: State) -> int:
    return int(state.present.sum())
