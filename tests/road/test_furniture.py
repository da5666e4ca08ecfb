import dataclasses

import carla
import numpy as np
import pytest
import shapely

from hdsim.core.state import wrap_angle
from hdsim.road import cache
from hdsim.road.builtin import BUILTIN_MAPS
from hdsim.road.furniture import road_furniture
from hdsim.road.signs import SignKind, sign_kind, sign_limit


@pytest.fixture(scope="session")
def furnished(town, town_xodr):
    """``furnished("Town01")``: its lane graph and furniture."""

    def load(name):
        graph = town(name)
        text = BUILTIN_MAPS[name]() if name in BUILTIN_MAPS else town_xodr(name)
        return graph, cache.load_furniture(text, graph)

    return load


@pytest.mark.parametrize(
    ("name", "stops", "yields", "speeds", "crosswalks", "sidewalks"),
    [
        ("grid", 0, 2, 40, 0, 0),
        ("motorway", 0, 8, 22, 0, 0),
        ("roundabout", 3, 5, 24, 12, 40),
        ("Town01", 0, 0, 22, 0, 88),
        ("Town02", 0, 0, 21, 0, 64),
        ("Town04", 0, 0, 53, 27, 84),
        ("Town10HD", 3, 1, 0, 16, 74),
    ],
)
def test_everything_in_the_file_is_found(
    furnished, name, stops, yields, speeds, crosswalks, sidewalks
):
    _, found = furnished(name)
    kinds = [s.kind for s in found.signs]
    counts = [kinds.count(k) for k in (SignKind.STOP, SignKind.YIELD, SignKind.SPEED_LIMIT)]
    assert counts == [stops, yields, speeds]
    assert (len(found.crosswalks), len(found.sidewalks)) == (crosswalks, sidewalks)
    assert len({s.id for s in found.signs}) == len(found.signs)


def test_a_give_way_sign_acts_at_the_end_of_the_lane_that_leads_to_it(furnished):
    graph, found = furnished("Town10HD")
    signs = [s for s in found.signs if s.kind is not SignKind.SPEED_LIMIT]
    for sign in signs:
        assert sign.places
        for lane, s in sign.places:
            assert graph.junction[lane] < 0
            assert s == graph.length[lane]
            x, y, yaw = graph.at(lane, s)
            assert np.hypot(sign.x - x, sign.y - y) < 15.0
            assert abs(wrap_angle(sign.yaw - yaw)) < np.radians(20.0)
            # To the right of the lane it acts on, as signs stand in right-hand traffic.
            assert (sign.y - y) * np.cos(yaw) - (sign.x - x) * np.sin(yaw) < 0.0
        assert all(graph.junction[i] >= 0 for i in sign.lanes)


@pytest.mark.parametrize("name", ["grid", "Town01", "Town04"])
def test_a_speed_sign_begins_its_limit_abreast_of_its_post(furnished, name):
    graph, found = furnished(name)
    signs = [s for s in found.signs if s.kind is SignKind.SPEED_LIMIT and s.places]
    assert len(signs) >= 22
    for sign in signs:
        assert sign.limit == pytest.approx(sign.value / 3.6)
        for lane, s in sign.places:
            x, y, yaw = graph.at(lane, s)
            along = (sign.x - x) * np.cos(yaw) + (sign.y - y) * np.sin(yaw)
            assert abs(along) < 1.0
            assert abs(wrap_angle(sign.yaw - yaw)) < np.radians(10.0)


@pytest.mark.parametrize("name", ["Town04", "Town10HD"])
def test_crosswalks_are_those_of_the_client(furnished, town_xodr, name):
    _, found = furnished(name)
    corners = carla.Map(name, town_xodr(name)).get_crosswalks()
    points = np.array([(p.x, -p.y) for p in corners]).reshape(-1, 5, 2)  # closed rings of four
    theirs = shapely.unary_union([shapely.Polygon(ring) for ring in points])
    rings = [shapely.Polygon(c.outline[:, :2]) for c in found.crosswalks]
    assert all(r.is_valid and r.exterior.is_ccw for r in rings)
    assert shapely.unary_union(rings).symmetric_difference(theirs).area < 0.01
    assert all(len(c.outline) == 4 for c in found.crosswalks)


@pytest.mark.parametrize("name", ["Town01", "Town04", "Town10HD"])
def test_sidewalks_lie_beside_the_lanes_and_are_as_wide_as_written(furnished, name):
    graph, found = furnished(name)
    lanes = shapely.MultiPoint(np.column_stack([graph.x, graph.y]))
    for walk in found.sidewalks:
        width = np.hypot(*(walk.left - walk.right)[:, :2].T)
        assert (width > 0.5).all()
        assert (width < 10.0).all()
        middle = (walk.left + walk.right) / 2.0
        assert shapely.MultiPoint(middle[:, :2]).distance(lanes) > 2.0
        ring = shapely.Polygon(walk.outline[:, :2])
        assert ring.exterior.is_ccw
        assert ring.buffer(0.0).area > 0.5 * width.mean() * (len(middle) - 1) * 0.5


def _crosswalk(text, inner, at='s="20.0" t="1.0" zOffset="0.1" hdg="0.0"'):
    """The grid with one crosswalk on its first street (eastbound from (16, 0))."""
    element = f'<object id="9" type="crosswalk" {at} length="4" width="2">{inner}</object>'
    start = text.index("</lanes>") + len("</lanes>")
    return text[:start] + f"<objects>{element}</objects>" + text[start:]


def _corners(rows):
    return "".join(f'<cornerLocal u="{u}" v="{v}" z="0"/>' for u, v in rows)


@pytest.mark.parametrize(
    "inner",
    [
        "",  # the object's length and width
        f"<outline>{_corners([(-2, -1), (2, -1), (2, 1), (-2, 1)])}</outline>",
        f"<outline>{_corners([(2, 1), (2, -1), (-2, -1), (-2, 1), (2, 1)])}</outline>",
        f"<outlines><outline>{_corners([(-2, -1), (2, -1), (2, 1), (-2, 1)])}</outline></outlines>",
        "<outline>"
        + "".join(
            f'<cornerRoad s="{s}" t="{t}" dz="0.1" height="0"/>'
            for s, t in ((18, 0), (22, 0), (22, 2), (18, 2))
        )
        + "</outline>",
    ],
)
def test_every_way_to_write_a_crosswalk_gives_the_same_area(grid, inner):
    (found,) = road_furniture(_crosswalk(BUILTIN_MAPS["grid"](), inner), grid).crosswalks
    outline = found.outline
    x, y = grid.at(*_lane_at(grid, 1))[:2]
    assert len(outline) == 4
    assert np.ptp(outline[:, 0]) * np.ptp(outline[:, 1]) == pytest.approx(8.0, abs=1e-3)
    assert np.allclose(outline[:, 2], 0.1)
    assert np.hypot(*(outline[:, :2].mean(axis=0) - (x, y))) < 40.0
    assert shapely.Polygon(outline[:, :2]).exterior.is_ccw


def _lane_at(graph, road):
    lane = int(np.flatnonzero(graph.road == road)[0])
    return lane, float(graph.length[lane]) / 2.0


def test_us_signs_are_known_by_their_code():
    assert sign_kind("R1-1") is SignKind.STOP
    assert sign_kind("r1-2") is SignKind.YIELD
    assert sign_kind("R2-1") is SignKind.SPEED_LIMIT
    assert sign_kind("1000001") is None
    assert sign_limit("R2-1", 25.0, "") == pytest.approx(25.0 * 0.44704)
    assert sign_limit("274", 30.0, "mph") == pytest.approx(30.0 / 3.6)
    assert sign_limit("274", -1.0, "") is None


def test_furniture_read_back_is_the_furniture_built(tmp_path, monkeypatch, town, town_xodr):
    monkeypatch.setenv("HDSIM_CACHE", str(tmp_path))
    graph, text = town("Town10HD"), town_xodr("Town10HD")
    built = cache.load_furniture(text, graph)
    assert len(list((tmp_path / "furniture").iterdir())) == 1
    monkeypatch.setattr(cache, "road_furniture", lambda *_: pytest.fail("built again"))
    again = cache.load_furniture(text, graph)
    assert repr(again.signs) == repr(built.signs)
    for a, b in zip(
        built.crosswalks + built.sidewalks, again.crosswalks + again.sidewalks, strict=True
    ):
        for f in dataclasses.fields(a):
            assert np.array_equal(getattr(a, f.name), getattr(b, f.name))
