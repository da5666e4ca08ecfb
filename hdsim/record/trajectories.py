"""The objective log: states, decisions and what each driver believed of itself, every tick."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hdsim.core.command import Decisions, Reason
from hdsim.core.percept import Observation, OwnState, Percepts
from hdsim.core.state import Bools, Floats, Ints, Roster, SignalState, State
from hdsim.record.files import TableStream, names_array
from hdsim.record.schema import SIGNALS, TRAJECTORIES

_CHUNK_TICKS = 512
_REASONS = tuple(r.name.lower() for r in Reason)
_LIGHTS = tuple(s.name.lower() for s in SignalState)

# Column to field of State, all actors.
_STATE = {
    "present": "present",
    "x_m": "x",
    "y_m": "y",
    "yaw_rad": "yaw",
    "vx_mps": "vx",
    "vy_mps": "vy",
    "speed_mps": "speed",
    "accel_mps2": "accel",
    "yaw_rate_radps": "yaw_rate",
    "lane": "lane",
    "lane_s_m": "s",
    "lane_d_m": "d",
}
_DECISION = {
    "wanted_accel_mps2": "accel",
    "wanted_steer_rad": "steer",
    "indicator": "indicator",
    "change": "change",
    "hold": "hold",
}
_BELIEVED_OWN = {
    "believed_speed_mps": "speed",
    "believed_limit_factor": "limit_factor",
    "believed_d_m": "d",
    "believed_heading_error_rad": "heading_error",
}
_NAMES = {
    "reason": _REASONS,
    "signal_state": _LIGHTS,
    "believed_signal_state": _LIGHTS,
}


def believed_lead_gap(percepts: Percepts, lead: Ints) -> Floats:
    """Gap to the lead as the driver sees it [m], bumper to bumper along its own heading.

    Args:
        percepts: What each driver believes.
        lead: Actor row of each driver's lead, -1 for none, shape (D,).

    Returns:
        Shape (D,); NaN without a registered lead.
    """
    objects = percepts.objects
    match = (objects.row == lead[:, None]) & objects.seen & (lead >= 0)[:, None]
    slot = match.argmax(axis=1)[:, None]
    x, y, length = (
        np.take_along_axis(a, slot, axis=1)[:, 0] for a in (objects.x, objects.y, objects.length)
    )
    return np.where(match.any(axis=1), _gap(percepts.own, x, y, length), np.nan)


def _gap(own: OwnState, x: Floats, y: Floats, length: Floats) -> Floats:
    ahead = (x - own.x) * np.cos(own.yaw) + (y - own.y) * np.sin(own.yaw)
    return np.asarray(ahead - 0.5 * (own.length + length))


class TrajectoryLog:
    """Writes ``trajectories/STEM.parquet`` and ``signals/STEM.parquet``.

    Args:
        run_dir: The run directory.
        stem: File name of the scenario.
        roster: Who takes part.
        signal_ids: Ids of the map's signals, in the order of ``State.signals``.
    """

    def __init__(
        self, run_dir: Path, stem: str, roster: Roster, signal_ids: tuple[str, ...]
    ) -> None:
        self._roster = roster
        self._signal_ids = signal_ids
        self._table = TableStream(run_dir / "trajectories" / f"{stem}.parquet", TRAJECTORIES)
        self._signals = TableStream(run_dir / "signals" / f"{stem}.parquet", SIGNALS)
        self._last_signals: NDArray[np.uint8] | None = None
        self._columns: dict[str, NDArray[Any]] = {}
        self._decided = np.zeros(_CHUNK_TICKS, dtype=bool)
        for name, kind in zip(TRAJECTORIES.names, TRAJECTORIES.types, strict=True):
            width = len(roster) if name in _STATE or name == "moved" else len(roster.drivers)
            width = 1 if name in ("tick", "time_s") else width
            dtype = np.int32 if pa.types.is_dictionary(kind) else kind.to_pandas_dtype()
            self._columns[name] = np.zeros((_CHUNK_TICKS, width), dtype=dtype)
        self._filled = 0

    def tick(
        self,
        tick: int,
        state: State,
        moved: Bools | None = None,
        decisions: Decisions | None = None,
        observation: Observation | None = None,
        percepts: Percepts | None = None,
    ) -> None:
        """Appends one tick; the last three together or not at all."""
        i, columns = self._filled, self._columns
        columns["tick"][i, 0] = tick
        columns["time_s"][i, 0] = state.time
        columns["moved"][i] = False if moved is None else moved
        for name, field in _STATE.items():
            columns[name][i] = getattr(state, field)
        self._decided[i] = decisions is not None
        if decisions is not None and observation is not None and percepts is not None:
            self._beliefs(i, state, decisions, observation, percepts)
        self._lights(tick, state)
        self._filled += 1
        if self._filled == _CHUNK_TICKS:
            self._flush()

    def _beliefs(
        self,
        i: int,
        state: State,
        decisions: Decisions,
        observation: Observation,
        percepts: Percepts,
    ) -> None:
        columns, roster = self._columns, self._roster
        for name, field in _DECISION.items():
            columns[name][i] = getattr(decisions, field)
        columns["reason"][i] = decisions.reason
        columns["lead"][i] = decisions.lead
        for name, field in _BELIEVED_OWN.items():
            columns[name][i] = getattr(percepts.own, field)
        lead = np.maximum(decisions.lead, 0)
        true_gap = _gap(observation.own, state.x[lead], state.y[lead], roster.length[lead])
        columns["lead_gap_m"][i] = np.where(decisions.lead >= 0, true_gap, np.nan)
        columns["believed_lead_gap_m"][i] = believed_lead_gap(percepts, decisions.lead)
        columns["signal"][i] = observation.signal.index
        columns["signal_state"][i] = observation.signal.state
        columns["believed_signal_state"][i] = percepts.signal.state
        columns["signal_distance_m"][i] = observation.signal.distance
        columns["believed_signal_distance_m"][i] = percepts.signal.distance

    def _lights(self, tick: int, state: State) -> None:
        """Writes the signals that changed; all of them at the first tick."""
        last = self._last_signals
        if last is not None and np.array_equal(last, state.signals):
            return
        changed = np.arange(len(state.signals)) if last is None else state.signals != last
        index = np.arange(len(state.signals))[changed]
        self._last_signals = state.signals.copy()
        self._signals.write(
            {
                "tick": pa.array(np.full(len(index), tick, dtype=np.int32)),
                "time_s": pa.array(np.full(len(index), state.time)),
                "signal": pa.array(index.astype(np.int32)),
                "id": pa.array([self._signal_ids[k] for k in index], pa.string()),
                "state": names_array(state.signals[index], _LIGHTS),
            }
        )

    def _flush(self) -> None:
        rows, n, names = self._filled, len(self._roster), self._roster.names
        if rows == 0:
            return
        out: dict[str, pa.Array] = {}
        undecided = np.ones((rows, n), dtype=bool)
        undecided[:, self._roster.drivers] = ~self._decided[:rows, None]
        for name, kind in zip(TRAJECTORIES.names, TRAJECTORIES.types, strict=True):
            values = self._columns[name][:rows]
            if name in ("tick", "time_s"):
                out[name] = pa.array(np.repeat(values[:, 0], n))
            elif name == "actor":
                out[name] = names_array(np.tile(np.arange(n), rows), names)
            elif name in _STATE or name == "moved":
                # A copy: arrow would keep a view of the buffer that the next ticks overwrite.
                out[name] = pa.array(values.flatten(), kind)
            else:
                wide = np.zeros((rows, n), dtype=values.dtype)
                wide[:, self._roster.drivers] = values
                if pa.types.is_dictionary(kind):
                    codes = np.where(undecided, -1, wide)
                    out[name] = names_array(codes, _NAMES.get(name, names))
                else:
                    mask = undecided
                    if values.dtype.kind == "f":
                        mask = undecided | ~np.isfinite(wide)
                    out[name] = pa.array(wide.ravel(), kind, mask=mask.ravel())
        self._table.write(out)
        self._filled = 0

    def close(self) -> None:
        """Completes both files."""
        self._flush()
        self._table.close()
        self._signals.close()

    def abandon(self) -> None:
        """Forgets both files."""
        self._table.abandon()
        self._signals.abandon()
