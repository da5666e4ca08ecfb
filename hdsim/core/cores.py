"""Which processor cores a worker and its server use.

The client's threads (its Traffic Manager among them) and the server answer each other thousands of
times a second, and do so in turn: on one core together no wake-up has to cross to another. The
interpreter, which thinks while they talk, has the other core of the pair to itself. A tick with a
Traffic Manager among 30 drivers took 3.6 ms so, 6.3 ms with all of the client on one core and the
server on the other, and 7.9 ms left to the scheduler (two cores, medians).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence

_own: tuple[int, int] | None = None


def take_slot(slot: int) -> None:
    """Notes which of the batch's places this process works in."""
    global _own
    if hasattr(os, "sched_getaffinity"):
        _own = pair(slot, sorted(os.sched_getaffinity(0)))


@contextlib.contextmanager
def beside_server(server_pid: int) -> Iterator[None]:
    """Keeps the server, this thread and those it starts on the server's core, if there is one."""
    if _own is None:
        yield
        return
    os.sched_setaffinity(server_pid, {_own[1]})
    with _on(_own[1]):
        yield


@contextlib.contextmanager
def interpreter_apart() -> Iterator[None]:
    """Keeps this thread on the interpreter's core, if it was put beside a server before."""
    if _own is None or os.sched_getaffinity(0) != {_own[1]}:
        yield
        return
    with _on(_own[0]):
        yield


@contextlib.contextmanager
def _on(core: int) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pair(slot: int, cores: Sequence[int]) -> tuple[int, int] | None:
    """Cores for a slot's interpreter and for its server; ``None`` if there are not two.

    Slots take neighbouring cores in turn; when they run out, the next round takes them the other
    way about, so that two workers on two cores have an interpreter and a server on each.
    """
    n = len(cores) - len(cores) % 2
    if n < 2:
        return None
    turn, first = divmod(2 * slot, n)
    one, other = cores[first], cores[first + 1]
    return (other, one) if turn % 2 else (one, other)
