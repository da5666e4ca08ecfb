"""Collisions of oriented boxes: who touches whom, and what it does to their motion.

Vehicles only: the world has no buildings, poles or kerbs to run into.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from hdsim.core.state import Floats, Ints
from hdsim.server.vehicles import Vehicles


@dataclass(frozen=True, slots=True)
class Contacts:
    """Pairs of overlapping vehicles, shape (k,) each, ordered by rows.

    Attributes:
        first: Row of one vehicle.
        second: Row of the other, > first.
        nx: Unit normal, from the first to the second.
        ny: As nx.
        depth: Overlap along the normal [m].
    """

    first: Ints
    second: Ints
    nx: Floats
    ny: Floats
    depth: Floats


def _none() -> Contacts:
    i, f = np.zeros(0, dtype=np.int64), np.zeros(0)
    return Contacts(i, i, f, f, f)


def contacts(v: Vehicles) -> Contacts:
    """All overlapping pairs: a k-d tree over centres, then separating axes on the pairs left."""
    if len(v) < 2:
        return _none()
    radius = np.hypot(v.half_length, v.half_width)
    points = np.column_stack([v.x, v.y])
    pairs = cKDTree(points).query_pairs(2.0 * float(radius.max()), output_type="ndarray")
    i, j = pairs[:, 0], pairs[:, 1]
    near = (v.x[i] - v.x[j]) ** 2 + (v.y[i] - v.y[j]) ** 2 < (radius[i] + radius[j]) ** 2
    rise = np.abs(v.z[i] + v.half_height[i] - v.z[j] - v.half_height[j])
    near &= rise < v.half_height[i] + v.half_height[j]  # not across the levels of a bridge
    near &= v.collides[i] & v.collides[j]
    if not near.any():
        return _none()
    i, j = i[near], j[near]
    order = np.lexsort((j, i))
    i, j = i[order], j[order]
    nx, ny, depth = _separating_axes(v, i, j)
    hit = depth > 0.0
    return Contacts(i[hit], j[hit], nx[hit], ny[hit], depth[hit])


def _separating_axes(v: Vehicles, i: Ints, j: Ints) -> tuple[Floats, Floats, Floats]:
    """Axis of least overlap of the boxes of rows i and j; depth <= 0 where they are apart."""
    dx, dy = v.x[j] - v.x[i], v.y[j] - v.y[i]
    ci, si, cj, sj = np.cos(v.yaw[i]), np.sin(v.yaw[i]), np.cos(v.yaw[j]), np.sin(v.yaw[j])
    axes = np.array([[ci, si], [-si, ci], [cj, sj], [-sj, cj]])  # (4, 2, k)
    ax, ay = axes[:, 0], axes[:, 1]
    reach_i = v.half_length[i] * np.abs(ci * ax + si * ay)
    reach_i += v.half_width[i] * np.abs(ci * ay - si * ax)
    reach_j = v.half_length[j] * np.abs(cj * ax + sj * ay)
    reach_j += v.half_width[j] * np.abs(cj * ay - sj * ax)
    along = dx * ax + dy * ay
    overlap = reach_i + reach_j - np.abs(along)
    least = np.argmin(overlap, axis=0)
    k = np.arange(len(i))
    side = np.where(along[least, k] < 0.0, -1.0, 1.0)
    return side * ax[least, k], side * ay[least, k], overlap[least, k]


def touches(v: Vehicles, row: int) -> bool:
    """Whether one vehicle overlaps any other."""
    pairs = contacts(v)
    return bool(((pairs.first == row) | (pairs.second == row)).any())


def resolve(v: Vehicles, pairs: Contacts) -> Floats:
    """Pushes touching vehicles apart and takes their approach away; returns the impulses [N s].

    A perfectly inelastic impulse along the normal, through the centres: it conserves momentum and
    turns nobody. Vehicles whose physics is off do not move. Pairs are taken in order, each with
    the motion that the ones before it left.
    """
    impulses = np.zeros(len(pairs.first))
    for k, (a, b) in enumerate(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)):
        nx, ny = float(pairs.nx[k]), float(pairs.ny[k])
        give_a, give_b = (1.0 / v.mass[r] if v.physics[r] else 0.0 for r in (a, b))
        give = give_a + give_b
        if give == 0.0:
            continue
        depth = float(pairs.depth[k])
        v.x[a] -= nx * depth * give_a / give
        v.y[a] -= ny * depth * give_a / give
        v.x[b] += nx * depth * give_b / give
        v.y[b] += ny * depth * give_b / give
        approach = (v.vx[a] - v.vx[b]) * nx + (v.vy[a] - v.vy[b]) * ny
        if approach <= 0.0:
            continue
        impulses[k] = approach / give
        for row, sign, g in ((a, -1.0, give_a), (b, 1.0, give_b)):
            change = sign * impulses[k] * g
            if v.physics[row]:
                v.set_velocity(row, float(v.vx[row] + change * nx), float(v.vy[row] + change * ny))
    return impulses
