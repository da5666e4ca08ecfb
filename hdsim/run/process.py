"""One call in a process of its own, which may be killed at any moment of its life.

Parent and process share two files, each written whole or not at all: the call, and what came of it.
There is no pipe, lock or pool that a killed process could leave half used.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from hdsim.core.cores import take_slot
from hdsim.core.errors import HdsimError

T = TypeVar("T")
_CONTEXT = multiprocessing.get_context("spawn")
# A process that has answered, or was told to stop, has so long to close what it has open [s].
_LEAVE_S = 5.0


@dataclass(frozen=True, slots=True)
class Returned(Generic[T]):
    """The call came back with a value."""

    value: T


@dataclass(frozen=True, slots=True)
class Raised:
    """The call ended with an exception, ``SystemExit`` included.

    Only HDSim's own cross over as they are: a stranger's may be of a class that does not pickle or
    that the parent cannot import. Their name and text do, and their traceback is in the output.
    """

    error: HdsimError


@dataclass(frozen=True, slots=True)
class Died:
    """The process ended and left no answer; ``cause`` says how, in words."""

    cause: str


class CallApart(Generic[T]):
    """A call that runs in a fresh process from now on.

    Args:
        call: A module-level function.
        args: Its arguments; they must pickle.
        stem: Files of the call begin like this; nothing else may use them while it runs.
        output: File that takes what the process prints, client libraries included.
        slot: The batch's place that it works in, see ``take_slot``.
    """

    def __init__(
        self,
        call: Callable[..., T],
        args: tuple[Any, ...],
        stem: Path,
        output: Path | None,
        slot: int,
    ) -> None:
        self._question = stem.with_name(stem.name + ".call")
        self._answer = stem.with_name(stem.name + ".answer")
        self._question.write_bytes(pickle.dumps((call, args)))
        self._process = _CONTEXT.Process(
            target=_work, args=(self._question, self._answer, output, slot)
        )
        self._process.start()

    def over(self) -> bool:
        """Whether there is an answer, or no process that could still give one."""
        return self._process.exitcode is not None or self._answer.exists()

    def end(self) -> Returned[T] | Raised | Died:
        """What came of it; a process that does not leave by itself is stopped."""
        if self._answer.exists():
            self._process.join(_LEAVE_S)
        stop([self])
        code = self._process.exitcode
        try:
            answer = self._answer.read_bytes()
        except FileNotFoundError:
            return Died(_how(code))
        finally:
            self._question.unlink(missing_ok=True)
            self._answer.unlink(missing_ok=True)
        end: Returned[T] | Raised = pickle.loads(answer)
        return end


def stop(calls: Iterable[CallApart[Any]]) -> None:
    """Stops processes: asks all of them, and kills those that do not leave in time."""
    processes = [call._process for call in calls]
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(_LEAVE_S)
        process.kill()
        process.join()


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        return f"killed by signal {-code} ({signal.strsignal(-code)})"
    return f"ended with exit code {code} before its work was done"


def _work(question: Path, answer: Path, output: Path | None, slot: int) -> None:
    """Runs in the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    take_slot(slot)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
    end = pickle.dumps(_outcome(question))
    draft = answer.with_name(answer.name + ".draft")
    draft.write_bytes(end)
    os.replace(draft, answer)


def _outcome(question: Path) -> Returned[Any] | Raised:
    """What the call gives; the ``KeyboardInterrupt`` of a session that must close goes on up."""
    try:
        call, args = pickle.loads(question.read_bytes())
        return Returned(call(*args))
    except HdsimError as error:
        return Raised(error)
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        return Raised(HdsimError(f"{type(error).__name__}: {error}"))
