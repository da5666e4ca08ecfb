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
UNBOUNDED_M = 300.0


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
    column = np.empty(value.shape[1], np.int64)
    for i in range(drivers):
        # Columns that change nothing are left out; those without selector and noise are the same
        # for all of a driver's objects.
        same, total, n = True, start, 0
        for m in range(value.shape[1]):
            noisy = how != LEAST and channel[m] >= 0 and sd[i, m] != 0.0
            if value[i, m] == start and not noisy:
                continue
            bounded = near[i, m] > 0.0 or far[i, m] < UNBOUNDED_M
            aside = sector and (right[i, m] > -math.pi or left[i, m] < math.pi)
            same = same and wanted[i, m] < 0 and not (bounded or aside or noisy)
            total = _joined(how, total, value[i, m])
            column[n] = m
            n += 1
        for k in range(slots):
            if not seen[i, k]:
                continue
            if same:
                combined[i, k] = total
                continue
            bearing = bearing_of(ux[i, k], uy[i, k], own_yaw[i]) if sector else 0.0
            each = start
            for m in column[:n]:
                if not selects(
                    wanted[i, m], near[i, m], far[i, m], right[i, m], left[i, m], sector,
                    relation[i, k], distance[i, k], bearing,
                ):  # fmt: skip
                    continue
                one, c = value[i, m], channel[m]
                if how != LEAST and c >= 0 and sd[i, m] != 0.0:
                    error = sd[i, m] * noise[c, i, k]
                    one = one * math.exp(error) if how == PRODUCT else one + error
                each = _joined(how, each, one)
            combined[i, k] = each
    return combined


@compiled
def combine_all(how: Ints, table: Floats) -> Floats:
    """``combine`` of several parameters without noise by columns that select everything.

    Args:
        how: How each is combined, shape (P,).
        table: By driver and column, shape (P, D, M).

    Returns:
        Shape (P, D, 1): the same for all of a driver's objects.
    """
    parameters, drivers, columns = table.shape
    combined = np.empty((parameters, drivers, 1))
    for p in range(parameters):
        start = 1.0 if how[p] == PRODUCT else (0.0 if how[p] == SUM else math.inf)
        for i in range(drivers):
            total = start
            for m in range(columns):
                total = _joined(how[p], total, table[p, i, m])
            combined[p, i, 0] = total
    return combined


@compiled
def _joined(how: int, total: float, one: float) -> float:
    if how == PRODUCT:
        return total * one
    return total + one if how == SUM else min(total, one)


@compiled
def bearing_of(ux: float, uy: float, yaw: float) -> float:
    """Bearing of a direction from a heading, left positive [rad]."""
    s, c = sincos(yaw)
    return math.atan2(uy * c - ux * s, ux * c + uy * s)


@compiled
def selects(
    wanted: int,
    near: float,
    far: float,
    right: float,
    left: float,
    sector: bool,
    relation: int,
    distance: float,
    bearing: float,
) -> bool:
    """Whether a column selects an object; the arguments are those of ``combine`` for one pair."""
    if wanted >= 0 and relation != wanted:
        return False
    # Without bounds a column reaches everything, however far.
    bounded = near > 0.0 or far < UNBOUNDED_M
    if bounded and not near <= distance <= far:
        return False
    return not sector or right <= bearing <= left
