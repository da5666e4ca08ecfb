"""Perceived lateral position: of objects in their lanes, and of the driver's own lane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hdsim.core.percept import Paths
from hdsim.core.state import Floats
from hdsim.perception.compile import Columns
from hdsim.perception.view import Sightlines, View

# Where a believed bend of the lane levels off [m]. A heuristic: about the preview distance of
# steering, so that it bends what is steered for and leaves cars far ahead in their lanes.
BEND_M = 20.0


def shift_lateral(
    view: View, lines: Sightlines, columns: Columns, noise: Sequence[Floats | None]
) -> Floats:
    """Shift the objects of ``view`` along their lanes' left normals, in place.

    Args:
        view: Changed in place: x, y, d.
        lines: Sight lines before any distortion.
        columns: Slots of ``shift_lateral``.
        noise: For each column unit noise of shape (D, K), None where it has none.

    Returns:
        The shift [m], shape (D, K).
    """
    shift = np.zeros(view.x.shape)
    for m in range(columns.count):
        offset = columns.value["offset_m"][:, m, None]
        w = noise[m]
        if w is not None:
            offset = offset + columns.value["noise_sd_m"][:, m, None] * w
        chosen = lines.select(columns, m)
        shift = shift + (offset if chosen is None else np.where(chosen, offset, 0.0))
    tx, ty, _, _ = lines.tangent
    view.x, view.y, view.d = view.x - shift * ty, view.y + shift * tx, view.d + shift
    return shift


def bend_lane(
    paths: Paths,
    columns: Columns,
    offset_noise: Sequence[Floats | None],
    curvature_noise: Sequence[Floats | None],
) -> tuple[Paths, Floats]:
    """The path a driver believes to lie ahead.

    A believed extra curvature c moves the point at distance s sideways by
    c s^2 / (2 (1 + (s/B)^2)), B = 20 m: a bend of curvature c at the driver that levels off.

    Args:
        paths: True paths.
        columns: Slots of ``bend_lane``.
        offset_noise: For each column unit noise of shape (D,), None where it has none.
        curvature_noise: As offset_noise.

    Returns:
        The believed paths, and how far left of the true one the lane is believed to be at the
        driver [m], shape (D,).
    """
    offset, curvature = np.zeros(len(paths.x)), np.zeros(len(paths.x))
    for m in range(columns.count):
        offset = offset + columns.value["offset_m"][:, m]
        w, v = offset_noise[m], curvature_noise[m]
        if w is not None:
            offset = offset + columns.value["offset_sd_m"][:, m] * w
        if v is not None:
            curvature = curvature + columns.value["curvature_sd_per_m"][:, m] * v
    s = np.maximum(paths.s, 0.0)
    q = (s / BEND_M) ** 2
    c = curvature[:, None]
    shift = offset[:, None] + 0.5 * c * s * s / (1.0 + q)
    yaw, bend = c * s / (1.0 + q) ** 2, c * (1.0 - 3.0 * q) / (1.0 + q) ** 3
    believed = replace(
        paths,
        x=paths.x - shift * np.sin(paths.yaw),
        y=paths.y + shift * np.cos(paths.yaw),
        yaw=paths.yaw + yaw,
        curvature=paths.curvature + bend,
    )
    return believed, offset
