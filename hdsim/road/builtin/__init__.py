"""Maps that HDSim brings along, written at run time: nothing to download."""

from __future__ import annotations

from collections.abc import Callable, Mapping


def _grid() -> str:
    # The writing library is slow to import, and most runs are on a town's file.
    from hdsim.road.builtin.grid import grid

    return grid()


BUILTIN_MAPS: Mapping[str, Callable[[], str]] = {"grid": _grid}
"""OpenDRIVE text by map name."""
