"""One parameter of an operation per object: all layers' columns taken together."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hdsim.core.compiled import compiled
from hdsim.core.planar import sincos
from hdsim.core.state import Bools, Floats, Ints

# How columns combine.
PRODUCT, SUM, LEAST = 0, 1, 2
# The farthest distance a selector can name [m], as in the catalogue.
_UNBOUNDED_M = 300.0


class Noise(NamedTuple):
    """Unit noise of one operation's columns.

    Attributes:
        unit: By channel, of all operations, shape (C, D, K).
        channel: Channel of each column, -1 for none, shape (M,).
    """

    unit: Floats
    channel: Ints


@compiled
def combine(
    how: int,
    value: Floats,
    sd: Floats,
    noise: Floats,
    channel: Ints,
    wanted: NDArray[np.int8],
    near: Floats,
    far: Floats,
    right: Floats,
    left: Floats,
    sector: bool,
    relation: NDArray[np.int8],
    distance: Floats,
    ux: Floats,
    uy: Floats,
    own_yaw: Floats,
    seen: Bools,
) -> Floats:
    """Combine the columns that select each object, shape (D, K).

    A column's contribution is ``value * exp(sd * noise)`` for PRODUCT, ``value + sd * noise`` for
    SUM and ``value`` for LEAST; what no column selects gets 1, 0 or inf, as does what is not seen.

    Args:
        how: PRODUCT, SUM or LEAST.
        value: By driver and column, shape (D, M).
        sd: As value.
        noise: Unit noise by channel, shape (C, D, K).
        channel: Channel of each column, -1 for no noise, shape (M,).
        wanted: Selected ``Relation``, -1 for any, shape (D, M); as are the next four.
        near: Nearest selected distance [m].
        far: Farthest [m].
        right: Right limit of the selected bearing sector [rad].
        left: Left limit [rad].
        sector: Whether any column selects by bearing.
        relation: Of the objects, shape (D, K); as are the next three.
        distance: [m].
        ux: Unit vector towards the object.
        uy: As ux.
        own_yaw: The drivers' headings [rad], shape (D,).
        seen: Objects that are wanted, shape (D, K).
    """
    drivers, slots = relation.shape
    start = 1.0 if how == PRODUCT else (0.0 if how == SUM else math.inf)
    combined = np.full((drivers, slots), start)
    for i in range(drivers):
        s, c = sincos(own_yaw[i])
        for k in range(slots):
            if not seen[i, k]:
                continue
            bearing = 0.0
            if sector:
                along, across = ux[i, k] * c + uy[i, k] * s, uy[i, k] * c - ux[i, k] * s
                bearing = math.atan2(across, along)
            total = start
            for m in range(value.shape[1]):
                if wanted[i, m] >= 0 and relation[i, k] != wanted[i, m]:
                    continue
                # Without bounds a column reaches everything, however far.
                bounded = near[i, m] > 0.0 or far[i, m] < _UNBOUNDED_M
                if bounded and not near[i, m] <= distance[i, k] <= far[i, m]:
                    continue
                if sector and not right[i, m] <= bearing <= left[i, m]:
                    continue
                one, n = value[i, m], channel[m]
                if how == PRODUCT:
                    if n >= 0:
                        one *= math.exp(sd[i, m] * noise[n, i, k])
                    total *= one
                elif how == SUM:
                    if n >= 0:
                        one += sd[i, m] * noise[n, i, k]
                    total += one
                else:
                    total = min(total, one)
            combined[i, k] = total
    return combined
