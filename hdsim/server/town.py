"""A map ready to be served."""

from __future__ import annotations

from dataclasses import dataclass

from hdsim.road.cache import load_furniture, load_lane_graph
from hdsim.road.checks import check_xodr
from hdsim.road.furniture import NO_FURNITURE, RoadFurniture
from hdsim.road.lanes import LaneGraph
from hdsim.road.maps import find_map


@dataclass(frozen=True, slots=True)
class Town:
    """A map.

    Attributes:
        name: As clients name it, for example ``Town01``.
        xodr: OpenDRIVE text.
        graph: Its lanes.
        furniture: Its signs, crosswalks and sidewalks.
    """

    name: str
    xodr: str
    graph: LaneGraph
    furniture: RoadFurniture = NO_FURNITURE


def load_town(name_or_path: str, where: str = "map") -> Town:
    """The map of a town name, an ``.xodr`` file or a built-in map.

    Args:
        name_or_path: As for ``hdsim.road.maps.find_map``.
        where: What errors name as the source of the name.

    Raises:
        InputError: If there is no such map (with the places looked at), or its file is no
            OpenDRIVE map (with line and reason).
    """
    source = find_map(name_or_path, where)
    return _town(source.name, source.xodr)


def parse_town(name: str, xodr: str) -> Town:
    """A map from its text.

    Raises:
        InputError: If the text is no OpenDRIVE map.
    """
    check_xodr(xodr, name)
    return _town(name, xodr)


def _town(name: str, xodr: str) -> Town:
    graph = load_lane_graph(name, xodr)
    return Town(name, xodr, graph, load_furniture(xodr, graph))
