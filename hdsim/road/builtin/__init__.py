"""Maps that HDSim brings along, written at run time: nothing to download."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hdsim.road.builtin.grid import grid

BUILTIN_MAPS: Mapping[str, Callable[[], str]] = {"grid": grid}
"""OpenDRIVE text by map name."""
