"""Line of sight: which vehicles hide behind nearer ones.

Plan view, every vehicle an opaque box, seen from the driver's seat (taken at the vehicle centre;
the offset of the seat is below the accuracy of boxes). An object is hidden when nearer vehicles
cover all of ``RAYS`` sight lines spread over its visible width.
"""

from __future__ import annotations

import numpy as np

from hdsim.core.state import Bools, Floats, Ints

# Sight lines per object: an object shows when about a seventh of its width does. A heuristic.
RAYS = 7
_FRACTIONS = (np.arange(RAYS) + 0.5) / RAYS
_NEAREST_M = 0.3
_ALONG_SIGN = np.array([1.0, 1.0, -1.0, -1.0])[:, None, None]
_ACROSS_SIGN = np.array([1.0, -1.0, 1.0, -1.0])[:, None, None]


class LineOfSight:
    """Works out what hides behind what; keeps its large work arrays from tick to tick.

    Args:
        drivers: Number of drivers (D).
        objects: Objects per driver (C).
    """

    def __init__(self, drivers: int, objects: int) -> None:
        shape = (drivers, objects, objects)
        self._overlap: Floats = np.empty(shape)
        self._pairs: Bools = np.empty(shape, dtype=np.bool_)
        self._nearer: Bools = np.empty(shape, dtype=np.bool_)

    def visible(
        self, dx: Floats, dy: Floats, yaw: Floats, length: Floats, width: Floats, valid: Bools
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
        r = np.maximum(np.sqrt(dx * dx + dy * dy), _NEAREST_M)
        ux, uy = dx / r, dy / r
        high, low = _silhouette(r, ux, uy, yaw, length, width)
        # Pairs whose angular widths may overlap: the angle between the centres is less than the
        # sum of half widths a + b. Written as one product of 4-vectors,
        # cos(angle) - cos(a + b) > 0.
        half = np.where(valid, np.maximum(high, -low), 0.0)
        cos = 1.0 / np.sqrt(1.0 + half * half)
        sin = half * cos
        here = np.stack([ux, uy, cos, sin], axis=-1)
        there = np.stack([ux, uy, -cos, sin], axis=-2)
        np.greater(np.matmul(here, there, out=self._overlap), 1e-12, out=self._pairs)
        occluding, target = np.where(valid, r, np.inf), np.where(valid, r, 0.0)
        np.less(occluding[:, None, :], target[:, :, None], out=self._nearer)
        np.logical_and(self._pairs, self._nearer, out=self._pairs)
        seen = valid.copy()
        flat = np.flatnonzero(self._pairs)
        if flat.size:
            hidden = _covered(flat, ux.ravel(), uy.ravel(), high.ravel(), low.ravel(), r.shape[1])
            seen.ravel()[hidden] = False
        return seen


def _silhouette(
    r: Floats, ux: Floats, uy: Floats, yaw: Floats, length: Floats, width: Floats
) -> tuple[Floats, Floats]:
    """Tangents of the angles from the sight line to the outermost corners, left and right."""
    c, s = np.cos(yaw), np.sin(yaw)
    cos_v, sin_v = ux * c + uy * s, ux * s - uy * c
    half_l, half_w = 0.5 * length, 0.5 * width
    ahead = _ALONG_SIGN * (half_l * cos_v) - _ACROSS_SIGN * (half_w * sin_v)
    left = _ALONG_SIGN * (half_l * sin_v) + _ACROSS_SIGN * (half_w * cos_v)
    # Corners beside the eye count as very wide.
    slope = left / np.maximum(ahead + r, _NEAREST_M)
    return slope.max(axis=0), slope.min(axis=0)


def _covered(pairs: Ints, ux: Floats, uy: Floats, high: Floats, low: Floats, objects: int) -> Ints:
    """Objects all of whose sight lines are covered, as flat indices.

    Args:
        pairs: Flat indices of (driver, target, occluder), ascending.
        ux: Unit vectors to the objects, flat over (driver, object); as are the rest.
        uy: As ux.
        high: Tangent of the left end of the silhouette.
        low: Tangent of its right end.
        objects: Objects per driver.
    """
    target = pairs // objects
    occluder = target // objects * objects + pairs % objects
    tx, ty, ox, oy = ux[target], uy[target], ux[occluder], uy[occluder]
    shift = np.arctan2(tx * oy - ty * ox, tx * ox + ty * oy)
    right = np.arctan(low[target])
    rays = right[:, None] + (np.arctan(high[target]) - right)[:, None] * _FRACTIONS
    covered = rays >= (shift + np.arctan(low[occluder]))[:, None]
    covered &= rays <= (shift + np.arctan(high[occluder]))[:, None]
    starts = np.flatnonzero(np.diff(target, prepend=-1))
    return target[starts[np.logical_or.reduceat(covered, starts, axis=0).all(axis=1)]]
