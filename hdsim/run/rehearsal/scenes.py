"""Recorded scenes: a few seconds of a run each, in one file, to try perception programs on.

The file that HDSim brings along holds normal drivers in the built-in town; ``hdsim guidance
record-scenes`` makes one of any run.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdsim.core.errors import InputError
from hdsim.core.state import Bools, Floats, Roster, State
from hdsim.road.cache import load_lane_graph
from hdsim.road.lanes import LaneGraph
from hdsim.road.maps import find_map
from hdsim.road.states import StateBuilder

OWN_SCENES = Path(__file__).with_name("scenes.npz")
_VERSION = 1
MOTION = ("x", "y", "yaw", "vx", "vy")


@dataclass(frozen=True, slots=True)
class Scenes:
    """Recorded motion of the same vehicles at several times of a drive.

    Attributes:
        map: Name or path of the map.
        digest: SHA-256 of its OpenDRIVE text.
        step_s: Length of a tick [s].
        names: Stable names, shape (n,).
        length: Of the vehicles [m], shape (n,).
        width: As length.
        wheelbase: As length.
        x: Positions [m], float32, shape (scenes, ticks, n), as the four that follow.
        y: As x.
        yaw: [rad].
        vx: [m/s].
        vy: [m/s].
        present: Who is there, (scenes, ticks, n).
        moved: Who was put elsewhere since the tick before, (scenes, ticks, n).
        signals: Signal states, uint8, (scenes, ticks, signals of the map).
    """

    map: str
    digest: str
    step_s: float
    names: NDArray[np.str_]
    length: Floats
    width: Floats
    wheelbase: Floats
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    yaw: NDArray[np.float32]
    vx: NDArray[np.float32]
    vy: NDArray[np.float32]
    present: Bools
    moved: Bools
    signals: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.x)

    def graph(self) -> LaneGraph:
        """The lane graph of the map.

        Raises:
            InputError: If the map is not found, or is another than the scenes were recorded on.
        """
        source = find_map(self.map, "scenes")
        if hashlib.sha256(source.xodr.encode()).hexdigest() != self.digest:
            expected = "the map on which the scenes were recorded; record them anew"
            raise InputError("scenes", "map", self.map, expected)
        return load_lane_graph(source.name, source.xodr)

    def roster(self) -> Roster:
        """The vehicles; every second one has a driver whose eyes are looked through."""
        n = len(self.names)
        return Roster(
            names=tuple(self.names.tolist()),
            styles=("",) * n,
            length=self.length,
            width=self.width,
            wheelbase=self.wheelbase,
            drivers=np.arange(0, n, 2),
        )

    def states(self, graph: LaneGraph, scene: int) -> Iterator[tuple[State, Bools]]:
        """Each tick's state from time 0, and which vehicles were put elsewhere before it."""
        builder = StateBuilder(graph, self.step_s)
        for tick in range(self.x.shape[1]):
            x, y, yaw, vx, vy = (
                getattr(self, name)[scene, tick].astype(np.float64) for name in MOTION
            )
            moved = self.moved[scene, tick]
            yield (
                builder.build(
                    tick,
                    tick * self.step_s,
                    x,
                    y,
                    yaw,
                    vx,
                    vy,
                    self.present[scene, tick],
                    self.signals[scene, tick],
                    moved,
                ),
                moved,
            )


def save(scenes: Scenes, path: Path) -> None:
    """Writes scenes to a file, whole or not at all."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        values = {f.name: getattr(scenes, f.name) for f in fields(Scenes)}
        np.savez_compressed(file, version=_VERSION, **values)
    os.replace(part, path)


def load(path: Path = OWN_SCENES) -> Scenes:
    """Scenes from a file.

    Raises:
        InputError: If it is none.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            if int(data["version"]) != _VERSION:
                raise InputError(str(path), "version", int(data["version"]), str(_VERSION))
            values: dict[str, Any] = {f.name: data[f.name] for f in fields(Scenes)}
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(str(path), expected=f"a file of recorded scenes ({error})") from None
    values["map"], values["digest"] = str(values["map"]), str(values["digest"])
    values["step_s"] = float(values["step_s"])
    return Scenes(**values)
