import pytest

from hdsim.road.build import lane_graph
from hdsim.road.builtin import BUILTIN_MAPS
from hdsim.road.cache import load_lane_graph


@pytest.fixture(scope="session")
def grid():
    return lane_graph("grid", BUILTIN_MAPS["grid"]())


@pytest.fixture(scope="session")
def town(town_xodr):
    """``town("Town01")``: its lane graph; built-in maps need no file."""

    def load(name):
        text = BUILTIN_MAPS[name]() if name in BUILTIN_MAPS else town_xodr(name)
        return load_lane_graph(name, text)

    return load
