"""Which processor cores a worker and its server use.

Client and server answer each other thousands of times a second. Left to the scheduler their
threads wander between cores and every wake-up crosses from one to another; kept on a core each, a
tick with a Traffic Manager among 30 drivers took 4.8 ms instead of 7.9 ms (two cores, medians).
"""

from __future__ import annotations

import os
from collections.abc import Sequence

_SLOT = "HDSIM_SLOT"


def take_slot(slot: int) -> None:
    """Notes which of the batch's places this process works in."""
    os.environ[_SLOT] = str(slot)


def own_pair() -> tuple[int, int] | None:
    """Cores for this worker and for its server; ``None`` outside a batch or without a choice."""
    slot = os.environ.get(_SLOT)
    if slot is None or not hasattr(os, "sched_getaffinity"):
        return None
    return pair(int(slot), sorted(os.sched_getaffinity(0)))


def pair(slot: int, cores: Sequence[int]) -> tuple[int, int] | None:
    """Two cores of those allowed for a slot; ``None`` if there are not two.

    Slots take neighbouring cores in turn; when they run out, the next round takes them the other
    way about, so that two workers on two cores have a client and a server on each.
    """
    n = len(cores) - len(cores) % 2
    if n < 2:
        return None
    turn, first = divmod(2 * slot, n)
    one, other = cores[first], cores[first + 1]
    return (other, one) if turn % 2 else (one, other)
