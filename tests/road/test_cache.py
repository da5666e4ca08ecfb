import dataclasses

import numpy as np
import pytest

from hdsim.road import cache
from hdsim.road.builtin import BUILTIN_MAPS


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HDSIM_CACHE", str(tmp_path))
    return tmp_path / "lane-graphs"


def _same(a, b):
    for f in dataclasses.fields(a):
        if not f.init:
            continue
        x, y = getattr(a, f.name), getattr(b, f.name)
        if dataclasses.is_dataclass(x):
            _same(x, y)
        elif isinstance(x, np.ndarray):
            assert x.dtype == y.dtype
            assert np.array_equal(x, y), f.name
        else:
            assert x == y


def test_the_graph_read_back_is_the_graph_built(folder, grid):
    text = BUILTIN_MAPS["grid"]()
    _same(cache.load_lane_graph("grid", text), grid)
    assert len(list(folder.iterdir())) == 1
    _same(cache.load_lane_graph("grid", text), grid)


def test_the_second_time_nothing_is_built(folder, monkeypatch):
    text = BUILTIN_MAPS["grid"]()
    cache.load_lane_graph("grid", text)
    monkeypatch.setattr(cache, "lane_graph", lambda name, xodr: pytest.fail("built again"))
    assert cache.load_lane_graph("other name", text).name == "other name"


@pytest.mark.parametrize("damage", [b"", b"not a zip", None])
def test_a_damaged_file_is_built_anew(folder, grid, damage):
    text = BUILTIN_MAPS["grid"]()
    cache.load_lane_graph("grid", text)
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    _same(cache.load_lane_graph("grid", text), grid)
    assert path.stat().st_size > 1000


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("HDSIM_CACHE", str(blocked))
    assert len(cache.load_lane_graph("grid", BUILTIN_MAPS["grid"]())) == 208
