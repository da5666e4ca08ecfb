"""Routes: lane sequences with a dense path along their centrelines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdsim.core.errors import InputError
from hdsim.core.state import Floats, Ints, wrap_angle
from hdsim.road.lanes import LaneGraph
from hdsim.road.legs import Place, leg, match
from hdsim.road.paths import Piece, sample_pieces

# ``Route.project`` looks for the vehicle from this far behind to this far ahead of the hint [m].
_LOOK_BACK_M = 10.0
_LOOK_AHEAD_M = 50.0


@dataclass(frozen=True, slots=True)
class Route:
    """A lane sequence and the path along it.

    Attributes:
        lanes: Lane indices in order of travel. Where two neighbours of the sequence are side by
            side (a lane change), the path moves over within the shared stretch.
        x: Path points about 1 m apart [m], right-handed frame, shape (q,).
        y: As x.
        yaw: [rad].
        curvature: Left positive [1/m].
        s: Distance along the path [m], from 0.
        limit: Speed limit [m/s].
        width: Lane width [m].
        lane: Lane index at each point.
        lane_s: Distance along that lane [m].
    """

    lanes: tuple[int, ...]
    x: Floats
    y: Floats
    yaw: Floats
    curvature: Floats
    s: Floats
    limit: Floats
    width: Floats
    lane: Ints
    lane_s: Floats

    @property
    def length(self) -> float:
        """Length of the path [m]."""
        return float(self.s[-1])

    def at(self, s: Any) -> tuple[Floats, Floats, Floats]:
        """Pose ``(x, y, yaw)`` on the path at ``s`` [m] (clipped to it), of the shape of ``s``."""
        s = np.clip(np.asarray(s, dtype=np.float64), 0.0, self.length)
        k = np.clip(np.searchsorted(self.s, s, side="right") - 1, 0, len(self.s) - 2)
        f = (s - self.s[k]) / (self.s[k + 1] - self.s[k])
        yaw = self.yaw[k] + f * wrap_angle(self.yaw[k + 1] - self.yaw[k])
        return (
            self.x[k] + f * (self.x[k + 1] - self.x[k]),
            self.y[k] + f * (self.y[k + 1] - self.y[k]),
            wrap_angle(yaw),
        )

    def project(self, x: Any, y: Any, s_hint: Any) -> tuple[Floats, Floats]:
        """Progress of positions along the path, never falling back.

        Only the path from 10 m before to 50 m after the hint is looked at, so a route that comes
        by the same place twice is not mistaken.

        Args:
            x: Positions [m], any shape.
            y: As x.
            s_hint: Progress so far [m], broadcast against ``x``.

        Returns:
            ``(s, d)``: progress [m], not below the hint, and the signed distance to the path
            stretch looked at [m], left positive.
        """
        x, y, hint = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (x, y, s_hint)))
        spacing = self.length / (len(self.s) - 1)
        window = np.arange(
            -int(_LOOK_BACK_M / spacing) - 1, int(_LOOK_AHEAD_M / spacing) + 2, dtype=np.int64
        )
        here = np.searchsorted(self.s, hint, side="right") - 1
        k = np.clip(here[..., None] + window, 0, len(self.s) - 2)
        ex, ey = self.x[k + 1] - self.x[k], self.y[k + 1] - self.y[k]
        dx, dy = x[..., None] - self.x[k], y[..., None] - self.y[k]
        f = np.clip((dx * ex + dy * ey) / (ex**2 + ey**2), 0.0, 1.0)
        distance = np.hypot(dx - f * ex, dy - f * ey)
        best = np.argmin(distance, axis=-1)[..., None]

        def pick(a: Floats) -> Floats:
            return np.take_along_axis(a, best, axis=-1)[..., 0]

        s = pick(self.s[k] + f * (self.s[k + 1] - self.s[k]))
        side = pick(ex * dy - ey * dx)
        return np.maximum(s, hint), np.copysign(pick(distance), side)


def plan(graph: LaneGraph, start: Place, goal: Place, where: str = "route") -> Route:
    """The shortest route between two places on the lane graph.

    Args:
        graph: The map.
        start: ``(lane, s)``.
        goal: ``(lane, s)``.
        where: What errors name as the source of the places.

    Raises:
        InputError: If the goal cannot be reached, or is where the route starts.
    """
    found = leg(graph, start, goal)
    if found is None:
        raise InputError(
            where, "goal", goal, f"a place that can be reached from {start} on {graph.name}"
        )
    return _route(graph, found.pieces, where)


def through(graph: LaneGraph, points: Any, where: str = "route") -> Route:
    """The route along sparse waypoints such as those of a Leaderboard route file.

    Args:
        graph: The map.
        points: x, y [m] and yaw [rad] of the waypoints in order, shape (k, 3), k >= 2.
        where: What errors name as the source of the waypoints.

    Raises:
        InputError: If there are fewer than two waypoints, one lies off the map, or one cannot be
            reached from the one before. Messages give coordinates in CARLA's frame (y to the
            right), as route files do.
    """
    points = np.asarray(points, dtype=np.float64)
    if len(points) < 2:
        raise InputError(where, "waypoints", len(points), "at least two")
    pieces: list[Piece] = []
    for found in match(graph, points, where):
        pieces.extend(found.pieces)
    return _route(graph, pieces, where)


def _route(graph: LaneGraph, pieces: Sequence[Piece], where: str) -> Route:
    lanes: list[int] = []
    for piece in pieces:
        for lane in (piece.lane, piece.into):
            if not lanes or lanes[-1] != lane:
                lanes.append(lane)
    path = sample_pieces(graph, pieces)
    if len(path.s) < 2:
        raise InputError(where, expected="a goal that is not where the route starts")
    return Route(
        lanes=tuple(lanes),
        x=path.x,
        y=path.y,
        yaw=path.yaw,
        curvature=path.curvature,
        s=path.s,
        limit=path.limit,
        width=path.width,
        lane=path.lane,
        lane_s=path.lane_s,
    )
