"""The road surface as triangles in a grid, for rays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hdsim.core.state import Floats, Ints
from hdsim.road.lanes import LaneGraph

_CELL_M = 2.0  # found by timing; the answer does not depend on it
_MOST_CELLS = 1 << 22
# Lanes overlap by this much at edges and ends, so that no ray slips between two neighbours [m].
_OVERLAP_M = 0.02
# Height of the slack that a cell's bounds get [m]: triangles are tested, bounds only spare it.
_SLACK_M = 1e-3


@dataclass(frozen=True, slots=True)
class Ground:
    """Triangles, and which of them touch each cell of a grid, in CSR form.

    Attributes:
        corners: Three corners of each triangle one after the other, shape (t, 9) [m].
        cell_start: Shape (columns * rows + 1,).
        cell_triangles: Triangles of cell ``row * columns + column``.
        cell_low: Lowest height of a cell's triangles, infinite where there is none [m].
        cell_high: Highest one.
        x0: Corner of the grid [m].
        y0: As x0.
        cell_m: Size of a cell [m].
        columns: Cells along x.
        rows: Cells along y.
    """

    corners: Floats
    cell_start: Ints
    cell_triangles: Ints
    cell_low: Floats
    cell_high: Floats
    x0: float
    y0: float
    cell_m: float
    columns: int
    rows: int

    def __len__(self) -> int:
        return len(self.corners)


def road_ground(graph: LaneGraph) -> Ground:
    """The surface of a map's driving lanes; beside them there is nothing to hit."""
    half = graph.width / 2.0 + _OVERLAP_M
    c, s = np.cos(graph.yaw), np.sin(graph.yaw)
    along = np.zeros(len(graph.x))
    along[graph.first[:-1]] -= _OVERLAP_M
    along[graph.first[1:] - 1] += _OVERLAP_M
    x, y = graph.x + along * c, graph.y + along * s
    left = np.column_stack([x - s * half, y + c * half, graph.z])
    right = np.column_stack([x + s * half, y - c * half, graph.z])
    lane = np.repeat(np.arange(len(graph)), np.diff(graph.first))
    k = np.flatnonzero(lane[1:] == lane[:-1])
    one = np.hstack([right[k], left[k], left[k + 1]])
    two = np.hstack([right[k], left[k + 1], right[k + 1]])
    return triangles_ground(np.vstack([one, two]))


def triangles_ground(corners: Floats) -> Ground:
    """Any triangles, shape (t, 9), sorted into a grid."""
    points = corners.reshape(-1, 3, 3)
    low, high = points.min(axis=1), points.max(axis=1)
    x0, y0 = (low[:, :2].min(axis=0) - 1.0).tolist() if len(points) else (0.0, 0.0)
    width, depth = (high[:, :2].max(axis=0) + 1.0).tolist() if len(points) else (1.0, 1.0)
    width, depth = width - x0, depth - y0
    cell = max(_CELL_M, math.sqrt(width * depth / _MOST_CELLS))
    columns, rows = math.ceil(width / cell), math.ceil(depth / cell)
    first = ((low[:, :2] - [x0, y0]) / cell).astype(np.int64)
    span = ((high[:, :2] - [x0, y0]) / cell).astype(np.int64) - first + 1
    each = span[:, 0] * span[:, 1]
    triangle = np.repeat(np.arange(len(points)), each)
    nth = np.arange(len(triangle)) - np.repeat(np.cumsum(each) - each, each)
    column = first[triangle, 0] + nth % span[triangle, 0]
    row = first[triangle, 1] + nth // span[triangle, 0]
    place = row * columns + column
    order = np.argsort(place, kind="stable")
    bounds_low, bounds_high = np.full(columns * rows, np.inf), np.full(columns * rows, -np.inf)
    np.minimum.at(bounds_low, place, low[triangle, 2] - _SLACK_M)
    np.maximum.at(bounds_high, place, high[triangle, 2] + _SLACK_M)
    start = np.zeros(columns * rows + 1, dtype=np.int64)
    np.cumsum(np.bincount(place, minlength=columns * rows), out=start[1:])
    return Ground(
        np.ascontiguousarray(corners), start, triangle[order], bounds_low, bounds_high,
        x0, y0, cell, columns, rows,
    )  # fmt: skip
