"""The driving model: percepts in, decisions out, nothing else."""

from __future__ import annotations

import numpy as np

from hdsim.control.obstacle import Around, Obstacles
from hdsim.control.parameters import Parameters
from hdsim.control.reach import Reach
from hdsim.core.clock import DEFAULT_STEP_S
from hdsim.core.command import Decisions, Reason, Requests
from hdsim.core.percept import Percepts
from hdsim.core.state import Floats, Ints, Roster
from hdsim.road.lanes import LaneGraph

from .following import (
    follow_acceleration,
    free_acceleration,
    profile_acceleration,
    profile_speed,
    stop_acceleration,
)
from .junctions import RightOfWay
from .lanechange import LaneChange
from .scene import OnPath, project
from .signals import SignalRule
from .steering import steer
from .stop_signs import StopSigns

# Standing on purpose: slower than this without a wish to go.
_HOLD_SPEED = 0.15
_HOLD_ACCEL = 0.05
# Braking harder than this for another vehicle counts as an emergency [m/s^2].
_EMERGENCY = 5.0
# Turns are indicated from this far on [m].
_INDICATE_M = 30.0


class DrivingModel:
    """A competent driver on percepts alone, for all drivers at once.

    It knows the road (the lane graph) and what it is given each frame; it has no access to the
    state of the world. Between frames it remembers only its own decisions and how long it has seen
    others stand. What it asks of the routes, ``requests()``, the run loop passes on to the router.

    Args:
        graph: The lane graph.
        roster: Who takes part: names, rows of the drivers.
        parameters: One set for all drivers.
        step_s: Time between frames [s].
    """

    def __init__(
        self,
        graph: LaneGraph,
        roster: Roster,
        parameters: Parameters | None = None,
        step_s: float = DEFAULT_STEP_S,
    ) -> None:
        self._graph = graph
        self._p = parameters or Parameters()
        self._step_s = step_s
        reach = Reach(graph)
        self._signals = SignalRule(len(roster.drivers), self._p)
        self._stop_signs = StopSigns(graph, len(roster.drivers), self._p)
        self._obstacles = Obstacles(graph, len(roster.drivers), self._p)
        self._around: Around | None = None
        self._right_of_way = RightOfWay(graph, roster.drivers, reach, self._p)
        self._lane_change = LaneChange(graph, roster, reach, self._p)

    def decide(self, percepts: Percepts) -> Decisions:
        """What every driver does now, given what it believes."""
        p, own, path = self._p, percepts.own, percepts.paths
        speed = np.maximum(own.speed, 0.0)
        limit = path.limit * own.limit_factor[:, None]
        free = free_acceleration(speed, limit[:, 0], p)
        on_path = project(percepts, self._graph, p)
        following, leader = self._follow(percepts, on_path, speed, free)
        stop_signal = self._signals.stop_distance(percepts)
        to_yield = self._right_of_way.judge(percepts, on_path, self._signals.open(percepts))
        around = self._obstacles.look(percepts, on_path, leader, self._right_of_way.seen_since)
        to_obstacle = stop_acceleration(speed, around.wait, free, p)
        to_change = self._lane_change.update(
            percepts, np.minimum(following, to_obstacle), free, around.change
        )
        self._around = around
        to_stop = self._stop_signs.stop_distance(percepts)
        to_end = path.end_s - 0.5 * own.length - p.stop_margin

        wishes = np.full((len(Reason), len(speed)), np.inf)
        wishes[Reason.FREE] = np.minimum(free, self._profile(speed, path.s, limit))
        wishes[Reason.FOLLOW] = following
        stops = np.stack(
            [stop_signal, to_yield.distance, to_change, to_stop, np.maximum(to_end, 0.0)]
        )
        kinds = [Reason.SIGNAL, Reason.YIELD, Reason.CHANGE, Reason.STOP_SIGN, Reason.ROUTE_END]
        wishes[kinds] = stop_acceleration(speed, stops, free, p)
        wishes[Reason.OBSTACLE] = to_obstacle
        wishes[Reason.CURVE] = self._curve(percepts, speed)
        reason = np.argmin(wishes, axis=0)
        accel = wishes[reason, np.arange(len(speed))]
        lead = np.where(
            reason == Reason.FOLLOW, leader, np.where(reason == Reason.YIELD, to_yield.row, -1)
        )
        lead = np.where(reason == Reason.OBSTACLE, around.row, lead)
        hard = (accel < -_EMERGENCY) & ((reason == Reason.FOLLOW) | (reason == Reason.YIELD))
        reason = np.where(hard, Reason.EMERGENCY, reason)
        change = self._lane_change.side
        return Decisions(
            accel=accel,
            steer=steer(percepts, p),
            reason=reason.astype(np.int8),
            lead=lead,
            indicator=np.where(change != 0, change, self._turn_ahead(percepts)).astype(np.int8),
            change=change.copy(),
            hold=(speed < _HOLD_SPEED) & (accel < _HOLD_ACCEL),
        )

    def requests(self) -> Requests:
        """What the drivers ask of their routes since the last frame."""
        changes, around = self._lane_change, self._around
        if around is None:
            return Requests.none(len(changes.asked))
        return Requests(
            change=changes.asked.copy(),
            give_up=changes.gives_up,
            go_back=changes.goes_back,
            aside=around.offset,
            aside_from=around.begin,
            aside_to=around.end,
        )

    def _follow(
        self, percepts: Percepts, on_path: OnPath, speed: Floats, free: Floats
    ) -> tuple[Floats, Ints]:
        """The lowest acceleration over all objects in the way, and the row of that object."""
        obj, p = percepts.objects, self._p
        d, k = np.nonzero(on_path.blocking)
        cos = on_path.cos[d, k]
        each = follow_acceleration(
            speed[d], on_path.gap[d, k], obj.speed[d, k] * cos, obj.accel[d, k] * cos, free[d], p
        )
        lowest, row = np.full(len(speed), np.inf), np.full(len(speed), -1)
        np.minimum.at(lowest, d, each)
        binding = each == lowest[d]
        row[d[binding]] = obj.row[d[binding], k[binding]]
        return lowest, row

    def _profile(self, speed: Floats, s: Floats, allowed: Floats) -> Floats:
        return profile_acceleration(speed, profile_speed(speed, s, allowed, self._p), self._p)

    def _curve(self, percepts: Percepts, speed: Floats) -> Floats:
        path, p = percepts.paths, self._p
        bend = np.maximum(np.abs(path.curvature), 1e-4)
        allowed = np.maximum(np.sqrt(p.lateral_accel / bend), p.min_curve_speed)
        return self._profile(speed, path.s, allowed)

    def _turn_ahead(self, percepts: Percepts) -> Ints:
        """Side of the first turn within sight of the indicator's range."""
        path = percepts.paths
        turn = self._graph.turn[path.lane]
        turning = (turn != 0) & (path.s < _INDICATE_M)
        d, k = np.arange(len(turn)), np.argmax(turning, axis=1)
        side = np.where(turning[d, k], turn[d, k], 0)
        return np.asarray(np.sign(side), dtype=np.int64)
