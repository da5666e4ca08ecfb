"""The people on foot of a scenario: where they begin, and where each goes next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.core import seeds
from hdsim.core.state import Ints, State
from hdsim.run.traffic import Area, Places
from hdsim.scenario.task import ScenarioTask
from hdsim.world.session import Session
from hdsim.world.walkers import (
    Controllers,
    Walker,
    WalkerRequest,
    navigation_places,
    spawn_walkers,
    walker_blueprints,
)

# Places that are drawn of the navigation mesh: enough that some hundreds lie near a route.
_PLACES = 4000
# Least distance between two walkers at the start [m].
_SPACING_M = 2.0
# A walker this near to where it goes turns to another place [m]; nearer, and the client's crowd
# would send it anywhere on the map.
_ARRIVED_M = 4.0
# Nobody sets out for a place nearer than this [m].
_LEAST_WAY_M = 30.0


@dataclass(frozen=True, slots=True)
class Pedestrians:
    """The walkers of a scenario before they are led, in the order of the roster.

    Attributes:
        names: ``"walker-00"``, ...
        actors: Their CARLA actors.
        speeds: How fast they go [m/s].
        places: Where they may go.
    """

    names: tuple[str, ...]
    actors: tuple[Walker, ...]
    speeds: tuple[float, ...]
    places: Places


def spawn_pedestrians(session: Session, task: ScenarioTask, area: Area) -> Pedestrians:
    """Walkers at keyed places of the navigation mesh within the traffic's area.

    Raises:
        InputError: If the map has no navigation mesh, or the area no room for that many.
    """
    names = tuple(f"walker-{i:02d}" for i in range(task.traffic.walkers))
    if not names:
        none = np.zeros(0)
        return Pedestrians((), (), (), Places(none, none, none))
    places = Places(*navigation_places(session, _PLACES, task.seed, task.source).T)
    blueprints = walker_blueprints(session)
    model = seeds.uniform(seeds.keys(task.seed, names, "blueprint"))
    runs = seeds.uniform(seeds.keys(task.seed, names, "runs")) < task.traffic.walkers_running
    found: dict[str, tuple[Walker, float]] = {}
    free = np.ones(len(places.x), dtype=bool)
    farthest = 0.0
    while len(found) < len(names):
        missing = [k for k, name in enumerate(names) if name not in found]
        chosen = area.choose(
            places, tuple(names[k] for k in missing), "traffic.walkers", _SPACING_M, free
        )
        requests = [
            WalkerRequest(
                blueprints[int(model[k] * len(blueprints))], places.at(pose), bool(runs[k])
            )
            for k, pose in zip(missing, chosen, strict=True)
        ]
        for k, pose, walker in zip(missing, chosen, spawn_walkers(session, requests), strict=True):
            # Also where the server refused one: there is something in the way.
            free &= np.hypot(places.x - places.x[pose], places.y - places.y[pose]) >= _SPACING_M
            if walker is not None:
                found[names[k]] = walker
        farthest = max(farthest, float(area.away(places)[chosen].max()))
    actors, speeds = zip(*(found[name] for name in names), strict=True)
    near = area.away(places) <= farthest
    return Pedestrians(
        names, actors, speeds, Places(places.x[near], places.y[near], places.z[near])
    )


class Crowd:
    """Leads the walkers from place to place.

    Which place a walker goes to next depends on its name, the seed and how many it has been to.

    Args:
        session: The session.
        people: The walkers.
        task: The scenario.
        rows: Their roster rows.
    """

    def __init__(
        self, session: Session, people: Pedestrians, task: ScenarioTask, rows: Ints
    ) -> None:
        self._places = people.places
        self._controllers = Controllers(
            session, people.actors, people.speeds, task.traffic.walkers_crossing
        )
        self._keys = seeds.keys(task.seed, people.names, "goal")
        self._rows = rows
        self._goal = np.zeros(len(people.names), dtype=np.int64)
        self._count = np.zeros(len(people.names), dtype=np.int64)

    def lead(self, state: State) -> None:
        """Sends walkers that have arrived to another place; at the first call all set out."""
        if not self._count.any():
            for k in range(len(self._rows)):
                self._choose(k, state)
            self._controllers.start([self._places.at(int(goal)) for goal in self._goal])
        x, y = self._places.x[self._goal], self._places.y[self._goal]
        there = np.hypot(state.x[self._rows] - x, state.y[self._rows] - y) < _ARRIVED_M
        for k in np.flatnonzero(there & state.present[self._rows]).tolist():
            self._choose(k, state)
            self._controllers.send(k, self._places.at(int(self._goal[k])))

    def _choose(self, k: int, state: State) -> None:
        """The next goal of the ``k``-th walker."""
        row, places = self._rows[k], self._places
        draw = seeds.combine(self._keys[k], np.uint64(self._count[k]))
        rank = seeds.uniform(draw, np.arange(len(places.x)))
        way = np.hypot(places.x - state.x[row], places.y - state.y[row])
        self._goal[k] = int(np.argmin(np.where(way >= _LEAST_WAY_M, rank, 1.0 + rank)))
        self._count[k] += 1
