"""Ego adapters: who drives the vehicle under test.

An HDSim driver as ego is simply one more driver of the run and needs no adapter here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

import carla

from hdsim.core.errors import InputError
from hdsim.core.importing import load_callable
from hdsim.core.state import State
from hdsim.road.routes import Route
from hdsim.world.frames import to_carla
from hdsim.world.session import Session


class Ego(Protocol):
    """Drives the ego; called once a tick, before the batch is sent."""

    def act(self, state: State) -> list[Any]:
        """CARLA commands for this tick (may be none: some egos act by themselves)."""
        ...


class PassiveEgo:
    """An ego that somebody else drives: an HDSim driver of the same run."""

    def act(self, state: State) -> list[Any]:
        """No command of its own."""
        return []


@dataclass(frozen=True, slots=True)
class EgoView:
    """What a plain Python ego is given each tick.

    Attributes:
        world: The CARLA world.
        vehicle: The ego's actor.
        route: Poses along the route about 1 m apart, in CARLA's frame.
        time_s: Scenario time [s].
    """

    world: carla.World
    vehicle: carla.Vehicle
    route: list[carla.Transform]
    time_s: float


class CallableEgo:
    """A user's callable: ``EgoView`` in, ``carla.VehicleControl`` out."""

    def __init__(
        self,
        drive: Callable[[EgoView], carla.VehicleControl],
        session: Session,
        actor: carla.Vehicle,
        route: Route | None,
    ) -> None:
        self._drive = drive
        self._world = session.world
        self._actor = actor
        self._route = (
            []
            if route is None
            else [
                to_carla(x, y, 0.0, yaw)
                for x, y, yaw in zip(route.x, route.y, route.yaw, strict=True)
            ]
        )

    def act(self, state: State) -> list[Any]:
        """One vehicle control from the callable."""
        control = self._drive(EgoView(self._world, self._actor, self._route, state.time))
        return [carla.command.ApplyVehicleControl(self._actor.id, control)]


def load_ego(name: str, where: str) -> Callable[[EgoView], carla.VehicleControl]:
    """A user's ego by ``module:Callable``; a class is instantiated once.

    Args:
        name: The module is looked for beside the scenario file first.
        where: The scenario file.

    Raises:
        InputError: If there is no such module or attribute, or it cannot be called.
    """
    found = load_callable(name, where, "ego.agent")
    drive = found() if isinstance(found, type) else found
    if not callable(drive):
        raise InputError(where, "ego.agent", name, "a class whose instances can be called")
    return cast("Callable[[EgoView], carla.VehicleControl]", drive)
