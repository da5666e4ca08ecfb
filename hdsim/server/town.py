"""A map ready to be served."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from hdsim.core.errors import InputError
from hdsim.road.cache import load_lane_graph
from hdsim.road.lanes import LaneGraph


@dataclass(frozen=True, slots=True)
class Town:
    """A map.

    Attributes:
        name: As clients name it, for example ``Town01``.
        xodr: OpenDRIVE text.
        graph: Its lanes.
    """

    name: str
    xodr: str
    graph: LaneGraph


def load_town(name: str) -> Town:
    """The map of a name or path.

    Raises:
        InputError: If there is no such map, or its file is not OpenDRIVE.
    """
    path = Path(name)
    if not path.is_file():
        path = Path(os.environ.get("HDSIM_MAPS", ".")) / f"{name}.xodr"
    if not path.is_file():
        raise InputError("--map", value=name, expected="a map")
    return parse_town(path.stem, path.read_text())


def parse_town(name: str, xodr: str) -> Town:
    """A map from its text.

    Raises:
        InputError: If the text is not OpenDRIVE.
    """
    return Town(name, xodr, load_lane_graph(name, xodr))
