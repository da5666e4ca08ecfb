"""Routes: where each driver is going, as the stretch of path ahead of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hdsim.control.beside import side_of
from hdsim.control.parameters import Parameters
from hdsim.control.track import (
    COLUMNS,
    LANE_S,
    SPACING_M,
    WIDTH,
    YAW,
    Track,
    X,
    Y,
    advance,
    window,
)
from hdsim.core import seeds
from hdsim.core.command import Requests
from hdsim.core.percept import Paths
from hdsim.core.state import Bools, Floats, Ints, Roster, State
from hdsim.road.lanes import LaneGraph
from hdsim.road.routes import Route

POINTS = 64
# A path is extended before less than this much of it lies ahead: more than the longest window.
_AHEAD_M = 320.0
# Where a driver counts as off its path and is routed again from the lane it is on.
_LOST_M = 5.0
# Way of a lane change that a route needs, placed at the end of the shared stretch.
_PLANNED_CHANGE_M = 40.0
# After a lane change of convenience a goal route must not ask back sooner than this.
_NO_RETURN_M = 150.0
# ... nor lead another way that is longer by this.
_DETOUR_M = 50.0
_EXTEND_STEPS = 200
# Distance of window point k: dense near the car, where steering looks, sparse far ahead.
_GRID = np.arange(POINTS) * (1.0 + 0.02 * np.arange(POINTS))
_U_TURN = 2


class Router:
    """Keeps every driver's path laid well ahead and hands out the window of it that is in view.

    Drivers with a route follow it to its end; the others roam: at every fork a draw keyed by
    (seed, driver name, "route", number of the fork) decides, and U-turns are left out.

    Args:
        graph: The lane graph.
        roster: Who takes part; paths follow the order of ``roster.drivers``.
        seed: Scenario seed.
        routes: Routes to a goal by actor name.
        parameters: Those of the driving model; they say how long a lane change takes.
    """

    def __init__(
        self,
        graph: LaneGraph,
        roster: Roster,
        seed: int,
        routes: Mapping[str, Route] | None = None,
        parameters: Parameters | None = None,
    ) -> None:
        self._graph, self._p = graph, parameters or Parameters()
        self._rows = roster.drivers
        self._cyclists = np.flatnonzero(np.isin(roster.drivers, roster.cyclists))
        names = [roster.names[int(r)] for r in roster.drivers]
        self._keys = seeds.keys(seed, names, "route")
        self._forks = [0] * len(names)
        self._goals: list[tuple[int, float] | None] = [None] * len(names)
        self._plans: list[deque[int]] = [deque() for _ in names]
        self._routes: dict[int, Route] = {
            i: routes[name] for i, name in enumerate(names) if routes and name in routes
        }
        self._tracks: list[Track | None] = [None] * len(names)
        self._without = set(range(len(names)))  # drivers without a track
        self._samples: Floats = np.zeros((len(names), 1024, COLUMNS))
        self._lanes: Ints = np.zeros((len(names), 1024), dtype=np.int64)
        self._count: Ints = np.zeros(len(names), dtype=np.int64)
        self._s: Floats = np.zeros(len(names))
        self._end: Floats = np.full(len(names), np.inf)
        self._open: Bools = np.ones(len(names), dtype=np.bool_)
        self._speed: Floats = np.zeros(len(names))

    def paths(self, state: State) -> Paths:
        """The window of path ahead of every driver, from its projection on its path."""
        rows = self._rows
        x, y = state.x[rows], state.y[rows]
        present = state.present[rows]
        for new in sorted(self._without):
            if not (present[new] and self._start(new, state)):
                self._stay(new, state)
        self._s, away = advance(self._samples, self._count, self._s, x, y)
        for d in np.flatnonzero(present & (away > _LOST_M)):
            if state.lane[rows[d]] >= 0:
                self._start(int(d), state)
        short = self._open & (self._count * SPACING_M - self._s < _AHEAD_M)
        for d in np.flatnonzero(short):
            self._extend(int(d))
        self._speed = np.abs(state.speed[rows])
        return self._window()

    def heed(self, requests: Requests) -> None:
        """Grant what the drivers ask of their routes, where it can be had."""
        drivers = np.flatnonzero(requests.change)
        if len(drivers):
            self.switch_lane(drivers, requests.change[drivers])
        for d in np.flatnonzero(requests.give_up | requests.go_back):
            self._go_on(int(d), bool(requests.go_back[d]))
        for d in np.flatnonzero(requests.aside):
            around = requests.aside_from[d], requests.aside_to[d]
            self._go_around(int(d), float(requests.aside[d]), *map(float, around))

    def switch_lane(
        self, drivers: Sequence[int] | Ints, sides: Sequence[int] | NDArray[np.integer[Any]]
    ) -> Bools:
        """Route drivers over to the neighbouring lane from where they are.

        Args:
            drivers: Driver indices (not actor rows).
            sides: -1 right, +1 left, one per driver.

        Returns:
            Which of them may: there is a lane, the goal can be reached from it without having to
            come straight back, and there is room before the next junction.
        """
        return np.array(
            [self._switch(int(d), int(side)) for d, side in zip(drivers, sides, strict=True)],
            dtype=np.bool_,
        )

    def lanes_ahead(self, driver: int) -> list[int]:
        """The lanes of a driver's path from its position on, for records and tests."""
        i = int(self._s[driver] / SPACING_M)
        lanes = self._lanes[driver, i : int(self._count[driver])]
        keep = np.flatnonzero(np.diff(lanes, prepend=-2))
        return [int(lane) for lane in lanes[keep]] + list(self._plans[driver])

    def _window(self) -> Paths:
        fields, lane = window(
            self._samples, self._lanes, self._count, self._s, _GRID, self._speed, self._graph.length
        )
        x, y, yaw, curvature, s, limit, width, lane_s = fields
        limit[self._cyclists] = np.minimum(limit[self._cyclists], self._p.cycling_speed)
        return Paths(
            x=x,
            y=y,
            yaw=yaw,
            curvature=curvature,
            s=s,
            limit=limit,
            width=width,
            lane=lane,
            lane_s=lane_s,
            end_s=self._end - self._s,
        )

    def _start(self, d: int, state: State) -> bool:
        """Lay a path from the lane a driver is on; False where there is none to lay."""
        row = int(self._rows[d])
        lane, s = int(state.lane[row]), float(state.s[row])
        if lane < 0:
            found = self._graph.locate(state.x[row], state.y[row], state.yaw[row], reach_m=50.0)
            lane, s = int(found[0]), float(found[1])
            if lane < 0:
                return False
        route, plan = self._routes.get(d), list[int]()
        if route is not None:
            self._goals[d] = (route.lanes[-1], float(route.lane_s[-1]))
            lanes = list(route.lanes) if self._tracks[d] is None else self.lanes_ahead(d)
            rest = lanes[lanes.index(lane) + 1 :] if lane in lanes else self._way(lane, d)
            if rest is None:
                return False
            plan = rest
        self._plans[d] = deque(plan)
        self._tracks[d] = Track(self._graph, lane, s, self._stop_at(d, lane))
        self._without.discard(d)
        self._s[d], self._end[d], self._open[d] = 0.0, np.inf, True
        self._extend(d)
        return True

    def _stay(self, d: int, state: State) -> None:
        """A path that ends where the driver is: it is not on the road network."""
        row = int(self._rows[d])
        self._samples[d, 0] = 0.0
        self._samples[d, 0, [X, Y, YAW]] = state.x[row], state.y[row], state.yaw[row]
        self._samples[d, 0, WIDTH] = 3.5
        self._lanes[d, 0], self._count[d] = 0, 1
        self._s[d], self._end[d], self._open[d] = 0.0, 0.0, False

    def _stop_at(self, d: int, lane: int) -> float | None:
        """Where the path ends on a lane: beside the goal if only lane changes are left."""
        goal, graph = self._goals[d], self._graph
        rest = list(self._plans[d])
        if goal is None or [lane, *rest][-1] != goal[0]:
            return None
        if not all(side_of(graph, a, b) != 0 for a, b in pairwise([lane, *rest])):
            return None
        return goal[1] * float(graph.length[lane] / graph.length[goal[0]])

    def _way(self, lane: int, d: int) -> list[int] | None:
        """Lanes from (not with) ``lane`` to the driver's goal, None if there is no way."""
        goal = self._goals[d]
        return None if goal is None else self._between(lane, goal[0])

    def _between(self, lane: int, aim: int) -> list[int] | None:
        """Lanes of the shortest way from (not with) ``lane`` to ``aim``, None if there is none.

        Nobody turns round where there is any other way.
        """
        for graph in (self._onward, self._graph.digraph):
            if lane in graph and aim in graph and nx.has_path(graph, lane, aim):
                way = nx.shortest_path(graph, lane, aim, weight="cost")
                return [int(i) for i in way[1:]]
        return None

    @cached_property
    def _onward(self) -> nx.DiGraph[int]:
        """The lanes without U-turns."""
        keep = np.flatnonzero(self._graph.turn != _U_TURN).tolist()
        return self._graph.digraph.subgraph(keep)

    def _rejoin(self, d: int, target: int, lane: int) -> list[int] | None:
        """Lanes from ``target`` along the given route, not some other way to its goal."""
        plan = self.lanes_ahead(d)
        plan = plan[plan.index(lane) :]
        gone, j = 0.0, 0
        while j + 1 < len(plan) and gone <= _NO_RETURN_M:
            moved = side_of(self._graph, plan[j], plan[j + 1]) != 0
            gone += 0.0 if moved else float(self._graph.length[plan[j]])
            j += 1
            if moved:
                break
        way = self._between(target, plan[j])
        if way is None:
            return None
        taken = sum(
            float(self._graph.length[a])
            for a, b in pairwise([target, *way])
            if side_of(self._graph, a, b) == 0
        )
        return [*way, *plan[j + 1 :]] if taken < gone + _DETOUR_M else None

    def _extend(self, d: int) -> None:
        """Lay lanes until enough of the path is ahead, then publish the samples."""
        track = self._tracks[d]
        assert track is not None
        done = int(self._s[d] / SPACING_M) - 20
        if done > 200:
            track.forget(done)
            self._s[d] -= done * SPACING_M
        for _ in range(_EXTEND_STEPS):
            if track.end - self._s[d] >= _AHEAD_M + 100.0:
                break
            if not self._lay_next(d, track):
                self._open[d], self._end[d] = False, track.end
                break
        self._publish(d, track)

    def _lay_next(self, d: int, track: Track) -> bool:
        """Lay the next lane (or lane change); False at the end of the way."""
        plan = self._plans[d]
        if not plan:
            if self._goals[d] is not None:
                return False
            lane = self._fork(d, track.last)
            if lane is None:
                return False
            plan.append(lane)
        beside = []
        last = track.last
        while plan and side_of(self._graph, last, plan[0]) != 0:
            last = plan.popleft()
            beside.append(last)
        if beside:
            track.move_over(beside, _PLANNED_CHANGE_M)
            return self._goals[d] is None or bool(plan)
        lane = plan.popleft()
        track.follow(lane, self._stop_at(d, lane))
        return True

    def _fork(self, d: int, lane: int) -> int | None:
        """The roaming driver's next lane by a keyed draw; a neighbour where the lane ends."""
        graph = self._graph
        nexts = sorted(graph.successors[lane])
        for reject in (self._is_dead_end, lambda i: graph.turn[i] == _U_TURN):
            nexts = [i for i in nexts if not reject(i)] or nexts
        if not nexts:
            beside = [int(i) for i in (graph.right[lane], graph.left[lane]) if i >= 0]
            nexts = [i for i in beside if graph.successors[i]]
            if not nexts:
                return None
        if len(nexts) == 1:
            return nexts[0]
        draw = float(seeds.uniform(self._keys[d], self._forks[d]))
        self._forks[d] += 1
        return nexts[int(draw * len(nexts))]

    def _is_dead_end(self, lane: int) -> bool:
        graph = self._graph
        return not graph.successors[lane] and graph.left[lane] < 0 and graph.right[lane] < 0

    def _switch(self, d: int, side: int) -> bool:
        track = self._tracks[d]
        if track is None:
            return False
        s = float(self._s[d])
        i = int(s / SPACING_M)
        lane = int(self._lanes[d, i])
        target = int((self._graph.left if side > 0 else self._graph.right)[lane])
        ahead = self.lanes_ahead(d)[:2]
        if target < 0 and len(ahead) == 2 and side_of(self._graph, *ahead) == side:
            target = ahead[1]  # the route asks for it where the markings do not
        room = self._room(d, i)
        if target < 0 or room < self._p.change_min_length:
            return False
        wanted = max(self._p.change_min_length, self._p.change_time * float(self._speed[d]))
        if target in self._lanes[d, i : i + int(wanted / SPACING_M)]:
            return True  # on the way over: from here anew it would only get steeper
        if self._goals[d] is not None:
            way = self._rejoin(d, target, lane)
            if way is None or self._asks_back(d, target, way, lane):
                return False
            self._plans[d] = deque(way)
        else:
            self._plans[d].clear()
        here = float(self._samples[d, i, LANE_S])
        scale = float(self._graph.length[target] / self._graph.length[lane])
        other = Track(self._graph, target, here * scale, self._stop_at(d, target))
        while other.end < _AHEAD_M + 100.0:
            if not self._lay_next(d, other):
                self._open[d], self._end[d] = False, s + other.end
                break
        else:
            self._open[d], self._end[d] = True, np.inf
        track.switch(s, other, min(wanted, room))
        self._publish(d, track)
        return True

    def _go_on(self, d: int, later: bool) -> bool:
        """Go on in the present lane without the next lane change, by another way to the goal.

        False where the lane leads nowhere, or never to the goal.

        Args:
            d: Driver index.
            later: The lane change may be made up for farther on.
        """
        i = int(self._s[d] / SPACING_M)
        lane = int(self._lanes[d, i])
        rest = float(self._graph.length[lane] - self._samples[d, i, LANE_S])
        later = later and rest > 1.5 * _PLANNED_CHANGE_M
        nexts = [j for j in self._graph.successors[lane] if self._graph.turn[j] != _U_TURN]
        ways: list[list[int]] = [[j] for j in nexts]
        if self._goals[d] is not None and later:
            way = self._way(lane, d)
            ways = [] if way is None else [way]
        elif self._goals[d] is not None:
            found = [(j, self._way(j, d)) for j in nexts]
            ways = [[j, *onward] for j, onward in found if onward is not None]
        if self._tracks[d] is None or not ways:
            return False
        best = min(ways, key=lambda way: float(self._graph.length[way].sum()))
        self._plans[d] = deque(best if self._goals[d] is not None else ())
        self._tracks[d] = Track(
            self._graph, lane, float(self._samples[d, i, LANE_S]), self._stop_at(d, lane)
        )
        self._s[d], self._end[d], self._open[d] = self._s[d] - i * SPACING_M, np.inf, True
        self._extend(d)
        return True

    def _go_around(self, d: int, offset: float, begin: float, end: float) -> bool:
        """Lead a path aside by an offset [m] between two distances ahead [m] and back again."""
        track = self._tracks[d]
        if track is None:
            return False
        s = float(self._s[d])
        track.swerve(s, s + begin, s + end, offset)
        self._publish(d, track)
        return True

    def _room(self, d: int, i: int) -> float:
        """Path ahead of sample ``i`` before the next junction (or its end) [m]."""
        lanes = self._lanes[d, i : int(self._count[d])]
        inside = np.flatnonzero(self._graph.junction[lanes] >= 0)
        return float(inside[0] if len(inside) else len(lanes)) * SPACING_M

    def _asks_back(self, d: int, target: int, way: list[int], lane: int) -> bool:
        """Whether a way from the target lane needs more changes soon than the present one."""
        now = self.lanes_ahead(d)
        return self._changes([target, *way]) > self._changes(now[now.index(lane) :])

    def _changes(self, lanes: Sequence[int]) -> int:
        """Lane changes within the first stretch of a lane sequence."""
        graph, gone, count = self._graph, 0.0, 0
        for a, b in pairwise(lanes):
            if side_of(graph, a, b) != 0:
                count += 1
            else:
                gone += float(graph.length[a])
            if gone > _NO_RETURN_M:
                break
        return count

    def _publish(self, d: int, track: Track) -> None:
        n = len(track.lane)
        if n > self._samples.shape[1]:
            grow = ((0, 0), (0, n + 256 - self._samples.shape[1]))
            self._samples = np.pad(self._samples, (*grow, (0, 0)))
            self._lanes = np.pad(self._lanes, grow)
        self._samples[d, :n], self._lanes[d, :n], self._count[d] = track.samples, track.lane, n
