"""Areas cut into convex polygons: nothing is lost, nothing doubled, everything linked."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsim.server.navigation.convex import components, convex_mesh, polygon_areas
from hdsim.server.navigation.detour import ConvexMesh
from hdsim.server.navigation.walkways import Ground, Level

boxes = st.lists(
    st.tuples(*[st.integers(0, 4000)] * 2, *[st.integers(500, 3000)] * 2), min_size=1, max_size=6
)


def level(*areas: shapely.Polygon, ground: Ground = Ground.SIDEWALK, z: float = 0.0) -> Level:
    return Level(list(areas), [ground] * len(areas), np.array([[0.0, 0.0, z]]))


def area(mesh: ConvexMesh) -> float:
    return float(polygon_areas(mesh).sum())


@settings(max_examples=40)
@given(boxes)
def test_any_union_of_boxes_is_covered_once(sizes: list[tuple[int, int, int, int]]):
    union = shapely.union_all(
        [shapely.box(x / 100, y / 100, (x + w) / 100, (y + h) / 100) for x, y, w, h in sizes],
        grid_size=0.01,
    )
    parts = [p for p in shapely.get_parts(union) if p.area >= 20.0]
    if not parts:
        return
    mesh = convex_mesh([level(*parts)])
    assert area(mesh) == pytest.approx(sum(p.area for p in parts), rel=1e-9)
    assert (polygon_areas(mesh) > 0.0).all()
    found = components(mesh, np.ones(len(mesh.corners), dtype=np.bool_))
    assert len(np.unique(found)) == len(parts)


def test_a_square_is_one_polygon_of_two_triangles():
    mesh = convex_mesh([level(shapely.box(0, 0, 10, 10), z=3.0)])
    assert (mesh.corners[0] >= 0).sum() == 4
    assert mesh.first_triangle.tolist() == [0, 2]
    assert mesh.vertices[:, 2] == pytest.approx(3.0)


def test_a_twelve_sided_area_is_cut_to_six_corners_at_most():
    turn = np.arange(12) * np.pi / 6
    ring = np.round(np.column_stack([10 * np.cos(turn), 10 * np.sin(turn)]), 2)
    mesh = convex_mesh([level(shapely.Polygon(ring))])
    # Ten triangles, at most four of them to a polygon.
    assert 3 <= len(mesh.corners) <= 5
    assert area(mesh) == pytest.approx(shapely.Polygon(ring).area)


def test_a_ring_goes_round_its_hole():
    ring = shapely.Polygon(shapely.box(0, 0, 20, 20).exterior, [shapely.box(5, 5, 15, 15).exterior])
    mesh = convex_mesh([level(ring)])
    assert area(mesh) == pytest.approx(300.0)
    middle = shapely.Point(10, 10)
    for corners in mesh.corners:
        assert not shapely.Polygon(mesh.vertices[corners[corners >= 0], :2]).contains(middle)


def test_grounds_keep_their_areas_and_flags_side_by_side():
    walk, road = shapely.box(0, 0, 10, 4), shapely.box(0, 4, 10, 12)
    both = Level([walk, road], [Ground.SIDEWALK, Ground.ROAD], np.zeros((1, 3)))
    mesh = convex_mesh([both])
    assert sorted(zip(mesh.area.tolist(), mesh.flags.tolist(), strict=True)) == [(1, 2), (3, 8)]
    assert {tuple(n[n >= 0].tolist()) for n in mesh.neighbours} == {(0,), (1,)}


def test_levels_one_above_the_other_are_not_linked():
    square = shapely.box(0, 0, 10, 10)
    mesh = convex_mesh([level(square), level(square, z=6.0)])
    assert len(mesh.corners) == 2
    assert (mesh.neighbours == -1).all()
    assert sorted(np.round(mesh.vertices[:, 2], 6).tolist()) == [0.0] * 4 + [6.0] * 4


def test_small_islands_off_the_road_are_left_out():
    mesh = convex_mesh([level(shapely.box(0, 0, 10, 10), shapely.box(50, 0, 54, 4))])
    assert area(mesh) == pytest.approx(100.0)
    # Road surface is not an island, however small.
    both = [level(shapely.box(0, 0, 10, 10)), level(shapely.box(50, 0, 54, 4), ground=Ground.ROAD)]
    assert area(convex_mesh(both)) == pytest.approx(116.0)


def test_heights_are_taken_from_the_nearest_ground():
    slope = Level(
        [shapely.box(0, 0, 40, 4)], [Ground.SIDEWALK],
        np.array([[x, y, 0.1 * x] for x in np.arange(0.0, 41.0) for y in (0.0, 4.0)]),
    )  # fmt: skip
    mesh = convex_mesh([slope])
    assert mesh.vertices[:, 2] == pytest.approx(0.1 * mesh.vertices[:, 0], abs=0.05)
