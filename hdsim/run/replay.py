"""Runs again what a run recorded: one failure, or everything, and says whether it is the same."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hdsim.core.errors import InfrastructureError, InputError
from hdsim.record.compare import Difference, first_difference
from hdsim.record.run import Run
from hdsim.record.writer import RunWriter
from hdsim.run.batch import scenario_job, status_of
from hdsim.run.inputs import map_digest, recorded_guidance
from hdsim.run.pool import run_jobs
from hdsim.run.worker import Address
from hdsim.scenario.task import ScenarioTask

# A replay goes on for so long behind the failure [s].
_AFTER_S = 3.0
Progress = Callable[[Mapping[str, Mapping[str, Any]]], None]


@dataclass(frozen=True, slots=True)
class Replay:
    """What running a failure's scenario again showed.

    Attributes:
        failure: The recorded failure.
        again: The same failure as it happened now; ``None`` if it did not.
        folder: Run directory of the replay.
    """

    failure: Mapping[str, Any]
    again: Mapping[str, Any] | None
    folder: Path

    @property
    def same(self) -> bool:
        """Whether it is the same failure at the same tick."""
        return self.again is not None and self.again["tick"] == self.failure["tick"]


def replay_failure(
    run: Run,
    failure_id: str,
    folder: Path,
    address: Address = None,
    on_progress: Progress | None = None,
) -> Replay:
    """Runs a failure's scenario again, with the recorded guidance, until just after it.

    Args:
        run: The run that found it.
        failure_id: Its id, or enough of it.
        folder: New or empty; becomes a run directory of its own.
        address: A running server; ``None`` starts an embedded one.
        on_progress: Called with heartbeats.

    Raises:
        InputError: If there is no such failure, or an input has changed since.
        InfrastructureError: If the scenario did not run.
    """
    failure = run.failure(failure_id)
    task = recorded_task(run, failure["scenario"])
    last_tick = max(failure["tick"], failure["end_tick"]) + round(_AFTER_S / task.step_s)
    _again(run, [task], folder, address, on_progress, last_tick)
    found = [f for f in Run.open(folder).failures if f["id"] == failure["id"]]
    return Replay(failure, found[0] if found else None, folder)


def verify(
    run: Run,
    scenarios: Sequence[str],
    workers: int = 1,
    address: Address = None,
    on_progress: Progress | None = None,
) -> Iterator[tuple[str, Difference | str | None]]:
    """Runs scenarios again and compares every tick.

    Args:
        run: The run.
        scenarios: Ids; all with a result when empty.
        workers: Scenarios at a time.
        address: A running server; ``None`` starts embedded ones.
        on_progress: Called with heartbeats.

    Yields:
        Id of each scenario with its first difference, what kept it from running, or ``None``
        when everything is the same.
    """
    finished = [r["scenario"] for r in run.scenarios.to_pylist() if r["hash"] is not None]
    chosen = [run.task(name)["id"] for name in scenarios] or finished
    with tempfile.TemporaryDirectory() as folder:
        tasks = [recorded_task(run, name) for name in chosen]
        _again(run, tasks, Path(folder) / "again", address, on_progress, workers=workers)
        again = Run.open(Path(folder) / "again")
        rows = {r["scenario"]: r for r in again.scenarios.to_pylist()}
        for name in chosen:
            if name not in finished:
                yield name, "the run has no log of it"
            elif rows[name]["hash"] is None:
                yield name, f"{rows[name]['status']}: {rows[name]['status_detail']}"
            else:
                yield name, first_difference(run, again, name)


def recorded_task(run: Run, scenario: str) -> ScenarioTask:
    """A scenario's complete inputs as the run recorded them.

    Raises:
        InputError: If the run has no such scenario, or its map has changed since.
    """
    task = ScenarioTask.model_validate(run.task(scenario))
    recorded = run.manifest["maps"].get(task.map)
    if recorded is not None and recorded != map_digest(task):
        raise InputError(
            str(run.path / "run.json"), "maps", task.map, "the map that the run was made on"
        )
    return task


def _again(
    run: Run,
    tasks: Sequence[ScenarioTask],
    folder: Path,
    address: Address,
    on_progress: Progress | None,
    last_tick: int | None = None,
    workers: int = 1,
) -> None:
    """Runs tasks with recorded guidance into a run directory of their own."""
    manifest = {
        "name": f"again: {run.manifest['name']}",
        "source": str(run.path),
        "maps": run.manifest["maps"],
    }
    writer = RunWriter(folder, manifest, [task.model_dump(mode="json") for task in tasks])
    live = folder / ".live"
    jobs = []
    for task in tasks:
        schedules = recorded_guidance(run, task)
        for name, schedule in schedules.items():
            writer.add_guidance(name, schedule.to_json())
        jobs.append(scenario_job(task, schedules, folder, str(run.path), live, address, last_tick))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, live, ignore_errors=True)
        stack.callback(writer.close)
        for end in run_jobs(jobs, live, workers, 120.0, on_progress):
            if end.kind == "done":
                writer.collect(end.job.name, end.attempts)
            elif len(tasks) == 1:
                raise InfrastructureError(f"{end.job.name}: {end.kind}: {end.error}")
            else:
                status, detail = status_of(end)
                writer.infrastructure(end.job.name, status, detail, end.attempts)
