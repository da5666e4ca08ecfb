"""Ego adapters: who drives the vehicle under test.

An HDSim driver as ego is simply one more driver of the run and needs no adapter here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

import carla
import numpy as np

from hdsim.core.errors import InputError
from hdsim.core.state import Ints, State
from hdsim.road.lanes import LaneGraph
from hdsim.road.routes import Route
from hdsim.world.frames import location, to_carla
from hdsim.world.session import Session

# Where the Traffic Manager is given a point of its path: this far behind each junction's exit. It
# then recognises the road it should leave a junction by, whatever the points in between.
_PAST_EXIT_M = 12.0
# The adapter looks at the Traffic Manager's plan this often.
_LOOK_EVERY_S = 0.5
_TOO_NEAR_M = 8.0
# A planned road must belong to the route within this distance ahead, else the plan is wrong.
_PLAN_AHEAD_M = 250.0
# A lane change that the route needs is asked for when nobody is this near in the other lane [m].
_CLEAR_AHEAD_M = 12.0
_CLEAR_BEHIND_M = 20.0


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


def path_points(graph: LaneGraph, route: Route) -> Ints:
    """Indices of the route's points for the Traffic Manager's ``set_path``.

    One point about 12 m behind the exit of every junction, or at the end of the stretch before
    the next one, and the goal.
    """
    in_junction = graph.junction[route.lane] >= 0
    exits = np.flatnonzero(in_junction[:-1] & ~in_junction[1:]) + 1
    entries = np.flatnonzero(~in_junction[:-1] & in_junction[1:])
    last = len(route.s) - 1
    behind = np.searchsorted(route.s, route.s[exits] + _PAST_EXIT_M)
    stretch_end = np.append(entries, last)[np.searchsorted(entries, exits)]
    return np.append(np.minimum(behind, stretch_end), last)


class TrafficManagerEgo:
    """CARLA's Traffic Manager autopilot, told to follow a route.

    Left to itself the Traffic Manager leaves a route in two ways, and the adapter mends both. It
    plans no lane changes on a path (and those it makes for its own reasons lead off it), so its
    automatic changes are off and the adapter asks for the changes that the route needs when the
    other lane is clear. And it uses up the points of its path while they are still far ahead;
    when it then slows down it plans that stretch anew without them and may turn off wrongly. So
    the adapter compares the plan with the route and hands the points over again if they differ.

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
        self._look_at = 0.0
        actor.set_autopilot(True, port)
        if route is not None:
            self._tm.auto_lane_change(actor, False)
            self._points = path_points(graph, route)
            self._hand_over_path()

    def act(self, state: State) -> list[Any]:
        """Keeps the Traffic Manager on the route; the driving is its own."""
        route = self._route
        if route is None:
            return []
        window = slice(self._progress, self._progress + 60)
        gap = np.hypot(route.x[window] - state.x[0], route.y[window] - state.y[0])
        self._progress += int(np.argmin(gap))
        here = int(state.lane[0])
        if state.time < self._look_at or here < 0 or self._graph.junction[here] >= 0:
            return []
        self._look_at = state.time + _LOOK_EVERY_S
        side = self._side(here, self._lane_to_leave_by(route, here))
        if side and self._is_clear(state, side):
            self._tm.force_lane_change(self._actor, side < 0)
        if self._plan_leaves_route(route):
            self._hand_over_path()
        return []

    def _hand_over_path(self) -> None:
        """Uploads the points of the path that are still ahead, not those just in front.

        The Traffic Manager drops a point only once its plan comes near it, and would choose at a
        fork in between by a point that lies before the fork.
        """
        assert self._route is not None
        s = self._route.s
        ahead = self._points[s[self._points] > s[self._progress] + _TOO_NEAR_M]
        x, y = self._route.x[ahead], self._route.y[ahead]
        if len(ahead):
            points = [location(px, py) for px, py in zip(x, y, strict=True)]
            self._tm.set_path(self._actor, points)

    def _plan_leaves_route(self, route: Route) -> bool:
        end = int(np.searchsorted(route.s, route.s[self._progress] + _PLAN_AHEAD_M))
        roads = set(self._graph.road[route.lane[max(0, self._progress - 10) : end]].tolist())
        if end >= len(route.s):
            return False
        return any(w.road_id not in roads for _, w in self._tm.get_all_actions(self._actor))

    def _lane_to_leave_by(self, route: Route, here: int) -> int:
        """The lane by which the route leaves the road that the ego is on."""
        ahead = route.lane[self._progress :]
        same = (self._graph.road[ahead] == self._graph.road[here]) & (
            self._graph.section[ahead] == self._graph.section[here]
        )
        if not same[0]:
            return here
        away = np.flatnonzero(~same)
        return int(ahead[away[0] - 1] if len(away) else ahead[-1])

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
    return cast("Callable[[EgoView], carla.VehicleControl]", drive)
