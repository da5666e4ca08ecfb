"""The generator of ``hdsim.core.seeds`` for compiled code: one key and counter at a time."""

from __future__ import annotations

import math

import numpy as np

from hdsim.core.compiled import compiled

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
# Coefficients of the normal quantile by powers of falling order: in the middle, and in the tails up
# to and beyond 8 (Moshier 1989, Cephes, ndtri).
_P0 = (-5.99633501014107895267e1, 9.80010754185999661536e1, -5.66762857469070293439e1,
       1.39312609387279679503e1, -1.23916583867381258016e0)  # fmt: skip
_Q0 = (1.0, 1.95448858338141759834e0, 4.67627912898881538453e0, 8.63602421390890590575e1,
       -2.25462687854119370527e2, 2.00260212380060660359e2, -8.20372256168333339912e1,
       1.59056225126211695515e1, -1.18331621121330003142e0)  # fmt: skip
_P1 = (4.05544892305962419923e0, 3.15251094599893866154e1, 5.71628192246421288162e1,
       4.40805073893200834700e1, 1.46849561928858024014e1, 2.18663306850790267539e0,
       -1.40256079171354495875e-1, -3.50424626827848203418e-2,
       -8.57456785154685413611e-4)  # fmt: skip
_Q1 = (1.0, 1.57799883256466749731e1, 4.53907635128879210584e1, 4.13172038254672030440e1,
       1.50425385692907503408e1, 2.50464946208309415979e0, -1.42182922854787788574e-1,
       -3.80806407691578277194e-2, -9.33259480895457427372e-4)  # fmt: skip
_P2 = (3.23774891776946035970e0, 6.91522889068984211695e0, 3.93881025292474443415e0,
       1.33303460815807542389e0, 2.01485389549179081538e-1, 1.23716634817820021358e-2,
       3.01581553508235416007e-4, 2.65806974686737550832e-6, 6.23974539184983293730e-9)  # fmt: skip
_Q2 = (1.0, 6.02427039364742014255e0, 3.67983563856160859403e0, 1.37702099489081330271e0,
       2.16236993594496635890e-1, 1.34204006088543189037e-2, 3.28014464682127739104e-4,
       2.89247864745380683936e-6, 6.79019408009981274425e-9)  # fmt: skip
_TAIL = 0.13533528323661269189  # exp(-2)
_ROOT_TWO_PI = 2.50662827463100050242


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
def normal(key: np.uint64, counter: int | np.int64) -> float:
    """As ``seeds.normal``, of one key."""
    return quantile(uniform(key, counter))


@compiled
def quantile(p: float) -> float:
    """Quantile of the standard normal distribution at ``p``, 0 < p < 1.

    Source: Moshier 1989, Cephes Mathematical Library, ``ndtri``, which scipy's is as well.
    """
    upper = p > 1.0 - _TAIL
    y = 1.0 - p if upper else p
    if y > _TAIL:
        y -= 0.5
        z = y * y
        return (y + y * (z * _polynomial(z, _P0) / _polynomial(z, _Q0))) * _ROOT_TWO_PI
    x = math.sqrt(-2.0 * math.log(y))
    z = 1.0 / x
    if x < 8.0:
        less = z * _polynomial(z, _P1) / _polynomial(z, _Q1)
    else:
        less = z * _polynomial(z, _P2) / _polynomial(z, _Q2)
    x = x - math.log(x) / x - less
    return x if upper else -x


@compiled
def _polynomial(x: float, coefficients: tuple[float, ...]) -> float:
    """Value of a polynomial, highest power first."""
    total = 0.0
    for c in coefficients:
        total = total * x + c
    return total
