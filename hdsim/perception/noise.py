"""Smooth keyed noise for every (driver, object), evaluated cheaply.

The values are those of ``hdsim.core.seeds.smooth_normal``. That function of (key, time) is a spline
through keyed draws, and the draws of a process stay the same for about a correlation time; here
they are kept and drawn again only when the spline moves on to the next knot or when another object
comes. What is kept changes no value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hdsim.core import seeds
from hdsim.core.state import Floats, Ints

# Objects kept per driver and channel; rows further apart than this fall into one bucket by turns.
_BUCKETS = 128
# As in seeds: spline knots per correlation time, 0.5 / (151/315).
_KNOTS_PER_TAU = 0.5 / (151.0 / 315.0)


class NoiseField:
    """Unit-variance processes of (channel, driver, object).

    Args:
        operation_keys: Shape (C, D); one key per channel and driver.
        tau_s: Correlation times [s], shape (C, D).
        object_keys: Shape (n,), by actor row.
    """

    def __init__(
        self,
        operation_keys: NDArray[np.uint64],
        tau_s: Floats,
        object_keys: NDArray[np.uint64],
    ) -> None:
        c, d = operation_keys.shape
        self._buckets = min(_BUCKETS, len(object_keys))
        size = c * d * self._buckets
        self._keys, self._objects, self._tau_s = operation_keys, object_keys, tau_s
        self._knots_per_s = (_KNOTS_PER_TAU / tau_s)[:, :, None]
        self._base = (np.arange(c * d) * self._buckets).reshape(c, d, 1)
        self._row: Ints = np.full(size, -1, dtype=np.int64)
        self._key: NDArray[np.uint64] = np.zeros(size, dtype=np.uint64)
        self._phase: Floats = np.zeros(size)
        self._knot: Ints = np.full(size, np.iinfo(np.int64).min, dtype=np.int64)
        self._draws: Floats = np.zeros((size, 4))

    def same(self, operation_keys: NDArray[np.uint64], tau_s: Floats) -> bool:
        """Whether a field of these channels would give the same values."""
        return np.array_equal(self._keys, operation_keys) and np.array_equal(self._tau_s, tau_s)

    def at(self, time: float, rows: Ints) -> Floats:
        """Noise of each slot's object.

        Args:
            time: Scenario time [s].
            rows: Actor rows, shape (D, K); negative ones get the noise of row 0.

        Returns:
            Shape (C, D, K).
        """
        rows = np.maximum(rows, 0)[None]
        at = self._base + rows % self._buckets
        row = np.broadcast_to(rows, at.shape)
        phase, knot, draws = self._phase[at], self._knot[at], self._draws[at]
        stranger = self._row[at] != row
        if stranger.any():
            c, d, _ = np.nonzero(stranger)
            key = seeds.combine(self._keys[c, d], self._objects[row[stranger]])
            phase[stranger] = seeds.uniform(key, -1)
            where = at[stranger]
            self._row[where], self._key[where] = row[stranger], key
            self._phase[where] = phase[stranger]
            knot[stranger] = np.iinfo(np.int64).min
        u = time * self._knots_per_s + phase
        i = np.floor(u)
        f = u - i
        j = i.astype(np.int64)
        moved = knot != j
        if moved.any():
            where = at[moved]
            # Two objects in one bucket: only the last stranger's key was kept.
            c, d, _ = np.nonzero(moved)
            key = self._key[where]
            clash = self._row[where] != row[moved]
            if clash.any():
                key[clash] = seeds.combine(
                    self._keys[c[clash], d[clash]], self._objects[row[moved][clash]]
                )
            fresh = seeds.normal(key[:, None], j[moved][:, None] + np.arange(4))
            draws[moved] = fresh
            mine = ~clash
            self._draws[where[mine]], self._knot[where[mine]] = fresh[mine], j[moved][mine]
        g = 1.0 - f
        f2, g2 = f * f, g * g
        w = np.empty((*f.shape, 4))
        w[..., 0] = g2 * g
        w[..., 1] = (3.0 * f - 6.0) * f2 + 4.0
        w[..., 2] = (3.0 * g - 6.0) * g2 + 4.0
        w[..., 3] = f2 * f
        total = np.einsum("...i,...i->...", w, draws)
        return np.asarray(total / np.sqrt(np.einsum("...i,...i->...", w, w)))
