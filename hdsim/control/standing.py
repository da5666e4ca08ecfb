"""Who stands, since when, and who has been seen to move, as each driver has seen it."""

from __future__ import annotations

import numpy as np

from hdsim.core.compiled import compiled
from hdsim.core.percept import Percepts
from hdsim.core.state import Bools, Floats, Ints

# Below this speed a vehicle counts as standing [m/s]: slower than this, people see no motion. [P]
_STANDING = 0.5
# Creeping up to this speed does not lose a vehicle its turn; faster than this it moves [m/s].
_MOVING = 1.5


class Standing:
    """What each driver remembers of how it and the others stood and moved.

    Args:
        rows: Actor row of each driver, shape (D,).

    Attributes:
        own_since: Since when each driver itself stands [s], inf on the move, shape (D,).
        seen_since: Since when it sees each row stand [s], inf on the move, shape (D, rows).
        seen_moving: Whom it has ever seen move, shape (D, rows).
    """

    def __init__(self, rows: Ints) -> None:
        shape = len(rows), int(rows.max(initial=0)) + 1
        self.own_since: Floats = np.full(len(rows), np.inf)
        self.seen_since: Floats = np.full(shape, np.inf)
        self.seen_moving: Bools = np.zeros(shape, dtype=np.bool_)

    def begin_anew(self, drivers: Ints) -> None:
        """Forget what these drivers have seen."""
        self.own_since[drivers] = self.seen_since[drivers] = np.inf
        self.seen_moving[drivers] = False

    def note(self, percepts: Percepts) -> None:
        """Take in one frame."""
        own, obj = percepts.own, percepts.objects
        extra = int(obj.row.max(initial=-1)) + 1 - self.seen_since.shape[1]
        if extra > 0:
            more = (0, 0), (0, extra)
            self.seen_since = np.pad(self.seen_since, more, constant_values=np.inf)
            self.seen_moving = np.pad(self.seen_moving, more)
        _note(
            self.own_since, self.seen_since, self.seen_moving,
            own.speed, obj.seen, obj.row, obj.speed, percepts.time,
        )  # fmt: skip


@compiled
def stands(speed: float) -> bool:
    """Whether a vehicle of this speed [m/s] counts as standing."""
    return speed < _STANDING


@compiled
def _note(
    own_since: Floats,
    seen_since: Floats,
    seen_moving: Bools,
    own_speed: Floats,
    seen: Bools,
    row: Ints,
    speed: Floats,
    now: float,
) -> None:
    """Bring the attributes of ``Standing`` up to date in place."""
    for d in range(len(own_speed)):
        own_since[d] = _since(own_since[d], own_speed[d], now)
        for k in range(seen.shape[1]):
            if seen[d, k] and row[d, k] >= 0:
                r, v = row[d, k], speed[d, k]
                seen_since[d, r] = _since(seen_since[d, r], v, now)
                if abs(v) > _MOVING:
                    seen_moving[d, r] = True


@compiled
def _since(since: float, speed: float, now: float) -> float:
    """Time at which a vehicle came to stand, inf for one on the move."""
    if not speed < _MOVING:
        return np.inf
    return min(since, now) if stands(speed) else since
