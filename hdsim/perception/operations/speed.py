"""Perceived speeds: closing speed, own speed, speed limit."""

from __future__ import annotations

import math

import numpy as np

from hdsim.core.compiled import compiled
from hdsim.core.state import Floats, Ints
from hdsim.perception.combine import PRODUCT, SUM, Noise
from hdsim.perception.compile import Columns
from hdsim.perception.view import Sightlines, View, share_along


def scale_closing_speed(view: View, lines: Sightlines, columns: Columns, noise: Noise) -> Floats:
    """Change object speeds so that gaps seem to close faster or slower than they do.

    With u the sight line, the true closing speed is c = (v_own - v_obj) u; the believed one is
    c' = factor c + range w, the noise being an error of 1/TTC (Treiber, Kesting & Helbing 2006:
    dv_est = dv + s r_c w). The object's speed along its heading h takes up the difference,
    speed' = speed - (c' - c) / (h u), as far as the object moves along the sight line.

    Args:
        view: Changed in place: speed.
        lines: Sight lines before any distortion.
        columns: Slots of ``scale_closing_speed``.
        noise: Unit noise of the columns.

    Returns:
        The change of speed [m/s], shape (D, K).
    """
    factor = lines.combine(PRODUCT, columns, "factor")
    none = np.zeros(columns.used.shape)
    error = lines.combine(SUM, columns, none, "noise_sd_per_s", noise)
    change: Floats
    change, view.speed = _speed_up(
        factor, error, lines.range, *lines.along, view.own.speed, view.speed
    )
    return change


@compiled
def _speed_up(
    factor: Floats,
    error: Floats,
    distance: Floats,
    own_along: Floats,
    along: Floats,
    own_speed: Floats,
    speed: Floats,
) -> tuple[Floats, Floats]:
    """Change of speed and the speeds that it leads to, shape (D, K)."""
    change, believed = np.empty(speed.shape), np.empty(speed.shape)
    for i in range(speed.shape[0]):
        for k in range(speed.shape[1]):
            heading, excess = along[i, k], factor[i, k] - 1.0
            closing = own_speed[i] * own_along[i, k] - speed[i, k] * heading
            share = share_along(heading)
            more = excess * closing + error[i, k] * distance[i, k]
            change[i, k] = (1.0 - share) * excess * speed[i, k] - share * more / (
                heading if share > 0.0 else 1.0
            )
            believed[i, k] = speed[i, k] + change[i, k]
    return change, believed


def own_speed_factor(columns: Columns, noise: Noise) -> Floats:
    """Believed over true speed, shape (D,), with the drivers' own unit noise."""
    factor: Floats = _own_factor(
        columns.value["factor"], columns.value["noise_sd"], noise.unit, noise.channel
    )
    return factor


@compiled
def _own_factor(factor: Floats, sd: Floats, unit: Floats, channel: Ints) -> Floats:
    """The product of all columns; ``factor`` and ``sd`` have shape (D, M), ``unit`` (C, D)."""
    product = np.ones(len(factor))
    for i in range(len(factor)):
        for m in range(factor.shape[1]):
            product[i] *= factor[i, m]
            if channel[m] >= 0 and sd[i, m] != 0.0:
                product[i] *= math.exp(sd[i, m] * unit[channel[m], i])
    return product


def limit_factor(columns: Columns) -> Floats:
    """Believed over posted speed limit, shape (D,)."""
    return np.asarray(columns.value["factor"].prod(axis=1))
