"""A reader of navigation files after Detour's own headers, to check the writer against.

It knows nothing of ``hdsim.server``: plain ``struct`` on the layouts of ``dtNavMeshParams``,
``dtMeshHeader``, ``dtPoly``, ``dtPolyDetail`` and ``dtBVNode``, and the rules by which
``dtNavMesh::addTile`` links tiles.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Polygon:
    corners: list[tuple[float, float, float]]  # Detour's axes: x, up, z
    neighbours: list[int]
    flags: int
    area: int
    kind: int
    triangles: list[tuple[int, int, int, int]]
    links: set[tuple[int, int]] = field(default_factory=set)  # (tile, polygon)


@dataclass
class Tile:
    reference: int
    x: int
    y: int
    low: tuple[float, ...]
    high: tuple[float, ...]
    max_links: int
    step: float
    climb: float
    polygons: list[Polygon]
    nodes: list[tuple[tuple[int, ...], tuple[int, ...], int]]


@dataclass
class File:
    origin: tuple[float, ...]
    tile_width: float
    tile_height: float
    max_tiles: int
    max_polygons: int
    tiles: list[Tile]


def read(data: bytes) -> File:
    magic, version, count = struct.unpack_from("<3i", data)
    assert magic == ord("M") << 24 | ord("S") << 16 | ord("E") << 8 | ord("T")
    assert version == 1
    *origin, width, height, max_tiles, max_polygons = struct.unpack_from("<5f2i", data, 12)
    at = 40
    tiles = []
    for _ in range(count):
        reference, size = struct.unpack_from("<Ii", data, at)
        at += 8
        assert reference
        tiles.append(_tile(reference, data[at : at + size]))
        at += size
    assert at == len(data)
    file = File(tuple(origin), width, height, max_tiles, max_polygons, tiles)
    _link(file)
    return file


def _tile(reference: int, data: bytes) -> Tile:
    ints = struct.unpack_from("<15i", data)
    magic, version, x, y, layer, _user, polygons, vertices, links, details = ints[:10]
    detail_vertices, detail_triangles, nodes, off_mesh, off_mesh_base = ints[10:]
    floats = struct.unpack_from("<10f", data, 60)
    assert magic == ord("D") << 24 | ord("N") << 16 | ord("A") << 8 | ord("V")
    assert (version, layer) == (7, 0)
    assert (off_mesh, off_mesh_base, detail_vertices, details) == (0, polygons, 0, polygons)
    at = 100
    points = [struct.unpack_from("<3f", data, at + 12 * i) for i in range(vertices)]
    at += 12 * vertices
    raw = [struct.unpack_from("<I6H6HHBB", data, at + 32 * i) for i in range(polygons)]
    at += 32 * polygons + 12 * links
    ranges = [struct.unpack_from("<IIBB", data, at + 12 * i) for i in range(polygons)]
    at += 12 * polygons
    triangles = [struct.unpack_from("<4B", data, at + 4 * i) for i in range(detail_triangles)]
    at += 4 * detail_triangles
    tree = [struct.unpack_from("<3H3Hi", data, at + 16 * i) for i in range(nodes)]
    assert at + 16 * nodes == len(data)
    found = []
    for values, (_, base, extra, own) in zip(raw, ranges, strict=True):
        corners, neighbours = values[1:7], values[7:13]
        flags, n, area_and_type = values[13:]
        assert 3 <= n <= 6
        assert extra == 0
        found.append(
            Polygon(
                [points[c] for c in corners[:n]], list(neighbours[:n]), flags,
                area_and_type & 0x3F, area_and_type >> 6, triangles[base : base + own],
            )
        )  # fmt: skip
    return Tile(
        reference, x, y, floats[3:6], floats[6:9], links, 1.0 / floats[9], floats[2], found,
        [(t[:3], t[3:6], t[6]) for t in tree],
    )  # fmt: skip


def _link(file: File) -> None:
    """Links as ``connectIntLinks`` and ``connectExtLinks`` make them."""
    places = {(t.x, t.y): i for i, t in enumerate(file.tiles)}
    steps = {0: (1, 0), 2: (0, 1), 4: (-1, 0), 6: (0, -1)}
    for number, tile in enumerate(file.tiles):
        made = 0
        for polygon in tile.polygons:
            for a, b, code in edges(polygon):
                if not code & 0x8000:
                    if code:
                        polygon.links.add((number, code - 1))
                        made += 1
                    continue
                side = code & 0xFF
                dx, dy = steps[side]
                other = places.get((tile.x + dx, tile.y + dy))
                if other is None:
                    continue
                for k, candidate in enumerate(file.tiles[other].polygons):
                    if any(
                        c == 0x8000 | (side + 4) % 8 and _touch(side, a, b, p, q)
                        for p, q, c in edges(candidate)
                    ):
                        polygon.links.add((other, k))
                        made += 1
        assert made <= tile.max_links


def edges(polygon: Polygon) -> Iterator[tuple[tuple[float, ...], tuple[float, ...], int]]:
    n = len(polygon.corners)
    for i in range(n):
        yield polygon.corners[i], polygon.corners[(i + 1) % n], polygon.neighbours[i]


def _touch(side, a, b, p, q) -> bool:
    """Whether two border edges lie on one line (to 1 cm) and overlap by more than 2 cm."""
    across, along = (0, 2) if side in (0, 4) else (2, 0)
    if abs(a[across] - p[across]) > 0.01:
        return False
    low = max(min(a[along], b[along]), min(p[along], q[along]))
    high = min(max(a[along], b[along]), max(p[along], q[along]))
    return high - low > 0.02


def cross(a, b, c) -> float:
    """``dtTriArea2D``: positive for the turns that Detour's polygons make."""
    return (c[0] - a[0]) * (b[2] - a[2]) - (b[0] - a[0]) * (c[2] - a[2])


def plane_area(corners) -> float:
    return 0.5 * sum(cross(corners[0], b, c) for b, c in itertools.pairwise(corners[1:]))


def pieces(file: File, flags: int) -> list[float]:
    """Area of each set of linked polygons with any of some flags [m^2], largest first."""
    todo = {
        (t, p) for t, tile in enumerate(file.tiles)
        for p, polygon in enumerate(tile.polygons) if polygon.flags & flags
    }  # fmt: skip
    found = []
    while todo:
        stack = [todo.pop()]
        area = 0.0
        while stack:
            t, p = stack.pop()
            polygon = file.tiles[t].polygons[p]
            area += plane_area(polygon.corners)
            reached = polygon.links & todo
            todo -= reached
            stack += reached
        found.append(area)
    return sorted(found, reverse=True)


def query(tile: Tile, low: tuple[float, ...], high: tuple[float, ...]) -> set[int]:
    """Polygons whose boxes meet a box, walking the tree as ``queryPolygonsInTile`` does."""

    def steps(point, up):
        held = [min(max(v, a), b) - a for v, a, b in zip(point, tile.low, tile.high, strict=True)]
        return [int(v / tile.step + up) | 1 if up else int(v / tile.step) & 0xFFFE for v in held]

    qlow, qhigh = steps(low, 0), steps(high, 1)
    found, i = set(), 0
    while i < len(tile.nodes):
        node_low, node_high, index = tile.nodes[i]
        overlap = all(
            a <= d and b >= c for a, b, c, d in zip(qlow, qhigh, node_low, node_high, strict=True)
        )
        if index >= 0 and overlap:
            found.add(index)
        i += 1 if overlap or index >= 0 else -index
    return found
