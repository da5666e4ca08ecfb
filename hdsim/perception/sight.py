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
        self._here: Floats = np.empty((drivers, objects, 4))
        self._there: Floats = np.empty((drivers, 4, objects))

    def visible(
        self,
        dx: Floats,
        dy: Floats,
        heading_cos: Floats,
        heading_sin: Floats,
        length: Floats,
        width: Floats,
        valid: Bools,
    ) -> Bools:
        """Which objects can be seen past the others.

        Args:
            dx: Object centre minus eye, world axes [m], shape (D, C).
            dy: As dx.
            heading_cos: Cosine of the objects' headings, shape (D, C) or (C,).
            heading_sin: Sine of them.
            length: Full length [m], shape (D, C) or (C,).
            width: Full width [m].
            valid: Objects that exist; the others neither hide nor are seen.

        Returns:
            Shape (D, C).
        """
        r = np.maximum(np.sqrt(dx * dx + dy * dy), _NEAREST_M)
        ux, uy = dx / r, dy / r
        high, low = _silhouette(r, ux, uy, heading_cos, heading_sin, length, width)
        # Pairs whose angular widths may overlap: the angle between the centres is less than the
        # sum of half widths a + b. Written as one product of 4-vectors,
        # cos(angle) - cos(a + b) > 0.
        half = np.where(valid, np.maximum(high, -low), 0.0)
        cos = 1.0 / np.sqrt(1.0 + half * half)
        sin = half * cos
        here, there = self._here, self._there
        here[..., 0], here[..., 1], here[..., 2], here[..., 3] = ux, uy, cos, sin
        there[:, 0], there[:, 1], there[:, 2], there[:, 3] = ux, uy, -cos, sin
        np.greater(np.matmul(here, there, out=self._overlap), 1e-12, out=self._pairs)
        occluding, target = np.where(valid, r, np.inf), np.where(valid, r, 0.0)
        np.less(occluding[:, None, :], target[:, :, None], out=self._nearer)
        np.logical_and(self._pairs, self._nearer, out=self._pairs)
        seen = valid.copy()
        flat = self._pairs.ravel().nonzero()[0]
        if flat.size:
            hidden = _covered(flat, ux.ravel(), uy.ravel(), high.ravel(), low.ravel(), r.shape[1])
            seen.ravel()[hidden] = False
        return seen


def _silhouette(
    r: Floats, ux: Floats, uy: Floats, c: Floats, s: Floats, length: Floats, width: Floats
) -> tuple[Floats, Floats]:
    """Tangents of the angles from the sight line to the outermost corners, left and right.

    Args:
        r: Distance [m], shape (D, C).
        ux: Unit vector to the object, world axes; as are the rest.
        uy: As ux.
        c: Cosine of its heading.
        s: Sine of it.
        length: [m].
        width: [m].
    """
    cos_v, sin_v = ux * c + uy * s, ux * s - uy * c
    half_l, half_w = 0.5 * length, 0.5 * width
    # Distance ahead of the centre and to its left: front corner + and - half the width; the rear
    # corners are their mirror images.
    along_x, along_y, across_x, across_y = (
        half_l * cos_v, half_l * sin_v, half_w * sin_v, half_w * cos_v
    )  # fmt: skip
    x, y = np.empty((2, *r.shape)), np.empty((2, *r.shape))
    np.subtract(along_x, across_x, out=x[0])
    np.add(along_x, across_x, out=x[1])
    np.add(along_y, across_y, out=y[0])
    np.subtract(along_y, across_y, out=y[1])
    # Corners beside the eye count as very wide.
    front = y / np.maximum(x + r, _NEAREST_M)
    rear = y / np.maximum(r - x, _NEAREST_M)
    np.negative(rear, out=rear)
    high, low = np.maximum(front, rear), np.minimum(front, rear)
    return np.maximum(high[0], high[1]), np.minimum(low[0], low[1])


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
    high, low = np.arctan(high), np.arctan(low)
    tx, ty, ox, oy = ux[target], uy[target], ux[occluder], uy[occluder]
    shift = np.arctan2(tx * oy - ty * ox, tx * ox + ty * oy)
    right = low[target]
    rays = right[:, None] + (high[target] - right)[:, None] * _FRACTIONS
    covered = rays >= (shift + low[occluder])[:, None]
    covered &= rays <= (shift + high[occluder])[:, None]
    first = np.empty(len(target), dtype=np.bool_)
    first[0] = True
    np.not_equal(target[1:], target[:-1], out=first[1:])
    starts = first.nonzero()[0]
    return target[starts[np.logical_or.reduceat(covered, starts, axis=0).all(axis=1)]]
