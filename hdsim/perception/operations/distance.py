"""Perceived distance: objects are taken to be nearer or farther than they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hdsim.core.compiled import compiled
from hdsim.core.state import Floats
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
    change: Floats
    change, view.x, view.y, view.s, view.d = _move(
        factor, lines.gap, lines.ux, lines.uy, *lines.tangent, view.x, view.y, view.s, view.d
    )
    return change


def line_factor(columns: Columns, distance: Floats, noise: Sequence[Floats | None]) -> Floats:
    """Believed over true distance to the stop line ahead, shape (D,).

    A stop line has no relation and lies ahead: columns that select others pass it by.

    Args:
        columns: Slots of ``scale_distance``.
        distance: To the line [m], shape (D,).
        noise: Unit noise of shape (D,) by column.
    """
    factor = np.ones(len(distance))
    acts = (columns.relation < 0) & (columns.right <= 0.0) & (columns.left >= 0.0)
    acts &= (columns.near <= distance[:, None]) & (distance[:, None] <= columns.far)
    for m in range(columns.count):
        each = columns.value["factor"][:, m]
        w = noise[m]
        if w is not None:
            each = each * np.exp(columns.value["noise_sd"][:, m] * w)
        factor = factor * np.where(acts[:, m], each, 1.0)
    return factor


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
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Change of range and the places that it leads to, shape (D, K) all."""
    change, x, y, s, d = np.empty(x.shape), x.copy(), y.copy(), s.copy(), d.copy()
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
    return change, x, y, s, d
