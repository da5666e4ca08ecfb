"""Ego adapters: who drives the vehicle under test.

An HDSim driver as ego is simply one more driver of the run and needs no adapter here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import carla
import numpy as np

from hdsim.core.errors import InputError
from hdsim.core.state import State
from hdsim.road.lanes import LaneGraph
from hdsim.road.routes import Route
from hdsim.world.frames import location, to_carla
from hdsim.world.session import Session

# Where the Traffic Manager is given a point of its path: this far behind each junction's exit. It
# then recognises the road it should leave a junction by, whatever the points in between.
_PAST_EXIT_M = 12.0
# A lane change that the route needs is asked for when nobody is this near in the other lane [m].
_CLEAR_AHEAD_M = 12.0
_CLEAR_BEHIND_M = 20.0
_ASK_AGAIN_S = 4.0


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


def path_points(graph: LaneGraph, route: Route) -> list[tuple[float, float]]:
    """Points for the Traffic Manager's ``set_path``, right-handed frame [m].

    One point about 12 m behind the exit of every junction, or at the end of the stretch before
    the next one, and the goal.
    """
    in_junction = graph.junction[route.lane] >= 0
    exits = np.flatnonzero(in_junction[:-1] & ~in_junction[1:]) + 1
    entries = np.flatnonzero(~in_junction[:-1] & in_junction[1:])
    points = []
    for i in exits:
        later = entries[entries >= i]
        last = int(later[0]) if later.size else len(route.s) - 1
        j = min(int(np.searchsorted(route.s, route.s[i] + _PAST_EXIT_M)), last)
        points.append((float(route.x[j]), float(route.y[j])))
    points.append((float(route.x[-1]), float(route.y[-1])))
    return points


class TrafficManagerEgo:
    """CARLA's Traffic Manager autopilot, told to follow a route.

    The Traffic Manager knows no lane changes on a path, and left to itself changes lanes for its
    own reasons; both would take it off a route. So its automatic changes are off, and the adapter
    asks for the changes that the route needs, when the other lane is clear.

    Args:
        session: The session whose client runs the Traffic Manager.
        actor: The ego's vehicle, spawned as ``hero``.
        graph: The lane graph.
        route: What to follow; ``None`` lets it roam.
        seed: The Traffic Manager's random seed.
        port: Its port.
    """

    def __init__(
        self,
        session: Session,
        actor: carla.Vehicle,
        graph: LaneGraph,
        route: Route | None,
        seed: int,
        port: int,
    ) -> None:
        self._tm = session.traffic_manager(port, seed)
        self._actor = actor
        self._graph = graph
        self._route = route
        self._progress = 0
        self._asked = -_ASK_AGAIN_S
        actor.set_autopilot(True, port)
        if route is not None:
            self._tm.auto_lane_change(actor, False)
            points = [location(x, y) for x, y in path_points(graph, route)]
            self._tm.set_path(actor, points)

    def act(self, state: State) -> list[Any]:
        """Asks for the lane change that the route needs next; the driving is CARLA's."""
        route = self._route
        if route is None:
            return []
        window = slice(self._progress, self._progress + 60)
        gap = np.hypot(route.x[window] - state.x[0], route.y[window] - state.y[0])
        self._progress += int(np.argmin(gap))
        here = int(state.lane[0])
        if here < 0 or self._graph.junction[here] >= 0:
            return []
        wanted = int(route.lane[min(self._progress, len(route.lane) - 1)])
        side = self._side(here, wanted)
        if side and state.time - self._asked >= _ASK_AGAIN_S and self._is_clear(state, side):
            self._tm.force_lane_change(self._actor, side < 0)
            self._asked = state.time
        return []

    def _side(self, here: int, wanted: int) -> int:
        """+1 if ``wanted`` lies to the left of ``here`` on the same road, -1 right, 0 neither."""
        for side, table in ((1, self._graph.left), (-1, self._graph.right)):
            lane = int(table[here])
            for _ in range(8):
                if lane < 0:
                    break
                if lane == wanted:
                    return side
                lane = int(table[lane])
        return 0

    def _is_clear(self, state: State, side: int) -> bool:
        target = int((self._graph.left if side > 0 else self._graph.right)[int(state.lane[0])])
        ahead = state.s - state.s[0]
        near = (ahead > -_CLEAR_BEHIND_M) & (ahead < _CLEAR_AHEAD_M)
        return not bool(np.any((state.lane == target) & near & state.present))


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


def load_callable(name: str, where: str) -> Callable[[EgoView], carla.VehicleControl]:
    """``module:Callable`` to a callable; a class is instantiated once.

    Raises:
        InputError: If there is no such module or attribute, or it cannot be called.
    """
    module_name, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise InputError(
            where, "ego.agent", name, f"an importable module:Callable ({error})"
        ) from error
    drive = found() if isinstance(found, type) else found
    if not callable(drive):
        raise InputError(where, "ego.agent", name, "something that can be called")
    return drive
