"""Geometry in the plane for compiled code."""

from __future__ import annotations

import math

import numpy as np

from hdsim.core.compiled import compiled
from hdsim.core.state import Floats

# A quarter turn: the part that multiples of it keep exact, and the rest.
_PER_QUARTER, _QUARTER, _QUARTER_REST = 2.0 / math.pi, 1.5707963267341256, 6.077100506506192e-11
_S1, _S2, _S3 = -1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04
_S4, _S5, _S6 = 2.75573137070700676789e-06, -2.50507602534068634195e-08, 1.58969099521155010221e-10
_C1, _C2, _C3 = 4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05
_C4, _C5, _C6 = -2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11
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
def sincos(angle: float) -> tuple[float, float]:
    """Sine and cosine of an angle [rad], within 1e-15 for angles up to 1,000.

    Both at once and without a call into the system's library: in half the time, and the same to the
    last bit on every machine. Reduction to a quarter turn in two parts (Cody & Waite 1980), then
    the polynomials of fdlibm's kernels (Sun Microsystems 1993).
    """
    turns = np.rint(angle * _PER_QUARTER)
    r = (angle - turns * _QUARTER) - turns * _QUARTER_REST
    z = r * r
    s = _S3 + z * (_S4 + z * (_S5 + z * _S6))
    s = r + r * z * (_S1 + z * (_S2 + z * s))
    c = _C3 + z * (_C4 + z * (_C5 + z * _C6))
    c = 1.0 - (0.5 * z - z * z * (_C1 + z * (_C2 + z * c)))
    quarter = int(turns)
    if quarter & 1:
        s, c = c, -s
    if quarter & 2:
        s, c = -s, -c
    return s, c


@compiled
def blocks_of(path_x: Floats, path_y: Floats, path_s: Floats) -> Floats:
    """What ``nearest_point`` needs to know of a path, shape (blocks, 3).

    A point of each block of eight, and how far from it the others of the block lie at most [m].

    Args:
        path_x: Points of the path [m], shape (P,); as are the rest.
        path_y: As path_x.
        path_s: Distance along the path [m], increasing.
    """
    points = len(path_x)
    blocks = np.empty(((points + _BLOCK - 1) // _BLOCK, 3))
    for b in range(len(blocks)):
        first, last = b * _BLOCK, min((b + 1) * _BLOCK, points) - 1
        middle = min(first + _BLOCK // 2, last)
        half = max(path_s[last] - path_s[middle], path_s[middle] - path_s[first])
        blocks[b, 0], blocks[b, 1], blocks[b, 2] = path_x[middle], path_y[middle], _STRETCH * half
    return blocks


@compiled
def nearest_point(path_x: Floats, path_y: Floats, blocks: Floats, x: float, y: float) -> int:
    """Index of the point of a path nearest to a position, the first of several.

    The nearest point is no farther than the nearest of the blocks' own points, and blocks that lie
    farther than that are left out.

    Args:
        path_x: Points of the path [m], shape (P,).
        path_y: As path_x.
        blocks: Its ``blocks_of``.
        x: Position [m].
        y: As x.
    """
    bound = math.inf
    for b in range(len(blocks)):
        dx, dy = x - blocks[b, 0], y - blocks[b, 1]
        bound = min(bound, dx * dx + dy * dy)
    bound = math.sqrt(bound) * (1.0 + 1e-12)  # its own square is no less than what it came from
    best, least = 0, math.inf
    for b in range(len(blocks)):
        dx, dy, farthest = x - blocks[b, 0], y - blocks[b, 1], bound + blocks[b, 2]
        if dx * dx + dy * dy > farthest * farthest:
            continue
        for p in range(b * _BLOCK, min((b + 1) * _BLOCK, len(path_x))):
            dx, dy = x - path_x[p], y - path_y[p]
            square = dx * dx + dy * dy
            if square < least:
                best, least = p, square
    return best
