"""Detour's file of a navigation mesh: one tile of convex polygons.

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

from hdsim.core.state import Floats, Ints

MAX_CORNERS = 6  # DT_VERTS_PER_POLYGON
# Polygon numbers share 16 bits with the flag of a link to another tile, and begin at 1.
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
_SALT = 1
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
    """Convex polygons with shared corners.

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
    """

    vertices: Floats
    corners: Ints
    neighbours: Ints
    triangles: Ints
    first_triangle: Ints
    area: Ints
    flags: Ints


def navigation_file(mesh: ConvexMesh) -> bytes:
    """The file that CARLA's client loads.

    Raises:
        ValueError: If the mesh is empty or too large for one tile.
    """
    polygons, vertices = len(mesh.corners), len(mesh.vertices)
    if not 0 < polygons <= MAX_POLYGONS or vertices > MAX_VERTICES:
        raise ValueError(
            f"{polygons} polygons, {vertices} vertices: expected 1 to {MAX_POLYGONS}"
            f" and at most {MAX_VERTICES}"
        )
    points = (mesh.vertices[:, [0, 2, 1]] * (1.0, 1.0, -1.0)).astype(np.float32)
    low, high = points.min(axis=0), points.max(axis=0)
    tile = _tile(mesh, points, low, high)
    # Bits of a polygon's number in Detour's references, which the tile's own reference sits above.
    bits = max(polygons - 1, 1).bit_length()
    # One tile, which holds all of the mesh: its grid begins there, and is a little wider.
    width, _, depth = (high - low + 1.0).tolist()
    header = _SET_HEADER.pack(
        _SET_MAGIC, _SET_VERSION, 1, *low.tolist(), width, depth, 1, 1 << bits
    )
    return header + _TILE_HEADER.pack(_SALT << bits, len(tile)) + tile


def _tile(
    mesh: ConvexMesh,
    points: NDArray[np.float32],
    low: NDArray[np.float32],
    high: NDArray[np.float32],
) -> bytes:
    polygons = np.zeros(len(mesh.corners), _POLYGON)
    used = mesh.corners >= 0
    polygons["corners"] = np.where(used, mesh.corners, 0)
    polygons["neighbours"] = mesh.neighbours + 1
    polygons["flags"] = mesh.flags
    polygons["corner_count"] = used.sum(axis=1)
    polygons["area_and_type"] = mesh.area
    links = int(np.count_nonzero(mesh.neighbours >= 0))

    counts = np.diff(mesh.first_triangle)
    details = np.zeros(len(polygons), _DETAIL)
    details["triangle_base"] = mesh.first_triangle[:-1]
    details["triangle_count"] = counts
    triangles = _flagged(mesh.triangles, np.repeat(polygons["corner_count"], counts))

    step = max(_BOX_STEP_M, float((high - low).max()) / 65000.0)
    boxes = _box_tree(_boxes(mesh, points, low, step))
    header = _MESH_HEADER.pack(
        _TILE_MAGIC, _TILE_VERSION, 0, 0, 0, 0,
        len(polygons), len(points), max(links, 1), len(details), 0, len(triangles), len(boxes),
        0, len(polygons),
        _WALKER_HEIGHT_M, _WALKER_RADIUS_M, _CLIMB_M, *low.tolist(), *high.tolist(), 1.0 / step,
    )  # fmt: skip
    return b"".join(
        (
            header,
            points.astype("<f4").tobytes(),
            polygons.tobytes(),
            bytes(_LINK_BYTES * max(links, 1)),  # made by the client; only their room is kept
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
    mesh: ConvexMesh, points: NDArray[np.float32], low: NDArray[np.float32], step: float
) -> NDArray[np.void]:
    """The polygons' bounding boxes in steps from the mesh's low corner, rounded outwards."""
    used = (mesh.corners >= 0)[:, :, None]
    own = points[np.maximum(mesh.corners, 0)].astype(np.float64)
    boxes = np.zeros(len(mesh.corners), _BOX)
    boxes["low"] = np.floor((np.where(used, own, np.inf).min(axis=1) - low) / step)
    boxes["high"] = np.ceil((np.where(used, own, -np.inf).max(axis=1) - low) / step)
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
