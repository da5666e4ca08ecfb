"""Line of sight: which vehicles hide behind nearer ones.

Plan view, every vehicle an opaque box, seen from the driver's seat (taken at the vehicle centre;
the offset of the seat is below the accuracy of boxes). An object is hidden when nearer vehicles
cover all of ``RAYS`` sight lines spread over its visible width.
"""

from __future__ import annotations

import numpy as np

from hdsim.core.state import Bools, Floats, wrap_angle

# Sight lines per object: an object shows when about a seventh of its width does. A heuristic.
RAYS = 7
_FRACTIONS = (np.arange(RAYS) + 0.5) / RAYS
_NEAREST_M = 0.3


def visible(
    dx: Floats, dy: Floats, yaw: Floats, length: Floats, width: Floats, valid: Bools
) -> Bools:
    """Which objects can be seen past the others.

    Args:
        dx: Object centre minus eye, world axes [m], shape (D, C).
        dy: As dx.
        yaw: Object heading [rad].
        length: Full length [m].
        width: Full width [m].
        valid: Objects that exist; the others neither hide nor are seen.

    Returns:
        Shape (D, C).
    """
    r = np.maximum(np.hypot(dx, dy), _NEAREST_M)
    ux, uy = dx / r, dy / r
    # Box axes along and across the sight line; corners come in opposite pairs.
    c, s = np.cos(yaw), np.sin(yaw)
    cos_v, sin_v = ux * c + uy * s, ux * s - uy * c
    half_l, half_w = 0.5 * length, 0.5 * width
    along_l, across_l = half_l * cos_v, half_l * sin_v
    along_w, across_w = -half_w * sin_v, half_w * cos_v
    f1, l1 = along_l + along_w, across_l + across_w
    f2, l2 = along_l - along_w, across_l - across_w
    t1, t2 = _slope(l1, r + f1), _slope(l2, r + f2)
    t3, t4 = _slope(-l1, r - f1), _slope(-l2, r - f2)
    high = np.arctan(np.maximum(np.maximum(t1, t2), np.maximum(t3, t4)))
    low = np.arctan(np.minimum(np.minimum(t1, t2), np.minimum(t3, t4)))

    # Pairs whose angular widths may overlap: angle between centres < sum of half widths, written
    # as one product of 4-vectors, cos(angle) - cos(a + b) > 0.
    half = np.where(valid, np.maximum(high, -low), 0.0)
    ca, sa = np.cos(half), np.sin(half)
    a = np.stack([ux, uy, ca, sa], axis=-1)
    b = np.stack([ux, uy, -ca, sa], axis=-1)
    overlap = (a @ b.swapaxes(-1, -2)) > 1e-12
    reach = np.where(valid, r, np.inf)
    pairs = overlap & (reach[:, None, :] < reach[:, :, None])
    pairs &= valid[:, :, None]
    seen = valid.copy()
    flat = np.flatnonzero(pairs)
    if not flat.size:
        return seen
    n = dx.shape[1]
    target, j = flat // n, flat % n
    occluder = target // n * n + j
    bearing = np.arctan2(dy, dx).ravel()
    lo, hi = low.ravel(), high.ravel()
    shift = wrap_angle(bearing[occluder] - bearing[target])
    rays = lo[target, None] + (hi - lo)[target, None] * _FRACTIONS
    covered = (rays >= (shift + lo[occluder])[:, None]) & (rays <= (shift + hi[occluder])[:, None])
    starts = np.flatnonzero(np.concatenate([[True], target[1:] != target[:-1]]))
    hidden = np.logical_or.reduceat(covered, starts, axis=0).all(axis=1)
    seen.ravel()[target[starts[hidden]]] = False
    return seen


def _slope(lateral: Floats, ahead: Floats) -> Floats:
    """Tangent of a corner's angle off the sight line; corners beside the eye count as very wide."""
    return np.asarray(lateral / np.maximum(ahead, _NEAREST_M))
