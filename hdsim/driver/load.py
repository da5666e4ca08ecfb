"""Profile files to ``DriverProfile``: lookup by name, ``extends``, ``overrides``.

A name is looked for in ``drivers/`` beside the file that mentions it (a profile's parents: in its
own folder), in ``drivers/`` of the working directory, then among the profiles that come with HDSim.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hdsim.core.data import data_dir
from hdsim.core.errors import InputError, did_you_mean
from hdsim.core.yaml_input import Document, load_yaml, validate
from hdsim.driver.profile import DriverProfile, ProfileFile

LAYERS = ("personality", "physiology", "attention")
_SUFFIX = ".yaml"


def folders(near: Path | None = None, inside: str = "") -> tuple[Path, ...]:
    """Folders in which names are looked for, first wins.

    Args:
        near: Folder of the file that mentions the name; its ``drivers/`` comes first.
        inside: Subfolder of each ``drivers`` folder, such as ``"mixes"``.
    """
    beside = () if near is None else (near / "drivers" / inside,)
    return (*beside, Path("drivers") / inside, data_dir("drivers") / inside)


def names(places: Sequence[Path]) -> tuple[str, ...]:
    """Every name in the folders, sorted."""
    return tuple(sorted({path.stem for place in places for path in place.glob(f"*{_SUFFIX}")}))


def is_path(ref: str) -> bool:
    """Whether a reference is a file rather than a name: it has a slash or the suffix."""
    return ref.endswith(_SUFFIX) or "/" in ref


def find(name: str, places: Sequence[Path]) -> Path | None:
    """The first file of that name."""
    hits = (place / f"{name}{_SUFFIX}" for place in places)
    return next((hit for hit in hits if hit.is_file()), None)


def load_profile(ref: str | Path, near: Path | None = None) -> DriverProfile:
    """A complete driver profile from a name or a file.

    Args:
        ref: ``"aggressive-drunk"`` or ``"my/drivers/anxious.yaml"``.
        near: Folder of the file that mentions it, looked in first.

    Raises:
        InputError: If there is no such profile or anything in it or above it is wrong.
    """
    places = folders(near)
    path = Path(ref) if is_path(str(ref)) else find(str(ref), places)
    if path is None:
        known = names(places)
        hint = did_you_mean(str(ref), known) or f": {', '.join(known)}"
        raise InputError("driver profile", value=str(ref), expected=f"a file or a known name{hint}")
    return DriverProfile.model_validate(_resolved(path, ()))


def _resolved(path: Path, chain: tuple[Path, ...]) -> dict[str, Any]:
    """Raw data of a file with everything above it merged in and its overrides applied."""
    document = load_yaml(path)
    profile = validate(ProfileFile, document)
    if profile.name != path.stem:
        raise document.error("name", profile.name, f"{path.stem!r}, the name of the file")
    chain = (*chain, path.resolve())
    merged: dict[str, Any] = {}
    descriptions: list[str] = []
    for parent in profile.extends:
        above = _parent(parent, path, document, chain)
        descriptions.append(above.pop("description", ""))
        merged = _merge(merged, above)
    own = {k: v for k, v in document.data.items() if k not in ("extends", "overrides")}
    merged = _merge(merged, own)
    merged.setdefault("description", " ".join(d for d in descriptions if d))
    return _override(merged, profile.overrides, document)


def _parent(name: str, path: Path, document: Document, chain: tuple[Path, ...]) -> dict[str, Any]:
    places = (path.parent, *folders())
    found = find(name, places)
    if found is None:
        hint = did_you_mean(name, names(places))
        raise document.error("extends", name, f"a known profile{hint}")
    if found.resolve() in chain:
        cycle = [p.stem for p in (*chain[chain.index(found.resolve()) :], found)]
        raise document.error("extends", name, f"no cycle: {' -> '.join(cycle)}")
    return _resolved(found, chain)


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of both; mappings are merged, of anything else ``above`` wins."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = _merge(old, value) if both else value  # type: ignore[arg-type]
    return merged


def _override(
    data: dict[str, Any], overrides: Mapping[str, float | str], document: Document
) -> dict[str, Any]:
    lines: dict[str, int] = {}
    for dotted, value in overrides.items():
        *parents, last = dotted.split(".")
        if not parents or parents[0] not in LAYERS:
            raise document.error(
                f"overrides.{dotted}", None, f"a dotted key below {', '.join(LAYERS)}"
            )
        nested: dict[str, Any] = {last: value}
        for part in reversed(parents):
            nested = {part: nested}
        data = _merge(data, nested)
        lines[dotted] = document.lines[f"overrides.{dotted}"]
    validate(DriverProfile, Document(document.source, data, lines))
    return data
