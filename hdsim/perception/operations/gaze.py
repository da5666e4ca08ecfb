"""Where drivers look: SEEV allocation of gaze over the areas of a ``scan``.

Steady state of SEEV (Wickens et al. 2003; Horrey, Wickens & Consalus 2006): an area's share of
dwell time is its weight times its relevance now, over the sum of all areas, the road ahead having
weight 1. Glances start and end at the road ahead. With glances of mean length L_j, a look ahead of
mean length 1 / R, R = sum of weight_j / L_j, and area j as the next one with probability
(weight_j / L_j) / R give exactly these shares. The two sides of a junction are looked at by turns,
as far as their weights are equal: a driver looks both ways. With here as the one looked at last,
the other comes next instead with probability min(1, weight_there / weight_here), which keeps the
shares.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hdsim.core.compiled import compiled
from hdsim.core.draws import uniform
from hdsim.core.percept import Paths
from hdsim.core.state import Bools, Floats, Ints
from hdsim.perception.compile import Columns

Keys = NDArray[np.uint64]
Sides = NDArray[np.int8]
# The areas; those after AHEAD in the order of the weights, the parameters of a ``scan``.
AHEAD, INNER, LEFT, RIGHT, CROSSING_LEFT, CROSSING_RIGHT, INSIDE = range(7)
AREAS = (
    "ahead",
    "inner_mirror",
    "left_mirror",
    "right_mirror",
    "crossing_left",
    "crossing_right",
    "inside",
)
_LENGTHS = ("inner_mirror_s", "side_mirror_s", "side_mirror_s", "crossing_s", "crossing_s",
            "inside_s")  # fmt: skip
# Relevance of crossing areas by time to the junction [s]: none before the first, full after the
# second. Slow drivers count as driving this fast [m/s]. Proposals.
_JUNCTION_FROM_S, _JUNCTION_FULL_S, _LEAST_MPS = 6.0, 3.0, 3.0
# Streams of draws of one look.
_LENGTH, _ANGLE, _NEXT = 0, 1, 2


class Gaze:
    """Looks of all drivers; lives through a drive.

    Args:
        keys: One key per driver.
        step_s: Length of a tick [s].
        junction: Junction of each lane, -1 for none, shape (L,).

    Attributes:
        area: Where each driver looks, shape (D,).
        scans: Drivers whose gaze is in force, shape (D,).
    """

    def __init__(self, keys: Keys, step_s: float, junction: Ints) -> None:
        n = len(keys)
        self._keys, self._step_s, self._junction = keys, step_s, junction
        self.area: Ints = np.zeros(n, dtype=np.int64)
        self.scans: Bools = np.zeros(n, dtype=np.bool_)
        self._begun: Ints = np.zeros(n, dtype=np.int64)
        self._until: Ints = np.zeros(n, dtype=np.int64)
        self._crossing: Ints = np.zeros(n, dtype=np.int64)
        self._version = -1
        self._lengths: Floats = np.zeros((0, 0, 0))

    def look(
        self,
        tick: int,
        scan: Columns,
        version: int,
        paths: Paths,
        speed: Floats,
        side: Sides,
    ) -> None:
        """Move the eyes on by one tick.

        Args:
            tick: Number of this tick.
            scan: Slots of ``scan``.
            version: Of the programs; what does not vary is looked up when it changes.
            paths: Ways ahead.
            speed: Own speeds [m/s], shape (D,).
            side: Which way each driver means to move: -1 right, 0, +1 left, shape (D,).
        """
        if version != self._version:
            self._version = version
            self._lengths = np.stack([scan.raw[name] for name in _LENGTHS])
        _look(
            tick, self._step_s, self._keys, scan.table, self._lengths, scan.raw["glance_sigma"],
            scan.raw["change_gain"], self._junction, paths.lane, paths.s, speed, side,
            self.area, self._begun, self._until, self._crossing, self.scans,
        )  # fmt: skip

    def recall(self, drivers: Bools, tick: int) -> None:
        """What these drivers saw from the corner of the eye draws their eyes ahead."""
        self.area[drivers] = AHEAD
        self._begun[drivers] = tick


@compiled
def _look(
    tick: int,
    step_s: float,
    keys: Keys,
    weights: Floats,
    lengths: Floats,
    sigma: Floats,
    change_gain: Floats,
    junction: Ints,
    path_lane: Ints,
    path_s: Floats,
    speed: Floats,
    side: Sides,
    area: Ints,
    begun: Ints,
    until: Ints,
    last_crossing: Ints,
    scans: Bools,
) -> None:
    """Bring ``area``, ``begun``, ``until``, ``last_crossing`` and ``scans`` up to date, (D,) each.

    Args:
        tick: Number of this tick.
        step_s: Length of a tick [s].
        keys: By driver, shape (D,).
        weights: By area after the first, driver and column, shape (6, D, M).
        lengths: Mean glances [s], likewise.
        sigma: Log standard deviations, shape (D, M).
        change_gain: Relevance of mirrors before a lane change, shape (D, M).
        junction: Junction of each lane, -1 for none, shape (L,).
        path_lane: Lanes of the ways ahead, shape (D, P).
        path_s: Distances along them [m].
        speed: Own speeds [m/s], shape (D,).
        side: Wanted side, shape (D,).
        area: Where the drivers look.
        begun: Tick at which they began to.
        until: Tick at which a glance ends; looks ahead end when the weights say.
        last_crossing: The side of a junction looked at last, 0 for none.
        scans: Whether any weight is off zero, or a glance not over.
    """
    columns = weights.shape[2]
    rate = np.empty((weights.shape[0], columns))
    for i in range(len(keys)):
        total, wanted = 0.0, False
        for j in range(weights.shape[0]):
            for m in range(columns):
                rate[j, m] = 0.0
                if weights[j, i, m] > 0.0:
                    wanted = True
        if area[i] != AHEAD and tick >= until[i]:
            area[i], begun[i] = AHEAD, tick
        scans[i] = wanted or area[i] != AHEAD
        if not wanted:
            begun[i] = tick
            continue
        if area[i] != AHEAD:
            continue
        near = math.inf
        for p in range(path_lane.shape[1]):
            if path_lane[i, p] >= 0 and junction[path_lane[i, p]] >= 0:
                near = max(path_s[i, p], 0.0)
                break
        time = near / max(speed[i], _LEAST_MPS)
        crossing = (_JUNCTION_FROM_S - time) / (_JUNCTION_FROM_S - _JUNCTION_FULL_S)
        crossing = min(max(crossing, 0.0), 1.0)
        spread = 0.0
        for j in range(weights.shape[0]):
            for m in range(columns):
                if weights[j, i, m] <= 0.0:
                    continue
                relevance = 1.0
                if j + 1 == CROSSING_LEFT or j + 1 == CROSSING_RIGHT:
                    relevance = crossing
                elif side[i] != 0 and (
                    j + 1 == INNER
                    or (j + 1 == LEFT and side[i] > 0)
                    or (j + 1 == RIGHT and side[i] < 0)
                ):
                    relevance = change_gain[i, m]
                weight = weights[j, i, m]
                if j + 1 == last_crossing[i] or j + 1 == _other_side(last_crossing[i]):
                    here = weights[last_crossing[i] - 1, i, m]
                    there = weights[_other_side(last_crossing[i]) - 1, i, m]
                    back = min(there, here) / here if here > 0.0 else 1.0
                    back *= here + there
                    weight = here + there - back if j + 1 == last_crossing[i] else back
                rate[j, m] = weight * relevance / lengths[j, i, m]
                total += rate[j, m]
                spread += rate[j, m] * sigma[i, m]
        if total <= 0.0:
            continue
        length = _lognormal(keys[i], begun[i], 1.0 / total, spread / total)
        if (tick - begun[i]) * step_s < max(length - 0.5 * step_s, step_s):
            continue
        pick = uniform(keys[i], 4 * begun[i] + _NEXT) * total
        chosen, column = -1, -1
        for j in range(weights.shape[0]):
            for m in range(columns):
                if rate[j, m] > 0.0 and (chosen < 0 or pick >= 0.0):
                    chosen, column = j, m
                    pick -= rate[j, m]
        length = _lognormal(keys[i], tick, lengths[chosen, i, column], sigma[i, column])
        area[i], begun[i] = chosen + 1, tick
        if area[i] == CROSSING_LEFT or area[i] == CROSSING_RIGHT:
            last_crossing[i] = area[i]
        until[i] = tick + max(int(np.rint(length / step_s)), 1)


@compiled
def _other_side(area: int) -> int:
    """The other side of a junction, -1 for what is no side."""
    if area == CROSSING_LEFT:
        return CROSSING_RIGHT
    return CROSSING_LEFT if area == CROSSING_RIGHT else -1


@compiled
def _lognormal(key: np.uint64, begun: int, mean: float, sigma: float) -> float:
    """Length of the look begun at a tick: lognormal about its mean (Box-Muller)."""
    radius = math.sqrt(-2.0 * math.log(uniform(key, 4 * begun + _LENGTH)))
    z = radius * math.cos(2.0 * math.pi * uniform(key, 4 * begun + _ANGLE))
    return mean * math.exp(sigma * z - 0.5 * sigma * sigma)
