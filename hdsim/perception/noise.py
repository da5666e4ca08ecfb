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
from hdsim.core.state import Bools, Floats, Ints

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

    def at(
        self, time: float, rows: Ints, wanted: Bools, needed: Bools, own: int
    ) -> tuple[Floats, Floats]:
        """Noise of the objects, by channel, and of the drivers themselves.

        The places are those of the channels of objects, each by driver and slot, then those of the
        channels of drivers.

        Args:
            time: Scenario time [s].
            rows: Number of the object in each slot, shape (D, K).
            wanted: Objects that noise is wanted of, shape (D, K); the others get 0.
            needed: Drivers who need it, by channel, shape (C, D); the others get 0.
            own: Number of channels of the drivers themselves, whose number is the last one.

        Returns:
            Shape (C, D, K), and (own, D).
        """
        values = _evaluate(
            time, rows, wanted, needed, own, self._keys, self._objects, self._knots_per_s,
            self._shown, self._key, self._phase, self._knot, self._piece,
        )  # fmt: skip
        of_objects = needed.size * rows.shape[1]
        return (
            values[:of_objects].reshape(len(needed), *rows.shape),
            values[of_objects:].reshape(own, len(rows)),
        )


@compiled
def _evaluate(
    time: float,
    rows: Ints,
    wanted: Bools,
    needed: Bools,
    own: int,
    operation_keys: NDArray[np.uint64],
    object_keys: NDArray[np.uint64],
    knots_per_s: Floats,
    shown: Ints,
    key: NDArray[np.uint64],
    phase: Floats,
    knot: Floats,
    piece: Floats,
) -> Floats:
    """Values of ``NoiseField.at`` by place, shape (N,).

    Brings ``shown``, ``key``, ``phase``, ``knot``, shape (N,) each, and ``piece``, shape (N, 4), up
    to date where a place shows another object or its spline has come to another piece.
    """
    drivers, slots = rows.shape
    channels, nobody = len(needed), len(object_keys) - 1
    values = np.zeros(len(operation_keys))
    phase_draw = np.int64(-1)  # a literal would be compiled a second time, for a type of its own
    for line in range((channels + own) * drivers):
        c, i = line // drivers, line % drivers
        of_objects = c < channels
        if of_objects and not needed[c, i]:
            continue
        first = line * slots if of_objects else channels * drivers * (slots - 1) + line
        for k in range(slots if of_objects else 1):
            if of_objects and (rows[i, k] < 0 or not wanted[i, k]):
                continue
            n, number = first + k, rows[i, k] if of_objects else nobody
            if number != shown[n]:
                shown[n] = number
                key[n] = combined(operation_keys[n], object_keys[number])
                phase[n], knot[n] = uniform(key[n], phase_draw), math.nan
            at = time * knots_per_s[n] + phase[n]
            here = math.floor(at)
            if here != knot[n]:
                knot[n] = here
                start = int(here)
                p, q = normal(key[n], start), normal(key[n], start + 1)
                r, s = normal(key[n], start + 2), normal(key[n], start + 3)
                # The columns of _BASIS.
                piece[n, 0] = p + 4.0 * q + r
                piece[n, 1] = 3.0 * (r - p)
                piece[n, 2] = 3.0 * (p + r) - 6.0 * q
                piece[n, 3] = 3.0 * (q - r) + (s - p)
            f = at - here
            h = (f - 0.5) ** 2
            value = ((piece[n, 3] * f + piece[n, 2]) * f + piece[n, 1]) * f + piece[n, 0]
            values[n] = value / math.sqrt(((_V3 * h + _V2) * h + _V1) * h + _V0)
    return values
