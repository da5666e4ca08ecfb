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
from hdsim.perception.parameters import place

Keys = NDArray[np.uint64]
NEVER = -(1 << 30)
# Side by side in a pair's table: one cache line.
_IN_VIEW, _SINCE, _NOTICE, _LAST, _MIND, _LATE, _KEPT = range(7)
_LATENCY, _MISS, _MEMORY = (
    place("attend", name) for name in ("latency_median_s", "miss_probability", "memory_s")
)
_MISS_STREAM, _DECAY_STREAM = np.uint64(2), np.uint64(3)


@compiled
def attend(
    tables: Ints,
    tick: int,
    row: Ints,
    in_sight: Bools,
    taken: Bools,
    away: Bools,
    known: Bools,
    relation: NDArray[np.int8],
    distance: Floats,
    ux: Floats,
    uy: Floats,
    own_yaw: Floats,
    reach_m: Floats,
    delay_s: Floats,
    limited: Bools,
    was_away: Bools,
    away_since: Ints,
    actors: Keys,
    key: Keys,
    wanted: NDArray[np.int8],
    near: Floats,
    far: Floats,
    right: Floats,
    left: Floats,
    sector: bool,
    table: Floats,
    latency_sigma: Floats,
    miss_s: Floats,
    memory_sigma: Floats,
    oldest: int,
    gaze_memory_s: float,
    step_s: float,
) -> tuple[Bools, Bools, NDArray[np.int8], Ints, bool]:
    """What is registered now and what is remembered.

    Memory lasts for a lognormal time, drawn at each registration.

    Args:
        tables: As above; brought up to date.
        tick: Number of this tick.
        row: Actor rows, shape (D, K).
        in_sight: Objects in line of sight, shape (D, K).
        taken: What the gaze takes in, shape (D, K); (D, 0) for everything.
        away: Drivers whose eyes are off the road, shape (D,).
        known: Drivers to whom everything in view is known, shape (D,).
        relation: ``Relation`` of the objects, shape (D, K); as are the next three.
        distance: To them [m].
        ux: Unit vectors towards them.
        uy: As ux.
        own_yaw: The drivers' headings [rad], shape (D,).
        reach_m: How far they are noticed [m], shape (D, K), or (D, 1) for all alike.
        delay_s: Delay of what is registered now [s], likewise.
        limited: Drivers whose gaze does not take in everything, shape (D,).
        was_away: ``away`` of the last tick; brought up to date.
        away_since: Tick since which they are; brought up to date.
        actors: One key per actor row.
        key: Keys of the operations, shape (D, M); as is the rest to ``left``.
        wanted: Selected ``Relation``, -1 for any.
        near: Nearest selected distance [m].
        far: Farthest [m].
        right: Right limit of the selected bearing sector [rad].
        left: Left limit [rad].
        sector: Whether any column selects by bearing.
        table: ``Columns.table`` of ``attend``, shape (P, D, M).
        latency_sigma: Log standard deviation of latencies, shape (D, M).
        miss_s: For how long what is overlooked stays so [s], likewise.
        memory_sigma: Log standard deviation of the time that objects are remembered for, likewise.
        oldest: Tick that remembered states must come after.
        gaze_memory_s: How long the limited keep in mind what they do not look at, at least [s].
        step_s: Length of a tick [s].

    Returns:
        Registered, in mind, relation when last registered, and the tick whose state the driver
        goes by, shape (D, K) each; and whether anything is in mind without being registered.
    """
    registered, in_mind = np.zeros(row.shape, np.bool_), np.zeros(row.shape, np.bool_)
    believed, source = relation.copy(), np.full(row.shape, tick)
    remembers, all_taken = False, taken.shape[1] == 0
    reaches, delays = int(reach_m.shape[1] > 1), int(delay_s.shape[1] > 1)
    median, miss, memory_s = table[_LATENCY], table[_MISS], table[_MEMORY]
    for i in range(row.shape[0]):
        if away[i] and not was_away[i]:
            away_since[i] = tick
        was_away[i] = away[i]
        least = gaze_memory_s if limited[i] else 0.0
        hold = _longest(memory_s, i, least, step_s)
        # The earliest registration that is still remembered, without decay.
        earliest = (away_since[i] - 1 if away[i] else tick) - hold
        if not away[i] and hold == 0:
            earliest = tick + 1
        decays = hold > 0 and memory_sigma[i].any()
        for k in range(row.shape[1]):
            a = row[i, k]
            if a < 0:
                continue
            pair = tables[i, a]
            visible = in_sight[i, k] and (all_taken or taken[i, k]) and not away[i]
            if visible and distance[i, k] <= reach_m[i, k * reaches]:
                if pair[_IN_VIEW] < tick - 1:
                    pair[_SINCE] = tick
                    if pair[_MIND] < tick - 1:
                        pair[_NOTICE] = tick
                        if not known[i]:
                            bearing = bearing_of(ux[i, k], uy[i, k], own_yaw[i]) if sector else 0.0
                            what = relation[i, k], distance[i, k], bearing
                            pair[_NOTICE] += _late(
                                tick, i, actors[a], what, key, wanted, near, far, right, left,
                                sector, median, latency_sigma, miss, miss_s, step_s,
                            )  # fmt: skip
                pair[_IN_VIEW] = tick
                if pair[_NOTICE] <= tick:
                    registered[i, k] = True
                    late = int(np.rint(delay_s[i, k * delays] / step_s))
                    pair[_LAST], pair[_LATE], pair[_KEPT] = tick, late, relation[i, k]
            then = max(pair[_LAST] - pair[_LATE], min(pair[_SINCE], pair[_LAST]))
            if not registered[i, k]:
                if pair[_LAST] == NEVER or then <= oldest:
                    continue
                since = earliest
                # What is remembered at least needs no draws.
                if decays and pair[_LAST] < since + hold - int(np.rint(least / step_s)):
                    since += hold - _drawn(
                        i, pair[_LAST], actors[a], key, memory_s, memory_sigma, least, step_s
                    )
                elif decays:
                    since += hold - int(np.rint(least / step_s))
                if pair[_LAST] < since:
                    continue
                remembers = True
                believed[i, k] = pair[_KEPT]
            in_mind[i, k] = True
            pair[_MIND] = tick
            source[i, k] = then
    return registered, in_mind, believed, source, remembers


@compiled
def _longest(memory_s: Floats, i: int, least: float, step_s: float) -> int:
    """How long driver ``i`` remembers without decay, at least ``least`` [s]; in ticks."""
    longest = 0.0
    for m in range(memory_s.shape[1]):
        longest = max(longest, memory_s[i, m])
    return max(int(np.rint(longest / step_s)), int(np.rint(least / step_s)))


@compiled
def _late(
    tick: int,
    i: int,
    actor: np.uint64,
    what: tuple[int, float, float],
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
) -> int:
    """How much later than it comes into view driver ``i`` notices an object [ticks].

    ``what`` is its relation, distance [m] and bearing [rad]; the rest as in ``attend``.
    """
    latency, overlooked = 0.0, 0.0
    relation, distance, bearing = what
    for m in range(key.shape[1]):
        if not selects(
            wanted[i, m], near[i, m], far[i, m], right[i, m], left[i, m], sector,
            relation, distance, bearing,
        ):  # fmt: skip
            continue
        own = combined(key[i, m], actor)
        if median[i, m] > 0.0:
            latency += median[i, m] * math.exp(sigma[i, m] * normal(own, tick))
        if miss[i, m] > 0.0 and uniform(combined(own, _MISS_STREAM), tick) < miss[i, m]:
            overlooked = max(overlooked, miss_s[i, m])
    return int(np.rint((latency + overlooked) / step_s))


@compiled
def _drawn(
    i: int,
    last: int,
    actor: np.uint64,
    key: Keys,
    memory_s: Floats,
    sigma: Floats,
    least: float,
    step_s: float,
) -> int:
    """How long driver ``i`` remembers what it registered at the tick ``last`` [ticks]."""
    longest = least
    for m in range(key.shape[1]):
        if memory_s[i, m] > 0.0:
            draw = combined(combined(key[i, m], actor), _DECAY_STREAM)
            longest = max(longest, memory_s[i, m] * math.exp(sigma[i, m] * normal(draw, last)))
    return int(np.rint(longest / step_s))


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
    in_mind: Bools,
    registered: Bools,
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
        in_mind: What is believed to be there, shape (D, K).
        registered: What is not only remembered, shape (D, K).
        source: Tick whose state the driver goes by, shape (D, K).
        variance: Of the error of speed [m2/s2], shape (D, K), or (D, 1) for all alike.
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
    varies = int(variance.shape[1] > 1)
    for i in range(row.shape[0]):
        for k in range(row.shape[1]):
            error = variance[i, k * varies]
            if not in_mind[i, k] or registered[i, k] or error == 0.0:
                continue
            key = combined(drivers[i], actors[row[i, k]])
            error = math.sqrt(error) * normal(key, source[i, k])
            if speed[i, k] >= 0.0:  # nothing is believed to begin driving backwards
                error = max(error, -speed[i, k])
            slip[i, k] = error
            way = error * ((tick - source[i, k]) * step_s)
            x[i, k] += way * math.cos(yaw[i, k])
            y[i, k] += way * math.sin(yaw[i, k])
            s[i, k] += way
    return slip, x, y, s
