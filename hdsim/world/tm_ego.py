"""CARLA's Traffic Manager as the ego, kept on a route."""

from __future__ import annotations

from typing import Any

import carla
import numpy as np

from hdsim.core.state import State
from hdsim.road.lanes import LaneGraph
from hdsim.road.routes import Route
from hdsim.world.session import Session
from hdsim.world.tm_net import SPACING_M, traffic_manager_net
from hdsim.world.tm_path import nodes_on, path_of

# The path is handed over anew this often.
_RENEW_EVERY_S = 0.5
# A lane change that the route needs begins when nobody is this near in the other lane [m].
_CLEAR_AHEAD_M = 12.0
_CLEAR_BEHIND_M = 20.0
_BESIDE_M = (1.5, 5.5)
# It begins this far ahead of the ego, at least: without a source, room to steer at speed.
_CHANGE_AHEAD_M = 8.0
_CHANGE_AHEAD_S = 0.8
# ... and once the ego is this near to the middle of its lane (no source).
_SETTLED_M = 0.5
# Where the Traffic Manager's plan begins is looked for this far along the route.
_FRONT_M = 60.0


class TrafficManagerEgo:
    """CARLA's Traffic Manager autopilot, told to follow a route.

    Left to itself the Traffic Manager leaves a route in three ways, and the adapter prevents them:

    - At a fork it goes by the next point of its path, by a rule of its own that many points
      mislead. The points are chosen for that rule (``hdsim.world.tm_path``).
    - It uses points up while they are still far ahead, and when it slows down plans that stretch
      anew without them. Every half second the points ahead of its plan are handed over again.
    - It plans no lane changes on a path, those it makes for its own reasons lead off it, and it
      drops changes that it is asked for (``force_lane_change``) when faster than about 10 m/s. Its
      own changes are off, and a change that the route needs is a point in the lane beside,
      given while that lane is clear.

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
        self._renew_at = 0.0
        self._change: tuple[int, int, float] | None = None
        actor.set_autopilot(True, port)
        if route is not None:
            self._net = traffic_manager_net(session.world.get_map())
            self._path = path_of(self._net, graph, route)
            self._lane_of = {
                key: lane
                for lane, key in enumerate(
                    zip(
                        graph.road.tolist(),
                        graph.section.tolist(),
                        graph.lane_id.tolist(),
                        strict=True,
                    )
                )
            }
            self._tm.auto_lane_change(actor, False)
            self._hand_over([], 0)

    def act(self, state: State) -> list[Any]:
        """Keeps the Traffic Manager on the route; the driving is its own."""
        route = self._route
        if route is None:
            return []
        window = slice(self._progress, self._progress + 60)
        gap = np.hypot(route.x[window] - state.x[0], route.y[window] - state.y[0])
        self._progress += int(np.argmin(gap))
        if state.time < self._renew_at:
            return []
        plan = self._tm.get_all_actions(self._actor)
        if not plan:  # before its first tick
            return []
        self._renew_at = state.time + _RENEW_EVERY_S
        p = plan[0][1].transform.location
        front = self._net.nearest(p.x, p.y, p.z)
        position = self._position(front, float(route.s[self._progress]))
        lane = self._lane_of[self._net.segment[front]]
        side, beside = self._beside(lane, self._lane_to_leave_by(position, lane))
        if beside < 0 or not is_clear(state, side):
            self._change = None
            self._hand_over([], position + 1)
            return []
        front_s = self._graph.project(lane, p.x, -p.y)[0]
        if self._change is None or self._change[0] != beside:
            self._change = self._place_to_change(state, lane, beside, front_s)
        if self._change is None:
            self._hand_over([], position + 1)
        elif self._change[2] > front_s + 0.5 * SPACING_M:
            self._hand_over([self._change[1]], position + 1)
        elif self._change[2] < front_s - 0.5 * SPACING_M:
            self._change = None  # it went past; choose anew at the next look
        return []

    def _place_to_change(
        self, state: State, lane: int, beside: int, front_s: float
    ) -> tuple[int, int, float] | None:
        """The lane to change to, the node in it to go to, and where it lies on the lane [m].

        None while the ego is not yet in the middle of its own lane, and where the lane beside
        leaves no room.
        """
        s, d, _ = self._graph.project(lane, float(state.x[0]), float(state.y[0]))
        if abs(d) > _SETTLED_M:
            return None
        room = max(_CHANGE_AHEAD_M, _CHANGE_AHEAD_S * float(state.speed[0]))
        for node, node_s in nodes_on(self._net, self._graph, beside):
            if node_s > max(front_s + 0.5 * SPACING_M, s + room):
                return beside, node, node_s
        return None

    def _hand_over(self, first: list[int], position: int) -> None:
        """Uploads nodes to go to first and the points of the path from ``position`` on."""
        points = self._path.point[self._path.point >= position]
        nodes = [*first, *self._path.node[points]]
        if len(points):
            places = [carla.Location(*(float(v) for v in self._net.location[n])) for n in nodes]
            self._tm.set_path(self._actor, places)

    def _position(self, front: int, s: float) -> int:
        """Where the Traffic Manager's plan begins: position among the nodes of its path.

        Args:
            front: The first node of its plan.
            s: The ego's place along the route [m].
        """
        first, end = np.searchsorted(self._path.s, (s - SPACING_M, s + _FRONT_M))
        near = self._net.location[self._path.node[first:end]]
        if not len(near):
            return max(0, int(end) - 1)
        gap = np.sum((near - self._net.location[front]) ** 2, axis=1)
        return int(first) + int(np.argmin(gap))

    def _lane_to_leave_by(self, position: int, here: int) -> int:
        """The lane by which the path leaves the road that the plan begins on."""
        lanes = self._path.lane[position:]
        same = (self._graph.road[lanes] == self._graph.road[here]) & (
            self._graph.section[lanes] == self._graph.section[here]
        )
        if not same[0]:
            return here
        away = np.flatnonzero(~same)
        return int(lanes[away[0] - 1] if len(away) else lanes[-1])

    def _beside(self, here: int, wanted: int) -> tuple[int, int]:
        """The side (+1 left, -1 right) and the next lane from ``here`` towards ``wanted``.

        ``(0, -1)`` where that is no lane to drive on. Routes may cross markings, so it may too.
        """
        road, section, lane = (
            int(self._graph.road[here]),
            int(self._graph.section[here]),
            int(self._graph.lane_id[here]),
        )
        to = int(self._graph.lane_id[wanted])
        if to == lane or to * lane < 0:
            return 0, -1
        # Lanes are numbered from the middle of the road outwards, which is to the right.
        side = 1 if abs(to) < abs(lane) else -1
        step = 1 if to > lane else -1
        beside = self._lane_of.get((road, section, lane + step), -1)
        return (side, beside) if beside >= 0 else (0, -1)


def is_clear(state: State, side: int) -> bool:
    """Whether nobody is within a lane's width or so beside the ego, nor just behind there.

    Args:
        state: The ego is row 0.
        side: +1 left, -1 right.
    """
    dx, dy = state.x - state.x[0], state.y - state.y[0]
    c, s = np.cos(state.yaw[0]), np.sin(state.yaw[0])
    ahead, offset = dx * c + dy * s, side * (dy * c - dx * s)
    near = (ahead > -_CLEAR_BEHIND_M) & (ahead < _CLEAR_AHEAD_M)
    near &= (offset > _BESIDE_M[0]) & (offset < _BESIDE_M[1])
    return not bool(np.any(near & state.present))
