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

from hdsim.core.compiled import compiled
from hdsim.core.draws import combined, normal, uniform
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
        self._piece: Floats = np.zeros((n, 4))

    def same(self, operation_keys: NDArray[np.uint64], tau_s: Floats) -> bool:
        """Whether a field of these places would give the same values."""
        return np.array_equal(self._keys, operation_keys) and np.array_equal(self._tau_s, tau_s)

    def at(self, time: float, objects: Ints) -> Floats:
        """Noise of the object at each place.

        Args:
            time: Scenario time [s].
            objects: Number of the object at each place, -1 for none, shape (N,).

        Returns:
            Shape (N,).
        """
        values: Floats = _evaluate(
            time, objects, self._keys, self._objects, self._knots_per_s,
            self._shown, self._key, self._phase, self._knot, self._piece,
        )  # fmt: skip
        return values


@compiled
def _evaluate(
    time: float,
    objects: Ints,
    operation_keys: NDArray[np.uint64],
    object_keys: NDArray[np.uint64],
    knots_per_s: Floats,
    shown: Ints,
    key: NDArray[np.uint64],
    phase: Floats,
    knot: Floats,
    piece: Floats,
) -> Floats:
    """Values of all places that show an object, 0 of the others, shape (N,).

    Brings ``shown``, ``key``, ``phase``, ``knot``, shape (N,) each, and ``piece``, shape (N, 4), up
    to date where a place shows another object or its spline has come to another piece.
    """
    values = np.zeros(len(objects))
    phase_draw = np.int64(-1)  # a literal would be compiled a second time, for a type of its own
    for i in range(len(objects)):
        if objects[i] < 0:
            continue
        if objects[i] != shown[i]:
            shown[i] = objects[i]
            key[i] = combined(operation_keys[i], object_keys[objects[i]])
            phase[i], knot[i] = uniform(key[i], phase_draw), math.nan
        at = time * knots_per_s[i] + phase[i]
        here = math.floor(at)
        if here != knot[i]:
            knot[i] = here
            first = int(here)
            p, q = normal(key[i], first), normal(key[i], first + 1)
            r, s = normal(key[i], first + 2), normal(key[i], first + 3)
            # The columns of _BASIS.
            piece[i, 0] = p + 4.0 * q + r
            piece[i, 1] = 3.0 * (r - p)
            piece[i, 2] = 3.0 * (p + r) - 6.0 * q
            piece[i, 3] = 3.0 * (q - r) + (s - p)
        f = at - here
        h = (f - 0.5) ** 2
        value = ((piece[i, 3] * f + piece[i, 2]) * f + piece[i, 1]) * f + piece[i, 0]
        values[i] = value / math.sqrt(((_V3 * h + _V2) * h + _V1) * h + _V0)
    return values
