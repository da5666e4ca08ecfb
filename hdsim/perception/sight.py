"""Line of sight: which vehicles hide behind nearer ones.

Plan view, every vehicle an opaque box, seen from the driver's seat (taken at the vehicle centre;
the offset of the seat is below the accuracy of boxes). An object is hidden when nearer vehicles
cover all of ``RAYS`` sight lines spread over its visible width.
"""

from __future__ import annotations

import math

import numpy as np

from hdsim.core.compiled import compiled
from hdsim.core.state import Bools, Floats, Ints

# Sight lines per object: an object shows when about a seventh of its width does. A heuristic.
RAYS = 7
_ALL_COVERED = (1 << RAYS) - 1
_NEAREST_M = 0.3


@compiled
def visible(
    rows: Ints,
    eye_x: Floats,
    eye_y: Floats,
    x: Floats,
    y: Floats,
    cos: Floats,
    sin: Floats,
    length: Floats,
    width: Floats,
    enough: int,
) -> Bools:
    """Which objects can be seen past the others.

    Args:
        rows: Actor rows of each driver's objects, shape (D, C); negative ones are left out: they
            neither hide nor are seen.
        eye_x: The drivers' positions [m], shape (D,).
        eye_y: As eye_x.
        x: Positions of all actors [m], shape (n,); as are the rest.
        y: As x.
        cos: Cosines of their headings.
        sin: Sines of them.
        length: Full length [m].
        width: Full width [m].
        enough: With so many found that can be seen, the later columns are not looked at any more
            and count as hidden.

    Returns:
        Shape (D, C).
    """
    drivers, objects = rows.shape
    seen = np.zeros((drivers, objects), np.bool_)
    column, r = np.empty(objects, np.int64), np.empty(objects)
    place = np.empty(objects, np.int64)
    ux, uy = np.empty(objects), np.empty(objects)
    # Tangents of the angles from the sight line to the outermost corners, left and right; the
    # angles themselves where they are asked for.
    high, low = np.empty(objects), np.empty(objects)
    left, right = np.empty(objects), np.empty(objects)
    # Cosine and sine of the larger of the two angles.
    half_cos, half_sin = np.empty(objects), np.empty(objects)
    for i in range(drivers):
        n = _by_range(rows[i], eye_x[i], eye_y[i], x, y, column, r)
        for j in range(n):
            a = rows[i, column[j]]
            place[column[j]] = j
            ux[j], uy[j] = (x[a] - eye_x[i]) / r[j], (y[a] - eye_y[i]) / r[j]
            cos_v, sin_v = ux[j] * cos[a] + uy[j] * sin[a], ux[j] * sin[a] - uy[j] * cos[a]
            half_l, half_w = 0.5 * length[a], 0.5 * width[a]
            high[j], low[j] = -math.inf, math.inf
            for side in (-1.0, 1.0):
                # A front corner, ahead of the centre and to its left; the rear corner opposite is
                # its mirror image. Corners beside the eye count as very wide.
                ahead = half_l * cos_v + side * half_w * sin_v
                aside = half_l * sin_v - side * half_w * cos_v
                front = aside / max(r[j] + ahead, _NEAREST_M)
                rear = -aside / max(r[j] - ahead, _NEAREST_M)
                high[j] = max(high[j], front, rear)
                low[j] = min(low[j], front, rear)
            half = max(high[j], -low[j])
            half_cos[j] = 1.0 / math.sqrt(1.0 + half * half)
            half_sin[j] = half * half_cos[j]
            left[j] = math.nan
        found = 0
        for c in range(objects):
            if found == enough:
                break
            if rows[i, c] < 0:
                continue
            j, covered = place[c], 0
            for o in range(j):
                dot = ux[j] * ux[o] + uy[j] * uy[o]
                # The angular widths cannot overlap unless the angle between the centres is less
                # than the sum of the half widths.
                if dot - half_cos[j] * half_cos[o] + half_sin[j] * half_sin[o] <= 1e-12:
                    continue
                if r[o] >= r[j]:
                    continue
                for k in (j, o):
                    if math.isnan(left[k]):
                        left[k], right[k] = math.atan(high[k]), math.atan(low[k])
                shift = math.atan2(ux[j] * uy[o] - uy[j] * ux[o], dot)
                for ray in range(RAYS):
                    angle = right[j] + (left[j] - right[j]) * ((ray + 0.5) / RAYS)
                    if shift + right[o] <= angle <= shift + left[o]:
                        covered |= 1 << ray
                if covered == _ALL_COVERED:
                    break
            seen[i, c] = covered != _ALL_COVERED
            found += seen[i, c]
    return seen


@compiled
def _by_range(
    rows: Ints, eye_x: float, eye_y: float, x: Floats, y: Floats, column: Ints, r: Floats
) -> int:
    """Columns of the objects in ``rows``, nearest first, and their ranges [m]; how many."""
    n = 0
    for j in range(len(rows)):
        if rows[j] < 0:
            continue
        dx, dy = x[rows[j]] - eye_x, y[rows[j]] - eye_y
        away = max(math.sqrt(dx * dx + dy * dy), _NEAREST_M)
        k = n
        while k > 0 and r[k - 1] > away:
            r[k], column[k] = r[k - 1], column[k - 1]
            k -= 1
        r[k], column[k] = away, j
        n += 1
    return n
