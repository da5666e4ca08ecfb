"""Who is considered, and who gets a slot: the actors that matter most to each driver."""

from __future__ import annotations

import numpy as np

from hdsim.core.compiled import compiled
from hdsim.core.state import Bools, Floats, Ints

RANGE_M = 150.0
# Relevance is a weighted distance: what lies ahead and on the own path counts as nearer. The
# weights are heuristics without a source.
_AHEAD, _BEHIND, _ASIDE, _ON_PATH = 0.7, 1.5, 1.5, 0.5


@compiled
def candidates(
    x: Floats,
    y: Floats,
    cos: Floats,
    sin: Floats,
    lane: Ints,
    present: Bools,
    drivers: Ints,
    path_lane: Ints,
    lanes: int,
    most: int,
) -> Ints:
    """The most relevant actors within 150 m of each driver, most relevant first.

    Args:
        x: Position [m], by actor, shape (n,); as are the next five.
        y: As x.
        cos: Cosine of the heading.
        sin: Sine of it.
        lane: Lane index, -1 for none.
        present: Actors that are in the world.
        drivers: Actor rows of the drivers, shape (D,).
        path_lane: Lanes of the drivers' paths, shape (D, P).
        lanes: Number of lanes of the map.
        most: How many to keep at most (C).

    Returns:
        Actor rows, shape (D, C); -1 where there are fewer.
    """
    rows = np.full((len(drivers), most), -1, np.int64)
    score = np.empty(most)
    owner = np.full(lanes, -1, np.int64)
    for i in range(len(drivers)):
        me, n = drivers[i], 0
        for p in range(path_lane.shape[1]):
            if path_lane[i, p] >= 0:
                owner[path_lane[i, p]] = i
        for j in range(len(x)):
            if j == me or not present[j]:
                continue
            dx, dy = x[j] - x[me], y[j] - y[me]
            if dx * dx + dy * dy >= RANGE_M * RANGE_M:
                continue
            ahead = dx * cos[me] + dy * sin[me]
            aside = _ASIDE * (dy * cos[me] - dx * sin[me])
            ahead *= _AHEAD if ahead > 0.0 else _BEHIND
            value = ahead * ahead + aside * aside
            if lane[j] >= 0 and owner[lane[j]] == i:
                value *= _ON_PATH * _ON_PATH
            if n == most and value >= score[n - 1]:
                continue
            # Insertion into the list, which is kept in order; of equals the lower row is first.
            k = min(n, most - 1)
            while k > 0 and score[k - 1] > value:
                score[k], rows[i, k] = score[k - 1], rows[i, k - 1]
                k -= 1
            score[k], rows[i, k] = value, j
            n = min(n + 1, most)
    return rows


@compiled
def fill_slots(rows: Ints, seen: Bools, slots: int) -> tuple[Ints, Bools]:
    """The candidates that get a slot: the seen ones first, each part by relevance.

    Args:
        rows: Candidates by relevance, -1 for none, shape (D, C).
        seen: Candidates in line of sight, shape (D, C).
        slots: Slots per driver (K).

    Returns:
        ``(rows, seen)`` of the slots, shape (D, K). They are in the order of the rows, so that an
        object mostly keeps its slot; empty slots (-1) come last.
    """
    drivers = len(rows)
    taken = np.full((drivers, slots), -1, np.int64)
    taken_seen = np.zeros((drivers, slots), np.bool_)
    for i in range(drivers):
        n = 0
        for turn in (True, False):
            for c in range(rows.shape[1]):
                if n == slots or rows[i, c] < 0:
                    break
                if seen[i, c] != turn:
                    continue
                k = n
                while k > 0 and taken[i, k - 1] > rows[i, c]:
                    taken[i, k], taken_seen[i, k] = taken[i, k - 1], taken_seen[i, k - 1]
                    k -= 1
                taken[i, k], taken_seen[i, k] = rows[i, c], turn
                n += 1
    return taken, taken_seen
