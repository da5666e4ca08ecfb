"""The attention filter: which objects are registered, when, how many, and what is kept in mind.

Per (driver, actor) five tick numbers are kept: when an object was last in view, since when without
a break, when it is noticed, when it was last registered, and when it was last in mind; and of the
last registration the delay and the relation. Everything is
keyed by the tick at which an exposure began, so that a draw depends on nothing that happened to
other objects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdsim.core import seeds
from hdsim.core.percept import Objects
from hdsim.core.state import Bools, Floats, Ints
from hdsim.perception.compile import Columns
from hdsim.perception.view import Sightlines

_NEVER = -(1 << 30)
# How long an object can be kept in mind at most, whatever glance or program says [s].
LONGEST_MEMORY_S = 15.0
_MISS_STREAM = np.uint64(2)


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
    """

    def __init__(self, drivers: int, actor_keys: NDArray[np.uint64], step_s: float) -> None:
        self._keys, self._step_s = actor_keys, step_s
        n = len(actor_keys)
        # The last column takes the writes of empty slots.
        self._tables: Ints = np.full((7, drivers * (n + 1)), _NEVER, dtype=np.int64)
        self._base = np.arange(drivers)[:, None] * (n + 1)
        self._nobody = n
        self._away_since: Ints = np.zeros(drivers, dtype=np.int64)
        self._was_away: Bools = np.zeros(drivers, dtype=np.bool_)
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
        """
        cold = not self.goes_on_at(tick)
        self._last_tick = tick
        at = self._base + np.where(objects.row < 0, self._nobody, objects.row)
        tables = self._tables.take(at, axis=1)
        in_view, since, notice, last, mind, late, kept = tables
        visible = objects.seen
        if attend is not None:
            visible = visible & _within_range(lines, attend)
        if away is None:
            hold_from: Ints = np.full(len(visible), tick)
        else:
            visible = visible & ~away[:, None]
            self._away_since = np.where(away & ~self._was_away, tick, self._away_since)
            self._was_away = away
            hold_from = np.where(away, self._away_since - 1, tick)
        if away is None and self._was_away.any():
            self._was_away = np.zeros_like(self._was_away)

        begun = visible & (in_view < tick - 1)
        since[begun] = tick
        strange = begun & (mind < tick - 1)
        if strange.any():
            notice[strange] = tick
            if attend is not None and not cold:
                notice[strange] += self._latency(tick, strange, objects, lines, attend)
        registered = visible & (notice <= tick)
        lag: Floats | float = 0.0
        if delay is not None:
            lag = np.rint(_delay(lines, delay) / self._step_s)
        np.copyto(last, tick, where=registered)
        np.copyto(late, lag, where=registered, casting="unsafe")
        np.copyto(kept, objects.relation, where=registered)
        hold = np.zeros(len(last), dtype=np.int64)
        if attend is not None:
            memory = attend.value["memory_s"].max(axis=1) / self._step_s
            hold = np.rint(memory).astype(np.int64)
        remembered = ~registered & (last >= (hold_from - hold)[:, None])
        if away is None and attend is None:
            remembered[:] = False
        elif attend is None or (hold == 0).any():
            # Without memory an object is kept only through a glance.
            glancing = np.zeros(len(last), dtype=np.bool_) if away is None else away
            remembered &= (glancing | (hold > 0))[:, None]
        source = np.maximum(last - late, np.minimum(since, last))
        remembered &= source > tick - self._longest
        in_mind = registered | remembered
        np.copyto(mind, tick, where=in_mind)
        np.copyto(in_view, tick, where=visible)
        self._tables[:, at] = tables
        return Attended(
            registered=registered,
            remembered=remembered,
            relation=np.where(remembered, kept, objects.relation).astype(np.int8),
            source=np.where(in_mind, source, tick),
        )

    def _latency(
        self, tick: int, fresh: Bools, objects: Objects, lines: Sightlines, attend: Columns
    ) -> Ints:
        """Ticks until newly exposed objects are noticed."""
        d, k = np.nonzero(fresh)
        actor = self._keys[objects.row[d, k]]
        latency, overlooked = np.zeros(len(d)), np.zeros(len(d))
        for m in range(attend.count):
            chosen = lines.select(attend, m)
            on = np.ones(len(d), dtype=np.bool_) if chosen is None else chosen[d, k]
            key = seeds.combine(attend.key[d, m], actor)
            median = attend.value["latency_median_s"][d, m]
            late = seeds.lognormal(key, median, attend.raw["latency_sigma"][d, m], tick)
            latency += np.where(on, late, 0.0)
            draw = seeds.uniform(seeds.combine(key, _MISS_STREAM), tick)
            missed = on & (draw < attend.value["miss_probability"][d, m])
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
    time = lines.range / np.maximum(np.maximum(closing, own_speed), 1.0)
    time = np.where(in_mind, time, np.inf)
    rank = time.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    return np.asarray(in_mind & (rank < limit[:, None]))


def _within_range(lines: Sightlines, attend: Columns) -> Bools:
    limit: Floats = attend.value["range_m"].min(axis=1)[:, None]
    if any(attend.by_relation + attend.by_range + attend.by_sector):
        limit = np.full(lines.range.shape, np.inf)
        for m in range(attend.count):
            value = attend.value["range_m"][:, m, None]
            chosen = lines.select(attend, m)
            limit = np.minimum(limit, value if chosen is None else np.where(chosen, value, np.inf))
    return np.asarray(lines.range <= limit)


def _delay(lines: Sightlines, delay: Columns) -> Floats:
    total = np.zeros(lines.range.shape)
    for m in range(delay.count):
        value = delay.value["delay_s"][:, m, None]
        chosen = lines.select(delay, m)
        total = total + (value if chosen is None else np.where(chosen, value, 0.0))
    return total
