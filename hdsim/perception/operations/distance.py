"""Perceived distance: objects are taken to be nearer or farther than they are."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hdsim.core.compiled import compiled
from hdsim.core.state import Floats, Ints
from hdsim.perception.combine import PRODUCT, Noise
from hdsim.perception.compile import Columns
from hdsim.perception.view import Sightlines, View


def scale_distance(view: View, lines: Sightlines, columns: Columns, noise: Noise) -> Floats:
    """Move the objects of ``view`` along their sight lines (or lanes) to their believed gaps.

    Source: s_est = s exp(V_s w), Treiber, Kesting & Helbing 2006, Physica A 360, 71.

    Args:
        view: Changed in place: x, y, s, d.
        lines: Sight lines before any distortion.
        columns: Slots of ``scale_distance``.
        noise: Unit noise of the columns.

    Returns:
        The change of range [m], shape (D, K).
    """
    factor = lines.combine(PRODUCT, columns, "factor", "noise_sd", noise)
    tx, ty, cos, share = lines.tangent
    change: Floats
    change, view.x, view.y, view.s, view.d = _move(
        factor, lines.gap, lines.ux, lines.uy, tx, ty, cos, share, view.x, view.y, view.s, view.d
    )
    return change


def line_factor(columns: Columns, distance: Floats, noise: Noise) -> Floats:
    """Believed over true distance to the stop line ahead, shape (D,).

    A stop line has no relation and lies ahead: columns that select others pass it by.

    Args:
        columns: Slots of ``scale_distance``.
        distance: To the line [m], shape (D,).
        noise: Unit noise of the columns, for the drivers themselves.
    """
    c = columns
    factor: Floats = _line_factor(
        c.value["factor"], c.value["noise_sd"], noise.unit, noise.channel,
        c.relation, c.near, c.far, c.right, c.left, distance,
    )  # fmt: skip
    return factor


@compiled
def _line_factor(
    factor: Floats,
    sd: Floats,
    unit: Floats,
    channel: Ints,
    wanted: NDArray[np.int8],
    near: Floats,
    far: Floats,
    right: Floats,
    left: Floats,
    distance: Floats,
) -> Floats:
    """The product of the columns that act, by the slots, shape (D, M), and ``unit``, (C, D)."""
    product = np.ones(len(distance))
    for i in range(len(distance)):
        for m in range(factor.shape[1]):
            ahead = wanted[i, m] < 0 and right[i, m] <= 0.0 <= left[i, m]
            if not (ahead and near[i, m] <= distance[i] <= far[i, m]):
                continue
            each = factor[i, m]
            if channel[m] >= 0 and sd[i, m] != 0.0:
                each *= math.exp(sd[i, m] * unit[channel[m], i])
            product[i] *= each
    return product


@compiled
def _move(
    factor: Floats,
    gap: Floats,
    ux: Floats,
    uy: Floats,
    tx: Floats,
    ty: Floats,
    cos: Floats,
    share: Floats,
    x: Floats,
    y: Floats,
    s: Floats,
    d: Floats,
) -> Floats:
    """Change of range and the places that it leads to, shape (5, D, K)."""
    out = np.empty((5, *x.shape))
    out[1], out[2], out[3], out[4] = x, y, s, d
    change, x, y, s, d = out[0], out[1], out[2], out[3], out[4]
    for i in range(x.shape[0]):
        for k in range(x.shape[1]):
            more = change[i, k] = (factor[i, k] - 1.0) * gap[i, k]
            # Along the lane by change / cos, which changes the range by ``change``.
            along = share[i, k] * more / (cos[i, k] if share[i, k] > 0.0 else 1.0)
            direct = (1.0 - share[i, k]) * more
            x[i, k] += along * tx[i, k] + direct * ux[i, k]
            y[i, k] += along * ty[i, k] + direct * uy[i, k]
            s[i, k] += along + direct * cos[i, k]
            d[i, k] += direct * (tx[i, k] * uy[i, k] - ty[i, k] * ux[i, k])
    return out
