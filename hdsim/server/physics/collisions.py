"""Who touches whom: oriented boxes with a height, of vehicles, walkers and props alike.

What a touch does to their motion is in ``impacts``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from hdsim.core.compiled import compiled
from hdsim.core.state import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class RigidBodies:
    """Upright boxes that can collide, shape (n,) each; right-handed frame.

    Attributes:
        x: Centre [m].
        y: As x.
        z: Underside [m].
        yaw: [rad].
        half_length: Half sizes [m].
        half_width: As half_length.
        half_height: As half_length.
        vx: Velocity of the centre in the world frame [m/s].
        vy: As vx.
        yaw_rate: [rad/s].
        mass: [kg]; inf for what never moves (a static prop).
        inertia: Yaw inertia about the centre [kg m^2]; inf for what a blow does not turn.
        moves: False for a body of any mass that a blow leaves where it is.
        collides: False for a body that passes through others.
    """

    x: Floats
    y: Floats
    z: Floats
    yaw: Floats
    half_length: Floats
    half_width: Floats
    half_height: Floats
    vx: Floats
    vy: Floats
    yaw_rate: Floats
    mass: Floats
    inertia: Floats
    moves: Bools
    collides: Bools

    def __len__(self) -> int:
        return len(self.x)


def join(*parts: RigidBodies) -> RigidBodies:
    """All bodies of several kinds; rows of the first part come first."""
    if len(parts) == 1:
        return parts[0]
    names = [f.name for f in fields(RigidBodies)]
    return RigidBodies(*(np.concatenate([getattr(p, n) for p in parts]) for n in names))


@dataclass(frozen=True, slots=True)
class Contacts:
    """Pairs of overlapping bodies, shape (k,) each, ordered by rows.

    Two bodies of infinite mass make no pair.

    Attributes:
        first: Row of one body.
        second: Row of the other, > first.
        nx: Unit normal, from the first to the second.
        ny: As nx.
        depth: Overlap along the normal [m].
        x: Where they touch: centroid of the area that the boxes share [m].
        y: As x.
    """

    first: Ints
    second: Ints
    nx: Floats
    ny: Floats
    depth: Floats
    x: Floats
    y: Floats

    def __len__(self) -> int:
        return len(self.first)


def contacts(b: RigidBodies) -> Contacts:
    """All overlapping pairs."""
    order = np.argsort(b.x, kind="stable")
    room = 2 * len(b) + 8
    while True:
        pairs, values = np.empty((2, room), dtype=np.int64), np.empty((5, room))
        found = _overlaps(
            order, b.x, b.y, b.z, b.yaw, b.half_length, b.half_width, b.half_height, b.mass,
            b.collides, pairs, values,
        )  # fmt: skip
        if found <= room:
            break
        room = found
    rows = np.lexsort((pairs[1, :found], pairs[0, :found])) if found > 1 else slice(found)
    return Contacts(*pairs[:, rows], *values[:, rows])


def touches(b: RigidBodies, row: int) -> bool:
    """Whether one body overlaps any other."""
    pairs = contacts(b)
    return bool(((pairs.first == row) | (pairs.second == row)).any())


@compiled
def _overlaps(
    order: Ints,
    x: Floats,
    y: Floats,
    z: Floats,
    yaw: Floats,
    half_length: Floats,
    half_width: Floats,
    half_height: Floats,
    mass: Floats,
    collides: Bools,
    pairs: Ints,
    values: Floats,
) -> int:
    """Overlapping pairs by a sweep along x, then separating axes on the pairs left.

    ``order`` holds the rows by ascending ``x``. Lower and higher row of each pair go to ``pairs``,
    shape (2, room), its normal, depth and place to ``values``, shape (5, room), as far as there is
    room; returns how many pairs there are.
    """
    n, room = len(x), pairs.shape[1]
    largest = 0.0
    for i in range(n):
        largest = max(largest, np.hypot(half_length[i], half_width[i]))
    found = 0
    for p in range(n):
        a = order[p]
        reach_a = np.hypot(half_length[a], half_width[a])
        for q in range(p + 1, n):
            b = order[q]
            if x[b] - x[a] > reach_a + largest:
                break
            reach = reach_a + np.hypot(half_length[b], half_width[b])
            if (x[a] - x[b]) ** 2 + (y[a] - y[b]) ** 2 >= reach**2:
                continue
            rise = abs(z[a] + half_height[a] - z[b] - half_height[b])
            if rise >= half_height[a] + half_height[b]:
                continue  # the levels of a bridge
            if not (collides[a] and collides[b]) or (np.isinf(mass[a]) and np.isinf(mass[b])):
                continue
            i, j = min(a, b), max(a, b)
            dx, dy = x[j] - x[i], y[j] - y[i]
            nx, ny, depth = _least_overlap(
                dx, dy, yaw[i], yaw[j], half_length[i], half_width[i], half_length[j], half_width[j]
            )
            if depth <= 0.0:
                continue
            if found < room:
                px, py = _shared_centroid(
                    dx, dy, yaw[i], yaw[j],
                    half_length[i], half_width[i], half_length[j], half_width[j],
                )  # fmt: skip
                pairs[0, found], pairs[1, found] = i, j
                values[0, found], values[1, found], values[2, found] = nx, ny, depth
                values[3, found], values[4, found] = x[i] + px, y[i] + py
            found += 1
    return found


@compiled
def _least_overlap(
    dx: float, dy: float, yaw_i: float, yaw_j: float, li: float, wi: float, lj: float, wj: float
) -> tuple[float, float, float]:
    """Axis of least overlap of two boxes, from the first to the second; depth <= 0 if apart."""
    ci, si, cj, sj = np.cos(yaw_i), np.sin(yaw_i), np.cos(yaw_j), np.sin(yaw_j)
    nx, ny, depth = 0.0, 0.0, np.inf
    for k in range(4):
        c, s = (ci, si) if k < 2 else (cj, sj)
        ax, ay = (c, s) if k % 2 == 0 else (-s, c)
        reach = li * abs(ci * ax + si * ay) + wi * abs(ci * ay - si * ax)
        reach += lj * abs(cj * ax + sj * ay) + wj * abs(cj * ay - sj * ax)
        along = dx * ax + dy * ay
        if reach - abs(along) < depth:
            depth = reach - abs(along)
            side = -1.0 if along < 0.0 else 1.0
            nx, ny = side * ax, side * ay
    return nx, ny, depth


@compiled
def _shared_centroid(
    dx: float, dy: float, yaw_i: float, yaw_j: float, li: float, wi: float, lj: float, wj: float
) -> tuple[float, float]:
    """Centroid of the area that two overlapping boxes share, from the first one's centre.

    The second box is clipped by the sides of the first, one after another (Sutherland and Hodgman
    1974, Commun. ACM 17, 32), in the frame of the first.
    """
    ci, si = np.cos(yaw_i), np.sin(yaw_i)
    cx, cy = dx * ci + dy * si, dy * ci - dx * si
    c, s = np.cos(yaw_j - yaw_i), np.sin(yaw_j - yaw_i)
    # A quadrilateral cut by four lines has at most eight corners.
    now, then = np.empty((9, 2)), np.empty((9, 2))
    for k in range(4):
        u = lj if k == 0 or k == 3 else -lj
        w = wj if k < 2 else -wj
        now[k, 0], now[k, 1] = cx + u * c - w * s, cy + u * s + w * c
    count = 4
    for side in range(4):
        axis, sign = side % 2, 1.0 if side < 2 else -1.0
        limit = li if axis == 0 else wi
        kept = 0
        for k in range(count):
            m = (k + 1) % count
            beyond, beyond_next = sign * now[k, axis] - limit, sign * now[m, axis] - limit
            if beyond <= 0.0:
                then[kept, 0], then[kept, 1] = now[k, 0], now[k, 1]
                kept += 1
            if (beyond <= 0.0) != (beyond_next <= 0.0):
                t = beyond / (beyond - beyond_next)
                then[kept, 0] = now[k, 0] + t * (now[m, 0] - now[k, 0])
                then[kept, 1] = now[k, 1] + t * (now[m, 1] - now[k, 1])
                kept += 1
        now, then = then, now
        count = kept
    area, mx, my = 0.0, 0.0, 0.0
    for k in range(1, count - 1):
        ux, uy = now[k, 0] - now[0, 0], now[k, 1] - now[0, 1]
        wx, wy = now[k + 1, 0] - now[0, 0], now[k + 1, 1] - now[0, 1]
        part = ux * wy - uy * wx
        area += part
        mx += part * (ux + wx) / 3.0
        my += part * (uy + wy) / 3.0
    px, py = 0.5 * cx, 0.5 * cy  # a touch without area: midway
    if area > 1e-12:
        px, py = now[0, 0] + mx / area, now[0, 1] + my / area
    return px * ci - py * si, px * si + py * ci
