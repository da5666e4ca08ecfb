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
# The boxes around one eye, by field: range and unit vector to the centre; cosine and sine of the
# heading; length and width; tangents of the angles from the sight line to the outermost corners,
# left and right; cosine and sine of the larger of these angles; and the angles themselves, nan
# until they are asked for.
_R, _UX, _UY, _COS, _SIN, _LENGTH, _WIDTH = range(7)
_HIGH, _LOW, _HALF_COS, _HALF_SIN, _LEFT, _RIGHT, _FIELDS = range(7, 14)


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
    column, hiders = np.empty(objects, np.int64), np.empty(objects, np.int64)
    near = np.empty(objects, np.bool_)
    boxes = np.empty((_FIELDS, objects))
    for i in range(drivers):
        n = 0
        for c in range(objects):
            a = rows[i, c]
            if a >= 0:
                boxes[_UX, n], boxes[_UY, n] = x[a] - eye_x[i], y[a] - eye_y[i]
                boxes[_COS, n], boxes[_SIN, n] = cos[a], sin[a]
                boxes[_LENGTH, n], boxes[_WIDTH, n] = length[a], width[a]
                column[n] = c
                n += 1
        _outline(boxes, n)
        ux, uy, left, right = boxes[_UX], boxes[_UY], boxes[_LEFT], boxes[_RIGHT]
        found = 0
        for j in range(n):
            if found == enough:
                break
            covered = 0
            for h in range(_may_hide(boxes, n, j, near, hiders)):
                o = hiders[h]
                for k in (j, o):
                    if math.isnan(left[k]):
                        left[k], right[k] = math.atan(boxes[_HIGH, k]), math.atan(boxes[_LOW, k])
                shift = math.atan2(ux[j] * uy[o] - uy[j] * ux[o], ux[j] * ux[o] + uy[j] * uy[o])
                begin, end, wide = shift + right[o], shift + left[o], left[j] - right[j]
                for ray in range(RAYS):
                    angle = right[j] + wide * ((ray + 0.5) / RAYS)
                    inside = (begin <= angle) & (angle <= end)
                    covered |= (1 << ray) if inside else 0
                if covered == _ALL_COVERED:
                    break
            seen[i, column[j]] = covered != _ALL_COVERED
            found += covered != _ALL_COVERED
    return seen


@compiled
def _outline(boxes: Floats, n: int) -> None:
    """How ``n`` boxes look from the eye: fills in all fields of ``boxes`` but the angles.

    Without branches, for vector instructions.
    """
    r, ux, uy = boxes[_R], boxes[_UX], boxes[_UY]
    cos, sin, length, width = boxes[_COS], boxes[_SIN], boxes[_LENGTH], boxes[_WIDTH]
    high, low, half_cos, half_sin = boxes[_HIGH], boxes[_LOW], boxes[_HALF_COS], boxes[_HALF_SIN]
    for j in range(n):
        r[j] = max(math.sqrt(ux[j] * ux[j] + uy[j] * uy[j]), _NEAREST_M)
        ux[j], uy[j] = ux[j] / r[j], uy[j] / r[j]
        cos_v, sin_v = ux[j] * cos[j] + uy[j] * sin[j], ux[j] * sin[j] - uy[j] * cos[j]
        half_l, half_w = 0.5 * length[j], 0.5 * width[j]
        high[j], low[j] = -math.inf, math.inf
        for side in (-1.0, 1.0):
            # A front corner, ahead of the centre and to its left; the rear corner opposite is its
            # mirror image. Corners beside the eye count as very wide.
            ahead = half_l * cos_v + side * half_w * sin_v
            aside = half_l * sin_v - side * half_w * cos_v
            front = aside / max(r[j] + ahead, _NEAREST_M)
            rear = -aside / max(r[j] - ahead, _NEAREST_M)
            high[j] = max(high[j], front, rear)
            low[j] = min(low[j], front, rear)
        half = max(high[j], -low[j])
        half_cos[j] = 1.0 / math.sqrt(1.0 + half * half)
        half_sin[j] = half * half_cos[j]
        boxes[_LEFT, j] = math.nan


@compiled
def _may_hide(boxes: Floats, n: int, j: int, near: Bools, hiders: Ints) -> int:
    """Which of ``n`` boxes are nearer than box ``j`` and may cover a part of its width; how many.

    The angular widths cannot overlap unless the angle between the centres is less than the sum of
    the half widths.
    """
    r, ux, uy, half_cos, half_sin = (
        boxes[_R], boxes[_UX], boxes[_UY], boxes[_HALF_COS], boxes[_HALF_SIN],
    )  # fmt: skip
    away, along_x, along_y = r[j], ux[j], uy[j]
    cos, sin = half_cos[j], half_sin[j]
    for o in range(n):
        dot = along_x * ux[o] + along_y * uy[o]
        overlap = dot - cos * half_cos[o] + sin * half_sin[o] > 1e-12
        near[o] = overlap & (r[o] < away)
    count = 0
    for o in range(n):
        hiders[count] = o
        count += near[o]
    return count
