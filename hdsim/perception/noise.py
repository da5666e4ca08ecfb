"""Smooth keyed noise of many processes at once, evaluated cheaply.

The values are those of ``hdsim.core.seeds.smooth_normal``. That function of (key, time) is a spline
through keyed draws, and its piece stays the same for about a correlation time; here the pieces are
kept as polynomials and worked out again only when the spline moves on to the next knot or a place
gets another object. What is kept changes no value beyond rounding.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from hdsim.core.compiled import compiled
from hdsim.core.state import Floats, Ints

# As in seeds: spline knots per correlation time, 0.5 / (151/315).
_KNOTS_PER_TAU = 0.5 / (151.0 / 315.0)
# The generator of seeds.
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
# Cubic B-spline times 6: row per draw, column per power of the place f between two knots.
_BASIS = np.array(
    [
        [1.0, -3.0, 3.0, -1.0],
        [4.0, 0.0, -6.0, 3.0],
        [1.0, 3.0, 3.0, -3.0],
        [0.0, 0.0, 0.0, 1.0],
    ]
)


def _variance() -> Floats:
    """The sum of the squared weights as a polynomial in (f - 1/2)^2, lowest power first."""
    about_middle = [np.poly1d(w[::-1])(np.poly1d([1.0, 0.5])) for w in _BASIS]
    total = sum((w * w for w in about_middle), np.poly1d([0.0]))
    return np.asarray(total.coeffs[::-1][::2], dtype=np.float64)


_V0, _V1, _V2, _V3 = _variance()


class NoiseField:
    """Unit-variance processes, one per place; a place shows one object at a time.

    Args:
        operation_keys: Key of the operation and driver of each place, shape (N,).
        tau_s: Correlation times [s], shape (N,).
        object_keys: Keys of the objects, by number.
    """

    def __init__(
        self, operation_keys: NDArray[np.uint64], tau_s: Floats, object_keys: NDArray[np.uint64]
    ) -> None:
        n = len(operation_keys)
        self._keys, self._tau_s, self._objects = operation_keys, tau_s, object_keys
        self._knots_per_s = _KNOTS_PER_TAU / tau_s
        self._shown: Ints = np.full(n, -1, dtype=np.int64)
        self._key: NDArray[np.uint64] = np.zeros(n, dtype=np.uint64)
        self._phase: Floats = np.zeros(n)
        self._knot: Floats = np.full(n, np.nan)
        self._piece: Floats = np.zeros((n, 4))

    def same(self, operation_keys: NDArray[np.uint64], tau_s: Floats) -> bool:
        """Whether a field of these places would give the same values."""
        return np.array_equal(self._keys, operation_keys) and np.array_equal(self._tau_s, tau_s)

    def at(self, time: float, objects: Ints) -> Floats:
        """Noise of the object at each place.

        Args:
            time: Scenario time [s].
            objects: Number of the object at each place, shape (N,).

        Returns:
            Shape (N,).
        """
        places, drawn = _turn(
            time, objects, self._keys, self._objects, self._knots_per_s,
            self._shown, self._key, self._phase, self._knot,
        )  # fmt: skip
        draws = np.asarray(ndtri(drawn)) if len(places) else drawn
        values: Floats = _evaluate(
            time, places, draws, self._knots_per_s, self._phase, self._knot, self._piece
        )
        return values


@compiled
def _mix(z: np.uint64) -> np.uint64:
    z = (z ^ (z >> np.uint64(30))) * _M1
    z = (z ^ (z >> np.uint64(27))) * _M2
    return z ^ (z >> np.uint64(31))


@compiled
def uniform(key: np.uint64, counter: int | np.int64) -> float:
    """As ``seeds.uniform``, of one key."""
    z = _mix(_mix(key + np.uint64(counter) * _GAMMA) + _GAMMA)
    return (np.float64(z >> np.uint64(12)) + 0.5) * 2.0**-52


@compiled
def combined(a: np.uint64, b: np.uint64) -> np.uint64:
    """As ``seeds.combine``, of one pair."""
    return _mix(_mix(a + _GAMMA) + b * _GAMMA)


@compiled
def _turn(
    time: float,
    objects: Ints,
    operation_keys: NDArray[np.uint64],
    object_keys: NDArray[np.uint64],
    knots_per_s: Floats,
    shown: Ints,
    key: NDArray[np.uint64],
    phase: Floats,
    knot: Floats,
) -> tuple[Ints, Floats]:
    """Find the places whose piece of the spline is another one now.

    Brings ``shown``, ``key``, ``phase`` and ``knot`` up to date, shape (N,) each.

    Returns:
        The places, shape (m,), and the uniform draws of their four knots, shape (m, 4).
    """
    places, n = np.empty(len(objects), np.int64), 0
    phase_draw = np.int64(-1)  # a literal would be compiled a second time, for a type of its own
    for i in range(len(objects)):
        if objects[i] != shown[i]:
            shown[i] = objects[i]
            key[i] = combined(operation_keys[i], object_keys[objects[i]])
            phase[i], knot[i] = uniform(key[i], phase_draw), math.nan
        here = math.floor(time * knots_per_s[i] + phase[i])
        if here != knot[i]:
            knot[i] = here
            places[n] = i
            n += 1
    draws = np.empty((n, 4))
    for m in range(n):
        for j in range(4):
            draws[m, j] = uniform(key[places[m]], int(knot[places[m]]) + j)
    return places[:n], draws


@compiled
def _evaluate(
    time: float,
    places: Ints,
    draws: Floats,
    knots_per_s: Floats,
    phase: Floats,
    knot: Floats,
    piece: Floats,
) -> Floats:
    """Take over new pieces from the normal draws of their knots; values of all places."""
    for m in range(len(places)):
        i = places[m]
        p, q, r, s = draws[m, 0], draws[m, 1], draws[m, 2], draws[m, 3]
        # The columns of _BASIS.
        piece[i, 0] = p + 4.0 * q + r
        piece[i, 1] = 3.0 * (r - p)
        piece[i, 2] = 3.0 * (p + r) - 6.0 * q
        piece[i, 3] = 3.0 * (q - r) + (s - p)
    values = np.empty(len(knot))
    for i in range(len(knot)):
        f = time * knots_per_s[i] + phase[i] - knot[i]
        h = (f - 0.5) ** 2
        value = ((piece[i, 3] * f + piece[i, 2]) * f + piece[i, 1]) * f + piece[i, 0]
        values[i] = value / math.sqrt(((_V3 * h + _V2) * h + _V1) * h + _V0)
    return values
