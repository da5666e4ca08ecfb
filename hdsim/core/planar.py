"""Geometry in the plane for compiled code."""

from __future__ import annotations

import math

from hdsim.core.compiled import compiled
from hdsim.core.state import Floats

# Points of a path that are looked at together.
_BLOCK = 8
# A chord of a path is at most this much longer than the path distance between its ends: paths are
# sampled along centrelines, and lane changes and believed bends stretch them by a few per cent.
_STRETCH = 1.25


@compiled
def wrap(angle: float) -> float:
    """The angle within (-pi, pi]."""
    if -math.pi < angle <= math.pi:
        return angle
    return math.pi - (math.pi - angle) % (2.0 * math.pi)


@compiled
def nearest_point(path_x: Floats, path_y: Floats, path_s: Floats, x: float, y: float) -> int:
    """Index of the point of a path nearest to a position, the first of several.

    One point of each block gives a distance that the nearest cannot exceed, and blocks that lie
    farther than that are left out: about a third of the points is looked at.

    Args:
        path_x: Points of the path [m], shape (P,); as are the next two.
        path_y: As path_x.
        path_s: Distance along the path [m], increasing.
        x: Position [m].
        y: As x.
    """
    points = len(path_x)
    bound = math.inf
    for middle in range(min(_BLOCK // 2, points - 1), points, _BLOCK):
        dx, dy = x - path_x[middle], y - path_y[middle]
        bound = min(bound, dx * dx + dy * dy)
    best, least, bound = 0, math.inf, math.sqrt(bound)
    for first in range(0, points, _BLOCK):
        last = min(first + _BLOCK, points) - 1
        middle = min(first + _BLOCK // 2, points - 1)
        dx, dy = x - path_x[middle], y - path_y[middle]
        half = max(path_s[last] - path_s[middle], path_s[middle] - path_s[first])
        farthest = bound + _STRETCH * half
        if dx * dx + dy * dy > farthest * farthest:
            continue
        for p in range(first, last + 1):
            dx, dy = x - path_x[p], y - path_y[p]
            square = dx * dx + dy * dy
            if square < least:
                best, least = p, square
    return best
