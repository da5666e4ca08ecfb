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
from hdsim.core.compiled import compiled
from hdsim.core.percept import Percepts
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
# Nobody swings out from nearer than this: the front would not come past [m].
_LEAST_ROOM_M = 4.0
# How far on the way around the path may take to come back, and what is kept free beyond [m].
_BACK_M = 20.0
# Speed at which an obstacle is passed [m/s] and distance kept to who comes towards [m].
_PASS_SPEED, _CLEAR_M = 5.0, 10.0
# Lanes of opposite directions lie beside each other at about a lane's width; heading and distance
# may be off by this [rad, m].
_TURNED, _BESIDE_M = 0.3, 1.5


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
    """Finds obstacles and ways around them.

    Args:
        graph: The lane graph.
        p: Parameters.
    """

    def __init__(self, graph: LaneGraph, p: Parameters) -> None:
        self._graph, self._parameters = graph, parameter_table(p)
        self._opposite = opposite_beside(graph)

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
                path.s,
                path.lane,
                path.x,
                path.y,
                path.yaw,
                percepts.signal.distance,
                obj.seen,
                obj.row,
                obj.x,
                obj.y,
                obj.speed,
                obj.length,
                obj.width,
                on_path.gap,
                on_path.cos,
                on_path.blocking,
                leader,
                standing.seen_since,
                standing.seen_moving,
                graph.junction,
                graph.left,
                graph.right,
                self._opposite,
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
    there = (found >= 0) & (found != lane) & (np.abs(d) < _BESIDE_M) & (turned < _TURNED)
    return np.asarray(there & (graph.left < 0) & (graph.junction < 0))


@compiled
def _look(
    now: float,
    own_speed: Floats,
    own_length: Floats,
    own_width: Floats,
    path_s: Floats,
    path_lane: Ints,
    path_x: Floats,
    path_y: Floats,
    path_yaw: Floats,
    signal_distance: Floats,
    seen: Bools,
    row: Ints,
    x: Floats,
    y: Floats,
    speed: Floats,
    length: Floats,
    width: Floats,
    gap: Floats,
    cos: Floats,
    blocking: Bools,
    leader: Ints,
    seen_since: Floats,
    seen_moving: Bools,
    junction: Ints,
    left: Ints,
    right: Ints,
    opposite: Bools,
    against: float,
    parameters: ParameterTable,
) -> tuple[Floats, Ints, Bools, Floats, Floats, Floats]:
    """Fields of ``Around``."""
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
        if left[lane] >= 0 or right[lane] >= 0:
            change[d] = True
        elif not opposite[lane]:
            continue
        found[d] = row[d, k]
        wait[d] = max(gap[d, k] - p.obstacle_room, 0.0)
        ready = own_speed[d] < p.obstacle_speed and gap[d, k] > _LEAST_ROOM_M
        if change[d] or not ready or beyond < far + own_length[d] + _BACK_M:
            continue
        lateral = _lateral(path_x[d], path_y[d], path_yaw[d], x[d, k], y[d, k])
        aside = lateral + 0.5 * width[d, k] + 0.5 * own_width[d] + p.obstacle_margin
        way = far + _BACK_M + own_length[d]
        lasts = way / _PASS_SPEED
        free = True
        for j in range(seen.shape[1]):
            if not seen[d, j] or j == k:
                continue
            at = _lateral(path_x[d], path_y[d], path_yaw[d], x[d, j], y[d, j])
            clear = 0.5 * (width[d, j] + own_width[d]) + p.obstacle_margin
            if abs(at - aside) > clear and not (0.0 < at < aside):
                continue
            s = gap[d, j] + front + 0.5 * length[d, j]
            comes = max(speed[d, j], 0.0) * lasts if cos[d, j] < against else 0.0
            if -own_length[d] - length[d, j] < s < way + comes + _CLEAR_M:
                free = False
        if free:
            offset[d] = aside
            begin[d] = max(gap[d, k] + front - 1.0, _LEAST_ROOM_M)
            end[d] = far + front
    return wait, found, change, offset, begin, end


@compiled
def _junction_before(s: Floats, lane: Ints, junction: Ints, distance: float) -> bool:
    """Whether a path comes to a junction within a distance."""
    found = False
    for k in range(len(s)):
        found = found or (s[k] < distance and junction[lane[k]] >= 0)
    return found


@compiled
def _lateral(path_x: Floats, path_y: Floats, path_yaw: Floats, x: float, y: float) -> float:
    """Offset of a place from a path, left positive [m]."""
    best, least = 0, np.inf
    for i in range(len(path_x)):
        dx, dy = x - path_x[i], y - path_y[i]
        if dx * dx + dy * dy < least:
            best, least = i, dx * dx + dy * dy
    dx, dy = x - path_x[best], y - path_y[best]
    return float(dy * np.cos(path_yaw[best]) - dx * np.sin(path_yaw[best]))
