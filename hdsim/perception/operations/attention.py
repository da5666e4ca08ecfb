"""The attention filter: which objects are registered, when, how many, and what is kept in mind.

What is kept of each pair of driver and actor, and by which rules, is in ``registration``.
Everything is keyed by the tick at which an exposure began, so that a draw depends on nothing that
happened to other objects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdsim.core import seeds
from hdsim.core.compiled import compiled
from hdsim.core.percept import Objects, OwnState
from hdsim.core.state import Bools, Floats, Ints
from hdsim.perception.combine import LEAST, SUM
from hdsim.perception.compile import Columns
from hdsim.perception.operations import registration
from hdsim.perception.operations.registration import NEVER, keep_nearest
from hdsim.perception.pairs import records
from hdsim.perception.view import Sightlines

# How long an object can be kept in mind at most, whatever glance or program says [s].
LONGEST_MEMORY_S = 15.0
# How long drivers keep in mind what they do not look at, if no program says longer [s]. [P]
GAZE_MEMORY_S = 3.0


class Glances:
    """Off-road glances that alternate with looks at the road.

    Source of the alternation: glance lengths are lognormal (Rockwell 1988; Taoka 1990).
    """

    def __init__(self, drivers: int, step_s: float) -> None:
        self._step_s = step_s
        self._off_until: Ints = np.zeros((drivers, 0), dtype=np.int64)
        self._next: Ints = np.zeros((drivers, 0), dtype=np.int64)

    def away(self, tick: int, columns: Columns) -> Bools:
        """Drivers whose eyes are off the road at this tick, shape (D,).

        A glance that has begun is finished even when the operation ends.
        """
        more = columns.count - self._next.shape[1]
        if more:
            self._next = np.pad(self._next, ((0, 0), (0, more)))
            self._off_until = np.pad(self._off_until, ((0, 0), (0, more)))
        median = columns.value["glance_median_s"]
        away, begin, begins = _glance(tick, median, self._off_until, self._next)
        if begins:
            length = seeds.lognormal(
                columns.key[begin], median[begin], columns.raw["glance_sigma"][begin], tick
            )
            until = tick + np.maximum(np.rint(length / self._step_s), 1).astype(np.int64)
            pause = np.maximum(np.rint(columns.raw["on_road_s"][begin] / self._step_s), 1)
            self._off_until[begin] = until
            self._next[begin] = until + pause.astype(np.int64)
        return away

    def course_error(self, tick: int, columns: Columns) -> Floats:
        """Standard deviation of the course misjudged in each driver's glance of this tick [rad].

        0 for those whose eyes are on the road, shape (D,).
        """
        off = tick < self._off_until
        degrees = np.where(off, columns.raw["course_error_deg"], 0.0).max(axis=1)
        return np.asarray(np.radians(degrees))

    def end(self, drivers: Bools, tick: int) -> None:
        """Ends the glances of these drivers, shape (D,): something ahead has drawn their eyes."""
        self._next[drivers] += np.minimum(tick - self._off_until[drivers], 0)
        self._off_until[drivers] = np.minimum(self._off_until[drivers], tick)


@dataclass(frozen=True, slots=True)
class Attended:
    """What is in mind at one tick, shape (D, K) each.

    Attributes:
        registered: Seen and noticed.
        in_mind: That, and what is remembered.
        relation: ``Relation`` when last registered.
        source: Tick whose state the driver goes by.
        remembers: Whether anybody has anything in mind that is not registered now.
    """

    registered: Bools
    in_mind: Bools
    relation: NDArray[np.int8]
    source: Ints
    remembers: bool


class Attention:
    """Registration and memory of objects, through a drive.

    Args:
        drivers: Number of drivers.
        actor_keys: One key per actor row, shape (n,).
        step_s: Length of a tick [s].

    Attributes:
        fresh: Drivers who begin, shape (D,): what is in view is known to them.
    """

    def __init__(self, drivers: int, actor_keys: NDArray[np.uint64], step_s: float) -> None:
        self._keys, self._step_s = actor_keys, step_s
        self._tables: Ints = records(drivers, len(actor_keys), NEVER, np.int64)
        self._away_since: Ints = np.zeros(drivers, dtype=np.int64)
        self._was_away: Bools = np.zeros(drivers, dtype=np.bool_)
        self.fresh: Bools = np.zeros(drivers, dtype=np.bool_)
        self._nobody: Bools = np.zeros(drivers, dtype=np.bool_)
        self._everybody = ~self._nobody
        self._everything: Bools = np.zeros((drivers, 0), dtype=np.bool_)
        self._anywhere, self._at_once = np.full((drivers, 1), np.inf), np.zeros((drivers, 1))
        self._nothing = Columns.unused("attend", drivers)
        self._longest = round(LONGEST_MEMORY_S / step_s)
        self._last_tick = NEVER

    def goes_on_at(self, tick: int) -> bool:
        """Whether the last call was at the tick before this one."""
        return self._last_tick == tick - 1

    def attend(
        self,
        tick: int,
        objects: Objects,
        lines: Sightlines,
        attend: Columns | None,
        delay: Columns | None,
        away: Bools | None,
        taken: Bools | None = None,
        limited: Bools | None = None,
    ) -> Attended:
        """Update what drivers have registered and remember.

        The first call, and one after a pause, takes everything in view as noticed long ago.

        Args:
            tick: Number of this tick.
            objects: What there is to see.
            lines: Sight lines to it.
            attend: Slots of ``attend`` if any acts.
            delay: Slots of ``delay`` if any acts.
            away: Drivers whose eyes are off the road, shape (D,), or None.
            taken: What the gaze takes in, shape (D, K), or None for everything.
            limited: Drivers whose gaze does not take in everything, shape (D,), or None; they keep
                in mind what they do not look at for ``GAZE_MEMORY_S`` at least.
        """
        cold = not self.goes_on_at(tick)
        self._last_tick = tick
        c = self._nothing if attend is None else attend
        reach, late = self._anywhere, self._at_once
        if attend is not None:
            reach = lines.combine_seen(LEAST, attend, attend.value["range_m"])
        if delay is not None:
            late = lines.combine_seen(SUM, delay, delay.value["delay_s"])
        known = self._everybody if attend is None or cold else self.fresh
        found = registration.attend(
            self._tables, tick, objects.row, objects.seen,
            self._everything if taken is None else taken,
            self._nobody if away is None else away, known,
            objects.relation, lines.range, lines.ux, lines.uy, lines.own_yaw, reach, late,
            self._nobody if limited is None else limited, self._was_away, self._away_since,
            self._keys, c.key, c.relation, c.near, c.far, c.right, c.left, c.selects_sector,
            c.table, c.raw["latency_sigma"], c.raw["miss_s"], c.raw["memory_sigma"],
            tick - self._longest, GAZE_MEMORY_S, self._step_s,
        )  # fmt: skip
        self.fresh[:] = False
        return Attended(*found)

    def forget(self, drivers: Ints, rows: Ints) -> None:
        """Begin anew for these drivers, and about these actors."""
        self._tables[drivers] = NEVER
        self._tables[:, rows] = NEVER
        self._was_away[drivers] = False
        self.fresh[drivers] = True


def most_pressing(
    in_mind: Bools, attend: Columns, lines: Sightlines, own: OwnState, speed: Floats
) -> Bools:
    """The objects that fit into mind, by the rule of ``registration.keep_nearest``.

    Args:
        in_mind: Objects registered or remembered, shape (D, K).
        attend: Slots of ``attend``.
        lines: Sight lines to the objects as believed.
        own: The drivers.
        speed: Speeds of the objects as believed [m/s], shape (D, K).
    """
    most = attend.value["max_objects"]
    if (most >= in_mind.shape[1]).all():
        return in_mind
    own_along, along = lines.along
    kept: Bools = keep_nearest(in_mind, most, lines.range, own_along, along, own.speed, speed)
    return kept


@compiled
def _glance(
    tick: int, median: Floats, off_until: Ints, following: Ints
) -> tuple[Bools, Bools, bool]:
    """Who looks off the road at this tick, which glances begin, and whether any does.

    Args:
        tick: Number of this tick.
        median: Median lengths [s], 0 for none wanted, shape (D, M).
        off_until: Tick at which the last glances end, shape (D, M).
        following: Tick at which the next ones may begin; brought up to date.
    """
    away, begin, begins = np.zeros(len(median), np.bool_), np.zeros(median.shape, np.bool_), False
    for i in range(median.shape[0]):
        for m in range(median.shape[1]):
            if tick < off_until[i, m]:
                away[i] = True
            elif not median[i, m] > 0.0:
                following[i, m] = tick
            elif tick >= following[i, m]:
                away[i] = begin[i, m] = begins = True
    return away, begin, begins
