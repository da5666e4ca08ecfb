"""The navigation mesh of whole maps: what Detour requires of it, and that one can get about."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import shapely

from hdsim.road.builtin import BUILTIN_MAPS
from hdsim.road.maps import find_map
from hdsim.road.pavement import find_pavement
from hdsim.server.navigation.detour import ConvexMesh, navigation_file
from hdsim.server.navigation.navmesh import navigation, navigation_mesh
from hdsim.server.navigation.walkways import GRID_M, Ground, find_walkways
from hdsim.server.town import Town, parse_town
from tests.server import navmesh_reader as reader

SIDEWALK, CROSSWALK, ROAD = 0x02, 0x04, 0x08
TOWNS = ("Town01", "Town02", "Town04", "Town10HD")
# Share of the sidewalks and crosswalks in one piece, at least. Town04 has sidewalks in two places;
# nobody can cross a motorway.
CONNECTED = {"Town04": 0.9, "motorway": 0.3}


@cache
def town(name: str) -> Town:
    return parse_town(name, find_map(name).xodr)


@cache
def mesh(name: str) -> ConvexMesh:
    return navigation_mesh(town(name))


@pytest.fixture(params=[*BUILTIN_MAPS, *TOWNS])
def name(request: pytest.FixtureRequest, town_xodr: Callable[[str], str]) -> str:
    if request.param in TOWNS:
        town_xodr(request.param)
    return str(request.param)


def outlines(m: ConvexMesh) -> list[np.ndarray]:
    return [m.vertices[c[c >= 0]] for c in m.corners]


def test_polygons_are_convex_and_anticlockwise(name: str):
    m = mesh(name)
    steps = np.rint(m.vertices[:, :2] / GRID_M).astype(np.int64)
    assert np.abs(steps * GRID_M - m.vertices[:, :2]).max() < 1e-6
    count = (m.corners >= 0).sum(axis=1)
    for n in range(3, 7):
        ring = steps[m.corners[count == n][:, :n]]
        ahead = np.roll(ring, -1, axis=1) - ring
        following = np.roll(ahead, -1, axis=1)
        turn = ahead[..., 0] * following[..., 1] - ahead[..., 1] * following[..., 0]
        assert (turn >= 0).all()
        assert (turn.sum(axis=1) > 0).all()
    assert (count >= 3).all()


def test_neighbours_share_the_edge(name: str):
    m = mesh(name)
    for p, (corners, neighbours) in enumerate(zip(m.corners, m.neighbours, strict=True)):
        ring = corners[corners >= 0].tolist()
        for k, q in enumerate(neighbours.tolist()):
            if q < 0:
                continue
            edge = ring[k], ring[(k + 1) % len(ring)]
            back = m.corners[q][m.corners[q] >= 0].tolist()
            at = back.index(edge[1])
            assert back[(at + 1) % len(back)] == edge[0]
            assert m.neighbours[q, at] == p


def test_areas_of_a_level_do_not_overlap(name: str):
    t = town(name)
    for level in find_walkways(find_pavement(name, t.xodr), t.furniture.crosswalks, t.graph):
        whole = shapely.union_all(level.areas).area
        assert sum(a.area for a in level.areas) == pytest.approx(whole, abs=1e-3)


def test_detail_triangles_cover_their_polygon(name: str):
    for polygon in reader.read(navigation_file(mesh(name))).tiles[0].polygons:
        whole = reader.plane_area(polygon.corners)
        n = len(polygon.corners)
        parts = 0.0
        bounded = 0
        for a, b, c, edges in polygon.triangles:
            parts += reader.plane_area([polygon.corners[k] for k in (a, b, c)])
            for k, (i, j) in enumerate(((a, b), (b, c), (c, a))):
                assert bool(edges >> 2 * k & 1) == (j == (i + 1) % n)
            bounded += edges.bit_count()
        assert parts == pytest.approx(whole, abs=1e-3)
        assert bounded == n


def test_one_can_get_about(name: str):
    file = reader.read(navigation_file(mesh(name)))
    found = reader.pieces(file, SIDEWALK | CROSSWALK)
    print(name, [round(a) for a in found])
    assert found[0] >= CONNECTED.get(name, 0.95) * sum(found)


def test_sidewalks_of_the_file_are_walkable(name: str):
    strips = town(name).furniture.sidewalks
    m = mesh(name)
    walkable = shapely.union_all(
        [shapely.Polygon(o[:, :2]) for o, a in zip(outlines(m), m.area, strict=True) if a != 3]
    )
    shapely.prepare(walkable)
    # Beyond the kerb of 0.3 m; strips narrower than a walker may be left out.
    inside = [
        shapely.Point(0.5 * (a + b)[:2])
        for s in strips
        for a, b in zip(s.left, s.right, strict=True)
        if np.hypot(*(a - b)[:2]) > 1.0
    ]
    share = np.mean(shapely.covers(walkable, np.array(inside))) if inside else 1.0
    assert share > 0.95


def test_the_ground_is_where_the_lanes_are(name: str):
    m, graph = mesh(name), town(name).graph
    of = {m.area[k]: outline for k, outline in enumerate(outlines(m))}
    assert set(of) == {Ground.SIDEWALK, Ground.CROSSWALK, Ground.ROAD}
    road = [o for o, a in zip(outlines(m), m.area, strict=True) if a == Ground.ROAD]
    tree = shapely.STRtree([shapely.Polygon(o[:, :2]) for o in road])
    shown = np.arange(0, len(graph.x), 37)
    points = shapely.points(graph.x[shown], graph.y[shown])
    near = np.full(len(shown), np.inf)
    on, polygon = tree.query(points, predicate="within")
    for i, p in zip(on.tolist(), polygon.tolist(), strict=True):
        low, high = road[p][:, 2].min() - 0.3, road[p][:, 2].max() + 0.3
        k = shown[i]
        near[i] = min(near[i], max(low - graph.z[k], graph.z[k] - high, 0.0))
    # Crosswalks lie on lanes too.
    assert np.mean(near == 0.0) > 0.9


@pytest.mark.parametrize("tile_m", [50.0, 200.0])
def test_tiles_link_as_one_tile_does(tile_m: float):
    whole = reader.read(navigation_file(mesh("grid")))
    tiled = reader.read(navigation_file(navigation_mesh(town("grid"), tile_m)))
    assert len(tiled.tiles) > 4
    for flags in (SIDEWALK, SIDEWALK | CROSSWALK, 0xFF):
        a, b = reader.pieces(whole, flags), reader.pieces(tiled, flags)
        assert len(a) == len(b)
        assert a == pytest.approx(b, abs=1.0)


def test_a_map_too_large_for_a_tile_is_cut(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hdsim.server.navigation.navmesh._ONE_TILE_CORNERS", 100)
    monkeypatch.setattr("hdsim.server.navigation.navmesh._TILE_M", 100.0)
    assert len(np.unique(navigation_mesh(town("grid")).tile, axis=0)) > 4


def test_the_name_holds_the_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HDSIM_CACHE", str(tmp_path))
    xodr = find_map("grid").xodr
    navigation.cache_clear()
    first = navigation("my map/v2", xodr)
    assert first.name.startswith("my_map_v2-")
    assert first.content == navigation_file(mesh("grid"))
    (kept,) = (tmp_path / "navigation").iterdir()
    kept.write_bytes(b"another mesh")
    navigation.cache_clear()
    second = navigation("my map/v2", xodr)
    assert second.content == b"another mesh"
    assert second.name != first.name
    navigation.cache_clear()


def test_a_cache_that_cannot_be_written_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("HDSIM_CACHE", str(blocked))
    navigation.cache_clear()
    assert navigation("grid", find_map("grid").xodr).content == navigation_file(mesh("grid"))
    navigation.cache_clear()


def test_levels_are_not_linked(town_xodr: Callable[[str], str]):
    town_xodr("Town04")
    m = mesh("Town04")
    heights = m.vertices[:, 2]
    for corners, neighbours in zip(m.corners, m.neighbours, strict=True):
        own = heights[corners[corners >= 0]]
        for q in neighbours[neighbours >= 0]:
            other = heights[m.corners[q][m.corners[q] >= 0]]
            assert min(abs(a - b) for a, b in itertools.product(own, other)) == 0.0
