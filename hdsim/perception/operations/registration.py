"""Registration and memory of objects, pair by pair in compiled loops.

What is kept of each pair of driver and actor, ``tables`` of shape (D, n, 8), are tick numbers:
when the object was last in view, since when without a break, when it is noticed, when it was last
registered, and when it was last in mind; and of the last registration the delay and the relation.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hdsim.core.compiled import compiled
from hdsim.core.draws import combined, normal, uniform
from hdsim.core.state import Bools, Floats, Ints
from hdsim.perception.combine import bearing_of, selects

Keys = NDArray[np.uint64]
NEVER = -(1 << 30)
# Side by side in a pair's table: one cache line.
_IN_VIEW, _SINCE, _NOTICE, _LAST, _MIND, _LATE, _KEPT = range(7)
_MISS_STREAM, _DECAY_STREAM = np.uint64(2), np.uint64(3)


@compiled
def earliest_remembered(
    tick: int,
    away: Bools,
    was_away: Bools,
    away_since: Ints,
    memory_s: Floats,
    limited: Bools,
    gaze_memory_s: float,
    step_s: float,
) -> tuple[Ints, Ints]:
    """The earliest registration that is still remembered, without decay, and how long that is.

    Args:
        tick: Number of this tick.
        away: Drivers whose eyes are off the road, shape (D,).
        was_away: The same at the last tick; brought up to date.
        away_since: Tick since which they are; brought up to date.
        memory_s: How long what is out of sight is kept in mind [s], shape (D, M).
        limited: Drivers whose gaze does not take in everything, shape (D,).
        gaze_memory_s: How long these keep in mind what they do not look at, at least [s].
        step_s: Length of a tick [s].

    Returns:
        Tick, after this one where nothing is remembered, and length of memory [ticks], shape (D,).
    """
    earliest, hold = np.empty(len(away), np.int64), np.zeros(len(away), np.int64)
    for i in range(len(away)):
        longest = 0.0
        for m in range(memory_s.shape[1]):
            longest = max(longest, memory_s[i, m])
        hold[i] = int(np.rint(longest / step_s))
        if limited[i]:
            hold[i] = max(hold[i], int(np.rint(gaze_memory_s / step_s)))
        if away[i] and not was_away[i]:
            away_since[i] = tick
        was_away[i] = away[i]
        earliest[i] = (away_since[i] - 1 if away[i] else tick) - hold[i]
        if not away[i] and hold[i] == 0:
            earliest[i] = tick + 1
    return earliest, hold


@compiled
def expose(
    tables: Ints,
    tick: int,
    row: Ints,
    visible: Bools,
    known: Bools,
    relation: NDArray[np.int8],
    distance: Floats,
    ux: Floats,
    uy: Floats,
    own_yaw: Floats,
    actors: Keys,
    key: Keys,
    wanted: NDArray[np.int8],
    near: Floats,
    far: Floats,
    right: Floats,
    left: Floats,
    sector: bool,
    median: Floats,
    sigma: Floats,
    miss: Floats,
    miss_s: Floats,
    step_s: float,
) -> None:
    """Begin exposures: note when objects that are new to a driver's mind will be noticed.

    Args:
        tables: As above; brought up to date.
        tick: Number of this tick.
        row: Actor rows, shape (D, K).
        visible: What could be registered, shape (D, K); as are the next four.
        known: Drivers to whom everything in view is known, shape (D,).
        relation: ``Relation`` of the objects.
        distance: To them [m].
        ux: Unit vectors towards them.
        uy: As ux.
        own_yaw: The drivers' headings [rad], shape (D,).
        actors: One key per actor row.
        key: Keys of the operations, shape (D, M); as is the rest.
        wanted: Selected ``Relation``, -1 for any.
        near: Nearest selected distance [m].
        far: Farthest [m].
        right: Right limit of the selected bearing sector [rad].
        left: Left limit [rad].
        sector: Whether any column selects by bearing.
        median: Median latency [s].
        sigma: Its log standard deviation.
        miss: Chance to be overlooked.
        miss_s: For how long then [s].
        step_s: Length of a tick [s].
    """
    for i in range(row.shape[0]):
        for k in range(row.shape[1]):
            a = row[i, k]
            if a < 0 or not visible[i, k]:
                continue
            pair = tables[i, a]
            if pair[_IN_VIEW] >= tick - 1:
                continue
            pair[_SINCE] = tick
            if pair[_MIND] >= tick - 1:
                continue
            pair[_NOTICE] = tick
            if known[i]:
                continue
            bearing = bearing_of(ux[i, k], uy[i, k], own_yaw[i]) if sector else 0.0
            latency, overlooked = 0.0, 0.0
            for m in range(key.shape[1]):
                if not selects(
                    wanted[i, m], near[i, m], far[i, m], right[i, m], left[i, m], sector,
                    relation[i, k], distance[i, k], bearing,
                ):  # fmt: skip
                    continue
                own = combined(key[i, m], actors[a])
                if median[i, m] > 0.0:
                    latency += median[i, m] * math.exp(sigma[i, m] * normal(own, tick))
                if miss[i, m] > 0.0 and uniform(combined(own, _MISS_STREAM), tick) < miss[i, m]:
                    overlooked = max(overlooked, miss_s[i, m])
            pair[_NOTICE] += int(np.rint((latency + overlooked) / step_s))


@compiled
def register(
    tables: Ints,
    tick: int,
    row: Ints,
    visible: Bools,
    relation: NDArray[np.int8],
    lag: Floats,
    earliest: Ints,
    hold: Ints,
    oldest: int,
    limited: Bools,
    gaze_memory_s: float,
    actors: Keys,
    key: Keys,
    memory_s: Floats,
    memory_sigma: Floats,
    step_s: float,
) -> tuple[Bools, Bools, NDArray[np.int8], Ints]:
    """What is registered now and what is remembered.

    Memory lasts for a lognormal time, drawn at each registration.

    Args:
        tables: As above; brought up to date.
        tick: Number of this tick.
        row: Actor rows, shape (D, K).
        visible: What could be registered, shape (D, K).
        relation: ``Relation`` of the objects, shape (D, K).
        lag: Delay of what is registered now [ticks], shape (D, K).
        earliest: The earliest registration that is remembered, without decay, shape (D,).
        hold: How long memory is without decay [ticks], shape (D,).
        oldest: Tick that remembered states must come after.
        limited: As for ``earliest_remembered``; so the next.
        gaze_memory_s: As there.
        actors: One key per actor row.
        key: Keys of the operations, shape (D, M); as is the rest.
        memory_s: Median time that objects are remembered for [s].
        memory_sigma: Its log standard deviation; 0 columns for memory without decay.
        step_s: Length of a tick [s].

    Returns:
        Registered, remembered, relation when last registered, and the tick whose state the driver
        goes by, shape (D, K) each.
    """
    registered = np.zeros(row.shape, np.bool_)
    remembered = np.zeros(row.shape, np.bool_)
    believed, source = relation.copy(), np.full(row.shape, tick)
    decays = memory_sigma.shape[1] > 0
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
                if pair[_LAST] == NEVER or then <= oldest:
                    continue
                since = earliest[i]
                if decays and hold[i] > 0:
                    longest = gaze_memory_s if limited[i] else 0.0
                    # What is remembered without them needs no draws.
                    certain = pair[_LAST] >= since + hold[i] - int(np.rint(longest / step_s))
                    for m in range(0 if certain else key.shape[1]):
                        if memory_s[i, m] > 0.0:
                            draw = combined(combined(key[i, m], actors[a]), _DECAY_STREAM)
                            stretch = math.exp(memory_sigma[i, m] * normal(draw, pair[_LAST]))
                            longest = max(longest, memory_s[i, m] * stretch)
                    since += hold[i] - int(np.rint(longest / step_s))
                if pair[_LAST] < since:
                    continue
                remembered[i, k] = True
                believed[i, k] = pair[_KEPT]
            pair[_MIND] = tick
            source[i, k] = then
    return registered, remembered, believed, source


@compiled
def keep_nearest(
    in_mind: Bools,
    most: Floats,
    distance: Floats,
    own_along: Floats,
    along: Floats,
    own_speed: Floats,
    speed: Floats,
) -> Bools:
    """The objects that fit into mind: nearest in time first, of equals the first slots.

    Time is range over the closing speed, or for what lies ahead over the own speed if that is
    more (the time gap), or over 1 m/s.

    Args:
        in_mind: Objects registered or remembered, shape (D, K).
        most: How many fit, by driver and column, the least of which counts, shape (D, M).
        distance: To the objects as believed [m], shape (D, K).
        own_along: Cosine of the driver's heading to the sight line, shape (D, K).
        along: Cosine of the object's, likewise.
        own_speed: [m/s], shape (D,).
        speed: Of the objects [m/s], shape (D, K).
    """
    kept, time = in_mind.copy(), np.empty(in_mind.shape[1])
    for i in range(in_mind.shape[0]):
        limit = math.inf
        for m in range(most.shape[1]):
            limit = min(limit, most[i, m])
        limit = np.rint(limit)
        count = 0
        for k in range(in_mind.shape[1]):
            count += in_mind[i, k]
        if count <= limit:
            continue
        for k in range(in_mind.shape[1]):
            time[k] = math.inf
            if in_mind[i, k]:
                towards = own_speed[i] * own_along[i, k]
                closing = towards - speed[i, k] * along[i, k]
                time[k] = distance[i, k] / max(closing, towards, 1.0)
        for k in range(in_mind.shape[1]):
            if not in_mind[i, k]:
                continue
            rank = 0
            for o in range(in_mind.shape[1]):
                rank += time[o] < time[k] or (time[o] == time[k] and o < k)
            kept[i, k] = rank < limit
    return kept


@compiled
def drift(
    tick: int,
    step_s: float,
    row: Ints,
    remembered: Bools,
    source: Ints,
    variance: Floats,
    drivers: Keys,
    actors: Keys,
    x: Floats,
    y: Floats,
    yaw: Floats,
    speed: Floats,
    s: Floats,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Move what is only remembered on at a wrong speed.

    Args:
        tick: Number of this tick.
        step_s: Length of a tick [s].
        row: Actor rows, shape (D, K).
        remembered: What is only remembered, shape (D, K).
        source: Tick whose state the driver goes by, shape (D, K).
        variance: Of the error of speed [m2/s2], shape (D, K).
        drivers: One key per driver.
        actors: One key per actor row.
        x: Position [m], shape (D, K); as is the rest.
        y: As x.
        yaw: Heading [rad].
        speed: [m/s].
        s: Distance along the lane [m].

    Returns:
        ``(slip, x, y, s)``: errors of speed [m/s] and the places they lead to.
    """
    slip, x, y, s = np.zeros(row.shape), x.copy(), y.copy(), s.copy()
    for i in range(row.shape[0]):
        for k in range(row.shape[1]):
            if not remembered[i, k] or variance[i, k] == 0.0:
                continue
            key = combined(drivers[i], actors[row[i, k]])
            error = math.sqrt(variance[i, k]) * normal(key, source[i, k])
            if speed[i, k] >= 0.0:  # nothing is believed to begin driving backwards
                error = max(error, -speed[i, k])
            slip[i, k] = error
            way = error * ((tick - source[i, k]) * step_s)
            x[i, k] += way * math.cos(yaw[i, k])
            y[i, k] += way * math.sin(yaw[i, k])
            s[i, k] += way
    return slip, x, y, s
