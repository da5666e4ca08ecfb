"""Smooth keyed noise of many processes at once, evaluated cheaply.

The values are those of ``hdsim.core.seeds.smooth_normal``. That function of (key, time) is a spline
through keyed draws, and its piece stays the same for about a correlation time; here the pieces are
kept as polynomials and worked out again only when the spline moves on to the next knot or a place
gets another object. What is kept changes no value beyond rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hdsim.core import seeds
from hdsim.core.state import Floats, Ints

# As in seeds: spline knots per correlation time, 0.5 / (151/315).
_KNOTS_PER_TAU = 0.5 / (151.0 / 315.0)
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
        self._piece: Floats = np.zeros((4, n))

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
        other = np.flatnonzero(objects != self._shown)
        if other.size:
            key = seeds.combine(self._keys[other], self._objects[objects[other]])
            self._shown[other], self._key[other] = objects[other], key
            self._phase[other], self._knot[other] = seeds.uniform(key, -1), np.nan
        u = time * self._knots_per_s + self._phase
        knot = np.floor(u)
        moved = np.flatnonzero(knot != self._knot)
        if moved.size:
            self._knot[moved] = knot[moved]
            counter = knot[moved].astype(np.int64)[:, None] + np.arange(4)
            p, q, r, s = seeds.normal(self._key[moved][:, None], counter).T
            # The columns of _BASIS; a matrix product would round differently by number of rows.
            self._piece[0, moved] = p + 4.0 * q + r
            self._piece[1, moved] = 3.0 * (r - p)
            self._piece[2, moved] = 3.0 * (p + r) - 6.0 * q
            self._piece[3, moved] = 3.0 * (q - r) + (s - p)
        f = u - knot
        h = (f - 0.5) ** 2
        a, b, c, d = self._piece
        value = ((d * f + c) * f + b) * f + a
        return np.asarray(value / np.sqrt(((_V3 * h + _V2) * h + _V1) * h + _V0))
