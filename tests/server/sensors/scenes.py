"""Scenes for sensor tests: boxes and flat ground, without a map or a server."""

from __future__ import annotations

import numpy as np

from hdsim.server.sensors.ground import Ground, triangles_ground
from hdsim.server.sensors.rays import Boxes
from hdsim.server.sensors.scene import Scene

NO_GROUND = triangles_ground(np.zeros((0, 9)))


def boxes(*rows) -> Boxes:
    """Boxes from rows of x, y, z, yaw, half length, half width, half height."""
    return Boxes(*np.array(rows, dtype=float).reshape(-1, 7).T)


def plane(z: float = 0.0, half: float = 200.0) -> Ground:
    """A level square around the origin."""
    low, high = -half, half
    return triangles_ground(
        np.array([
            [low, low, z, high, low, z, high, high, z],
            [low, low, z, high, high, z, low, high, z],
        ])
    )  # fmt: skip


def scene(*rows, ground: Ground = NO_GROUND, velocity=None, moves=True) -> Scene:
    """A scene of boxes with actor ids 100, 101, ... and the label of cars."""
    some = boxes(*rows)
    n = len(some)
    return Scene(
        some,
        np.arange(100, 100 + n),
        np.full(n, 14),
        np.zeros((n, 3)) if velocity is None else np.array(velocity, dtype=float).reshape(n, 3),
        np.full(n, moves),
        ground,
    )
