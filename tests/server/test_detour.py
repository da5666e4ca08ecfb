"""The bytes of a navigation file, read back by a reader of its own."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.server.navigation.detour import MAX_POLYGONS, ConvexMesh, navigation_file
from tests.server import navmesh_reader as reader


def squares(columns: int, rows: int, tile_m: float = 1000.0) -> ConvexMesh:
    """A chequerboard of squares of 10 m, from (0, 0) on, rising by 1 m a column."""
    x, y = np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0))
    z = x
    vertices = np.column_stack([10.0 * x.ravel(), 10.0 * y.ravel(), z.ravel()])
    i, j = (a.ravel() for a in np.meshgrid(np.arange(columns), np.arange(rows)))
    corner = j * (columns + 1) + i
    none = np.full(len(i), -1)
    corners = [corner, corner + 1, corner + columns + 2, corner + columns + 1, none, none]
    square = j * columns + i
    neighbours = [
        np.where(j > 0, square - columns, -1), np.where(i < columns - 1, square + 1, -1),
        np.where(j < rows - 1, square + columns, -1), np.where(i > 0, square - 1, -1), none, none,
    ]  # fmt: skip
    middle = np.column_stack([10.0 * i + 5.0, 10.0 * j + 5.0])
    return ConvexMesh(
        vertices=vertices,
        corners=np.column_stack(corners),
        neighbours=np.column_stack(neighbours),
        triangles=np.tile([[0, 1, 2], [0, 2, 3]], (len(i), 1)),
        first_triangle=2 * np.arange(len(i) + 1),
        area=1 + square % 3,
        flags=1 << (1 + square % 3),
        origin=(0.0, 0.0),
        tile_m=tile_m,
        tile=np.floor(middle / tile_m).astype(np.int64),
    )


def test_two_squares_byte_by_byte():
    file = reader.read(navigation_file(squares(2, 1)))
    (tile,) = file.tiles
    assert (file.max_tiles, file.max_polygons) == (1, 2)
    assert tile.reference == 1 << 1  # one bit for two polygons, salt 1 above it
    assert (tile.x, tile.y) == (0, 0)
    first, second = tile.polygons
    # Detour's axes: ours (x, y, z) is (x, z, -y), as CARLA's y runs against ours.
    assert first.corners == [(0, 0, 0), (10, 1, 0), (10, 1, -10), (0, 0, -10)]
    assert (first.flags, first.area, first.kind) == (0x02, 1, 0)
    assert (second.flags, second.area, second.kind) == (0x04, 2, 0)
    assert first.neighbours == [0, 2, 0, 0]
    assert second.neighbours == [0, 0, 0, 1]
    # Corners 0, 1, 2 with edges 0-1 and 1-2 on the border; 0, 2, 3 with 2-3 and 3-0.
    assert first.triangles == [(0, 1, 2, 0b000101), (0, 2, 3, 0b010100)]
    assert (tile.low, tile.high) == ((0, 0, -10), (20, 2, 0))


def test_polygons_turn_as_detour_wants_them():
    for polygon in reader.read(navigation_file(squares(3, 2))).tiles[0].polygons:
        assert reader.plane_area(polygon.corners) == pytest.approx(100.0)


@pytest.mark.parametrize("tile_m", [1000.0, 20.0, 10.0])
def test_tiles_do_not_change_what_is_linked(tile_m: float):
    file = reader.read(navigation_file(squares(6, 4, tile_m)))
    assert len(file.tiles) == {1000.0: 1, 20.0: 6, 10.0: 24}[tile_m]
    assert reader.pieces(file, 0xFF) == pytest.approx([2400.0])
    # Every square has the neighbours of a chequerboard: 2 * (6 * 3 + 5 * 4).
    assert sum(len(p.links) for t in file.tiles for p in t.polygons) == 76
    for tile in file.tiles:
        x, z = file.origin[0] + tile.x * tile_m, file.origin[2] + tile.y * tile_m
        for polygon in tile.polygons:
            for px, _, pz in polygon.corners:
                assert x <= px <= x + tile_m
                assert z <= pz <= z + tile_m


@given(
    st.tuples(st.floats(-5, 65), st.floats(-3, 8), st.floats(-45, 5)),
    st.tuples(st.floats(0, 30), st.floats(0, 5), st.floats(0, 30)),
)
def test_the_box_tree_finds_every_polygon_in_a_box(
    low: tuple[float, float, float], size: tuple[float, float, float]
):
    (tile,) = reader.read(navigation_file(squares(6, 4))).tiles
    high = tuple(a + b for a, b in zip(low, size, strict=True))
    wanted = set()
    for k, polygon in enumerate(tile.polygons):
        spans = [(min(axis), max(axis)) for axis in zip(*polygon.corners, strict=True)]
        if all(a <= d and b >= c for a, b, (c, d) in zip(low, high, spans, strict=True)):
            wanted.add(k)
    assert wanted <= reader.query(tile, low, high)


def test_the_box_tree_passes_over_what_is_far():
    (tile,) = reader.read(navigation_file(squares(6, 4))).tiles
    assert reader.query(tile, (1, 0, -9), (9, 1, -1)) == {0}


def test_an_empty_mesh_is_refused():
    mesh = squares(1, 1)
    empty = dataclasses.replace(
        mesh, corners=mesh.corners[:0], neighbours=mesh.neighbours[:0], tile=mesh.tile[:0]
    )
    with pytest.raises(ValueError, match=r"0 tiles of up to 0 polygons: expected 1 to 32766"):
        navigation_file(empty)


def test_too_many_polygons_for_a_tile_are_refused():
    with pytest.raises(ValueError, match=f"expected 1 to {MAX_POLYGONS} polygons"):
        navigation_file(squares(200, 200, 10_000.0))


def test_too_many_tiles_for_the_references_are_refused():
    # 100 * 100 tiles take 14 bits, the 400 polygons of each 9.
    small = squares(20, 20, 1.0e6)
    many = np.stack(np.divmod(np.arange(10_000), 100), axis=1)
    mesh = dataclasses.replace(
        small,
        corners=np.concatenate([small.corners, np.repeat(small.corners[:1], 10_000, axis=0)]),
        neighbours=np.full((10_400, 6), -1),
        tile=np.concatenate([small.tile, many]),
    )
    with pytest.raises(ValueError, match="10000 tiles of up to 401 polygons"):
        navigation_file(mesh)
