"""The driving model: percepts in, decisions out, nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hdsim.control.choice import choose
from hdsim.control.evasion import Evasion, Swerve
from hdsim.control.following import (
    follow_nearest,
    free_acceleration,
    stop_acceleration,
)
from hdsim.control.junctions import RightOfWay
from hdsim.control.lanechange import LaneChange
from hdsim.control.obstacle import Around, Obstacles
from hdsim.control.parameters import Parameters, parameter_table
from hdsim.control.reach import Reach
from hdsim.control.scene import OnPath, project
from hdsim.control.signals import SignalRule
from hdsim.control.standing import Standing
from hdsim.control.steering import steer
from hdsim.control.stop_signs import StopSigns
from hdsim.core.clock import DEFAULT_STEP_S
from hdsim.core.command import Decisions, Reason, Requests
from hdsim.core.compiled import compiled
from hdsim.core.percept import Percepts
from hdsim.core.state import Floats, Ints, Roster
from hdsim.road.lanes import LaneGraph

# Standing on purpose: slower than this without a wish to go.
_HOLD_SPEED = 0.15
_HOLD_ACCEL = 0.05
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
        self._p = p = parameters or Parameters()
        self._parameters = parameter_table(p)
        self._step_s = step_s
        reach = Reach(graph)
        self._signals = SignalRule(len(roster.drivers), p)
        self._stop_signs = StopSigns(graph, len(roster.drivers), p)
        self._standing = Standing(roster.drivers)
        self._obstacles = Obstacles(graph, len(roster.drivers), p)
        self._evasion = Evasion(graph, self._obstacles.opposite, len(roster.drivers), p)
        self._swerve: Swerve | None = None
        self._around: Around | None = None
        self._right_of_way = RightOfWay(graph, roster.drivers, reach, p)
        self._lane_change = LaneChange(graph, roster, reach, p)

    def decide(self, percepts: Percepts) -> Decisions:
        """What every driver does now, given what it believes."""
        own, path, parameters = percepts.own, percepts.paths, self._parameters
        speed = np.maximum(own.speed, 0.0)
        on_path = project(percepts, self._graph, parameters)
        on_path = self._evasion.let_by(percepts, self._obstacles.let_by(percepts, on_path))
        stop_signal, opens = self._signals.judge(percepts)
        self._standing.note(percepts)
        to_yield = self._right_of_way.judge(percepts, on_path, opens, self._standing)
        limit = path.limit[:, 0] * own.limit_factor
        free = free_acceleration(speed, limit, to_yield.brisk, parameters)
        following, leader = self._follow(percepts, on_path, speed, free)
        self._swerve = self._evasion.look(percepts, on_path, following)
        around = self._obstacles.look(percepts, on_path, leader, self._standing)
        to_obstacle = stop_acceleration(speed, around.wait, free, parameters)
        to_change = self._lane_change.update(
            percepts, np.minimum(following, to_obstacle), free, around.change
        )
        self._around = around
        to_stop = self._stop_signs.stop_distance(percepts)
        to_end = path.end_s - 0.5 * own.length - self._p.stop_margin

        stops = np.stack(  # in the order of STOPS
            [stop_signal, to_yield.distance, to_change, to_stop, np.maximum(to_end, 0.0)]
        )
        accel, reason, lead = choose(
            speed, free, following, leader, stops, to_yield.row, to_obstacle, around.row,
            path.s, path.limit, own.limit_factor, path.curvature, parameters,
        )  # fmt: skip
        evades = self._evasion.row >= 0
        if evades.any():
            accel[evades] = np.minimum(accel[evades], -self._evasion.decel)
            reason[evades], lead[evades] = Reason.SWERVE, self._evasion.row[evades]
        change, onto = self._lane_change.side, self._lane_change.considered
        return Decisions(
            accel=accel,
            steer=steer(percepts, evades, parameters),
            reason=reason,
            lead=lead,
            indicator=np.where(onto != 0, onto, self._turn_ahead(percepts)).astype(np.int8),
            change=change.copy(),
            hold=(speed < _HOLD_SPEED) & (accel < _HOLD_ACCEL),
        )

    def requests(self) -> Requests:
        """What the drivers ask of their routes since the last frame."""
        changes, around = self._lane_change, self._around
        if around is None:
            return Requests.none(len(changes.asked))
        offset, begin, end = around.offset, around.begin, around.end
        if (swerve := self._swerve) is not None:
            now = swerve.offset != 0.0
            offset = np.where(now, swerve.offset, offset)
            begin, end = np.where(now, swerve.begin, begin), np.where(now, swerve.end, end)
        return Requests(
            change=changes.asked.copy(),
            give_up=changes.gives_up,
            go_back=changes.goes_back,
            aside=offset,
            aside_from=begin,
            aside_to=end,
        )

    def begin_anew(self, drivers: Ints) -> None:
        """Forget these drivers' past: they have been put elsewhere."""
        self._signals.begin_anew(drivers)
        self._stop_signs.begin_anew(drivers)
        self._standing.begin_anew(drivers)
        self._right_of_way.begin_anew(drivers)
        self._obstacles.begin_anew(drivers)
        self._evasion.begin_anew(drivers)
        self._lane_change.begin_anew(drivers)

    def _follow(
        self, percepts: Percepts, on_path: OnPath, speed: Floats, free: Floats
    ) -> tuple[Floats, Ints]:
        """The lowest acceleration over all objects in the way, and the row of that object."""
        obj = percepts.objects
        return follow_nearest(
            speed,
            free,
            on_path.blocking,
            on_path.gap,
            on_path.cos,
            obj.speed,
            obj.accel,
            on_path.clears,
            obj.row,
            self._parameters,
        )

    def _turn_ahead(self, percepts: Percepts) -> Ints:
        """Side of the first turn within sight of the indicator's range."""
        path = percepts.paths
        return _first_turn(path.lane, path.s, self._graph.turn)


@compiled
def _first_turn(lane: Ints, s: Floats, turn: NDArray[np.int8]) -> Ints:
    """-1 right, +1 left, 0 where no point of the path (D, P) within range is on a turning lane."""
    side = np.zeros(len(lane), dtype=np.int64)
    for d in range(len(lane)):
        for k in range(lane.shape[1]):
            if turn[lane[d, k]] != 0 and s[d, k] < _INDICATE_M:
                side[d] = np.sign(turn[lane[d, k]])
                break
    return side
