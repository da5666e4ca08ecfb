"""Going around what stands in the lane for good: a parked or broken-down vehicle.

Where a lane of the same direction lies beside, a lane change does it. Otherwise the driver swings
out over the lane of the oncoming traffic, when nobody comes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.control.parameters import Parameters, ParameterTable, parameter_table
from hdsim.control.scene import AGAINST, OnPath
from hdsim.control.standing import Standing
from hdsim.control.swept import Moves, as_believed, clears, lateral_offset, let_by, way_is_free
from hdsim.core.compiled import compiled
from hdsim.core.percept import Percepts
from hdsim.core.planar import nearest_point, sincos
from hdsim.core.state import Bools, Floats, Ints
from hdsim.road.lanes import LaneGraph

# What is shorter is no vehicle that waits there for good [m].
_VEHICLE_M = 1.2
# Slower than this stands for good [m/s].
_STANDING = 0.3
# No obstacle is nearer to a junction or a stop line ahead of it than this: there is the queue [m].
_FROM_JUNCTION_M = 30.0
# As far as this from a junction or a stop line what stands may be the end of its queue [m]. [P]
_QUEUE_REACH_M = 100.0
# Another vehicle standing nearer than this beyond it makes it a queue [m].
_QUEUE_M = 15.0
# A way around has its full offset with the front so far beside the obstacle [m]. Where the front
# corner would not come past it, the driver tries to swing out within these parts of that way.
_BESIDE_M = 1.0
_SHARPER = (1.0, 0.7, 0.4)
# The own box keeps this from the obstacle on a way around that is yet to begin, and on one under
# way [m]. [P]
_CORNER_M, _GRAZE_M = 0.2, 0.05
# How far on the way around the path may take to come back, and what is kept free beyond [m].
_BACK_M = 20.0
# Speed at which an obstacle is passed [m/s].
_PASS_SPEED = 5.0
# Lanes of opposite directions lie beside each other at about a lane's width; heading and distance
# may be off by this [rad, m].
_TURNED, _OFF_M = 0.3, 1.5


@dataclass(frozen=True, slots=True)
class Around:
    """Ways around obstacles, shape (D,) each.

    Attributes:
        wait: Front bumper to where the driver waits with room to pull out [m]; inf where none.
        row: Actor row of the obstacle, -1 for none.
        change: A lane of the same direction lies beside: change to it.
        offset: Swing out by so much now, left positive [m]; 0 for no.
        begin: From the own projection to where the offset is full [m].
        end: To where the way back may begin [m].
    """

    wait: Floats
    row: Ints
    change: Bools
    offset: Floats
    begin: Floats
    end: Floats


class Obstacles:
    """Finds obstacles and ways around them; remembers what each driver is going around.

    Args:
        graph: The lane graph.
        drivers: Number of drivers D.
        p: Parameters.

    Attributes:
        opposite: Lanes with an oncoming lane directly to their left, shape (L,).
    """

    def __init__(self, graph: LaneGraph, drivers: int, p: Parameters) -> None:
        self._graph, self._p, self._parameters = graph, p, parameter_table(p)
        self._moves = Moves(0.0, 0.0, 1.0, p.max_accel, _PASS_SPEED, np.inf)
        self.opposite = opposite_beside(graph)
        # Actor row that a driver is going around, -1 for none.
        self._passing: Ints = np.full(drivers, -1)

    def begin_anew(self, drivers: Ints) -> None:
        """Forget what these drivers were going around."""
        self._passing[drivers] = -1

    def let_by(self, percepts: Percepts, on_path: OnPath) -> OnPath:
        """The objects along the path without those that the drivers' corners come past.

        Beside what is gone around the path alone does not say whether it is in the way: its bends
        are sharp, and what the box sweeps there is looked at instead.
        """
        return let_by(
            percepts, on_path, self._passing, self._p.obstacle_speed, self._moves, _GRAZE_M,
            self._parameters,
        )  # fmt: skip

    def look(self, percepts: Percepts, on_path: OnPath, leader: Ints, standing: Standing) -> Around:
        """What stands in the way for good, and how to go around it.

        Args:
            percepts: The subjective scene.
            on_path: Objects along the path.
            leader: Actor row of the vehicle followed, -1 for none, shape (D,).
            standing: Who has been seen to stand and to move.
        """
        own, obj, path = percepts.own, percepts.objects, percepts.paths
        graph = self._graph
        return Around(
            *_look(
                percepts.time,
                own.speed,
                own.length,
                own.width,
                own.wheelbase,
                own.yaw_rate,
                own.x,
                own.y,
                own.d,
                own.heading_error,
                path.s,
                path.lane,
                path.x,
                path.y,
                path.yaw,
                path.width,
                percepts.signal.distance,
                obj.seen,
                obj.row,
                obj.x,
                obj.y,
                obj.yaw,
                obj.speed,
                obj.length,
                obj.width,
                on_path.gap,
                on_path.cos,
                on_path.blocking,
                leader,
                standing.seen_since,
                standing.seen_moving,
                self._passing,
                graph.junction,
                graph.left,
                graph.right,
                self.opposite,
                AGAINST,
                self._parameters,
            )
        )


def opposite_beside(graph: LaneGraph) -> Bools:
    """Lanes that have a lane of oncoming traffic directly to their left, shape (L,)."""
    lane = np.arange(len(graph))
    middle = graph.first[:-1] + np.diff(graph.first) // 2
    x, y, yaw, width = (a[middle] for a in (graph.x, graph.y, graph.yaw, graph.width))
    beside_x, beside_y = x - width * np.sin(yaw), y + width * np.cos(yaw)
    found, _, d, lane_yaw = graph.locate(beside_x, beside_y, yaw + np.pi)
    turned = np.abs(np.angle(np.exp(1j * (lane_yaw - yaw - np.pi))))
    there = (found >= 0) & (found != lane) & (np.abs(d) < _OFF_M) & (turned < _TURNED)
    return np.asarray(there & (graph.left < 0) & (graph.junction < 0))


@compiled
def _look(
    now: float,
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
    path_lane: Ints,
    path_x: Floats,
    path_y: Floats,
    path_yaw: Floats,
    path_width: Floats,
    signal_distance: Floats,
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
    leader: Ints,
    seen_since: Floats,
    seen_moving: Bools,
    passing: Ints,
    junction: Ints,
    left: Ints,
    right: Ints,
    opposite: Bools,
    against: float,
    parameters: ParameterTable,
) -> tuple[Floats, Ints, Bools, Floats, Floats, Floats]:
    """Fields of ``Around``; notes in place whom a way around ``passing`` leads by."""
    p = parameters[0]
    n = len(own_speed)
    wait, found = np.full(n, np.inf), np.full(n, -1)
    change = np.zeros(n, dtype=np.bool_)
    offset, begin, end = np.zeros(n), np.zeros(n), np.zeros(n)
    for d in range(n):
        if leader[d] < 0 or own_speed[d] > 2.0 * p.obstacle_speed:
            continue
        k = 0
        while k < seen.shape[1] and not (row[d, k] == leader[d] and blocking[d, k]):
            k += 1
        if k == seen.shape[1] or abs(speed[d, k]) > _STANDING or length[d, k] < _VEHICLE_M:
            continue
        stood = now - seen_since[d, leader[d]]
        if not stood > p.obstacle_patience:
            continue
        front = 0.5 * own_length[d]
        far = gap[d, k] + front + length[d, k]  # its far end, from the own centre
        reach = far + _QUEUE_REACH_M
        queue = seen_moving[d, leader[d]] or signal_distance[d] + front < reach
        queue = queue or _junction_before(path_s[d], path_lane[d], junction, reach)
        if queue and not stood > p.queue_patience:
            continue
        if signal_distance[d] + front < far + _FROM_JUNCTION_M:
            continue
        if _junction_before(path_s[d], path_lane[d], junction, far + _FROM_JUNCTION_M):
            continue
        beyond = np.inf
        for j in range(seen.shape[1]):
            if blocking[d, j] and j != k and gap[d, j] > gap[d, k]:
                beyond = min(beyond, gap[d, j] + front)
        if beyond < far + _QUEUE_M:
            continue
        lane = path_lane[d, 0]
        if left[lane] < 0 and right[lane] < 0 and not opposite[lane]:
            continue
        found[d] = passing[d] = row[d, k]
        wait[d] = max(gap[d, k] - p.obstacle_room, 0.0)
        here = path_x[d, 0], path_y[d, 0], path_yaw[d, 0], own_d[d]
        place = own_x[d], own_y[d], heading_error[d], own_length[d], own_width[d]
        other = x[d, k], y[d, k], yaw[d, k], length[d, k], width[d, k]
        own, it = as_believed(here, place, other)
        path = path_s[d], path_x[d], path_y[d], path_yaw[d]
        moves = Moves(own_speed[d], yaw_rate[d], wheelbase[d], p.max_accel, _PASS_SPEED, np.inf)
        for side, neighbour in ((1.0, left[lane]), (-1.0, right[lane])):
            if neighbour >= 0 and not change[d]:
                across, over = side * path_width[d, 0], _change_length(own_speed[d], p)
                change[d] = gap[d, k] > over or clears(
                    own, moves, path, it, across, over, _CORNER_M, p
                )
        ready = own_speed[d] < p.obstacle_speed and beyond > far + own_length[d] + _BACK_M
        if change[d] or not ready:
            continue
        lateral = lateral_offset(path_x[d], path_y[d], path_yaw[d], it.x, it.y)
        sn, c = sincos(it.yaw - path_yaw[d, nearest_point(path_x[d], path_y[d], it.x, it.y)])
        across = abs(c) * it.width + abs(sn) * it.length
        aside = 0.5 * (across + own_width[d]) + p.obstacle_margin
        aside = lateral - aside if left[lane] < 0 and right[lane] >= 0 else lateral + aside
        way = far + _BACK_M + own_length[d]
        lasts = way / _PASS_SPEED
        free = way_is_free(
            k, aside, way, lasts, own_length[d], own_width[d], path_x[d], path_y[d], path_yaw[d],
            gap[d], cos[d], seen[d], x[d], y[d], speed[d], length[d], width[d], against, p,
        )  # fmt: skip
        for part in _SHARPER:
            full = part * (gap[d, k] + front - _BESIDE_M)
            if (
                free
                and offset[d] == 0.0
                and clears(own, moves, path, it, aside, full, _CORNER_M, p)
            ):
                offset[d], begin[d], end[d] = aside, full, far + front
    return wait, found, change, offset, begin, end


@compiled
def _change_length(speed: float, p: Parameters) -> float:
    """Way of a lane change at a speed [m]."""
    return max(p.change_min_length, p.change_time * speed)


@compiled
def _junction_before(s: Floats, lane: Ints, junction: Ints, distance: float) -> bool:
    """Whether a path comes to a junction within a distance."""
    found = False
    for k in range(len(s)):
        found = found or (s[k] < distance and junction[lane[k]] >= 0)
    return found
