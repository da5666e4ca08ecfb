"""What a worker writes: the log of one scenario, complete or not there at all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa

from hdsim.core.command import Decisions
from hdsim.core.percept import Observation, Percepts
from hdsim.core.state import Bools, Ints, Roster, State
from hdsim.events.event import Event
from hdsim.record.files import TableStream, to_json, write_table, write_text
from hdsim.record.hashing import StateHasher
from hdsim.record.percepts import PerceptLog
from hdsim.record.schema import ACTORS, HASHES, SCENARIOS
from hdsim.record.trajectories import TrajectoryLog


def part_path(run_dir: Path, stem: str) -> Path:
    """Where a finished scenario leaves its rows for the batch's tables."""
    return run_dir / "parts" / f"{stem}.json"


class ScenarioLog:
    """The log of one scenario while it runs.

    Use it as a context manager: leaving it by an exception, or without ``finish``, removes what
    was written. A killed process leaves drafts (hidden files) that no reader looks at.

    Args:
        run_dir: The run directory.
        scenario: Id of the scenario.
        roster: Who takes part.
        step_s: Length of a tick [s].
        signal_ids: Ids of the map's signals, in the order of ``State.signals``.
    """

    def __init__(
        self,
        run_dir: Path,
        scenario: str,
        roster: Roster,
        step_s: float,
        signal_ids: tuple[str, ...] = (),
    ) -> None:
        stem = scenario.replace("/", "__")
        self._scenario, self._roster = scenario, roster
        self._actors = run_dir / "actors" / f"{stem}.parquet"
        self._part = part_path(run_dir, stem)
        self._part.unlink(missing_ok=True)
        self._hasher = StateHasher()
        self._events: list[Event] = []
        self._trajectories = TrajectoryLog(run_dir, stem, roster, signal_ids)
        self._percepts = PerceptLog(run_dir, stem, roster, step_s)
        self._hashes = TableStream(run_dir / "hashes" / f"{stem}.parquet", HASHES)
        self._digests: list[tuple[int, bytes]] = []
        self._open = True

    @property
    def hash(self) -> str:
        """The scenario's hash so far."""
        return self._hasher.hexdigest()

    @property
    def events(self) -> tuple[Event, ...]:
        """Events so far."""
        return tuple(self._events)

    def tick(
        self,
        tick: int,
        state: State,
        moved: Bools | None = None,
        decisions: Decisions | None = None,
        observation: Observation | None = None,
        percepts: Percepts | None = None,
    ) -> None:
        """Records one tick.

        Args:
            tick: Counted from the scenario's start.
            state: The world at this tick.
            moved: Rows that were put elsewhere since the last tick, shape (n,).
            decisions: What the drivers decide on it; with ``observation`` and ``percepts``, or
                ``None`` for all three when HDSim drives nobody.
            observation: What there was to see; its arrays must not change afterwards.
            percepts: What the drivers saw; as ``observation``.
        """
        self._digests.append((tick, self._hasher.tick(tick, state, decisions)))
        self._trajectories.tick(tick, state, moved, decisions, observation, percepts)
        if observation is not None and percepts is not None:
            self._percepts.tick(tick, observation, percepts)

    def event(self, event: Event, tick: int) -> None:
        """Records an event reported at ``tick`` (which may be later than the event's own)."""
        self._hasher.event(event)
        self._events.append(event)
        self._percepts.involve(np.array([event.a, event.b]), tick)

    def involve(self, rows: Ints, tick: int) -> None:
        """Keeps the percepts of the drivers among ``rows`` 10 s around ``tick``."""
        self._percepts.involve(rows, tick)

    def finish(self, row: Mapping[str, Any], failures: Sequence[Mapping[str, Any]]) -> None:
        """Completes the scenario: afterwards it is all there.

        Args:
            row: Values for ``SCENARIOS``; columns left out become null. ``scenario`` and ``hash``
                are filled in here.
            failures: Failure records.
        """
        unknown = sorted(set(row) - set(SCENARIOS.names))
        if unknown:
            raise ValueError(f"no such columns in SCENARIOS: {unknown}")
        self._trajectories.close()
        self._percepts.close()
        if self._digests:
            ticks, digests = zip(*self._digests, strict=True)
            kinds = HASHES.types
            self._hashes.write(
                {"tick": pa.array(ticks, kinds[0]), "digest": pa.array(digests, kinds[1])}
            )
        self._hashes.close()
        write_table(self._actors, actors_table(self._roster))
        part = {
            "row": {**row, "scenario": self._scenario, "hash": self.hash},
            "events": [event_row(self._scenario, e, self._roster) for e in self._events],
            "failures": list(failures),
        }
        write_text(self._part, to_json(part))
        self._open = False

    def __enter__(self) -> ScenarioLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._open:
            for table in (self._trajectories, self._percepts, self._hashes):
                table.abandon()
            self._open = False


def actors_table(roster: Roster) -> pa.Table:
    """The roster as ``ACTORS``."""
    driven = np.zeros(len(roster), dtype=bool)
    driven[roster.drivers] = True
    kinds = np.full(len(roster), "vehicle")
    kinds[roster.walkers] = "walker"
    kinds[roster.cyclists] = "bicycle"
    columns = [
        roster.names, kinds, roster.styles, driven, roster.length, roster.width, roster.wheelbase,
    ]  # fmt: skip
    return pa.Table.from_arrays(
        [pa.array(c, kind) for c, kind in zip(columns, ACTORS.types, strict=True)], schema=ACTORS
    )


def event_row(scenario: str, event: Event, roster: Roster) -> dict[str, Any]:
    """An event as a row of ``EVENTS``."""
    return {
        "scenario": scenario,
        "kind": str(event.kind),
        "tick": event.tick,
        "time_s": event.time,
        "end_tick": event.end_tick,
        "actor": roster.names[event.a],
        "other": roster.names[event.b] if event.b >= 0 else None,
        "with_ego": roster.ego in (event.a, event.b),
        "value": event.value,
        "measure": event.measure,
        "details_json": json.dumps(json.loads(to_json(event.details)), sort_keys=True),
    }
