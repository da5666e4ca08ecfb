"""Numbers as integers, for the least of many of them.

A compiler makes vector instructions, several elements at once, of a loop that looks for the least
of integers, but not of floats, whose order of comparison it has to keep for the sake of nan. The
bits of floats that are not negative, read as integers, are in the same order.
"""

from __future__ import annotations

import numpy as np

from hdsim.core.compiled import compiled

# Above the bits of every number.
MOST = np.int64(2**63 - 1)


@compiled
def bits_of(number: float) -> np.int64:
    """The bits of a number that is not negative, as an integer in the order of the numbers."""
    return np.float64(number).view(np.int64)


@compiled
def number_of(bits: np.int64) -> float:
    """The number of which these are the bits."""
    return np.int64(bits).view(np.float64)
