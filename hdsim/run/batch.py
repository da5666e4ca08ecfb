"""A batch: guidance first, then every ego's routes in an empty town, then all scenarios."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hdsim.core.errors import InfrastructureError, InputError
from hdsim.guidance.schedule import Mode, Schedule
from hdsim.record.schema import Status
from hdsim.record.writer import RunWriter
from hdsim.run.inputs import compile_guidance, map_digest, resolve, styles
from hdsim.run.pool import Ended, Heartbeat, Job, heartbeat_path, run_jobs
from hdsim.run.preflight import preflight_all
from hdsim.run.worker import Address, run_task, server_name
from hdsim.scenario.expand import Batch
from hdsim.scenario.task import ScenarioTask
from hdsim.world.session import check_server


@dataclass(frozen=True, slots=True)
class Options:
    """How a batch is run.

    Attributes:
        workers: Scenarios at a time.
        stall_s: A scenario without progress for so long is killed and started once more [s].
        address: A running CARLA server; ``None`` gives each scenario an embedded one.
        guidance: Overrides the scenarios' guidance mode.
        command: How the batch was called, for the manifest.
    """

    workers: int = 1
    stall_s: float = 120.0
    address: Address = None
    guidance: Mode | None = None
    command: str = ""


Progress = Callable[[Mapping[str, Mapping[str, Any]], Mapping[str, Any] | None], None]


def run_batch(
    batch: Batch, run_dir: Path, options: Options, on_progress: Progress | None = None
) -> RunWriter:
    """Runs all scenarios of a batch into a run directory.

    Args:
        batch: What to run.
        run_dir: New or empty.
        options: How.
        on_progress: Called a few times a second with the heartbeats of the running scenarios, and
            with the row of one that has just ended or ``None``.

    Raises:
        InputError: Before anything runs, if a profile, a map's name or the guidance is wrong.
        InfrastructureError: Before anything runs, if guidance or the given server cannot be had.
    """
    began = time.time()
    if options.address is not None:
        check_server(*options.address)
    tasks = [resolve(task, options.guidance) for task in batch.tasks]
    schedules = compile_guidance(tasks)
    writer = RunWriter(
        run_dir,
        {
            "name": batch.name,
            "source": batch.source,
            "source_text": _text(batch.source),
            "command": options.command,
            "server": server_name(options.address),
            "maps": map_digests(tasks),
        },
        [task.model_dump(mode="json") for task in tasks],
    )
    for name, schedule in schedules.items():
        writer.add_guidance(name, schedule.to_json())
    live = run_dir / ".live"

    def beat(progress: Mapping[str, Mapping[str, Any]]) -> None:
        if on_progress is not None:
            on_progress(progress, None)

    def ended(row: Mapping[str, Any]) -> None:
        if on_progress is not None:
            on_progress({}, row)

    try:
        unfit = preflight_all(tasks, live, options.workers, options.stall_s, options.address, beat)
        fit = []
        for task in tasks:
            fitness = unfit.get(task.id)
            if fitness is None:
                fit.append(task)
            else:
                ended(writer.infrastructure(task.id, fitness.status, fitness.cause))
        jobs = [
            scenario_job(task, schedules, run_dir, str(run_dir), live, options.address)
            for task in fit
        ]
        for end in run_jobs(jobs, live, options.workers, options.stall_s, beat):
            ended(_collect(writer, end))
    finally:
        shutil.rmtree(live, ignore_errors=True)
        writer.close(wall_time_s=time.time() - began, workers=options.workers)
    return writer


def map_digests(tasks: Sequence[ScenarioTask]) -> dict[str, str]:
    """Digest of every map that is there; a missing one is each scenario's own error."""
    digests = {}
    for task in tasks:
        if task.map not in digests:
            with contextlib.suppress(InputError):
                digests[task.map] = map_digest(task)
    return digests


def scenario_job(
    task: ScenarioTask,
    schedules: Mapping[str, Schedule],
    run_dir: Path,
    run: str,
    live: Path,
    address: Address = None,
    last_tick: int | None = None,
) -> Job[None]:
    """One scenario as a job of the pool."""
    needed = {name: schedules[name] for name in styles(task)}
    heart = Heartbeat(heartbeat_path(live, task.id))
    arguments = (task, needed, run_dir, run, heart, address, last_tick)
    return Job(task.id, run_task, arguments, run_dir / "logs" / f"{task.stem}.log")


def _text(source: str) -> str:
    path = Path(source)
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _collect(writer: RunWriter, end: Ended[None]) -> dict[str, Any]:
    """Takes over a finished scenario, or records why there is none."""
    scenario = end.job.name
    if end.kind == "done":
        return writer.collect(scenario, end.attempts)
    status, detail = status_of(end)
    return writer.infrastructure(scenario, status, detail, end.attempts)


def status_of(end: Ended[Any]) -> tuple[Status, str]:
    """The infrastructure status of a job that gave no result, and what is known of it."""
    if end.kind == "stalled":
        return Status.TIMEOUT_WALL, f"no progress, killed; tried {end.attempts} times"
    if end.kind == "died":
        return Status.KILLED, f"the worker process died {end.attempts} times: {end.error}"
    if isinstance(end.error, InputError):
        return Status.BAD_INPUT, str(end.error)
    if isinstance(end.error, InfrastructureError):
        return Status.SERVER_ERROR, str(end.error)
    return Status.CRASHED, str(end.error)
