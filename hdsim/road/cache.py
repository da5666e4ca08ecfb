"""Road data kept on disk by content, because a worker needs it before its first tick."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import itertools
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from hdsim.core.state import Ints
from hdsim.road.build import lane_graph
from hdsim.road.crosswalks import Crosswalk
from hdsim.road.furniture import RoadFurniture, Sidewalk, Sign, road_furniture
from hdsim.road.lanes import Conflicts, LaneGraph, Signal
from hdsim.road.signs import SignKind

# Part of the cache key: raise it whenever the builder's answer for the same text changes.
BUILDER_VERSION = 5

# What numpy, zip and json say to a missing, truncated or foreign file.
_UNREADABLE = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error)
_RAGGED = ("successors", "predecessors")
_GRAPH_FIELDS = [f.name for f in dataclasses.fields(LaneGraph) if f.init]
_CONFLICT_FIELDS = [f.name for f in dataclasses.fields(Conflicts)]


def cache_dir() -> Path:
    """``$HDSIM_CACHE``, else ``~/.cache/hdsim``."""
    return Path(os.environ.get("HDSIM_CACHE") or Path.home() / ".cache" / "hdsim")


def load_lane_graph(name: str, xodr: str) -> LaneGraph:
    """The lane graph of a map, built once per (text, builder version) and then read from disk.

    A cache file that cannot be read is built anew, and a folder that cannot be written leaves the
    graph uncached: neither changes the answer.

    Raises:
        InputError: As ``lane_graph``.
    """
    path = cache_dir() / "lane-graphs" / f"{_digest(xodr)}.npz"
    with contextlib.suppress(*_UNREADABLE):
        return _read(path, name)
    graph = lane_graph(name, xodr)
    with contextlib.suppress(OSError):
        _write(path, lambda file: np.savez_compressed(file, **_arrays(graph)))
    return graph


def load_furniture(xodr: str, graph: LaneGraph) -> RoadFurniture:
    """The furniture of a map, cached like its lane graph.

    Args:
        xodr: OpenDRIVE text.
        graph: Its lane graph, to which lane numbers refer.
    """
    path = cache_dir() / "furniture" / f"{_digest(xodr)}.json"
    with contextlib.suppress(*_UNREADABLE):
        return _furniture(json.loads(path.read_text(encoding="utf-8")))
    furniture = road_furniture(xodr, graph)
    text = json.dumps(dataclasses.asdict(furniture), default=np.ndarray.tolist)
    with contextlib.suppress(OSError):
        _write(path, lambda file: file.write(text.encode()))
    return furniture


def _digest(xodr: str) -> str:
    return hashlib.sha256(f"{BUILDER_VERSION}\n{xodr}".encode()).hexdigest()[:32]


def _furniture(data: dict[str, Any]) -> RoadFurniture:
    def sign(kind: str, lanes: list[int], places: list[list[Any]], **more: Any) -> Sign:
        return Sign(
            kind=SignKind(kind),
            lanes=tuple(lanes),
            places=tuple((int(lane), float(s)) for lane, s in places),
            **more,
        )

    return RoadFurniture(
        signs=tuple(sign(**s) for s in data["signs"]),
        crosswalks=tuple(
            Crosswalk(**{**c, "outline": np.array(c["outline"])}) for c in data["crosswalks"]
        ),
        sidewalks=tuple(
            Sidewalk(**{**w, "left": np.array(w["left"]), "right": np.array(w["right"])})
            for w in data["sidewalks"]
        ),
    )


def _arrays(graph: LaneGraph) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    for field in _GRAPH_FIELDS:
        value = getattr(graph, field)
        if isinstance(value, np.ndarray):
            arrays[field] = value
    for field in _RAGGED:
        arrays[f"{field}.start"], arrays[f"{field}.flat"] = _flatten(getattr(graph, field))
    for field in _CONFLICT_FIELDS:
        arrays[f"conflicts.{field}"] = getattr(graph.conflicts, field)
    signals = json.dumps([dataclasses.asdict(s) for s in graph.signals])
    arrays["signals"] = np.frombuffer(signals.encode(), dtype=np.uint8)
    return arrays


def _write(path: Path, put: Callable[[BinaryIO], object]) -> None:
    """Writes a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            put(file)
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise


def _read(path: Path, name: str) -> LaneGraph:
    with np.load(path, allow_pickle=False) as file:
        a = dict(file.items())
    fields: dict[str, Any] = {f: a[f] for f in _GRAPH_FIELDS if f in a and f != "signals"}
    for field in _RAGGED:
        fields[field] = _unflatten(a[f"{field}.start"], a[f"{field}.flat"])
    fields["conflicts"] = Conflicts(**{f: a[f"conflicts.{f}"] for f in _CONFLICT_FIELDS})
    fields["signals"] = tuple(
        Signal(**{**s, "lanes": tuple(s["lanes"])}) for s in json.loads(a["signals"].tobytes())
    )
    return LaneGraph(name=name, **fields)


def _flatten(rows: tuple[tuple[int, ...], ...]) -> tuple[Ints, Ints]:
    start = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    return start, np.array([j for row in rows for j in row], dtype=np.int64)


def _unflatten(start: Ints, flat: Ints) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(flat[a:b].tolist()) for a, b in itertools.pairwise(start))
