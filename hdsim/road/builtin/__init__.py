"""Maps that HDSim brings along, written at run time: nothing to download."""

from __future__ import annotations

from collections.abc import Callable, Mapping


def _grid() -> str:
    # The writing library is slow to import, and most runs are on a town's file.
    from hdsim.road.builtin.grid import grid

    return grid()


def _motorway() -> str:
    from hdsim.road.builtin.motorway import motorway

    return motorway()


def _roundabout() -> str:
    from hdsim.road.builtin.roundabout import roundabout

    return roundabout()


BUILTIN_MAPS: Mapping[str, Callable[[], str]] = {
    "grid": _grid,
    "motorway": _motorway,
    "roundabout": _roundabout,
}
"""OpenDRIVE text by map name."""
