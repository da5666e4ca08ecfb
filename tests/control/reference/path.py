"""Projection on the path and its window in plain numpy."""

from __future__ import annotations

import numpy as np

from hdsim.control.track import (
    COLUMNS,
    CURVATURE,
    LANE_S,
    LIMIT,
    SPACING_M,
    WIDTH,
    YAW,
    X,
    Y,
)
from hdsim.core.state import wrap_angle


def advance(samples, count, before, x, y):
    last = np.maximum(count - 1, 0)
    i = np.minimum(before.astype(np.int64), np.maximum(count - 2, 0))
    near = np.minimum(np.maximum(i[:, None] + np.arange(-4, 8), 0), last[:, None])
    d = np.arange(len(i))
    dx = x[:, None] - samples[d[:, None], near, X]
    dy = y[:, None] - samples[d[:, None], near, Y]
    best = np.argmin(dx * dx + dy * dy, axis=1)
    k, dx, dy = near[d, best], dx[d, best], dy[d, best]
    sample = samples[d, k]
    c, s = np.cos(sample[:, YAW]), np.sin(sample[:, YAW])
    along, across = dx * c + dy * s, dy * c - dx * s
    stretch = np.maximum(1.0 - sample[:, CURVATURE] * across, 0.5)
    way = k * SPACING_M + along / stretch
    way = np.minimum(np.maximum(way, 0.0), last * SPACING_M)
    return way, np.hypot(np.maximum(np.abs(along) - 2.0, 0.0), across)


def window(samples, lanes, count, begin, ahead, stretch, length):
    s = begin[:, None] + ahead * stretch[:, None]
    last = np.maximum(count - 1, 0)[:, None]
    u = s / SPACING_M
    k = np.minimum(u.astype(np.int64), np.maximum(last - 1, 0))
    f = np.minimum(u - k, 1.0)
    d = np.arange(len(count))[:, None]
    a = samples[d, k]
    mixed = a + f[..., None] * (samples[d, np.minimum(k + 1, last)] - a)
    assert mixed.shape[-1] == COLUMNS
    lane, yaw = lanes[d, k], mixed[..., YAW]
    beyond = np.maximum((u - last) * SPACING_M, 0.0)
    return (
        mixed[..., X] + beyond * np.cos(yaw),
        mixed[..., Y] + beyond * np.sin(yaw),
        wrap_angle(yaw),
        mixed[..., CURVATURE],
        s - begin[:, None],
        a[..., LIMIT],
        mixed[..., WIDTH],
        lane,
        np.minimum(a[..., LANE_S] + f * SPACING_M, length[lane]),
    )
