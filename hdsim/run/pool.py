"""Runs jobs in processes of their own, watches that they move, and outlives their deaths.

One fresh process per job: a C++ abort inside a client library, a kill or a leak ends that job and
nothing else, however early in the process's life it comes.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

from hdsim.core.errors import HdsimError, InfrastructureError
from hdsim.run.process import CallApart, Died, Raised, Returned, stop

T = TypeVar("T")
EndKind = Literal["done", "raised", "died", "stalled"]
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """One call to make in a process of its own.

    Attributes:
        name: Unique within the batch; names its heartbeat.
        call: A module-level function; its arguments must pickle.
        args: Its arguments.
        output: File that takes what the process prints, client libraries included.
    """

    name: str
    call: Callable[..., T]
    args: tuple[Any, ...]
    output: Path | None = None


@dataclass(frozen=True, slots=True)
class Ended(Generic[T]):
    """How a job ended.

    Attributes:
        job: The job.
        kind: ``done`` with a value; ``raised`` an exception; ``died`` (killed or crashed process);
            ``stalled`` (no heartbeat for too long, killed).
        value: The call's answer when done.
        error: What was raised, or what is known of the end.
        attempts: How often it was started.
    """

    job: Job[T]
    kind: EndKind
    value: T | None
    error: HdsimError | None
    attempts: int


class Heartbeat:
    """Written by a running job a few times a second; read by the watching parent.

    Args:
        path: The heartbeat's file.
        every_s: Least wall time between two writes [s].
    """

    def __init__(self, path: Path, every_s: float = 0.4) -> None:
        self._path = path
        self._every_s = every_s
        self._last = -every_s

    def beat(self, **progress: float | str) -> None:
        """Reports progress; cheap when called too often."""
        now = time.monotonic()
        if now - self._last < self._every_s:
            return
        self._last = now
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(progress))
        os.replace(draft, self._path)


@dataclass(slots=True)
class _Running(Generic[T]):
    job: Job[T]
    call: CallApart[T]
    beat_path: Path
    attempts: int
    slot: int
    last: str = ""
    since: float = field(default_factory=time.monotonic)
    stalled: bool = False


def heartbeat_path(folder: Path, name: str) -> Path:
    """Where the job ``name`` writes its heartbeat."""
    return folder / (quote(name, safe="") + ".beat")


def run_jobs(
    jobs: Sequence[Job[T]],
    folder: Path,
    workers: int,
    stall_s: float,
    on_progress: Callable[[dict[str, dict[str, Any]]], None] | None = None,
) -> Iterator[Ended[T]]:
    """Runs all jobs; yields each one's end as it comes.

    A job whose process dies or stalls is started once more; its output says so.

    Args:
        jobs: What to run.
        folder: Where heartbeats live; jobs find theirs with ``heartbeat_path``.
        workers: Processes at a time.
        stall_s: A job without a new heartbeat for so long is killed [s].
        on_progress: Called a few times a second with the last heartbeat of each running job.
    """
    folder.mkdir(parents=True, exist_ok=True)
    waiting = [(job, 1) for job in reversed(jobs)]
    running: list[_Running[T]] = []
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                slot = min(set(range(workers)) - {run.slot for run in running})
                running.append(_start(*waiting.pop(), slot, folder))
            time.sleep(_POLL_S)
            progress = {}
            for run in list(running):
                _watch(run, stall_s)
                if run.last:
                    progress[run.job.name] = json.loads(run.last)
                if not (run.stalled or run.call.over()):
                    continue
                ended = _ending(run)
                running.remove(run)
                run.beat_path.unlink(missing_ok=True)
                again = ended.kind in ("died", "stalled") and run.attempts == 1
                _note(ended, again)
                if again:
                    waiting.append((run.job, 2))
                else:
                    yield ended
            if on_progress is not None:
                on_progress(progress)
    finally:
        stop(run.call for run in running)


def _start(job: Job[T], attempt: int, slot: int, folder: Path) -> _Running[T]:
    beat_path = heartbeat_path(folder, job.name)
    beat_path.unlink(missing_ok=True)
    call = CallApart(job.call, job.args, beat_path.with_suffix(""), job.output, slot)
    return _Running(job, call, beat_path, attempt, slot)


def _watch(run: _Running[T], stall_s: float) -> None:
    try:
        beat = run.beat_path.read_text()
    except FileNotFoundError:
        beat = ""
    if beat != run.last:
        run.last, run.since = beat, time.monotonic()
    elif time.monotonic() - run.since > stall_s:
        run.stalled = True


def _ending(run: _Running[T]) -> Ended[T]:
    match run.call.end():
        case Died(cause):
            if run.stalled:
                error = InfrastructureError("killed for want of a heartbeat")
                return Ended(run.job, "stalled", None, error, run.attempts)
            return Ended(run.job, "died", None, InfrastructureError(cause), run.attempts)
        case Raised(error):
            return Ended(run.job, "raised", None, error, run.attempts)
        case Returned(value):
            return Ended(run.job, "done", value, None, run.attempts)


def _note(ended: Ended[T], again: bool) -> None:
    """Leaves a line in the output of a job whose process died or was killed."""
    if ended.kind not in ("died", "stalled") or ended.job.output is None:
        return
    then = "started once more" if again else "given up"
    ended.job.output.parent.mkdir(parents=True, exist_ok=True)
    with ended.job.output.open("a", encoding="utf-8") as file:
        file.write(f"hdsim: worker process {ended.error} in attempt {ended.attempts}; {then}\n")
