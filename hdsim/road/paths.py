"""The geometry of a route: lane pieces and lane changes sampled into one dense path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hdsim.core.state import Floats, Ints, wrap_angle
from hdsim.road.lanes import LaneGraph

# A lane change takes this long at the speed limit where there is room for it: about the mean of
# the durations seen by Toledo & Zohar 2007 (Transp. Res. Rec. 1999, 71): 4.6 s.
CHANGE_S = 4.6
# ... but not less than this, which keeps the curvature of a 3.5 m change below 0.025 /m [m].
CHANGE_MIN_M = 30.0
POINT_M = 1.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch along one lane, or a change between two lanes of one section.

    Attributes:
        lane: Lane at the start.
        s_from: Where it begins on that lane [m].
        s_to: Where it ends, measured on ``lane`` [m].
        into: Lane at the end; ``lane`` itself where there is no change.
    """

    lane: int
    s_from: float
    s_to: float
    into: int


@dataclass(frozen=True, slots=True)
class PathPoints:
    """The arrays of a ``Route``, without its lanes; shapes and units as there."""

    x: Floats
    y: Floats
    yaw: Floats
    curvature: Floats
    s: Floats
    limit: Floats
    width: Floats
    lane: Ints
    lane_s: Floats


def change_length(limit_mps: float) -> float:
    """Length of a lane change at a speed limit where there is room for it [m]."""
    return max(CHANGE_MIN_M, CHANGE_S * limit_mps)


def sample_pieces(graph: LaneGraph, pieces: Sequence[Piece]) -> PathPoints:
    """Sample pieces, in order of travel, at about 1 m.

    A change follows a quintic in the lateral offset (zero slope and curvature at both ends), the
    usual lane-change polynomial (Papadimitriou & Tomizuka 2003, Proc. ACC, 108).

    Raises:
        ValueError: If there is no piece.
    """
    parts = [_sample(graph, piece, last=k == len(pieces) - 1) for k, piece in enumerate(pieces)]
    x, y, yaw, curvature, width, lane_s = (
        np.concatenate([part[k] for part in parts]) for k in range(6)
    )
    lane = np.concatenate([part[6] for part in parts])
    # A join of two pieces may repeat a point to within the sampling inset of the lanes.
    keep = np.concatenate([[True], np.hypot(np.diff(x), np.diff(y)) > 0.01])
    x, y, yaw, curvature, width, lane, lane_s = (
        a[keep] for a in (x, y, yaw, curvature, width, lane, lane_s)
    )
    s = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    return PathPoints(
        x=x,
        y=y,
        yaw=wrap_angle(yaw),
        curvature=curvature,
        s=s,
        limit=graph.limit[lane],
        width=width,
        lane=lane,
        lane_s=lane_s,
    )


def _sample(
    graph: LaneGraph, piece: Piece, last: bool
) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats, Ints]:
    """Points of a piece, without its end unless it is the last: x, y, yaw, ..., lane_s, lane."""
    length = piece.s_to - piece.s_from
    n = max(1, round(length / POINT_M))
    u = np.linspace(0.0, 1.0, n + 1)[: None if last else -1]
    on_a = piece.s_from + u * length
    a = np.full(len(u), piece.lane)
    x, y, yaw = graph.at(a, on_a)
    curvature, width = _along(graph, piece.lane, on_a)
    if piece.into == piece.lane:
        return x, y, yaw, curvature, width, on_a, a
    scale = graph.length[piece.into] / graph.length[piece.lane]
    on_b = on_a * scale
    b = np.full(len(u), piece.into)
    x_b, y_b, _ = graph.at(b, on_b)
    curvature_b, width_b = _along(graph, piece.into, on_b)
    offset = (y_b - y) * np.cos(yaw) - (x_b - x) * np.sin(yaw)
    f = u**3 * (10.0 - 15.0 * u + 6.0 * u**2)
    slope = 30.0 * u**2 * (1.0 - u) ** 2 / length
    bend = 60.0 * u * (1.0 - u) * (1.0 - 2.0 * u) / length**2
    over = u > 0.5
    return (
        x + f * (x_b - x),
        y + f * (y_b - y),
        yaw + np.arctan(offset * slope),
        (1.0 - f) * curvature + f * curvature_b + offset * bend,
        np.where(over, width_b, width),
        np.where(over, on_b, on_a),
        np.where(over, b, a),
    )


def _along(graph: LaneGraph, lane: int, s: Floats) -> tuple[Floats, Floats]:
    """Curvature [1/m] and width [m] of a lane at ``s``."""
    points = slice(graph.first[lane], graph.first[lane + 1])
    at = graph.s[points]
    return np.interp(s, at, graph.curvature[points]), np.interp(s, at, graph.width[points])
