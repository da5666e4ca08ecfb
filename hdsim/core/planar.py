"""Geometry in the plane for compiled code."""

from __future__ import annotations

import math

import numpy as np

from hdsim.core.bits import MOST, bits_of
from hdsim.core.compiled import compiled
from hdsim.core.state import Floats

# A quarter turn: the part that multiples of it keep exact, and the rest.
_PER_QUARTER, _QUARTER, _QUARTER_REST = 2.0 / math.pi, 1.5707963267341256, 6.077100506506192e-11
_S1, _S2, _S3 = -1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04
_S4, _S5, _S6 = 2.75573137070700676789e-06, -2.50507602534068634195e-08, 1.58969099521155010221e-10
_C1, _C2, _C3 = 4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05
_C4, _C5, _C6 = -2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11
# The bits of an integer that hold the number of a point.
_NUMBER = np.int64(1023)


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
def nearest_point(path_x: Floats, path_y: Floats, x: float, y: float) -> int:
    """Index of the point of a path nearest to a position.

    The number of the point takes the place of the last bits of its squared distance: of points
    whose squared distances differ by less than 1e-12 of their size the first is the nearest.

    Args:
        path_x: Points of the path [m], shape (P,), P up to 1,024.
        path_y: As path_x.
        x: Position [m].
        y: As x.
    """
    least = MOST
    for p in range(len(path_x)):
        dx, dy = x - path_x[p], y - path_y[p]
        least = min(least, (bits_of(dx * dx + dy * dy) & ~_NUMBER) | p)
    return int(least & _NUMBER)
