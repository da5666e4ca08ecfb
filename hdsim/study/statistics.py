"""Intervals and fits: bootstrap, Wilson, logistic regression, critical headways."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import lognorm

from hdsim.core.state import Bools, Floats

_Z95 = 1.959963984540054
_RESAMPLES = 1000
# Probabilities are kept this far from 0 in likelihoods.
_TINY = 1e-12


def bootstrap(
    values: NDArray[Any], statistic: Callable[..., Any] = np.mean, resamples: int = _RESAMPLES
) -> tuple[float, float, float]:
    """``(value, low, high)`` of a statistic over independent units, percentile interval of 95 %.

    Args:
        values: One row a unit, shape (n,) or (n, columns); NaN rows are left out.
        statistic: Of rows resampled with replacement.
        resamples: How many; the same draws every time.
    """
    values = np.asarray(values, dtype=np.float64)
    good = np.isfinite(values) if values.ndim == 1 else np.isfinite(values).all(axis=1)
    values = values[good]
    if not len(values):
        return np.nan, np.nan, np.nan
    rng = np.random.default_rng(0)
    draws = [
        statistic(values[rng.integers(len(values), size=len(values))]) for _ in range(resamples)
    ]
    low, high = np.nanpercentile(draws, (2.5, 97.5))
    return float(statistic(values)), float(low), float(high)


def wilson(hits: int, trials: int) -> tuple[float, float, float]:
    """``(share, low, high)`` of a proportion.

    Source: Wilson 1927, J. Am. Stat. Assoc. 22:209.
    """
    if trials == 0:
        return np.nan, np.nan, np.nan
    p, z2 = hits / trials, _Z95**2
    centre = (p + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _Z95 / (1 + z2 / trials) * sqrt(p * (1 - p) / trials + z2 / (4 * trials**2))
    return p, centre - half, centre + half


def ratio_of_rates(pairs: Floats) -> float:
    """Ratio of two mean counts, half an event added to both, so that none is 0.

    Args:
        pairs: Counts of events with and without, on the same exposure, shape (n, 2).
    """
    with_, without = pairs.sum(axis=0)
    return float((with_ + 0.5) / (without + 0.5))


def logit_fit(x: Floats, yes: Bools) -> tuple[float, float]:
    """Centre and slope of ``P(yes) = expit(slope (x - centre))``, by maximum likelihood.

    A weak ridge keeps the slope finite where yes and no do not overlap.
    """
    sign = np.where(yes, 1.0, -1.0)

    def cost(b: Floats) -> float:
        return float(
            np.logaddexp(0.0, -sign * (b[0] + b[1] * (x - x.mean()))).sum() + 1e-3 * b[1] ** 2
        )

    b = minimize(cost, np.array([0.0, 1.0])).x
    return float(x.mean() - b[0] / b[1]), float(b[1])


def critical_headway(pairs: Floats) -> float:
    """Mean critical headway of a lognormal population [s], by maximum likelihood.

    Args:
        pairs: Largest headway rejected (0 for none) and headway accepted by each driver [s],
            shape (n, 2). A driver who accepted no more than it had rejected is inconsistent; its
            largest rejection is put just below the accepted one.

    Source: Troutbeck 1992, as recommended by Brilon, Koenig & Troutbeck 1999.
    """
    accepted = pairs[:, 1]
    rejected = np.minimum(pairs[:, 0], 0.99 * accepted)

    def cost(b: Floats) -> float:
        law = lognorm(s=np.exp(b[1]), scale=np.exp(b[0]))
        inside = law.cdf(accepted) - law.cdf(np.maximum(rejected, 1e-6))
        return float(-np.log(np.maximum(inside, _TINY)).sum())

    start = np.array([np.log(np.median(accepted)), np.log(0.2)])
    mu, log_sigma = minimize(cost, start, method="Nelder-Mead").x
    return float(np.exp(mu + 0.5 * np.exp(log_sigma) ** 2))
