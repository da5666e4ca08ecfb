"""Steering round what can no longer be stopped for.

People in an emergency brake first and steer late if at all, although steering would more often help
(Adams 1994, UMTRI-94-19). So does this driver: it steers only when the hardest braking would not
keep it from what stands in its way, and brakes on the way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.control.parameters import Parameters, ParameterTable, parameter_table
from hdsim.control.scene import AGAINST, OnPath
from hdsim.control.standing import stands
from hdsim.control.swept import Moves, as_believed, clears, lateral_offset, let_by, way_is_free
from hdsim.core.compiled import compiled
from hdsim.core.percept import Percepts
from hdsim.core.state import Bools, Floats, Ints
from hdsim.road.lanes import LaneGraph

# Slower than this braking does [m/s].
_LEAST_SPEED = 8.0
# What braking is reckoned to leave before the obstacle [m].
_LEFT_M = 0.5
# Full offset within these parts of the way to the obstacle's near end: as gently as it goes.
_WITHIN = (1.2, 1.0, 0.8, 0.6, 0.4)
# Kept from the obstacle to be passed, and from one that is being passed [m]. [P]
_CLEAR_M, _GRAZE_M = 0.15, 0.0
# Sideways clearance of the way round [m]. [P]
_MARGIN_M = 0.4
# Nobody gives up going round for being fast [m/s].
_ANY_SPEED = 1e3


@dataclass(frozen=True, slots=True)
class Swerve:
    """Ways round, shape (D,) each; as in ``Around``.

    Attributes:
        offset: Swing out by so much now, left positive [m]; 0 for no.
        begin: From the own projection to where the offset is full [m].
        end: To where the way back may begin [m].
    """

    offset: Floats
    begin: Floats
    end: Floats


class Evasion:
    """Finds ways round in emergencies.

    Args:
        graph: The lane graph.
        opposite: Lanes with an oncoming lane directly to their left, shape (L,).
        drivers: Number of drivers D.
        p: Parameters.

    Attributes:
        row: Actor row of whom each driver steers round, -1 for nobody, shape (D,).
        decel: Braking on the way: what grip the steering leaves [m/s^2].
    """

    def __init__(self, graph: LaneGraph, opposite: Bools, drivers: int, p: Parameters) -> None:
        self._graph, self._opposite, self._parameters = graph, opposite, parameter_table(p)
        self.decel = float(np.sqrt(p.max_decel**2 - p.evasive_lateral**2))
        self._moves = Moves(0.0, 0.0, 1.0, -self.decel, 0.0, p.evasive_lateral)
        self.row: Ints = np.full(drivers, -1)

    def begin_anew(self, drivers: Ints) -> None:
        """Forget whom these drivers were steering round."""
        self.row[drivers] = -1

    def let_by(self, percepts: Percepts, on_path: OnPath) -> OnPath:
        """The objects along the path without those that the drivers steer round."""
        return let_by(
            percepts, on_path, self.row, _ANY_SPEED, self._moves, _GRAZE_M, self._parameters
        )

    def look(self, percepts: Percepts, on_path: OnPath, following: Floats) -> Swerve | None:
        """Ways round for those whom braking no longer keeps from contact; None for nobody.

        Args:
            percepts: The subjective scene.
            on_path: Objects along the path.
            following: Acceleration behind what is in the way [m/s^2], shape (D,).
        """
        p = self._parameters[0]
        pressed = (following <= -p["max_decel"]) & (self.row < 0)
        if not pressed.any():
            return None
        own, obj, path, graph = percepts.own, percepts.objects, percepts.paths, self._graph
        return Swerve(
            *_look(
                pressed, self.row, self._moves,
                own.speed, own.length, own.width, own.wheelbase, own.yaw_rate,
                own.x, own.y, own.d, own.heading_error,
                path.s, path.x, path.y, path.yaw, path.width, path.lane,
                obj.seen, obj.row, obj.x, obj.y, obj.yaw, obj.speed, obj.length, obj.width,
                on_path.gap, on_path.cos, on_path.blocking,
                graph.left, graph.right, self._opposite, AGAINST, self._parameters,
            )
        )  # fmt: skip


@compiled
def _look(
    pressed: Bools,
    evading: Ints,
    moves: Moves,
    own_speed: Floats,
    own_length: Floats,
    own_width: Floats,
    wheelbase: Floats,
    yaw_rate: Floats,
    own_x: Floats,
    own_y: Floats,
    own_d: Floats,
    heading_error: Floats,
    path_s: Floats,
    path_x: Floats,
    path_y: Floats,
    path_yaw: Floats,
    path_width: Floats,
    path_lane: Ints,
    seen: Bools,
    row: Ints,
    x: Floats,
    y: Floats,
    yaw: Floats,
    speed: Floats,
    length: Floats,
    width: Floats,
    gap: Floats,
    cos: Floats,
    blocking: Bools,
    left: Ints,
    right: Ints,
    opposite: Bools,
    against: float,
    parameters: ParameterTable,
) -> tuple[Floats, Floats, Floats]:
    """Fields of ``Swerve``; notes in ``evading`` whom it leads round."""
    p = parameters[0]
    n = len(pressed)
    offset, begin, end = np.zeros(n), np.zeros(n), np.zeros(n)
    for d in range(n):
        if not pressed[d] or own_speed[d] < _LEAST_SPEED:
            continue
        k, beyond = -1, np.inf
        for j in range(seen.shape[1]):
            if blocking[d, j] and (k < 0 or gap[d, j] < gap[d, k]):
                k = j
        if k < 0 or not stands(abs(speed[d, k])):
            continue
        if own_speed[d] ** 2 <= 2.0 * p.max_decel * (gap[d, k] - _LEFT_M):
            continue
        front = 0.5 * own_length[d]
        far = gap[d, k] + front + length[d, k]
        for j in range(seen.shape[1]):
            if blocking[d, j] and j != k:
                beyond = min(beyond, gap[d, j] + front)
        way = far + 0.5 * own_speed[d] ** 2 / p.max_decel
        if beyond < way:
            continue
        here = path_x[d, 0], path_y[d, 0], path_yaw[d, 0], own_d[d]
        place = own_x[d], own_y[d], heading_error[d], own_length[d], own_width[d]
        other = x[d, k], y[d, k], yaw[d, k], length[d, k], width[d, k]
        own, it = as_believed(here, place, other)
        path = path_s[d], path_x[d], path_y[d], path_yaw[d]
        now = Moves(
            own_speed[d], yaw_rate[d], wheelbase[d], moves.accel, moves.top_speed, moves.lateral
        )
        lateral = lateral_offset(path_x[d], path_y[d], path_yaw[d], it.x, it.y)
        across = abs(np.cos(it.yaw - path_yaw[d, 0])) * it.width
        across += abs(np.sin(it.yaw - path_yaw[d, 0])) * it.length
        lane, lasts = path_lane[d, 0], 2.0 * way / own_speed[d]
        for side in (1.0, -1.0):
            aside = lateral + side * (0.5 * (across + own_width[d]) + _MARGIN_M)
            beside = left[lane] >= 0 or opposite[lane] if side > 0.0 else right[lane] >= 0
            within = abs(aside) + 0.5 * own_width[d] <= 0.5 * path_width[d, 0]
            if evading[d] >= 0 or aside * side <= 0.0 or abs(aside) > path_width[d, 0]:
                continue
            if not (beside or within):
                continue
            free = way_is_free(
                k, aside, way, lasts, own_length[d], own_width[d], path_x[d], path_y[d],
                path_yaw[d], gap[d], cos[d], seen[d], x[d], y[d], speed[d], length[d], width[d],
                against, p,
            )  # fmt: skip
            for part in _WITHIN:
                over = part * (gap[d, k] + front)
                if free and evading[d] < 0 and clears(own, now, path, it, aside, over, _CLEAR_M, p):
                    offset[d], begin[d], end[d] = aside, over, max(far + front, over)
                    evading[d] = row[d, k]
    return offset, begin, end
