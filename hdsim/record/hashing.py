"""Proof of sameness: a digest per tick over states and decisions, and one over a whole scenario.

Wall time, simulator frame numbers and actor ids take no part.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json

import numpy as np

from hdsim.core.command import Decisions
from hdsim.core.state import State
from hdsim.events.event import Event

_STATE_FIELDS = tuple(f.name for f in dataclasses.fields(State) if f.name not in ("frame", "time"))
_DECISION_FIELDS = tuple(f.name for f in dataclasses.fields(Decisions))


def tick_digest(tick: int, state: State, decisions: Decisions | None) -> bytes:
    """16 bytes over the raw values of one tick."""
    blake = hashlib.blake2b(tick.to_bytes(8, "little"), digest_size=16)
    for name in _STATE_FIELDS:
        blake.update(np.ascontiguousarray(getattr(state, name)).data)
    if decisions is not None:
        for name in _DECISION_FIELDS:
            blake.update(np.ascontiguousarray(getattr(decisions, name)).data)
    return blake.digest()


class StateHasher:
    """Digests of a scenario as it runs."""

    def __init__(self) -> None:
        self._whole = hashlib.blake2b(digest_size=16)

    def tick(self, tick: int, state: State, decisions: Decisions | None) -> bytes:
        """Takes in one tick; returns its digest."""
        digest = tick_digest(tick, state, decisions)
        self._whole.update(digest)
        return digest

    def event(self, event: Event) -> None:
        """Takes in one event."""
        self._whole.update(json.dumps(dataclasses.astuple(event), sort_keys=True).encode())

    def hexdigest(self) -> str:
        """The scenario's hash so far, 32 hexadecimal digits."""
        return self._whole.copy().hexdigest()
