"""The subjective log: objective and subjective scene side by side, around events."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hdsim.core.percept import Objects, Observation, Percepts, Relation
from hdsim.core.state import Bools, Ints, Roster
from hdsim.record.files import TableStream, names_array
from hdsim.record.schema import PERCEPTS

AROUND_S = 10.0
_FLUSH_ROWS = 16_384
_KEYS = ("tick", "time_s", "seen", "registered")
_RELATIONS = tuple(r.name.lower() for r in Relation)
_VALUES = {
    "x_m": "x",
    "y_m": "y",
    "yaw_rad": "yaw",
    "speed_mps": "speed",
    "accel_mps2": "accel",
    "length_m": "length",
    "width_m": "width",
    "lane_d_m": "d",
}


class PerceptLog:
    """Writes ``percepts/STEM.parquet``: drivers involved within 10 s of an event, before and after.

    The arrays of observations and percepts are kept by reference for 10 s; nobody may change them
    in place.

    Args:
        run_dir: The run directory.
        stem: File name of the scenario.
        roster: Who takes part.
        step_s: Length of a tick [s].
    """

    def __init__(self, run_dir: Path, stem: str, roster: Roster, step_s: float) -> None:
        self._names = roster.names
        self._ticks = round(AROUND_S / step_s)
        self._table = TableStream(run_dir / "percepts" / f"{stem}.parquet", PERCEPTS)
        self._waiting: list[dict[str, NDArray[Any]]] = []
        self._rows = 0
        self._past: deque[tuple[int, Observation, Percepts]] = deque(maxlen=self._ticks + 1)
        self._driver_of = np.full(len(roster), -1, dtype=np.int64)
        self._driver_of[roster.drivers] = np.arange(len(roster.drivers))
        self._row_of = roster.drivers
        self._until = np.full(len(roster.drivers), -1, dtype=np.int64)
        self._written = np.full(len(roster.drivers), -1, dtype=np.int64)

    def tick(self, tick: int, observation: Observation, percepts: Percepts) -> None:
        """Takes in one tick."""
        self._past.append((tick, observation, percepts))
        due = self._until >= tick
        if due.any():
            self._write(tick, observation, percepts, due)

    def involve(self, rows: Ints, tick: int) -> None:
        """Writes the last 10 s of the drivers among ``rows``, and the next 10 s as they come."""
        drivers = self._driver_of[rows[rows >= 0]]
        drivers = drivers[drivers >= 0]
        if not len(drivers):
            return
        chosen = np.zeros(len(self._until), dtype=bool)
        chosen[drivers] = True
        for past, observation, percepts in self._past:
            due = chosen & (self._written < past)
            if due.any():
                self._write(past, observation, percepts, due)
        self._until[chosen] = tick + self._ticks

    def _write(self, tick: int, observation: Observation, percepts: Percepts, due: Bools) -> None:
        self._written[due] = tick
        drivers = np.flatnonzero(due)
        n = len(self._names)
        true_slot = _slots(observation.objects, drivers, n)
        believed_slot = _slots(percepts.objects, drivers, n)
        which, actor = np.nonzero((true_slot >= 0) | (believed_slot >= 0))
        if not len(which):
            return
        driver = drivers[which]
        true_slot, believed_slot = true_slot[which, actor], believed_slot[which, actor]
        n_rows = len(which)
        piece = {
            "tick": np.full(n_rows, tick, dtype=np.int32),
            "time_s": np.full(n_rows, observation.time),
            "driver": self._row_of[driver],
            "object": actor,
            "seen": _flag(observation.objects, driver, true_slot),
            "registered": _flag(percepts.objects, driver, believed_slot),
        }
        for side, objects, slot in (
            ("", observation.objects, true_slot),
            ("believed_", percepts.objects, believed_slot),
        ):
            piece[f"{side}relation"] = objects.relation[driver, slot]
            for name, field in _VALUES.items():
                piece[side + name] = getattr(objects, field)[driver, slot]
        self._waiting.append(piece)
        self._rows += n_rows
        if self._rows >= _FLUSH_ROWS:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        whole = {
            name: np.concatenate([piece[name] for piece in self._waiting])
            for name in self._waiting[0]
        }
        out: dict[str, Any] = {}
        for name, kind in zip(PERCEPTS.names, PERCEPTS.types, strict=True):
            holds = whole["registered" if name.startswith("believed_") else "seen"]
            if name in ("driver", "object"):
                out[name] = names_array(whole[name], self._names)
            elif name.endswith("relation"):
                out[name] = names_array(np.where(holds, whole[name], -1), _RELATIONS)
            elif name in _KEYS:
                out[name] = pa.array(whole[name], kind)
            else:
                out[name] = pa.array(whole[name], kind, mask=~holds)
        self._table.write(out)
        self._waiting.clear()
        self._rows = 0

    def close(self) -> None:
        """Completes the file."""
        self._flush()
        self._table.close()

    def abandon(self) -> None:
        """Forgets the file."""
        self._table.abandon()


def _slots(objects: Objects, drivers: Ints, n: int) -> Ints:
    """Slot of each actor in each driver's list, -1 for none, shape (len(drivers), n)."""
    slots = np.full((len(drivers), n + 1), -1, dtype=np.int64)
    rows = objects.row[drivers]
    np.put_along_axis(
        slots,
        np.where(objects.seen[drivers] & (rows >= 0), rows, n),
        np.broadcast_to(np.arange(rows.shape[1]), rows.shape),
        axis=1,
    )
    return slots[:, :n]


def _flag(objects: Objects, driver: Ints, slot: Ints) -> Bools:
    return np.asarray((slot >= 0) & objects.seen[driver, slot])
