"""Perceived speeds: closing speed, own speed, speed limit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hdsim.core.state import Floats
from hdsim.perception.compile import Columns
from hdsim.perception.view import Sightlines, View, share_along


def scale_closing_speed(
    view: View, lines: Sightlines, columns: Columns, noise: Sequence[Floats | None]
) -> Floats:
    """Change object speeds so that gaps seem to close faster or slower than they do.

    With u the sight line, the true closing speed is c = (v_own - v_obj) u; the believed one is
    c' = factor c + range w, the noise being an error of 1/TTC (Treiber, Kesting & Helbing 2006:
    dv_est = dv + s r_c w). The object's speed along its heading h takes up the difference,
    speed' = speed - (c' - c) / (h u), as far as the object moves along the sight line.

    Args:
        view: Changed in place: speed.
        lines: Sight lines before any distortion.
        columns: Slots of ``scale_closing_speed``.
        noise: For each column unit noise of shape (D, K), None where it has none.

    Returns:
        The change of speed [m/s], shape (D, K).
    """
    own = view.own
    factor, error = np.ones(view.x.shape), np.zeros(view.x.shape)
    for m in range(columns.count):
        f = columns.value["factor"][:, m, None]
        chosen = lines.select(columns, m)
        factor = factor * (f if chosen is None else np.where(chosen, f, 1.0))
        w = noise[m]
        if w is not None:
            e = columns.value["noise_sd_per_s"][:, m, None] * w
            error = error + (e if chosen is None else np.where(chosen, e, 0.0))
    along_own, heading = lines.along
    closing = own.speed[:, None] * along_own - view.speed * heading
    share, excess = share_along(heading), factor - 1.0
    more = excess * closing + error * lines.range
    change = (1.0 - share) * excess * view.speed
    change -= share * more / np.where(share > 0.0, heading, 1.0)
    view.speed = view.speed + change
    return np.asarray(change)


def own_speed_factor(columns: Columns, noise: Sequence[Floats | None]) -> Floats:
    """Believed over true speed, shape (D,); ``noise`` has unit noise of shape (D,) by column."""
    factor = np.ones(len(columns.used))
    for m in range(columns.count):
        factor = factor * columns.value["factor"][:, m]
        w = noise[m]
        if w is not None:
            factor = factor * np.exp(columns.value["noise_sd"][:, m] * w)
    return factor


def limit_factor(columns: Columns) -> Floats:
    """Believed over posted speed limit, shape (D,)."""
    return np.asarray(columns.value["factor"].prod(axis=1))
