"""The attention filter: which objects are registered, when, how many, and what is kept in mind.

Per (driver, actor) five tick numbers are kept: when an object was last in view, since when without
a break, when it is noticed, when it was last registered, and when it was last in mind; and of the
last registration the delay and the relation. Everything is
keyed by the tick at which an exposure began, so that a draw depends on nothing that happened to
other objects.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from hdsim.core import seeds
from hdsim.core.compiled import compiled
from hdsim.core.percept import Objects
from hdsim.core.state import Bools, Floats, Ints
from hdsim.perception.combine import LEAST, SUM
from hdsim.perception.compile import Columns
from hdsim.perception.noise import combined, uniform
from hdsim.perception.view import Sightlines

Keys = NDArray[np.uint64]
_NEVER = -(1 << 30)
# What is kept of each pair, side by side: one cache line.
_IN_VIEW, _SINCE, _NOTICE, _LAST, _MIND, _LATE, _KEPT = range(7)
# How long an object can be kept in mind at most, whatever glance or program says [s].
LONGEST_MEMORY_S = 15.0
# How long drivers keep in mind what they do not look at, if no program says longer [s]. [P]
GAZE_MEMORY_S = 3.0
_MISS_STREAM, _DECAY_STREAM = np.uint64(2), np.uint64(3)


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
        off = tick < self._off_until
        wants = median > 0.0
        begin = wants & ~off & (tick >= self._next)
        if begin.any():
            length = seeds.lognormal(
                columns.key[begin], median[begin], columns.raw["glance_sigma"][begin], tick
            )
            until = tick + np.maximum(np.rint(length / self._step_s), 1).astype(np.int64)
            pause = np.maximum(np.rint(columns.raw["on_road_s"][begin] / self._step_s), 1)
            self._off_until[begin] = until
            self._next[begin] = until + pause.astype(np.int64)
            off |= begin
        self._next[~wants & ~off] = tick
        return np.asarray(off.any(axis=1))

    def end(self, drivers: Bools, tick: int) -> None:
        """Ends the glances of these drivers, shape (D,): something ahead has drawn their eyes."""
        self._next[drivers] += np.minimum(tick - self._off_until[drivers], 0)
        self._off_until[drivers] = np.minimum(self._off_until[drivers], tick)


@dataclass(frozen=True, slots=True)
class Attended:
    """What is in mind at one tick, shape (D, K) each.

    Attributes:
        registered: Seen and noticed.
        remembered: In mind, not registered now.
        relation: ``Relation`` when last registered.
        source: Tick whose state the driver goes by.
    """

    registered: Bools
    remembered: Bools
    relation: NDArray[np.int8]
    source: Ints


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
        # When last in view, since when, when noticed, last registered, last in mind; the delay and
        # the relation of the last registration.
        self._tables: Ints = np.full((drivers, len(actor_keys), 8), _NEVER, dtype=np.int64)
        self._away_since: Ints = np.zeros(drivers, dtype=np.int64)
        self._was_away: Bools = np.zeros(drivers, dtype=np.bool_)
        self.fresh: Bools = np.zeros(drivers, dtype=np.bool_)
        self._longest = round(LONGEST_MEMORY_S / step_s)
        self._last_tick = _NEVER

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
        visible = objects.seen if taken is None else objects.seen & taken
        if attend is not None:
            visible = visible & (lines.range <= lines.combine(LEAST, attend, "range_m"))
        hold: Ints = np.zeros(len(visible), dtype=np.int64)
        if attend is not None:
            memory = attend.value["memory_s"].max(axis=1) / self._step_s
            hold = np.rint(memory).astype(np.int64)
        if limited is not None:
            hold = np.maximum(hold, np.where(limited, round(GAZE_MEMORY_S / self._step_s), 0))
        if away is None:
            away = np.zeros(len(visible), dtype=np.bool_)
        self._away_since = np.where(away & ~self._was_away, tick, self._away_since)
        self._was_away = away
        visible = visible & ~away[:, None]
        # The earliest registration that is still remembered; none without memory or glance.
        earliest = np.where(away, self._away_since - 1, tick) - hold
        earliest[~away & (hold == 0)] = tick + 1
        earliest = np.repeat(earliest[:, None], visible.shape[1], axis=1)
        if attend is not None and attend.raw["memory_sigma"].any():
            earliest = self._decayed(earliest, objects.row, hold, attend, limited)

        strange = _expose(self._tables, tick, objects.row, visible)
        fresh, self.fresh = self.fresh, np.zeros_like(self.fresh)
        if attend is not None and not cold and strange.any():
            d, k = np.nonzero(strange & ~fresh[:, None])
            late = self._latency(tick, d, k, objects, lines, attend)
            self._tables[d, objects.row[d, k], _NOTICE] += late
        lag = np.zeros(visible.shape)
        if delay is not None:
            lag = np.rint(lines.combine(SUM, delay, "delay_s") / self._step_s)
        return Attended(
            *_register(
                self._tables, tick, objects.row, visible, objects.relation, lag, earliest,
                tick - self._longest,
            )
        )  # fmt: skip

    def forget(self, drivers: Ints, rows: Ints) -> None:
        """Begin anew for these drivers, and about these actors."""
        self._tables[drivers] = _NEVER
        self._tables[:, rows] = _NEVER
        self._was_away[drivers] = False
        self.fresh[drivers] = True

    def _decayed(
        self, earliest: Ints, row: Ints, hold: Ints, attend: Columns, limited: Bools | None
    ) -> Ints:
        """``earliest`` where memory lasts for a lognormal time, drawn at each registration."""
        last = np.take_along_axis(self._tables[:, :, _LAST], np.maximum(row, 0), axis=1)
        longest = np.zeros(row.shape)
        if limited is not None:
            longest[limited] = GAZE_MEMORY_S
        for m in range(attend.count):
            key = seeds.combine(attend.key[:, m, None], self._keys[np.maximum(row, 0)])
            median, sigma = attend.value["memory_s"][:, m], attend.raw["memory_sigma"][:, m]
            key = seeds.combine(key, _DECAY_STREAM)
            lasts = seeds.lognormal(key, median[:, None], sigma[:, None], last)
            longest = np.maximum(longest, lasts)
        ticks = np.rint(longest / self._step_s).astype(np.int64)
        return np.where(hold[:, None] > 0, earliest + hold[:, None] - ticks, earliest)

    def _latency(
        self, tick: int, d: Ints, k: Ints, objects: Objects, lines: Sightlines, attend: Columns
    ) -> Ints:
        """Ticks until the newly exposed objects of drivers ``d`` in slots ``k`` are noticed."""
        actor = self._keys[objects.row[d, k]]
        drawn, chance = _exposure_draws(tick, attend.key[d], actor)
        normal = np.asarray(ndtri(drawn))
        latency, overlooked = np.zeros(len(d)), np.zeros(len(d))
        for m in range(attend.count):
            chosen = lines.select(attend, m)
            on = np.ones(len(d), dtype=np.bool_) if chosen is None else chosen[d, k]
            median, sigma = (
                attend.value["latency_median_s"][d, m],
                attend.raw["latency_sigma"][d, m],
            )
            latency += np.where(on, median * np.exp(sigma * normal[:, m]), 0.0)
            missed = on & (chance[:, m] < attend.value["miss_probability"][d, m])
            overlooked = np.maximum(overlooked, np.where(missed, attend.raw["miss_s"][d, m], 0.0))
        return np.rint((latency + overlooked) / self._step_s).astype(np.int64)


def most_pressing(
    in_mind: Bools, attend: Columns, lines: Sightlines, own_speed: Floats, closing: Floats
) -> Bools:
    """The objects that fit into mind: nearest in time first.

    Time is range over the closing speed, or for what lies ahead over the own speed if that is
    more (the time gap), or over 1 m/s.

    Args:
        in_mind: Objects registered or remembered, shape (D, K).
        attend: Slots of ``attend``.
        lines: Sight lines to the objects as believed.
        own_speed: Own speed towards each object [m/s], negative for those behind, shape (D, K).
        closing: Closing speed [m/s], shape (D, K).
    """
    limit = np.rint(attend.value["max_objects"].min(axis=1))
    if (limit >= in_mind.shape[1]).all():
        return in_mind
    kept: Bools = _keep(in_mind, limit, lines.range, own_speed, closing)
    return kept


@compiled
def _keep(
    in_mind: Bools, limit: Floats, distance: Floats, own_speed: Floats, closing: Floats
) -> Bools:
    """The ``limit`` objects in mind that are nearest in time; of equals the first slots."""
    kept, time = in_mind.copy(), np.empty(in_mind.shape[1])
    for i in range(in_mind.shape[0]):
        count = 0
        for k in range(in_mind.shape[1]):
            time[k] = math.inf
            if in_mind[i, k]:
                count += 1
                time[k] = distance[i, k] / max(closing[i, k], own_speed[i, k], 1.0)
        if count <= limit[i]:
            continue
        for k in range(in_mind.shape[1]):
            rank = 0
            for o in range(in_mind.shape[1]):
                rank += time[o] < time[k] or (time[o] == time[k] and o < k)
            kept[i, k] = in_mind[i, k] and rank < limit[i]
    return kept


@compiled
def _expose(tables: Ints, tick: int, row: Ints, visible: Bools) -> Bools:
    """Begin exposures; which of the objects are new to the driver's mind, shape (D, K)."""
    strange = np.zeros(row.shape, np.bool_)
    for i in range(row.shape[0]):
        for k in range(row.shape[1]):
            a = row[i, k]
            if a < 0 or not visible[i, k]:
                continue
            pair = tables[i, a]
            if pair[_IN_VIEW] >= tick - 1:
                continue
            pair[_SINCE] = tick
            if pair[_MIND] < tick - 1:
                pair[_NOTICE] = tick
                strange[i, k] = True
    return strange


@compiled
def _register(
    tables: Ints,
    tick: int,
    row: Ints,
    visible: Bools,
    relation: NDArray[np.int8],
    lag: Floats,
    earliest: Ints,
    oldest: int,
) -> tuple[Bools, Bools, NDArray[np.int8], Ints]:
    """The fields of ``Attended``.

    Args:
        tables: By driver and actor, shape (D, n, 8); brought up to date.
        tick: Number of this tick.
        row: Actor rows, shape (D, K).
        visible: What could be registered, shape (D, K).
        relation: ``Relation`` of the objects, shape (D, K).
        lag: Delay of what is registered now [ticks], shape (D, K).
        earliest: The earliest registration that is remembered, shape (D, K).
        oldest: Tick that remembered states must come after.
    """
    registered = np.zeros(row.shape, np.bool_)
    remembered = np.zeros(row.shape, np.bool_)
    believed, source = relation.copy(), np.full(row.shape, tick)
    for i in range(row.shape[0]):
        for k in range(row.shape[1]):
            a = row[i, k]
            if a < 0:
                continue
            pair = tables[i, a]
            if visible[i, k]:
                pair[_IN_VIEW] = tick
                if pair[_NOTICE] <= tick:
                    registered[i, k] = True
                    pair[_LAST], pair[_LATE], pair[_KEPT] = tick, int(lag[i, k]), relation[i, k]
            then = max(pair[_LAST] - pair[_LATE], min(pair[_SINCE], pair[_LAST]))
            if not registered[i, k]:
                if pair[_LAST] < earliest[i, k] or then <= oldest:
                    continue
                remembered[i, k] = True
                believed[i, k] = pair[_KEPT]
            pair[_MIND] = tick
            source[i, k] = then
    return registered, remembered, believed, source


@compiled
def _exposure_draws(tick: int, key: Keys, actor: Keys) -> tuple[Floats, Floats]:
    """Uniform draws of exposures that begin now, for the latency and for a miss, shape (E, M).

    Args:
        tick: Number of this tick.
        key: Keys of the operations of each exposure's driver, shape (E, M).
        actor: Key of its object, shape (E,).
    """
    late, missed = np.empty(key.shape), np.empty(key.shape)
    for e in range(key.shape[0]):
        for m in range(key.shape[1]):
            own = combined(key[e, m], actor[e])
            late[e, m] = uniform(own, tick)
            missed[e, m] = uniform(combined(own, _MISS_STREAM), tick)
    return late, missed
