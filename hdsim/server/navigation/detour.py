"""Detour's file of a navigation mesh: convex polygons in tiles.

CARLA's client loads such a file (LibCarla ``carla/nav/Navigation.cpp``, ``Navigation::Load``) and
moves AI walkers on it: a set header (magic ``MSET``, version 1, tile count, ``dtNavMeshParams``),
and per tile its reference, its size and its data as ``dtNavMesh::addTile`` wants them, version 7
(Detour ``DetourNavMesh.h``, ``DetourNavMeshBuilder.cpp``). All of it is little endian.

Detour's second axis points up: CARLA's (x, y, z) is stored as (x, z, y). Seen from above in
CARLA's left-handed plane polygons run clockwise, as Detour's portals and area sums expect; that is
anticlockwise in our right-handed plane.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdsim.core.state import Bools, Floats, Ints

MAX_CORNERS = 6  # DT_VERTS_PER_POLYGON
# Polygon numbers share 16 bits with the flag of a link to another tile (DT_EXT_LINK, with the side
# it is on; sides are counted from +x towards +z), and begin at 1.
_LINK_OUT = 0x8000
_EAST, _SOUTH, _WEST, _NORTH = 0, 2, 4, 6
MAX_POLYGONS = 0x7FFE
MAX_VERTICES = 0xFFFE

# CARLA's walker (Navigation.cpp: AGENT_HEIGHT, AGENT_RADIUS) and a step that it takes without
# climbing (RecastBuilder's default agentMaxClimb is 0.9; a kerb is all there is here).
_WALKER_HEIGHT_M, _WALKER_RADIUS_M, _CLIMB_M = 1.8, 0.3, 0.5
# Size of a step of the bounding volumes, unless the map is too large for 16 bits of them [m].
_BOX_STEP_M = 0.05

_SET_MAGIC = int.from_bytes(b"MSET", "big")
_TILE_MAGIC = int.from_bytes(b"DNAV", "big")
_SET_VERSION, _TILE_VERSION = 1, 7
_SET_HEADER = struct.Struct("<3i 5f 2i")
_TILE_HEADER = struct.Struct("<Ii")
_MESH_HEADER = struct.Struct("<5i I 9i 3f 6f f")
_LINK_BYTES = 12
# A reference has at least 10 bits of salt, then tile and polygon (dtNavMesh::init).
_SALT, _REFERENCE_BITS = 1, 22
_POLYGON = np.dtype(
    [
        ("first_link", "<u4"),
        ("corners", "<u2", MAX_CORNERS),
        ("neighbours", "<u2", MAX_CORNERS),
        ("flags", "<u2"),
        ("corner_count", "u1"),
        ("area_and_type", "u1"),
    ]
)
_DETAIL = np.dtype(
    [
        ("vertex_base", "<u4"),
        ("triangle_base", "<u4"),
        ("vertex_count", "u1"),
        ("triangle_count", "u1"),
        ("padding", "<u2"),
    ]
)
_BOX = np.dtype([("low", "<u2", 3), ("high", "<u2", 3), ("index", "<i4")])


@dataclass(frozen=True, slots=True)
class ConvexMesh:
    """Convex polygons with shared corners, in square tiles.

    Attributes:
        vertices: x, y, z [m], right-handed frame, shape (v, 3).
        corners: Vertices of each polygon, anticlockwise from above, -1 after the last,
            shape (p, 6).
        neighbours: Polygon across the edge from each corner to the next, -1 where the mesh ends
            and after the last corner, shape (p, 6).
        triangles: Positions of corners within their polygon, three each, anticlockwise; together
            they cover it. Polygon ``i`` has ``first_triangle[i]:first_triangle[i + 1]``.
        first_triangle: Shape (p + 1,).
        area: CARLA's area type, 0 to 63, shape (p,).
        flags: CARLA's polygon flags, shape (p,).
        origin: Where tile (0, 0) begins [m].
        tile_m: Size of a tile [m].
        tile: Column (along x) and row (along y) of the tile that each polygon lies in, shape
            (p, 2). Neighbours are in the same tile or in tiles side by side.
    """

    vertices: Floats
    corners: Ints
    neighbours: Ints
    triangles: Ints
    first_triangle: Ints
    area: Ints
    flags: Ints
    origin: tuple[float, float]
    tile_m: float
    tile: Ints


def navigation_file(mesh: ConvexMesh) -> bytes:
    """The file that CARLA's client loads.

    Raises:
        ValueError: If the mesh is empty, or has too many polygons in a tile or too many tiles.
    """
    places, tile = np.unique(mesh.tile, axis=0, return_inverse=True)
    tile = tile.reshape(-1)
    count = np.bincount(tile) if len(tile) else np.zeros(1, dtype=np.int64)
    polygon_bits = max(int(count.max()) - 1, 1).bit_length()
    tile_bits = (len(places) - 1).bit_length() if len(places) else 0
    if not count[0] or count.max() > MAX_POLYGONS or polygon_bits + tile_bits > _REFERENCE_BITS:
        raise ValueError(
            f"{len(places)} tiles of up to {count.max()} polygons: expected 1 to {MAX_POLYGONS}"
            f" polygons and {_REFERENCE_BITS} bits for the numbers of both"
        )
    number = np.zeros(len(tile), dtype=np.int64)  # of a polygon in its tile
    for t in range(len(places)):
        own = np.flatnonzero(tile == t)
        number[own] = np.arange(len(own))
    neighbours = _neighbour_codes(mesh, number)
    # Detour's third axis is CARLA's y, which runs against ours.
    south = -(int(places[:, 1].max()) + 1) * mesh.tile_m - mesh.origin[1]
    header = _SET_HEADER.pack(
        _SET_MAGIC, _SET_VERSION, len(places), mesh.origin[0], 0.0, south,
        mesh.tile_m, mesh.tile_m, len(places), 1 << polygon_bits,
    )  # fmt: skip
    parts = [header]
    for t, (column, row) in enumerate(places.tolist()):
        data = _tile(mesh, np.flatnonzero(tile == t), neighbours, column, places[:, 1].max() - row)
        reference = _SALT << (polygon_bits + tile_bits) | t << polygon_bits
        parts += [_TILE_HEADER.pack(reference, len(data)), data]
    return b"".join(parts)


def _neighbour_codes(mesh: ConvexMesh, number: Ints) -> Ints:
    """What Detour keeps for each edge: 0 for none, a polygon of the tile from 1, or a side."""
    there = mesh.neighbours
    column, row = np.moveaxis(mesh.tile[there] - mesh.tile[:, None, :], 2, 0)
    outside = _LINK_OUT | np.select(
        [column > 0, row < 0, column < 0], [_EAST, _SOUTH, _WEST], default=_NORTH
    )
    same = (column == 0) & (row == 0)
    return np.where(there < 0, 0, np.where(same, number[there] + 1, outside))


def _tile(mesh: ConvexMesh, own: Ints, neighbours: Ints, column: int, row: int) -> bytes:
    """The data of one tile.

    Args:
        mesh: All of the mesh.
        own: The tile's polygons.
        neighbours: What is kept for each edge of all polygons.
        column: Detour's number of the tile along its first axis.
        row: As column, along its third axis.

    Raises:
        ValueError: If it has too many vertices.
    """
    used = mesh.corners[own] >= 0
    shown, corners = np.unique(np.where(used, mesh.corners[own], -1), return_inverse=True)
    corners = corners.reshape(used.shape)
    if not used.all():  # the first of the sorted numbers is then the -1 of no corner
        shown, corners = shown[1:], np.where(used, corners - 1, 0)
    if len(shown) > MAX_VERTICES:
        raise ValueError(f"{len(shown)} vertices in a tile, expected at most {MAX_VERTICES}")
    points = (mesh.vertices[shown][:, [0, 2, 1]] * (1.0, 1.0, -1.0)).astype(np.float32)
    low, high = points.min(axis=0), points.max(axis=0)

    polygons = np.zeros(len(own), _POLYGON)
    polygons["corners"] = corners
    polygons["neighbours"] = neighbours[own]
    polygons["flags"] = mesh.flags[own]
    polygons["corner_count"] = used.sum(axis=1)
    polygons["area_and_type"] = mesh.area[own]
    # An edge to another tile may meet several edges there.
    outside = int(np.count_nonzero(neighbours[own] & _LINK_OUT))
    links = max(int(np.count_nonzero(neighbours[own])) + 2 * outside, 1)

    counts = np.diff(mesh.first_triangle)[own]
    details = np.zeros(len(own), _DETAIL)
    details["triangle_base"] = np.cumsum(counts) - counts
    details["triangle_count"] = counts
    owner = np.repeat(np.arange(len(mesh.corners)), np.diff(mesh.first_triangle))
    triangles = _flagged(
        mesh.triangles[np.isin(owner, own)], np.repeat(polygons["corner_count"], counts)
    )

    step = max(_BOX_STEP_M, float((high - low).max()) / 65000.0)
    boxes = _box_tree(_boxes(points, corners, used, low, step))
    header = _MESH_HEADER.pack(
        _TILE_MAGIC, _TILE_VERSION, column, row, 0, 0,
        len(polygons), len(points), links, len(details), 0, len(triangles), len(boxes),
        0, len(polygons),
        _WALKER_HEIGHT_M, _WALKER_RADIUS_M, _CLIMB_M, *low.tolist(), *high.tolist(), 1.0 / step,
    )  # fmt: skip
    return b"".join(
        (
            header,
            points.astype("<f4").tobytes(),
            polygons.tobytes(),
            bytes(_LINK_BYTES * links),  # made by the client; only their room is kept
            details.tobytes(),
            triangles.tobytes(),
            boxes.tobytes(),
        )
    )


def _flagged(triangles: Ints, corner_count: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Triangles with Detour's byte that says which of their edges bound the polygon.

    Without it the client's search for the nearest point of a polygon has no edge to look at.
    """
    flagged = np.zeros((len(triangles), 4), np.uint8)
    flagged[:, :3] = triangles
    for edge in range(3):
        a, b = triangles[:, edge], triangles[:, (edge + 1) % 3]
        bounds = (a + 1) % corner_count == b
        flagged[:, 3] |= (bounds.astype(np.uint8) << (2 * edge)).astype(np.uint8)
    return flagged


def _boxes(
    points: NDArray[np.float32], corners: Ints, used: Bools, low: NDArray[np.float32], step: float
) -> NDArray[np.void]:
    """The polygons' bounding boxes in steps from the tile's low corner, rounded outwards."""
    own = points[corners].astype(np.float64)
    boxes = np.zeros(len(corners), _BOX)
    boxes["low"] = np.floor((np.where(used[:, :, None], own, np.inf).min(axis=1) - low) / step)
    boxes["high"] = np.ceil((np.where(used[:, :, None], own, -np.inf).max(axis=1) - low) / step)
    boxes["index"] = np.arange(len(boxes))
    return boxes


def _box_tree(leaves: NDArray[np.void]) -> NDArray[np.void]:
    """Boxes as a tree in depth-first order: a leaf names its polygon, an inner node holds the
    negative count of nodes to skip when it is missed.
    """
    tree = np.zeros(2 * len(leaves) - 1, _BOX)
    # Node, and the leaves under it; children follow their parent, the left one first.
    todo = [(0, np.arange(len(leaves)))]
    while todo:
        node, own = todo.pop()
        if len(own) == 1:
            tree[node] = leaves[own[0]]
            continue
        low = leaves["low"][own].min(axis=0)
        high = leaves["high"][own].max(axis=0)
        axis = int(np.argmax(high - low))
        own = own[np.argsort(leaves["low"][own, axis], kind="stable")]
        half = len(own) // 2
        tree[node] = low, high, -(2 * len(own) - 1)
        todo.append((node + 1, own[:half]))
        todo.append((node + 2 * half, own[half:]))
    return tree
