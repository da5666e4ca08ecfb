"""Reading a run directory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hdsim.core.errors import InputError, did_you_mean
from hdsim.core.state import Roster
from hdsim.record.schema import SCHEMA_VERSION


@dataclass(frozen=True)
class Run:
    """A run directory; tables are read when asked for.

    Attributes:
        path: The directory.
        manifest: ``run.json``.
    """

    path: Path
    manifest: Mapping[str, Any]

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """Opens a run.

        Raises:
            InputError: If it is no run directory, or of another schema version.
        """
        path = Path(path)
        try:
            manifest = json.loads((path / "run.json").read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError) as error:
            raise InputError(str(path), expected=f"a run directory ({error})") from error
        if manifest.get("schema") != SCHEMA_VERSION:
            raise InputError(
                str(path / "run.json"), "schema", manifest.get("schema"), str(SCHEMA_VERSION)
            )
        return cls(path, manifest)

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """The scenarios that were asked for, complete with every input."""
        return list(self.manifest["tasks"])

    def task(self, scenario: str) -> dict[str, Any]:
        """One scenario's inputs.

        Raises:
            InputError: If the run has no such scenario.
        """
        for task in self.tasks:
            if task["id"] == scenario:
                return task
        hint = did_you_mean(scenario, [t["id"] for t in self.tasks])
        raise InputError(str(self.path), "scenario", scenario, f"a scenario of the run{hint}")

    @cached_property
    def scenarios(self) -> pa.Table:
        """One row per scenario that ended, ``schema.SCENARIOS``."""
        return pq.read_table(self.path / "scenarios.parquet")

    @cached_property
    def events(self) -> pa.Table:
        """All events, ``schema.EVENTS``."""
        return pq.read_table(self.path / "events.parquet")

    @cached_property
    def failures(self) -> list[dict[str, Any]]:
        """All failure records, in order of scenarios."""
        text = (self.path / "failures.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def failure(self, name: str) -> dict[str, Any]:
        """A failure by its id, or by a part of the id that no other has.

        Raises:
            InputError: If there is none, or more than one.
        """
        exact = [f for f in self.failures if f["id"] == name]
        found = exact or [f for f in self.failures if name in f["id"]]
        if len(found) == 1:
            return found[0]
        ids = [f["id"] for f in self.failures]
        if found:
            expected = f"one failure, {len(found)} match: " + ", ".join(f["id"] for f in found[:5])
        else:
            expected = "a failure of the run" + (did_you_mean(name, ids) or f", it has {len(ids)}")
        raise InputError(str(self.path), "failure", name, expected)

    def trajectory(self, scenario: str, ticks: tuple[int, int] | None = None) -> pa.Table:
        """Objective log, ``schema.TRAJECTORIES``; ``ticks`` (first, last) narrows it."""
        return self._table("trajectories", scenario, ticks)

    def percepts(self, scenario: str, ticks: tuple[int, int] | None = None) -> pa.Table:
        """Subjective log around events, ``schema.PERCEPTS``."""
        return self._table("percepts", scenario, ticks)

    def signals(self, scenario: str) -> pa.Table:
        """Signal states when they changed, ``schema.SIGNALS``."""
        return self._table("signals", scenario, None)

    def hashes(self, scenario: str) -> pa.Table:
        """A digest per tick, ``schema.HASHES``."""
        return self._table("hashes", scenario, None)

    def roster(self, scenario: str) -> Roster:
        """Who took part."""
        table = self._table("actors", scenario, None)
        column = {name: table.column(name).to_numpy() for name in table.column_names}
        names = tuple(column["actor"])
        # Runs from before there were walkers do not tell kinds: all are vehicles.
        kind = column.get("kind", np.full(len(names), "vehicle"))
        return Roster(
            names=names,
            styles=tuple(column["style"]),
            length=column["length_m"],
            width=column["width_m"],
            wheelbase=column["wheelbase_m"],
            drivers=np.flatnonzero(column["driver"].astype(bool)),
            walkers=np.flatnonzero(kind == "walker"),
            cyclists=np.flatnonzero(kind == "bicycle"),
        )

    def schedule_json(self, profile: str) -> str:
        """The compiled guidance of a profile, as it was recorded.

        Raises:
            InputError: If the run has none for this profile.
        """
        path = self.path / "guidance" / f"{profile}.json"
        try:
            return path.read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(str(path), expected="the run's recorded guidance") from error

    def _table(self, kind: str, scenario: str, ticks: tuple[int, int] | None) -> pa.Table:
        self.task(scenario)
        path = self.path / kind / f"{scenario.replace('/', '__')}.parquet"
        if not path.is_file():
            raise InputError(str(path), expected="a finished scenario; it has no log")
        if ticks is None:
            return pq.read_table(path)
        where = (pc.field("tick") >= ticks[0]) & (pc.field("tick") <= ticks[1])
        return pq.read_table(path, filters=where)
