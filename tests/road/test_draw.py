import numpy as np
import pytest

from hdsim.road.builtin import BUILTIN_MAPS
from hdsim.road.cache import load_furniture
from hdsim.road.draw import draw_map
from hdsim.road.routes import plan
from hdsim.road.spawn import spawn_points


def _pixels(path):
    from matplotlib.image import imread

    return imread(path)[::3, ::3, :3]  # enough to see colours by


def _share(picture, colour):
    return float((np.abs(picture - np.array(colour) / 255.0).max(axis=-1) < 0.02).mean())


def test_what_is_on_the_map_is_in_the_picture(town, tmp_path):
    graph = town("roundabout")
    furniture = load_furniture(BUILTIN_MAPS["roundabout"](), graph)
    draw_map(graph, tmp_path / "bare.png")
    draw_map(graph, tmp_path / "full.png", furniture, spawn_points(graph))
    bare, full = _pixels(tmp_path / "bare.png"), _pixels(tmp_path / "full.png")
    asphalt, paved, spawn, red = (107, 112, 119), (207, 196, 174), (39, 179, 201), (210, 47, 39)
    for picture in (bare, full):
        assert _share(picture, asphalt) > 0.02
    for colour in (paved, spawn, red):
        assert _share(full, colour) > _share(bare, colour) + 1e-5


def test_a_route_and_signals_are_drawn(grid, tmp_path):
    draw_map(grid, tmp_path / "grid.png")
    draw_map(grid, tmp_path / "route.png", route=plan(grid, (0, 1.0), (60, 10.0)))
    without, with_route = (_pixels(tmp_path / name) for name in ("grid.png", "route.png"))
    assert _share(without, (31, 157, 85)) > 1e-5  # traffic lights
    assert np.abs(with_route - without).max() > 0.3


@pytest.mark.parametrize("name", ["map.svg", "map.pdf"])
def test_other_formats_go_by_the_name(grid, tmp_path, name):
    draw_map(grid, tmp_path / name)
    start = (tmp_path / name).read_bytes()[:200]
    assert b"<?xml" in start or b"%PDF" in start
