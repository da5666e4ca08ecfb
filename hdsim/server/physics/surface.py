"""The road under the vehicles: lane, elevation, grade and speed limit; and spawn points on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from hdsim.core.state import Bools, Floats, Ints
from hdsim.road.lanes import HEADING_WEIGHT_M, LaneGraph
from hdsim.road.spawn import spawn_points
from hdsim.server.physics.vehicles import Vehicles
from hdsim.server.wire.shapes import Pose

# A metre of height counts double in the search for the nearest lane, so that a bridge is not
# taken for the road under it.
_HEIGHT_WEIGHT = 2.0
_REACH_M = 8.0
# Speed limit reported off the network: CARLA's for a new vehicle [m/s].
OFF_ROAD_LIMIT = 30.0 / 3.6

_SPAWN_HEIGHT_M = 0.5  # CARLA's own points hover about as high


@dataclass(frozen=True, slots=True)
class Footing:
    """Where vehicles stand on the network, shape (n,) each.

    Attributes:
        on: Whether a lane is within reach; the rest means nothing where not.
        lane: Lane index, -1 off the network.
        s: Distance along it [m].
        d: Offset from its centreline, left positive [m].
        yaw: Its heading [rad].
        width: Its width [m].
        z: Its elevation [m].
        pitch: Its slope in the vehicle's direction, uphill positive [rad].
        limit: Its speed limit [m/s].
    """

    on: Bools
    lane: Ints
    s: Floats
    d: Floats
    yaw: Floats
    width: Floats
    z: Floats
    pitch: Floats
    limit: Floats


class Surface:
    """Nearest-lane search over the points of a lane graph, with height."""

    def __init__(self, graph: LaneGraph) -> None:
        self.graph = graph
        w = HEADING_WEIGHT_M
        features = [graph.x, graph.y, w * np.cos(graph.yaw), w * np.sin(graph.yaw)]
        self._tree = cKDTree(np.column_stack([*features, _HEIGHT_WEIGHT * graph.z]))
        self._lane = np.repeat(np.arange(len(graph)), np.diff(graph.first))
        rise, run = np.diff(graph.z), np.diff(graph.s)
        inside = self._lane[1:] == self._lane[:-1]
        slope = np.where(inside, rise / np.where(inside, np.maximum(run, 1e-6), 1.0), 0.0)
        # The last point of a lane continues the slope that leads to it.
        back = np.append(False, inside)
        ahead = np.append(inside, False)
        self._slope = np.where(
            ahead, np.append(slope, 0.0), np.where(back, np.append(0.0, slope), 0.0)
        )

    def footing(self, x: Floats, y: Floats, z: Floats, yaw: Floats) -> Footing:
        """The road under each pose, all of shape (n,)."""
        g, w = self.graph, HEADING_WEIGHT_M
        pose = np.column_stack([x, y, w * np.cos(yaw), w * np.sin(yaw), _HEIGHT_WEIGHT * z])
        distance, k = self._tree.query(pose, distance_upper_bound=_REACH_M)
        on = np.isfinite(distance)
        k = np.where(on, k, 0)
        lane = self._lane[k]
        dx, dy = x - g.x[k], y - g.y[k]
        c, s = np.cos(g.yaw[k]), np.sin(g.yaw[k])
        along = dx * c + dy * s
        return Footing(
            on=on,
            lane=np.where(on, lane, -1),
            s=np.clip(g.s[k] + along, 0.0, g.length[lane]),
            d=dy * c - dx * s,
            yaw=g.yaw[k],
            width=g.width[k],
            z=g.z[k] + self._slope[k] * along,
            pitch=np.arctan(self._slope[k]) * np.cos(yaw - g.yaw[k]),
            limit=np.where(on, g.limit[lane], OFF_ROAD_LIMIT),
        )

    def settle(self, v: Vehicles) -> Footing:
        """Puts vehicles on the road and notes lane and speed limit.

        A vehicle off the network keeps its height; one whose physics is off keeps its pose.
        """
        f = self.footing(v.x, v.y, v.z, v.yaw)
        grounded = f.on & v.physics
        v.z = np.where(grounded, f.z, v.z)
        v.pitch = np.where(grounded, f.pitch, v.pitch)
        v.lane, v.lane_s, v.limit = f.lane, f.s, f.limit
        return f

    def spawn_points(self) -> list[Pose]:
        """``hdsim.road.spawn.spawn_points``, hovering over the road as CARLA's own points do."""
        return [
            Pose(x, y, z + _SPAWN_HEIGHT_M, yaw=yaw)
            for x, y, z, yaw in spawn_points(self.graph).tolist()
        ]
