"""Traffic Manager vehicles in every town that is found: what an hour of them comes to.

A plain Traffic Manager drives them as it comes; nobody is put elsewhere or replaced, so a crashed
pair stays where it is until the Traffic Manager removes it.
"""

from __future__ import annotations

import statistics
import time
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
from hdsim.road.maps import MapSource, find_map, known_maps
from hdsim.run.stage import free_port
from hdsim.world.embedded import embedded_server
from hdsim.world.session import Session, SpawnRequest, open_session
from hdsim.world.snapshot import SnapshotReader
from hdsim.world.spawning import car_blueprints, roster_of

VEHICLES = 100
STEP_S = 0.05
STUCK_S, STANDING_MPS = 120.0, 0.1
_DROP_M = 0.5
_PROGRESS_S = 600.0


@dataclass(slots=True)
class Tally:
    """What has happened in a town so far.

    Attributes:
        driven_m: Sum over vehicles.
        driving_s: Time that vehicles were there, summed over them.
        collisions: Pairs that collided.
        red_lights: Lights run.
        stuck: Vehicles that stood for longer than two minutes at a stretch.
        tick_ms: Wall time of each tick.
    """

    driven_m: float = 0.0
    driving_s: float = 0.0
    collisions: int = 0
    red_lights: int = 0
    stuck: set[int] = field(default_factory=set)
    tick_ms: list[float] = field(default_factory=list)

    def row(self, town: str, minutes: float, vehicles: int, present: int) -> dict[str, object]:
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
            "removed": vehicles - present,
            "red lights run": self.red_lights,
            "tick ms": statistics.median(self.tick_ms),
        }


def measure(minutes: float) -> Table:
    """Every town that is found, one after the other."""
    rows = []
    towns = [s for s in map(find_map, known_maps()) if s.path is not None]
    if not towns:
        raise InputError("HDSIM_MAPS", expected="a folder of towns to measure")
    for source in towns:
        with (
            embedded_server(str(source.path)) as (host, port),
            open_session(host, port, source, STEP_S) as session,
        ):
            rows.append(drive(session, source, minutes))
        print(rows[-1], flush=True)
    return Table(
        f"{VEHICLES} Traffic Manager vehicles in each town",
        rows,
        "Stuck: speed under 0.1 m/s for longer than two minutes at a stretch, queues included. "
        "Removed: by the Traffic Manager. Collisions: pairs, contacts within 5 s count once. Fewer "
        "vehicles where the map has fewer spawn points.",
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
    tally, stood = Tally(), np.zeros(len(actors))
    with interpreter_apart():
        for tick in range(round(60.0 * minutes / STEP_S)):
            began = time.perf_counter()
            session.world.tick()
            tally.tick_ms.append(1e3 * (time.perf_counter() - began))
            state = reader.read()
            tally.collisions += len(collisions.step(tick, state, ()))
            tally.red_lights += len(lights.step(tick, state))
            stood = watch(tally, state, stood)
            if tick and tick % round(_PROGRESS_S / STEP_S) == 0:
                print(tally.row(source.name, tick * STEP_S / 60.0, len(actors), _here(state)))
    return tally.row(source.name, minutes, len(actors), _here(state))


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
