"""Perceived distance: objects are taken to be nearer or farther than they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hdsim.core.state import Floats
from hdsim.perception.compile import Columns
from hdsim.perception.view import Sightlines, View


def scale_distance(
    view: View, lines: Sightlines, columns: Columns, noise: Sequence[Floats | None]
) -> Floats:
    """Move the objects of ``view`` along their sight lines (or lanes) to their believed gaps.

    Source: s_est = s exp(V_s w), Treiber, Kesting & Helbing 2006, Physica A 360, 71.

    Args:
        view: Changed in place: x, y, s, d.
        lines: Sight lines before any distortion.
        columns: Slots of ``scale_distance``.
        noise: For each column unit noise of shape (D, K), None where it has none.

    Returns:
        The change of range [m], shape (D, K).
    """
    factor = np.ones(view.x.shape)
    for m in range(columns.count):
        f = columns.value["factor"][:, m, None]
        w = noise[m]
        if w is not None:
            f = f * np.exp(columns.value["noise_sd"][:, m, None] * w)
        chosen = lines.select(columns, m)
        factor = factor * (f if chosen is None else np.where(chosen, f, 1.0))
    change = (factor - 1.0) * lines.gap
    tx, ty, cos, share = lines.tangent
    # Along the lane by change / cos, which changes the range by ``change``.
    along = share * change / np.where(share > 0.0, cos, 1.0)
    direct = (1.0 - share) * change
    view.x = view.x + (along * tx + direct * lines.ux)
    view.y = view.y + (along * ty + direct * lines.uy)
    view.s = view.s + (along + direct * cos)
    view.d = view.d + direct * (tx * lines.uy - ty * lines.ux)
    return change
