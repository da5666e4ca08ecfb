import pytest

from hdsim.road.build import lane_graph
from hdsim.road.builtin import BUILTIN_MAPS
from hdsim.road.cache import load_lane_graph


@pytest.fixture(scope="session")
def grid():
    return lane_graph("grid", BUILTIN_MAPS["grid"]())


@pytest.fixture(scope="session")
def town(town_xodr):
    """``town("Town01")``: its lane graph; ``grid`` needs no file."""

    def load(name):
        return load_lane_graph(name, BUILTIN_MAPS[name]() if name == "grid" else town_xodr(name))

    return load
