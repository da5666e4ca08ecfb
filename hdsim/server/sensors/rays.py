"""What rays hit: upright boxes and the triangles of the road, in compiled loops."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from hdsim.core.compiled import compiled
from hdsim.core.state import Floats, Ints
from hdsim.server.sensors.ground import Ground, triangles_ground

NOTHING, GROUND = -1, -2


@dataclass(frozen=True, slots=True)
class Boxes:
    """Upright oriented boxes, shape (m,) each.

    Attributes:
        x: Centre [m]; ``z`` half way up.
        y: As x.
        z: As x.
        yaw: [rad].
        half_length: Half sizes [m].
        half_width: As half_length.
        half_height: As half_length.
    """

    x: Floats
    y: Floats
    z: Floats
    yaw: Floats
    half_length: Floats
    half_width: Floats
    half_height: Floats

    def __len__(self) -> int:
        return len(self.x)

    def table(self) -> Floats:
        """Centre, cosine and sine of yaw, half sizes and squared radius, shape (m, 9)."""
        h = (self.half_length, self.half_width, self.half_height)
        radius2 = h[0] ** 2 + h[1] ** 2 + h[2] ** 2
        return np.column_stack(
            [self.x, self.y, self.z, np.cos(self.yaw), np.sin(self.yaw), *h, radius2]
        )


@dataclass(frozen=True, slots=True)
class Hits:
    """What each ray hit first, shape (n,) each.

    Attributes:
        what: Index of a box, ``GROUND`` or ``NOTHING``.
        distance: Along the ray [m]; its reach where it hit nothing.
        incidence: Cosine of the angle between the ray turned back and the surface's normal.
    """

    what: Ints
    distance: Floats
    incidence: Floats


def cast(origin: Floats, directions: Floats, reach: Floats, boxes: Boxes, ground: Ground) -> Hits:
    """The nearest thing on each ray from one origin.

    A box that the origin lies in is seen through: a sensor inside a body's box, as on a bonnet,
    looks out as it does from inside CARLA's one-sided meshes.

    Args:
        origin: Shape (3,) [m].
        directions: Unit vectors, shape (n, 3).
        reach: How far each ray goes, shape (n,) [m].
        boxes: Bodies.
        ground: Road surface.
    """
    n = len(directions)
    what = np.full(n, NOTHING, dtype=np.int64)
    distance, incidence = reach.astype(np.float64), np.zeros(n)
    rays = np.ascontiguousarray(directions, dtype=np.float64)
    at = np.ascontiguousarray(origin, dtype=np.float64)
    if len(boxes):
        _hit_boxes(at, rays, boxes.table(), what, distance, incidence)
    if len(ground):
        _hit_ground(
            at, rays, ground.corners, ground.cell_start, ground.cell_triangles,
            ground.cell_low, ground.cell_high, ground.x0, ground.y0, ground.cell_m,
            ground.columns, ground.rows, what, distance, incidence,
        )  # fmt: skip
    return Hits(what, distance, incidence)


@cache
def warm_up() -> None:
    """Compiles the loops, or loads them from disk: seconds that no frame should wait for."""
    one = np.ones(1)
    box = Boxes(one, one, one, one, one, one, one)
    triangle = triangles_ground(np.array([[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]]))
    cast(np.array([5.0, 5.0, 5.0]), np.array([[0.0, 0.0, -1.0]]), one, box, triangle)


@compiled
def _hit_boxes(
    origin: Floats, rays: Floats, table: Floats, what: Ints, distance: Floats, incidence: Floats
) -> None:
    """Slab test of every ray against the boxes in its reach; writes into the last three."""
    longest = 0.0
    for i in range(len(distance)):
        longest = max(longest, distance[i])
    near = np.empty((len(table), 9))
    index = np.empty(len(table), dtype=np.int64)
    count = 0
    for k in range(len(table)):
        dx, dy, dz = table[k, 0] - origin[0], table[k, 1] - origin[1], table[k, 2] - origin[2]
        c, s = table[k, 3], table[k, 4]
        px, py, pz = -(dx * c + dy * s), dx * s - dy * c, -dz
        inside = abs(px) <= table[k, 5] and abs(py) <= table[k, 6] and abs(pz) <= table[k, 7]
        gap = np.sqrt(dx * dx + dy * dy + dz * dz) - np.sqrt(table[k, 8])
        if inside or gap > longest:
            continue
        near[count, 0], near[count, 1], near[count, 2] = dx, dy, dz
        near[count, 3], near[count, 4] = c, s
        near[count, 5], near[count, 6], near[count, 7] = px, py, pz
        near[count, 8] = dx * dx + dy * dy + dz * dz - table[k, 8]
        index[count] = k
        count += 1
    for i in range(len(rays)):
        rx, ry, rz = rays[i, 0], rays[i, 1], rays[i, 2]
        for j in range(count):
            along = rx * near[j, 0] + ry * near[j, 1] + rz * near[j, 2]
            # The ball around the box: missed, or behind.
            if near[j, 8] > 0.0 and (along < 0.0 or along * along < near[j, 8]):
                continue
            k = index[j]
            c, s = near[j, 3], near[j, 4]
            enter, leave, axis = -np.inf, np.inf, -1
            for a in range(3):
                if a == 0:
                    d = rx * c + ry * s
                elif a == 1:
                    d = ry * c - rx * s
                else:
                    d = rz
                p, h = near[j, 5 + a], table[k, 5 + a]
                if d == 0.0:
                    if abs(p) > h:
                        leave = -np.inf
                    continue
                first = (-h - p) / d if d > 0.0 else (h - p) / d
                last = (h - p) / d if d > 0.0 else (-h - p) / d
                if first > enter:
                    enter, axis = first, a
                leave = min(leave, last)
            if axis >= 0 and 0.0 <= enter <= leave and enter < distance[i]:
                distance[i], what[i] = enter, k
                if axis == 0:
                    incidence[i] = abs(rx * c + ry * s)
                elif axis == 1:
                    incidence[i] = abs(ry * c - rx * s)
                else:
                    incidence[i] = abs(rz)


@compiled
def _triangle(origin: Floats, rx: float, ry: float, rz: float, t: Floats) -> tuple[float, float]:
    """Distance along a ray to a triangle and cosine of incidence; infinite if it is missed.

    Moeller and Trumbore 1997, "Fast, minimum storage ray-triangle intersection".
    """
    ax, ay, az = t[3] - t[0], t[4] - t[1], t[5] - t[2]
    bx, by, bz = t[6] - t[0], t[7] - t[1], t[8] - t[2]
    px, py, pz = ry * bz - rz * by, rz * bx - rx * bz, rx * by - ry * bx
    det = ax * px + ay * py + az * pz
    if abs(det) < 1e-12:
        return np.inf, 0.0
    ox, oy, oz = origin[0] - t[0], origin[1] - t[1], origin[2] - t[2]
    u = (ox * px + oy * py + oz * pz) / det
    slack = 1e-9  # an edge belongs to both its triangles, whatever the last bits say
    if u < -slack or u > 1.0 + slack:
        return np.inf, 0.0
    qx, qy, qz = oy * az - oz * ay, oz * ax - ox * az, ox * ay - oy * ax
    v = (rx * qx + ry * qy + rz * qz) / det
    if v < -slack or u + v > 1.0 + slack:
        return np.inf, 0.0
    away = (bx * qx + by * qy + bz * qz) / det
    if away < 0.0:
        return np.inf, 0.0
    nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    return away, abs(rx * nx + ry * ny + rz * nz) / np.sqrt(nx * nx + ny * ny + nz * nz)


@compiled
def _hit_ground(
    origin: Floats, rays: Floats, corners: Floats, cell_start: Ints, cell_triangles: Ints,
    cell_low: Floats, cell_high: Floats, x0: float, y0: float, cell_m: float,
    columns: int, rows: int, what: Ints, distance: Floats, incidence: Floats,
) -> None:  # fmt: skip
    """Walks each ray through the grid and tests the triangles of the cells it passes.

    Amanatides and Woo 1987, "A fast voxel traversal algorithm for ray tracing"; in two dimensions,
    with the heights of a cell's triangles as a first test. A ray starts and ends at the edge of
    the grid. Writes into the last three.
    """
    for i in range(len(rays)):
        rx, ry, rz = rays[i, 0], rays[i, 1], rays[i, 2]
        # The part of the ray over the grid.
        at, end = 0.0, distance[i]
        for a in range(2):
            r = rx if a == 0 else ry
            p = origin[a] - (x0 if a == 0 else y0)
            width = cell_m * (columns if a == 0 else rows)
            if r == 0.0:
                if p < 0.0 or p > width:
                    end = -1.0
                continue
            first, last = -p / r, (width - p) / r
            at, end = max(at, min(first, last)), min(end, max(first, last))
        if at > end:
            continue
        px, py = origin[0] + at * rx - x0, origin[1] + at * ry - y0
        column = min(max(int(px / cell_m), 0), columns - 1)
        row = min(max(int(py / cell_m), 0), rows - 1)
        step_x, step_y = (1 if rx > 0.0 else -1), (1 if ry > 0.0 else -1)
        per_x = cell_m / abs(rx) if rx != 0.0 else np.inf
        per_y = cell_m / abs(ry) if ry != 0.0 else np.inf
        edge_x = (column + (1 if rx > 0.0 else 0)) * cell_m + x0
        edge_y = (row + (1 if ry > 0.0 else 0)) * cell_m + y0
        next_x = (edge_x - origin[0]) / rx if rx != 0.0 else np.inf
        next_y = (edge_y - origin[1]) / ry if ry != 0.0 else np.inf
        while at <= end and 0 <= column < columns and 0 <= row < rows:
            out = min(next_x, next_y, end)
            cell = row * columns + column
            z_in, z_out = origin[2] + at * rz, origin[2] + out * rz
            if min(z_in, z_out) <= cell_high[cell] and max(z_in, z_out) >= cell_low[cell]:
                for k in range(cell_start[cell], cell_start[cell + 1]):
                    away, cosine = _triangle(origin, rx, ry, rz, corners[cell_triangles[k]])
                    if away < distance[i]:
                        distance[i], incidence[i], what[i] = away, cosine, -2
                if distance[i] <= out:
                    break
            if next_x < next_y:
                at, column, next_x = next_x, column + step_x, next_x + per_x
            else:
                at, row, next_y = next_y, row + step_y, next_y + per_y
