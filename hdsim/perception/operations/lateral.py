"""Perceived lateral position: of objects in their lanes, and of the driver's own lane."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hdsim.core import seeds
from hdsim.core.compiled import compiled
from hdsim.core.percept import Paths
from hdsim.core.planar import sincos
from hdsim.core.state import Bools, Floats, Ints
from hdsim.perception.combine import SUM, Noise
from hdsim.perception.compile import Columns
from hdsim.perception.view import Sightlines, View

# Where a believed bend of the lane levels off [m]. A heuristic: about the preview distance of
# steering, so that it bends what is steered for and leaves cars far ahead in their lanes.
BEND_M = 20.0
# Time constant of finding one's place in the lane again after a look away [s]. [P]
_SEEN_AGAIN_S = 0.25


class LaneDrift:
    """Where drivers believe to be in their lane while their eyes are off the road.

    During a glance the course is misjudged by an angle e, drawn for that glance, so that the
    believed offset runs away from the true one at v sin(e); afterwards the error fades
    exponentially. A car that stands does not drift.

    Args:
        keys: One key per driver, shape (D,).
        step_s: Length of a tick [s].
    """

    def __init__(self, keys: NDArray[np.uint64], step_s: float) -> None:
        self._keys, self._step_s = keys, step_s
        self._fade = np.exp(-step_s / _SEEN_AGAIN_S)
        self._away: Bools = np.zeros(len(keys), dtype=np.bool_)
        self._sideways: Floats = np.zeros(len(keys))  # sine of the misjudged course
        self._error: Floats = np.zeros(len(keys))

    def forget(self, drivers: Ints) -> None:
        """Begin anew for these drivers."""
        self._away[drivers], self._error[drivers] = False, 0.0

    def at(
        self, tick: int, away: Bools, course_error: Callable[[], Floats], speed: Floats
    ) -> Floats:
        """Believed offset less the true one, left positive [m], shape (D,).

        Args:
            tick: Number of this tick.
            away: Drivers whose eyes are off the road, shape (D,).
            course_error: Gives the standard deviation of the misjudged course [rad], shape (D,);
                asked when a glance begins.
            speed: Own speeds [m/s], shape (D,).
        """
        begin = away & ~self._away
        if begin.any():
            unit = seeds.normal(self._keys[begin], tick)
            self._sideways[begin] = np.sin(course_error()[begin] * unit)
        grown = self._error + speed * self._sideways * self._step_s
        self._error = np.where(away, grown, self._error * self._fade)
        self._away = away
        return self._error


def shift_lateral(view: View, lines: Sightlines, columns: Columns, noise: Noise) -> Floats:
    """Shift the objects of ``view`` along their lanes' left normals, in place.

    Args:
        view: Changed in place: x, y, d.
        lines: Sight lines before any distortion.
        columns: Slots of ``shift_lateral``.
        noise: Unit noise of the columns.

    Returns:
        The shift [m], shape (D, K).
    """
    shift = lines.combine(SUM, columns, "offset_m", "noise_sd_m", noise)
    tx, ty, _, _ = lines.tangent
    view.x, view.y, view.d = view.x - shift * ty, view.y + shift * tx, view.d + shift
    return shift


def bend_lane(
    paths: Paths,
    columns: Columns,
    offset_noise: Noise,
    curvature_noise: Noise,
) -> tuple[Paths, Floats]:
    """The path a driver believes to lie ahead.

    A believed extra curvature c moves the point at distance s sideways by
    c s^2 / (2 (1 + (s/B)^2)), B = 20 m: a bend of curvature c at the driver that levels off.

    Args:
        paths: True paths.
        columns: Slots of ``bend_lane``.
        offset_noise: Unit noise of the columns, for the drivers themselves.
        curvature_noise: Likewise.

    Returns:
        The believed paths, and how far left of the true one the lane is believed to be at the
        driver [m], shape (D,).
    """
    value = columns.value
    offset = _total(value["offset_m"], value["offset_sd_m"], *offset_noise)
    curvature_sd = value["curvature_sd_per_m"]
    curvature = _total(np.zeros_like(curvature_sd), curvature_sd, *curvature_noise)
    x, y, yaw, bent = _bend(
        offset, curvature, paths.s, paths.x, paths.y, paths.yaw, paths.curvature
    )
    believed = Paths(
        x=x,
        y=y,
        yaw=yaw,
        curvature=bent,
        s=paths.s,
        limit=paths.limit,
        width=paths.width,
        lane=paths.lane,
        lane_s=paths.lane_s,
        end_s=paths.end_s,
    )
    return believed, offset


@compiled
def _total(value: Floats, sd: Floats, unit: Floats, channel: Ints) -> Floats:
    """Sum of all columns with their noise, shape (D,); ``unit`` has shape (C, D)."""
    total = np.zeros(len(value))
    for i in range(len(value)):
        for m in range(value.shape[1]):
            total[i] += value[i, m]
            if channel[m] >= 0:
                total[i] += sd[i, m] * unit[channel[m], i]
    return total


@compiled
def _bend(
    offset: Floats,
    curvature: Floats,
    path_s: Floats,
    path_x: Floats,
    path_y: Floats,
    path_yaw: Floats,
    path_curvature: Floats,
) -> Floats:
    """Believed x, y, yaw and curvature of paths of shape (D, P), in one array (4, D, P)."""
    out = np.empty((4, *path_x.shape))
    x, y, yaw, bent = out[0], out[1], out[2], out[3]
    for i in range(x.shape[0]):
        c = curvature[i]
        if c == 0.0 and offset[i] == 0.0:
            x[i, :], y[i, :] = path_x[i], path_y[i]
            yaw[i, :], bent[i, :] = path_yaw[i], path_curvature[i]
            continue
        for p in range(x.shape[1]):
            s = max(path_s[i, p], 0.0)
            q = (s / BEND_M) ** 2
            level = 1.0 / (1.0 + q)
            shift = offset[i] + 0.5 * c * s * s * level
            sin, cos = sincos(path_yaw[i, p])
            x[i, p] = path_x[i, p] - shift * sin
            y[i, p] = path_y[i, p] + shift * cos
            yaw[i, p] = path_yaw[i, p] + c * s * level * level
            bent[i, p] = path_curvature[i, p] + c * (1.0 - 3.0 * q) * level * level * level
    return out
