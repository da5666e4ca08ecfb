"""Where maps come from: a file, CARLA's towns, or a map that HDSim brings along."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from hdsim.core.errors import InputError, did_you_mean
from hdsim.road.builtin import BUILTIN_MAPS
from hdsim.road.checks import check_xodr

# Same road network under another name: the "_Opt" towns differ in how they are drawn only.
_ALIASES = {
    "Town01_Opt": "Town01",
    "Town02_Opt": "Town02",
    "Town03_Opt": "Town03",
    "Town04_Opt": "Town04",
    "Town05_Opt": "Town05",
    "Town10HD_Opt": "Town10HD",
}
# Where a CARLA install keeps its road networks, below CARLA_ROOT (packaged, then source tree).
_CARLA_FOLDERS = (
    "CarlaUE4/Content/Carla/Maps/OpenDrive",
    "Carla/Maps/OpenDrive",
    "Unreal/CarlaUE4/Content/Carla/Maps/OpenDrive",
)


@dataclass(frozen=True, slots=True)
class MapSource:
    """A map found.

    Attributes:
        name: Town name, built-in name, or the file's stem.
        xodr: OpenDRIVE text.
        path: The file it was read from; None for a built-in map.
    """

    name: str
    xodr: str
    path: Path | None


def find_map(name_or_path: str, where: str = "map") -> MapSource:
    """Find a map and check that it can be driven.

    Args:
        name_or_path: As for ``read_map``.
        where: What errors name as the source of the name.

    Raises:
        InputError: If it is not found (with the places looked at) or is no drivable OpenDRIVE map
            (with line and reason).
    """
    source = read_map(name_or_path, where)
    if source.path is not None:
        check_xodr(source.xodr, str(source.path))
    return source


def read_map(name_or_path: str, where: str = "map") -> MapSource:
    """Find a map and read it as it is.

    A name ending in ``.xodr`` is a file. Any other name is looked for as ``NAME.xodr`` in the
    folders of ``HDSIM_MAPS`` (separated as in ``PATH``), then in the CARLA install at
    ``CARLA_ROOT``, then among the built-in maps.

    Args:
        name_or_path: ``Town01``, ``maps/site.xodr``, ``grid``.
        where: What errors name as the source of the name.

    Raises:
        InputError: If it is not found (with the places looked at) or cannot be read.
    """
    if name_or_path.endswith(".xodr"):
        path = Path(name_or_path).expanduser()
        return MapSource(path.stem, _read(path, where), path)
    name = _ALIASES.get(name_or_path, name_or_path)
    looked = _folders()
    for folder in looked:
        path = folder / f"{name}.xodr"
        if path.is_file():
            return MapSource(name, _read(path, where), path)
    if name in BUILTIN_MAPS:
        return MapSource(name, BUILTIN_MAPS[name](), None)
    places = ", ".join(str(f) for f in looked) or "no folder: HDSIM_MAPS and CARLA_ROOT are unset"
    known = known_maps()
    raise InputError(
        where,
        value=name_or_path,
        expected=f"an .xodr file, one of {', '.join(known)}, or a town in HDSIM_MAPS or CARLA_ROOT"
        f" (looked for {name}.xodr in {places}){did_you_mean(name, known)}",
    )


def known_maps() -> list[str]:
    """Names that ``find_map`` would look up with success, sorted; files are not opened."""
    return sorted({*BUILTIN_MAPS, *(p.stem for f in _folders() for p in f.glob("*.xodr"))})


def _folders() -> list[Path]:
    """Folders to look in, in order; those of ``HDSIM_MAPS`` even if they do not exist."""
    folders = [Path(p) for p in os.environ.get("HDSIM_MAPS", "").split(os.pathsep) if p]
    if root := os.environ.get("CARLA_ROOT"):
        folders += [Path(root) / folder for folder in _CARLA_FOLDERS]
    return folders


def _read(path: Path, where: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            where, value=str(path), expected=f"a readable map file ({error.strerror})"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(str(path), expected="OpenDRIVE text in UTF-8") from error
