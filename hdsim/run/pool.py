"""Runs jobs in processes of their own, watches that they move, and outlives their deaths.

One fresh process per job: a C++ abort inside a client library, a kill or a leak ends that job and
nothing else. The engine is Pebble's process pool, which can cancel a running job and reports a
worker's death as that job's result.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from hdsim.core.cores import take_slot

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
        error: The exception when raised, else what is known of the end.
        attempts: How often it was started.
    """

    job: Job[T]
    kind: EndKind
    value: T | None
    error: BaseException | None
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
    future: ProcessFuture[T]
    beat_path: Path
    attempts: int
    slot: int
    last: str = ""
    since: float = field(default_factory=time.monotonic)
    stalled: bool = False


def heartbeat_path(folder: Path, name: str) -> Path:
    """Where the job ``name`` writes its heartbeat."""
    return folder / (name.replace("/", "__") + ".beat")


def run_jobs(
    jobs: Sequence[Job[T]],
    folder: Path,
    workers: int,
    stall_s: float,
    on_progress: Callable[[dict[str, dict[str, Any]]], None] | None = None,
) -> Iterator[Ended[T]]:
    """Runs all jobs; yields each one's end as it comes.

    A job whose process dies or stalls is started once more.

    Args:
        jobs: What to run.
        folder: Where heartbeats live; jobs find theirs with ``heartbeat_path``.
        workers: Processes at a time.
        stall_s: A job without a new heartbeat for so long is killed [s].
        on_progress: Called a few times a second with the last heartbeat of each running job.
    """
    folder.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    waiting = [(job, 1) for job in reversed(jobs)]
    running: list[_Running[T]] = []
    pool = ProcessPool(max_workers=workers, max_tasks=1, context=context)
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                job, attempt = waiting.pop()
                beat_path = heartbeat_path(folder, job.name)
                beat_path.unlink(missing_ok=True)
                slot = min(set(range(workers)) - {run.slot for run in running})
                future = pool.schedule(_call, args=(job.call, job.args, job.output, slot))
                running.append(_Running(job, future, beat_path, attempt, slot))
            time.sleep(_POLL_S)
            progress = {}
            for run in list(running):
                _watch(run, stall_s)
                if run.last:
                    progress[run.job.name] = json.loads(run.last)
                if not run.future.done():
                    continue
                running.remove(run)
                run.beat_path.unlink(missing_ok=True)
                ended = _ending(run)
                if ended.kind in ("died", "stalled") and run.attempts == 1:
                    waiting.append((run.job, 2))
                else:
                    yield ended
            if on_progress is not None:
                on_progress(progress)
        pool.close()
    finally:
        pool.stop()
        pool.join()


def _call(call: Callable[..., T], args: tuple[Any, ...], output: Path | None, slot: int) -> T:
    """Runs in the worker process: the call, with its output kept apart."""
    take_slot(slot)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
    return call(*args)


def _watch(run: _Running[T], stall_s: float) -> None:
    try:
        beat = run.beat_path.read_text()
    except FileNotFoundError:
        beat = ""
    if beat != run.last:
        run.last, run.since = beat, time.monotonic()
    elif time.monotonic() - run.since > stall_s and not run.stalled:
        run.stalled = True
        run.future.cancel()


def _ending(run: _Running[T]) -> Ended[T]:
    try:
        value = run.future.result()
    except CancelledError as error:
        return Ended(run.job, "stalled", None, error, run.attempts)
    except ProcessExpired as error:
        return Ended(run.job, "died", None, error, run.attempts)
    except Exception as error:
        return Ended(run.job, "raised", None, error, run.attempts)
    return Ended(run.job, "done", value, None, run.attempts)
