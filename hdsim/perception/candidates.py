"""Who is considered, and who gets a slot: the actors that matter most to each driver."""

from __future__ import annotations

import math

import numpy as np

from hdsim.core.compiled import compiled
from hdsim.core.state import Bools, Floats, Ints

RANGE_M = 150.0
# Relevance is a weighted distance: what lies ahead and on the own path counts as nearer. The
# weights are heuristics without a source.
_AHEAD, _BEHIND, _ASIDE, _ON_PATH = 0.7, 1.5, 1.5, 0.5
# Actors are looked for in square cells of at least this size [m], and of no more than so many in a
# row, so that a stray actor far away costs nothing.
_CELL_M, _MOST_CELLS = 50.0, 64


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
    before: Ints,
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
        before: The rows found at the last frame, shape (D, C); which they are makes no difference
            to the result. They are looked at first, and few of the others take a place from them.

    Returns:
        Actor rows, shape (D, C); -1 where there are fewer.
    """
    most = before.shape[1]
    rows, score = np.full(before.shape, -1, np.int64), np.empty(most)
    owner, looked_at = np.full(lanes, -1, np.int64), np.full(len(x), -1, np.int64)
    low_x, low_y, size, across, start, order = _cells(x, y, present)
    for i in range(len(drivers)):
        me, n = drivers[i], 0
        looked_at[me] = i
        for p in range(path_lane.shape[1]):
            if path_lane[i, p] >= 0:
                owner[path_lane[i, p]] = i
        left, right = _span(x[me], low_x, size, across)
        bottom, top = _span(y[me], low_y, size, across)
        for c in range(bottom - 1, top + 1):
            known = c < bottom  # the first turn goes to those of the last frame
            first = 0 if known else start[c * across + left]
            last = most if known else start[c * across + right + 1]
            for at in range(first, last):
                j = before[i, at] if known else order[at]
                if j < 0 or looked_at[j] == i or not present[j]:
                    continue
                dx, dy = x[j] - x[me], y[j] - y[me]
                if dx * dx + dy * dy >= RANGE_M * RANGE_M:
                    continue
                looked_at[j] = i
                ahead = dx * cos[me] + dy * sin[me]
                aside = _ASIDE * (dy * cos[me] - dx * sin[me])
                ahead *= _AHEAD if ahead > 0.0 else _BEHIND
                value = ahead * ahead + aside * aside
                if lane[j] >= 0 and owner[lane[j]] == i:
                    value *= _ON_PATH * _ON_PATH
                # Insertion into the list, which is kept in order; of equals the lower row is first.
                k = n
                while k > 0 and (
                    score[k - 1] > value or (score[k - 1] == value and rows[i, k - 1] > j)
                ):
                    if k < most:
                        score[k], rows[i, k] = score[k - 1], rows[i, k - 1]
                    k -= 1
                if k < most:
                    score[k], rows[i, k] = value, j
                    n = min(n + 1, most)
    return rows


@compiled
def _cells(x: Floats, y: Floats, present: Bools) -> tuple[float, float, float, int, Ints, Ints]:
    """The actors that are present, sorted into the cells of a grid.

    Returns:
        ``(low_x, low_y, size, across, start, order)``: corner of the grid [m], size of a cell [m],
        cells in a row, first place of each cell in ``order``, and actor rows by cell.
    """
    low_x, low_y, high = math.inf, math.inf, 0.0
    for j in range(len(x)):
        if present[j]:
            low_x, low_y = min(low_x, x[j]), min(low_y, y[j])
    for j in range(len(x)):
        if present[j]:
            high = max(high, x[j] - low_x, y[j] - low_y)
    size = max(_CELL_M, high / (_MOST_CELLS - 1))
    across = int(high / size) + 1
    start = np.zeros(across * across + 1, np.int64)
    cell = np.full(len(x), -1, np.int64)
    for j in range(len(x)):
        if present[j]:
            cell[j] = int((y[j] - low_y) / size) * across + int((x[j] - low_x) / size)
            start[cell[j] + 1] += 1
    for c in range(across * across):
        start[c + 1] += start[c]
    place, order = start.copy(), np.empty(start[-1], np.int64)
    for j in range(len(x)):
        if cell[j] >= 0:
            order[place[cell[j]]] = j
            place[cell[j]] += 1
    return low_x, low_y, size, across, start, order


@compiled
def _span(at: float, low: float, size: float, across: int) -> tuple[int, int]:
    """First and last cell of a row within range of a position."""
    first = int(max((at - RANGE_M - low) / size, 0.0))
    last = int(min((at + RANGE_M - low) / size, across - 1.0))
    return min(first, across - 1), max(last, 0)


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


@compiled
def gather(
    rows: Ints,
    x: Floats,
    y: Floats,
    yaw: Floats,
    speed: Floats,
    accel: Floats,
    length: Floats,
    width: Floats,
    lane: Ints,
    s: Floats,
    d: Floats,
) -> tuple[Floats, Ints]:
    """The actors' values by slot, shape (9, D, K), and their lanes, shape (D, K).

    Zeros, which mean nothing, in empty slots.
    """
    values, at_lane = np.zeros((9, *rows.shape)), np.zeros(rows.shape, np.int64)
    at_x, at_y, at_yaw, at_speed = values[0], values[1], values[2], values[3]
    at_accel, at_length, at_width = values[4], values[5], values[6]
    at_s, at_d = values[7], values[8]
    for i in range(rows.shape[0]):
        for k in range(rows.shape[1]):
            a = rows[i, k]
            if a < 0:
                continue
            at_x[i, k], at_y[i, k], at_yaw[i, k] = x[a], y[a], yaw[a]
            at_speed[i, k], at_accel[i, k] = speed[a], accel[a]
            at_length[i, k], at_width[i, k] = length[a], width[a]
            at_lane[i, k], at_s[i, k], at_d[i, k] = lane[a], s[a], d[a]
    return values, at_lane
