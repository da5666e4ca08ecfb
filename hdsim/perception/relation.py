"""How an object stands to a driver: lead, rear, beside, oncoming, crossing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hdsim.core.percept import Paths, Relation
from hdsim.core.state import Bools, Floats, Ints
from hdsim.road.lanes import LaneGraph

# A car still counts as on the path when it overlaps the driver's corridor by its mirror [m].
CORRIDOR_MARGIN_M = 0.2
# How far beside the path a vehicle is still "beside" and not somewhere else: two lanes [m].
BESIDE_M = 7.5
_SAME_WAY = np.cos(np.radians(50.0))
_AGAINST = np.cos(np.radians(130.0))
_OTHER, _LEAD, _REAR, _BESIDE, _ONCOMING, _CROSSING = (np.int8(r) for r in Relation)


class Conflicting:
    """For each lane the lanes that it conflicts with, as a padded table."""

    def __init__(self, graph: LaneGraph) -> None:
        start, other = graph.conflicts.start, graph.conflicts.other
        counts = np.diff(start)
        widest = int(counts.max()) if counts.size else 0
        # Lane number len(graph) stands for "none"; callers keep a column for it.
        self.table: Ints = np.full((len(graph) + 1, max(widest, 1)), len(graph), dtype=np.int64)
        if widest:
            row = np.repeat(np.arange(len(counts)), counts)
            self.table[row, np.arange(len(other)) - np.repeat(start[:-1], counts)] = other

    def crosses(self, on_path: Bools, driver: Ints, lane: Ints) -> Bools:
        """Whether a conflict partner of ``lane[i]`` is on the path of ``driver[i]``.

        Args:
            on_path: Lanes of each driver's path, shape (D, L + 1), last column False.
            driver: Shape (S,).
            lane: Shape (S,), -1 for none.
        """
        return np.asarray(on_path[driver[:, None], self.table[lane]].any(axis=1))


class PathFrame:
    """Positions relative to the drivers' paths; keeps its large work array from tick to tick."""

    def __init__(self) -> None:
        self._distance: Floats = np.empty((0, 0, 0))
        self._objects: Floats = np.empty((0, 0, 3))
        self._points: Floats = np.empty((0, 3, 0))

    def of(self, x: Floats, y: Floats, yaw: Floats, paths: Paths) -> tuple[Floats, Floats, Floats]:
        """Where objects are, seen along each driver's path.

        Args:
            x: World position [m], shape (D, K).
            y: As x.
            yaw: Heading [rad].
            paths: The drivers' paths.

        Returns:
            ``(s, d, cos)``: distance ahead of the driver along the path [m], offset to its left [m]
            and the cosine of the heading against the path's, shape (D, K). Objects beyond either
            end are measured on the tangent there.
        """
        x0, y0 = paths.x[:, :1], paths.y[:, :1]
        qx, qy = paths.x - x0, paths.y - y0
        px, py = x - x0, y - y0
        points = paths.x.shape[1]
        if self._distance.shape != (*x.shape, points):
            self._distance = np.empty((*x.shape, points))
            self._objects, self._points = np.ones((*x.shape, 3)), np.empty((len(x), 3, points))
        # |p - q|^2 without |p|^2, as one product.
        p, q = self._objects, self._points
        p[..., 0], p[..., 1] = px, py
        q[:, 0], q[:, 1], q[:, 2] = -2.0 * qx, -2.0 * qy, qx * qx + qy * qy
        k = np.matmul(p, q, out=self._distance).argmin(axis=-1)
        k += np.arange(0, qx.size, points)[:, None]
        h = paths.yaw.take(k)
        c, s = np.cos(h), np.sin(h)
        ex, ey = px - qx.take(k), py - qy.take(k)
        return (
            paths.s.take(k) + ex * c + ey * s,
            ey * c - ex * s,
            np.asarray(np.cos(yaw - h)),
        )


def classify(
    s: Floats,
    d: Floats,
    heading_cos: Floats,
    half_widths: Floats,
    lane: Ints,
    seen: Bools,
    on_path: Bools,
    conflicting: Conflicting,
) -> NDArray[np.int8]:
    """``Relation`` of each object.

    Args:
        s: Distance ahead along the driver's path [m], shape (D, K).
        d: Offset to the left of that path [m].
        heading_cos: Cosine of the heading against the path's.
        half_widths: Half the sum of both vehicles' widths [m].
        lane: The object's lane, -1 for none.
        seen: Objects in line of sight; only one of these can be the lead.
        on_path: Lanes of each path, shape (D, L + 1).
        conflicting: Conflict partners of the lanes.
    """
    offset, front = np.abs(d), s > 0.0
    same, against = heading_cos > _SAME_WAY, heading_cos < _AGAINST
    corridor = same & (offset < half_widths + CORRIDOR_MARGIN_M)
    ahead = corridor & front
    beside = same & (offset < BESIDE_M) & ~corridor
    relation = np.full(s.shape, _OTHER)
    np.copyto(relation, _BESIDE, where=beside)
    np.copyto(relation, _REAR, where=corridor ^ ahead)
    np.copyto(relation, _ONCOMING, where=against)
    np.copyto(relation, _CROSSING, where=front & ~(same | against))
    candidate = np.where(ahead & seen, s, np.inf)
    lead = candidate.argmin(axis=1)
    row = np.arange(len(s))
    rows = np.isfinite(candidate[row, lead]).nonzero()[0]
    relation[rows, lead[rows]] = _LEAD
    # Same-way vehicles on a lane that the path crosses or merges with come from the side, too.
    aside = (relation == _OTHER) | (relation == _BESIDE)
    maybe = (aside & front & (lane >= 0)).ravel().nonzero()[0]
    if maybe.size:
        driver, lanes = maybe // s.shape[1], lane.ravel()[maybe]
        off = ~on_path[driver, lanes]
        maybe, driver, lanes = maybe[off], driver[off], lanes[off]
        relation.ravel()[maybe[conflicting.crosses(on_path, driver, lanes)]] = _CROSSING
    return relation
