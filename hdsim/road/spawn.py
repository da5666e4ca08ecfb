"""Places where vehicles can be put on a map."""

from __future__ import annotations

import numpy as np

from hdsim.core.state import Floats
from hdsim.road.lanes import LaneGraph

_SPACING_M = 20.0
_FROM_END_M = 10.0


def spawn_points(graph: LaneGraph) -> Floats:
    """Poses on the ground along every lane outside junctions, in lane order.

    CARLA's own points are placed by hand and are not in the OpenDRIVE file; these lie every 20 m,
    at least 10 m from the ends of a lane and so from junctions and from each other.

    Returns:
        x, y, z [m] and yaw [rad], shape (n, 4).
    """
    poses = []
    for lane in np.flatnonzero(graph.junction < 0).tolist():
        free = float(graph.length[lane]) - 2.0 * _FROM_END_M
        if free < 0.0:
            continue
        s = _FROM_END_M + _SPACING_M * np.arange(int(free // _SPACING_M) + 1)
        x, y, yaw = graph.at(np.full(len(s), lane), s)
        points = slice(graph.first[lane], graph.first[lane + 1])
        z = np.interp(s, graph.s[points], graph.z[points])
        poses.append(np.column_stack([x, y, z, yaw]))
    return np.concatenate(poses) if poses else np.zeros((0, 4))
