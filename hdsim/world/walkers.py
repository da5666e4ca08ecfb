"""People on foot: the places they can be at, their bodies, and the AI controllers that lead them.

The crowd simulation itself is in CARLA's client library (Recast and Detour) and needs a navigation
mesh from the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import carla
import numpy as np

from hdsim.core.errors import InputError
from hdsim.core.state import Floats
from hdsim.world.session import Session

Walker: TypeAlias = carla.Actor
"""A walker's actor, for rooms that only hand it on."""
Place = tuple[float, float, float]
"""A point on the ground, right-handed frame [m]."""
# Walkers are put this far above the ground [m], as CARLA's own programs do.
_DROP_M = 1.0
# Places of the attribute ``speed`` of a walker's blueprint, by CARLA's convention.
_WALKING, _RUNNING = 1, 2
# Speeds of a blueprint without them [m/s]: those of CARLA 0.9.16's pedestrians.
_SPEEDS = (0.0, 1.4, 3.0)


def navigation_places(session: Session, count: int, seed: int, where: str) -> Floats:
    """Random places of the navigation mesh, right-handed frame, shape (count, 3) [m].

    Seeds the client's crowd, which draws from the same generator.

    Args:
        session: The session.
        count: How many.
        seed: Of the crowd.
        where: What an error names as the source of the wish for walkers.

    Raises:
        InputError: If the server has no navigation mesh of this map.
    """
    world = session.world
    world.set_pedestrians_seed(seed)
    places = [world.get_random_location_from_navigation() for _ in range(count)]
    if any(place is None for place in places):
        raise InputError(
            where,
            "traffic.walkers",
            expected=f"none: the server has no navigation mesh of {world.get_map().name} "
            "for pedestrians to walk on",
        )
    return np.array([(p.x, -p.y, p.z) for p in places]).reshape(-1, 3)


def walker_blueprints(session: Session) -> tuple[str, ...]:
    """Sorted ids of the server's pedestrians."""
    library = session.world.get_blueprint_library()
    return tuple(sorted(b.id for b in library.filter("walker.pedestrian.*")))


@dataclass(frozen=True, slots=True)
class WalkerRequest:
    """A walker to spawn.

    Attributes:
        blueprint: CARLA walker id.
        place: Where its soles are, right-handed frame [m].
        runs: Whether it runs instead of walking.
    """

    blueprint: str
    place: Place
    runs: bool


def spawn_walkers(
    session: Session, requests: Sequence[WalkerRequest]
) -> list[tuple[Walker, float] | None]:
    """Walkers with their speeds [m/s]; ``None`` where the server had no room for one."""
    library = session.world.get_blueprint_library()
    commands, speeds = [], []
    for request in requests:
        blueprint = library.find(request.blueprint)
        speeds.append(_speed(blueprint, request.runs))
        if blueprint.has_attribute("is_invincible"):
            blueprint.set_attribute("is_invincible", "false")
        x, y, z = request.place
        at = carla.Transform(carla.Location(x, -y, z + _DROP_M))
        commands.append(carla.command.SpawnActor(blueprint, at))
    spawned = session.spawn_where_possible(commands)
    return [
        None if actor is None else (actor, speed)
        for actor, speed in zip(spawned, speeds, strict=True)
    ]


def _speed(blueprint: carla.ActorBlueprint, runs: bool) -> float:
    """How fast a pedestrian of a blueprint goes [m/s]."""
    speeds: Sequence[float] = _SPEEDS
    if blueprint.has_attribute("speed"):
        given = [float(v) for v in blueprint.get_attribute("speed").recommended_values]
        speeds = given if len(given) > _RUNNING else _SPEEDS
    return speeds[_RUNNING if runs else _WALKING]


class Controllers:
    """The AI controllers of the walkers.

    Args:
        session: The session, which stops and destroys them in the end.
        walkers: Whom they lead.
        speeds: How fast [m/s].
        crossing: Share of the walkers that may cross the road anywhere.
    """

    def __init__(
        self,
        session: Session,
        walkers: Sequence[Walker],
        speeds: Sequence[float],
        crossing: float,
    ) -> None:
        session.world.set_pedestrians_cross_factor(crossing)
        self._speeds = tuple(speeds)
        self._controllers = session.walker_controllers(walkers)

    def start(self, places: Sequence[Place]) -> None:
        """Lets every walker set out for its place."""
        for k, (controller, speed) in enumerate(zip(self._controllers, self._speeds, strict=True)):
            controller.start()
            self.send(k, places[k])
            controller.set_max_speed(speed)

    def send(self, walker: int, place: Place) -> None:
        """Lets a walker go to another place."""
        x, y, z = place
        self._controllers[walker].go_to_location(carla.Location(x, -y, z))
