"""Areas cut into convex polygons with shared edges."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hdsim.core.state import Bools, Floats, Ints
from hdsim.server.navigation.detour import MAX_CORNERS, ConvexMesh
from hdsim.server.navigation.walkways import GRID_M, Ground, Level

# CARLA's polygon flags (LibCarla ``carla/nav/Navigation.h``, ``SamplePolyFlags``).
FLAGS = {Ground.SIDEWALK: 0x02, Ground.CROSSWALK: 0x04, Ground.ROAD: 0x08}
# Pieces of ground off the road with less sidewalk than this lead nowhere [m^2].
_LEAST_SIDEWALK_M2 = 20.0

Corners = tuple[int, ...]


def convex_mesh(levels: Sequence[Level], tile_m: float = math.inf) -> ConvexMesh:
    """The mesh of all levels; levels are not linked to each other.

    Args:
        levels: Areas, none of which lies in two tiles.
        tile_m: Size of a tile [m]; all is in one if infinite.

    Each area is triangulated (constrained Delaunay), and triangles are merged across their longest
    edges first as long as polygons stay convex and have at most six corners (after Hertel and
    Mehlhorn 1983).
    """
    vertices: list[Floats] = []
    polygons: list[Corners] = []
    pieces: list[list[Corners]] = []
    grounds: list[Ground] = []
    count = 0
    for level in levels:
        triangles, area, grid = _triangles(level)
        merged = _merged(triangles, area, grid)
        for polygon, own in merged:
            polygons.append(tuple(count + c for c in polygon))
            pieces.append([tuple(polygon.index(c) for c in triangles[t]) for t in own])
            grounds.append(level.ground[area[own[0]]])
        plane: Floats = grid.astype(np.float64) * GRID_M
        vertices.append(np.column_stack([plane, level.heights(plane)]))
        count += len(grid)
    corners = np.full((len(polygons), MAX_CORNERS), -1, dtype=np.int64)
    for i, polygon in enumerate(polygons):
        corners[i, : len(polygon)] = polygon
    sizes = [len(p) for p in pieces]
    places = np.concatenate(vertices)
    origin, size = (np.zeros(2), tile_m) if math.isfinite(tile_m) else _one_tile(places)
    middle = np.array([places[list(p), :2].mean(axis=0) for p in polygons])
    mesh = ConvexMesh(
        vertices=places,
        corners=corners,
        neighbours=_neighbours(polygons),
        triangles=np.array([t for p in pieces for t in p], dtype=np.int64).reshape(-1, 3),
        first_triangle=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        area=np.array([int(g) for g in grounds], dtype=np.int64),
        flags=np.array([FLAGS[g] for g in grounds], dtype=np.int64),
        origin=(float(origin[0]), float(origin[1])),
        tile_m=size,
        tile=np.floor((middle - origin) / size).astype(np.int64),
    )
    return _without(mesh, _islands(mesh))


def _one_tile(vertices: Floats) -> tuple[Floats, float]:
    """Origin and size of a tile around everything [m], with room to the far side."""
    low, high = vertices[:, :2].min(axis=0), vertices[:, :2].max(axis=0)
    return low, float((high - low).max()) + 1.0


def _triangles(level: Level) -> tuple[list[tuple[int, int, int]], list[int], Ints]:
    """Triangles as vertices, anticlockwise; the area each is of; vertices in steps of the grid."""
    found = shapely.constrained_delaunay_triangles(np.array(level.areas, dtype=object))
    parts, area = shapely.get_parts(found, return_index=True)
    parts = shapely.orient_polygons(parts)
    corners = shapely.get_coordinates(parts).reshape(-1, 4, 2)[:, :3]
    steps = np.rint(corners / GRID_M).astype(np.int64)
    grid, index = np.unique(steps.reshape(-1, 2), axis=0, return_inverse=True)
    index = index.reshape(-1, 3)
    twice = _cross(grid[index[:, 0]], grid[index[:, 1]], grid[index[:, 2]])
    solid = twice > 0
    return [(a, b, c) for a, b, c in index[solid].tolist()], area[solid].tolist(), grid


def _cross(a: Ints, b: Ints, c: Ints) -> Ints:
    """Twice the signed area of triangles, in steps of the grid squared: exact."""
    ab, ac = b - a, c - a
    return np.asarray(ab[..., 0] * ac[..., 1] - ab[..., 1] * ac[..., 0])


def _merged(
    triangles: list[tuple[int, int, int]], area: list[int], grid: Ints
) -> list[tuple[Corners, list[int]]]:
    """Convex polygons and the triangles of each, by their first triangle."""
    points: list[list[int]] = grid.tolist()
    polygon: list[Corners] = list(triangles)
    members = [[t] for t in range(len(triangles))]
    owner = list(range(len(triangles)))
    side: dict[tuple[int, int], int] = {}
    shared = []
    for t, (a, b, c) in enumerate(triangles):
        for i, j in ((a, b), (b, c), (c, a)):
            side[i, j] = t
            other = side.get((j, i))
            if other is not None and area[other] == area[t]:
                (x, y), (u, v) = points[i], points[j]
                shared.append((-((x - u) ** 2 + (y - v) ** 2), i, j, t, other))
    shared.sort()
    for _, i, j, first, second in shared:
        a, b = owner[first], owner[second]
        if a == b:
            continue
        # The first polygon runs i to j, the second one j to i.
        joined = _spliced(polygon[a], polygon[b], i, j)
        if len(joined) > MAX_CORNERS or not _is_convex(joined, i, j, points):
            continue
        a, b = min(a, b), max(a, b)
        polygon[a] = joined
        for t in members[b]:
            owner[t] = a
        members[a] += members[b]
        members[b] = []
    return [(polygon[t], members[t]) for t in range(len(triangles)) if members[t]]


def _spliced(first: Corners, second: Corners, i: int, j: int) -> Corners:
    """Two polygons as one, without their common edge from i to j of the first."""
    k, m = first.index(j), second.index(i)
    # From j round the first one to i, then on round the second one back to before j.
    return (first[k:] + first[:k]) + (second[m:] + second[:m])[1:-1]


def _is_convex(polygon: Corners, i: int, j: int, points: list[list[int]]) -> bool:
    """Whether a spliced polygon is convex where it was joined; straight corners are allowed."""
    n = len(polygon)
    if len(set(polygon)) < n:
        return False
    for corner in (i, j):
        k = polygon.index(corner)
        (ax, ay), (bx, by), (cx, cy) = (points[polygon[q % n]] for q in (k - 1, k, k + 1))
        if (bx - ax) * (cy - by) - (by - ay) * (cx - bx) < 0:
            return False
    return True


def _neighbours(polygons: list[Corners]) -> Ints:
    side: dict[tuple[int, int], int] = {}
    for p, polygon in enumerate(polygons):
        for i, j in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            side[i, j] = p
    found = np.full((len(polygons), MAX_CORNERS), -1, dtype=np.int64)
    for p, polygon in enumerate(polygons):
        for k, (i, j) in enumerate(zip(polygon, polygon[1:] + polygon[:1], strict=True)):
            found[p, k] = side.get((j, i), -1)
    return found


def polygon_areas(mesh: ConvexMesh) -> Floats:
    """Area of each polygon [m^2]."""
    plane = mesh.vertices[:, :2]
    corners = np.where(mesh.corners >= 0, mesh.corners, mesh.corners[:, :1])
    x, y = plane[corners, 0], plane[corners, 1]
    following = np.roll(x, -1, axis=1), np.roll(y, -1, axis=1)
    return np.asarray(0.5 * (x * following[1] - y * following[0]).sum(axis=1), dtype=np.float64)


def components(mesh: ConvexMesh, walkable: Bools) -> Ints:
    """Number of the piece of linked polygons that each one is in, -1 where not walkable."""
    here, edge = np.nonzero(mesh.neighbours >= 0)
    there = mesh.neighbours[here, edge]
    both = walkable[here] & walkable[there]
    n = len(mesh.corners)
    links = coo_array((np.ones(int(both.sum())), (here[both], there[both])), shape=(n, n))
    _, piece = connected_components(links, directed=False)
    return np.where(walkable, piece, -1)


def _islands(mesh: ConvexMesh) -> Bools:
    off_road = mesh.area != Ground.ROAD
    piece = components(mesh, off_road)
    sidewalk = np.where(mesh.area == Ground.SIDEWALK, polygon_areas(mesh), 0.0)
    total = np.bincount(np.maximum(piece, 0), np.where(off_road, sidewalk, 0.0), len(piece))
    return np.asarray(off_road & (total[piece] < _LEAST_SIDEWALK_M2), dtype=np.bool_)


def _without(mesh: ConvexMesh, gone: NDArray[np.bool_]) -> ConvexMesh:
    keep = ~gone
    polygon = np.append(np.where(keep, np.cumsum(keep) - 1, -1), -1)
    used = np.unique(mesh.corners[keep])
    used = used[used >= 0]
    vertex = np.full(len(mesh.vertices) + 1, -1, dtype=np.int64)
    vertex[used] = np.arange(len(used))
    sizes = np.diff(mesh.first_triangle)
    return dataclasses.replace(
        mesh,
        vertices=mesh.vertices[used],
        corners=vertex[mesh.corners[keep]],
        neighbours=polygon[mesh.neighbours[keep]],
        triangles=mesh.triangles[np.repeat(keep, sizes)],
        first_triangle=np.concatenate([[0], np.cumsum(sizes[keep])]).astype(np.int64),
        area=mesh.area[keep],
        flags=mesh.flags[keep],
        tile=mesh.tile[keep],
    )
