"""Keyed randomness: every draw is a pure function of names and a counter.

A draw belongs to (seed, driver name, operation, object key, counter); nothing is drawn in sequence.
Taking away one object, operation or driver therefore shifts no other draw. Keys come from stable
names, never from indices or actor ids.

The generator is counter-based: the SplitMix64 finaliser (Steele, Lea & Flood 2014, "Fast
splittable pseudorandom number generators", OOPSLA) of ``key + counter * golden gamma``, applied
twice. Everything works on arrays of keys.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Keys = NDArray[np.uint64]
Floats = NDArray[np.float64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
# Spacing of the spline knots per correlation time: the cubic B-spline kernel has an integral
# correlation time of 0.5 / (151/315) knots.
_KNOTS_PER_TAU = 0.5 / (151.0 / 315.0)


def key(seed: int, *names: object) -> np.uint64:
    """A 64-bit key from a seed and stable names, the same on every machine."""
    text = "\x1f".join([str(int(seed)), *map(str, names)])
    return np.uint64(
        int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
    )


def keys(seed: int, names: Any, *more: object) -> Keys:
    """One key per name, shape ``(len(names),)``; ``more`` is appended to each name."""
    return np.array([key(seed, name, *more) for name in names], dtype=np.uint64)


def _mix(z: Keys) -> Keys:
    z = (z ^ (z >> np.uint64(30))) * _M1
    z = (z ^ (z >> np.uint64(27))) * _M2
    return z ^ (z >> np.uint64(31))


def combine(a: Any, b: Any) -> Keys:
    """Keys of pairs, by broadcasting: ``combine(driver[:, None], object[None, :])``."""
    a = np.asarray(a, dtype=np.uint64)
    b = np.asarray(b, dtype=np.uint64)
    with np.errstate(over="ignore"):
        return _mix(_mix(a + _GAMMA) + b * _GAMMA)


def uniform(k: Any, counter: Any = 0) -> Floats:
    """Draws in the open interval (0, 1), one per broadcast (key, counter)."""
    with np.errstate(over="ignore"):
        c = np.asarray(counter).astype(np.int64).astype(np.uint64)
        z = _mix(_mix(np.asarray(k, dtype=np.uint64) + c * _GAMMA) + _GAMMA)
    return ((z >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def normal(k: Any, counter: Any = 0) -> Floats:
    """Standard normal draws, one per broadcast (key, counter)."""
    return np.asarray(ndtri(uniform(k, counter)), dtype=np.float64)


def lognormal(k: Any, median: Any, sigma: Any, counter: Any = 0) -> Floats:
    """Lognormal draws with the given median and log standard deviation."""
    return np.asarray(median * np.exp(np.asarray(sigma) * normal(k, counter)), dtype=np.float64)


def smooth_normal(k: Any, time_s: Any, tau_s: Any) -> Floats:
    """Unit-variance Gaussian noise that is smooth in time, one process per key.

    White draws keyed by knot number, filtered with a cubic B-spline: twice continuously
    differentiable, stationary up to the knot phase, with integral correlation time ``tau_s``. It
    stands where the literature uses an Ornstein-Uhlenbeck process of that correlation time, whose
    sample paths have no derivative and would make a perceived gap imply infinite closing speeds.
    Being a function of (key, time) it needs no state and no history.

    Args:
        k: Keys, any shape.
        time_s: Time [s], broadcast against ``k``.
        tau_s: Correlation time [s], > 0, broadcast against ``k``.
    """
    u = np.asarray(time_s, dtype=np.float64) / (
        np.asarray(tau_s, dtype=np.float64) / _KNOTS_PER_TAU
    )
    u = u + uniform(k, -1)  # knots of different keys do not coincide
    i = np.floor(u)
    f = u - i
    g = 1.0 - f
    w = (
        g * g * g / 6.0,
        (3.0 * f * f * f - 6.0 * f * f + 4.0) / 6.0,
        (3.0 * g * g * g - 6.0 * g * g + 4.0) / 6.0,
        f * f * f / 6.0,
    )
    j = i.astype(np.int64)
    total = sum(wj * normal(k, j + o) for o, wj in enumerate(w))
    norm = np.sqrt(w[0] ** 2 + w[1] ** 2 + w[2] ** 2 + w[3] ** 2)
    return np.asarray(total / norm, dtype=np.float64)
