"""What the parent of a batch writes: the manifest and the tables over all scenarios."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from platform import platform, python_version
from typing import Any

import pyarrow as pa

from hdsim import __version__
from hdsim.core.errors import InputError
from hdsim.record.files import plain, to_json, write_table, write_text
from hdsim.record.log import part_path
from hdsim.record.schema import EVENTS, SCENARIOS, SCHEMA_VERSION, Status

_PACKAGES = ("carla", "numpy", "scipy", "networkx", "shapely", "pydantic", "pyarrow", "openai")


def environment() -> dict[str, Any]:
    """Versions of everything a result may depend on."""
    packages: dict[str, str | None] = {}
    for name in _PACKAGES:
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            packages[name] = None
    return {
        "hdsim": __version__,
        "python": python_version(),
        "platform": platform(),
        "packages": packages,
    }


class RunWriter:
    """The run directory as a batch fills it.

    Tables are rewritten whole after each scenario, so that a killed batch leaves what it finished.

    Args:
        run_dir: Created; must be new or empty.
        manifest: What the caller knows of the run: name, command, source text, resolved inputs
            (profiles, hashes). Schema and versions are added.
        tasks: All scenarios in order, as JSON-like mappings with an ``id``.

    Raises:
        InputError: If the directory holds something already.
    """

    def __init__(
        self,
        run_dir: Path,
        manifest: Mapping[str, Any],
        tasks: Sequence[Mapping[str, Any]],
    ) -> None:
        if run_dir.exists() and (not run_dir.is_dir() or any(run_dir.iterdir())):
            raise InputError(str(run_dir), expected="a new or empty directory for the run")
        run_dir.mkdir(parents=True, exist_ok=True)
        self.run_dir = run_dir
        self._manifest = {
            "schema": SCHEMA_VERSION,
            "environment": environment(),
            **manifest,
            "finished": False,
            "tasks": list(tasks),
        }
        self._order = {task["id"]: i for i, task in enumerate(tasks)}
        self._tasks = {task["id"]: task for task in tasks}
        self._rows: dict[str, dict[str, Any]] = {}
        self._events: dict[str, list[dict[str, Any]]] = {}
        self._failures: dict[str, list[dict[str, Any]]] = {}
        self._write_manifest()
        self._write_tables()

    def add_guidance(self, profile: str, schedule_json: str) -> None:
        """Keeps the compiled schedule of a profile, so that a replay needs no LLM."""
        write_text(self.run_dir / "guidance" / f"{profile}.json", schedule_json)

    def collect(self, scenario: str, attempts: int = 1) -> dict[str, Any]:
        """Takes over a scenario that a worker finished; returns its row.

        Raises:
            FileNotFoundError: If the worker left no finished log.
        """
        path = part_path(self.run_dir, scenario.replace("/", "__"))
        part = json.loads(path.read_text(encoding="utf-8"))
        self._rows[scenario] = {**part["row"], "attempts": attempts}
        self._events[scenario] = part["events"]
        self._failures[scenario] = part["failures"]
        self._write_tables()
        path.unlink()
        return self._rows[scenario]

    def infrastructure(
        self, scenario: str, status: Status, detail: str, attempts: int = 1
    ) -> dict[str, Any]:
        """Records that a scenario gave no result, and why; returns its row."""
        if status.is_result:
            raise ValueError(f"{status} is a result, not an infrastructure status")
        task = self._tasks[scenario]
        self._rows[scenario] = {
            "scenario": scenario,
            "map": task.get("map"),
            "route": task.get("route_label"),
            "mix": task.get("mix_label"),
            "agent": task.get("agent"),
            "seed": task.get("seed"),
            "status": str(status),
            "status_detail": detail,
            "attempts": attempts,
        }
        self._events[scenario], self._failures[scenario] = [], []
        self._write_tables()
        return self._rows[scenario]

    def close(self, **facts: Any) -> None:
        """Marks the run as finished; ``facts`` (such as wall time) join the manifest."""
        self._manifest.update(facts, finished=True)
        self._write_manifest()
        parts = self.run_dir / "parts"
        if parts.is_dir() and not any(parts.iterdir()):
            parts.rmdir()

    def _write_manifest(self) -> None:
        text = json.dumps(plain(self._manifest), indent=2, allow_nan=False)
        write_text(self.run_dir / "run.json", text + "\n")

    def _write_tables(self) -> None:
        done = sorted(self._rows, key=self._order.__getitem__)
        rows = [self._rows[s] for s in done]
        events = [e for s in done for e in self._events[s]]
        failures = [to_json(f) + "\n" for s in done for f in self._failures[s]]
        write_table(
            self.run_dir / "scenarios.parquet", pa.Table.from_pylist(rows, schema=SCENARIOS)
        )
        write_table(self.run_dir / "events.parquet", pa.Table.from_pylist(events, schema=EVENTS))
        write_text(self.run_dir / "failures.jsonl", "".join(failures))
