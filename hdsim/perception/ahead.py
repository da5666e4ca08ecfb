"""The driver on its own path: offset and heading error, and the signal ahead."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hdsim.core.compiled import compiled
from hdsim.core.planar import wrap
from hdsim.core.state import Floats, Ints, SignalState

_OFF = int(SignalState.OFF)


@compiled
def own_pose(
    x: Floats,
    y: Floats,
    yaw: Floats,
    path_x: Floats,
    path_y: Floats,
    path_yaw: Floats,
    path_s: Floats,
) -> tuple[Floats, Floats]:
    """Where each driver is relative to its path at s = 0.

    Between the points on either side the heading is taken as linear, so that the chord from the
    nearer point has its mean heading: exact for a circle up to (curvature^2 x spacing^3) / 24,
    3 mm for points 2 m apart on a 10 m radius.

    Args:
        x: Own position [m], shape (D,).
        y: As x.
        yaw: Own heading [rad].
        path_x: Points of the path [m], shape (D, P); as are the rest.
        path_y: As path_x.
        path_yaw: [rad].
        path_s: Distance along the path [m]. Point 0 lies at or just behind the projection.

    Returns:
        ``(d, heading_error)``: offset to the left of the path [m] and own minus path heading
        [rad], shape (D,).
    """
    d, heading_error = np.empty(len(x)), np.empty(len(x))
    for i in range(len(x)):
        k = 1 if path_s[i, 1] <= 0.0 else 0
        if k == 1 and path_s[i, 2] <= 0.0:
            k = 2
        s0, s1 = path_s[i, k], path_s[i, k + 1]
        turn = wrap(path_yaw[i, k + 1] - path_yaw[i, k])
        f = -s0 / max(s1 - s0, 1e-9)
        at = path_yaw[i, k] + f * turn
        near = k + 1 if f > 0.5 else k
        chord = 0.5 * ((path_yaw[i, k] + turn if f > 0.5 else path_yaw[i, k]) + at)
        dx = x[i] - (path_x[i, near] - path_s[i, near] * math.cos(chord))
        dy = y[i] - (path_y[i, near] - path_s[i, near] * math.sin(chord))
        d[i] = dy * math.cos(at) - dx * math.sin(at)
        heading_error[i] = wrap(yaw[i] - at)
    return d, heading_error


@compiled
def signal_ahead(
    path_s: Floats,
    path_lane: Ints,
    path_lane_s: Floats,
    own_length: Floats,
    lane_signal: Ints,
    lane_stop_s: Floats,
    states: NDArray[np.uint8],
) -> tuple[Ints, NDArray[np.uint8], Floats]:
    """The next signal on each path.

    Args:
        path_s: Distance along the path [m], shape (D, P).
        path_lane: Lane of each point.
        path_lane_s: Distance along that lane [m].
        own_length: Full length [m], shape (D,).
        lane_signal: Signal that holds each lane, -1 for none, shape (L,).
        lane_stop_s: Where its stop line is [m], shape (L,).
        states: What each signal shows, shape (m,).

    Returns:
        The fields of ``SignalAhead``, shape (D,).
    """
    drivers, points = path_s.shape
    index, distance = np.full(drivers, -1, np.int64), np.full(drivers, math.inf)
    shown = np.full(drivers, _OFF, np.uint8)
    for i in range(drivers):
        for p in range(points - 1):
            lane = path_lane[i, p]
            if lane < 0 or lane_signal[lane] < 0:
                continue
            to_line = lane_stop_s[lane] - path_lane_s[i, p]
            # The line is crossed on the stretch from this point to the next; where the path
            # changes lanes before the line, it is not reached on this lane.
            if not 0.0 <= to_line < path_s[i, p + 1] - path_s[i, p] + 0.5:
                continue
            if path_s[i, p] + to_line > 0.0:
                index[i] = lane_signal[lane]
                shown[i] = states[index[i]]
                distance[i] = path_s[i, p] + to_line - 0.5 * own_length[i]
                break
    return index, shown, distance
