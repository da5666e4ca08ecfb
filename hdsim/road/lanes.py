"""The lane graph: lanes as sampled centrelines, their connections, signals and conflicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from hdsim.core.state import Bools, Floats, Ints, wrap_angle

# Weight of heading in the nearest-lane search: a point heading the other way counts as this many
# metres farther per unit of heading chord (2 for opposite directions).
HEADING_WEIGHT_M = 3.0
# Points of a lane are no farther apart than this [m].
_POINTS_M = 1.0


@dataclass(frozen=True, slots=True)
class Signal:
    """A traffic signal of the map.

    Attributes:
        id: OpenDRIVE signal id.
        lanes: Indices of the lanes it holds (the lanes that end at its stop line).
        junction: OpenDRIVE junction id it belongs to, -1 when unknown.
        controller: OpenDRIVE controller id; ``inferred JUNCTION/PHASE`` at a junction where the
            file has none at all; "" when it has none and stays alone.
        x: Position of the signal head [m], right-handed frame.
        y: As x.
    """

    id: str
    lanes: tuple[int, ...]
    junction: int
    controller: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Pairs of junction lanes whose corridors overlap, in CSR form by first lane.

    For lane ``i`` the entries are ``start[i]:start[i + 1]``.

    Attributes:
        start: Shape (L + 1,).
        other: The other lane, shape (C,).
        own_from: Where the overlap begins on the first lane [m], shape (C,).
        own_to: Where it ends [m].
        other_from: Where it begins on the other lane [m].
        other_to: Where it ends [m].
        merge: True where both lanes lead into one lane, shape (C,).
        priority: +1 where the first lane goes first, -1 where it yields, 0 undetermined (priority
            to the right applies, then first come first served), int8, shape (C,). Straight goes
            before turning, a turn to the near side before one across oncoming traffic; of two
            straight lanes the one from the road with more lanes; roads with a yield or stop sign
            give way. Signals override it at run time.
    """

    start: Ints
    other: Ints
    own_from: Floats
    own_to: Floats
    other_from: Floats
    other_to: Floats
    merge: NDArray[np.bool_]
    priority: NDArray[np.int8]


@dataclass(frozen=True)
class LaneGraph:
    """Every driving lane of a map; right-handed frame, metres, radians, speeds in m/s.

    A lane is one (road, section, lane id) of OpenDRIVE. Points of lane ``i`` are
    ``first[i]:first[i + 1]`` of the point arrays, in driving direction, about 1 m apart, the first
    at s = 0 and the last at s = length.

    Attributes:
        name: Map name, for messages.
        road: OpenDRIVE road id, shape (L,).
        section: Lane section number, shape (L,).
        lane_id: OpenDRIVE lane id (signed), shape (L,).
        length: [m], shape (L,).
        junction: OpenDRIVE junction id, -1 outside junctions, shape (L,).
        turn: On junction lanes -1 right, 0 straight, +1 left, +2 U-turn; 0 elsewhere, int8.
        left: Same-direction neighbour into which a lane change is allowed, -1 for none, shape (L,).
        right: As left.
        limit: Speed limit [m/s], shape (L,).
        signal: Signal at the end of the lane, -1 for none, shape (L,).
        stop_s: Where its stop line lies on the lane [m], inf without a signal, shape (L,).
        first: Shape (L + 1,).
        x: Point positions [m], shape (Q,).
        y: As x.
        z: Elevation [m].
        yaw: Driving direction at the points [rad].
        curvature: Left positive [1/m].
        width: Lane width [m].
        s: Distance along the lane [m].
        successors: For each lane the lanes that follow it.
        predecessors: For each lane the lanes before it.
        signals: All signals; ``State.signals`` follows this order.
        conflicts: Overlaps of junction lanes.
        stop_sign: On junction lanes whether a stop sign holds whoever enters them, shape (L,).
    """

    name: str
    road: Ints
    section: Ints
    lane_id: Ints
    length: Floats
    junction: Ints
    turn: NDArray[np.int8]
    left: Ints
    right: Ints
    limit: Floats
    signal: Ints
    stop_s: Floats
    first: Ints
    x: Floats
    y: Floats
    z: Floats
    yaw: Floats
    curvature: Floats
    width: Floats
    s: Floats
    successors: tuple[tuple[int, ...], ...]
    predecessors: tuple[tuple[int, ...], ...]
    signals: tuple[Signal, ...]
    conflicts: Conflicts
    stop_sign: NDArray[np.bool_]
    _lane_of_point: Ints = field(init=False, repr=False)

    def __post_init__(self) -> None:
        counts = np.diff(self.first)
        object.__setattr__(self, "_lane_of_point", np.repeat(np.arange(len(counts)), counts))

    def __len__(self) -> int:
        return len(self.length)

    @cached_property
    def _tree(self) -> cKDTree:
        w = HEADING_WEIGHT_M
        return cKDTree(
            np.column_stack([self.x, self.y, w * np.cos(self.yaw), w * np.sin(self.yaw)])
        )

    @cached_property
    def phases(self) -> dict[int, tuple[tuple[int, ...], ...]]:
        """Signals that change together: by junction the groups, each a tuple of signal indices.

        A group is what one controller switches; a signal without controller is its own group.
        Junctions and groups are in the order of their first signal.
        """
        groups: dict[int, dict[str, list[int]]] = {}
        for k, signal in enumerate(self.signals):
            name = signal.controller or f"signal {signal.id}"
            groups.setdefault(signal.junction, {}).setdefault(name, []).append(k)
        return {j: tuple(tuple(g) for g in named.values()) for j, named in groups.items()}

    @cached_property
    def _points(self) -> cKDTree:
        return cKDTree(np.column_stack([self.x, self.y]))

    def lanes_near(self, x: float, y: float, reach_m: float) -> tuple[int, ...]:
        """Lanes with a centreline point within ``reach_m`` plus a point spacing, ascending."""
        points = self._points.query_ball_point([x, y], reach_m + 1.0)
        return tuple(np.unique(self._lane_of_point[points]).tolist())

    def project(self, lane: int, x: float, y: float) -> tuple[float, float, float]:
        """Nearest place on one lane's centreline: ``(s, d, lane_yaw)``; d is left positive.

        Beyond the lane's ends d is the distance to the end, with the sign of the side.
        """
        points = slice(int(self.first[lane]), int(self.first[lane + 1]))
        px, py, ps = self.x[points], self.y[points], self.s[points]
        ex, ey = np.diff(px), np.diff(py)
        dx, dy = x - px[:-1], y - py[:-1]
        f = np.clip((dx * ex + dy * ey) / np.maximum(ex**2 + ey**2, 1e-12), 0.0, 1.0)
        distance = np.hypot(dx - f * ex, dy - f * ey)
        k = int(np.argmin(distance))
        s = float(ps[k] + f[k] * (ps[k + 1] - ps[k]))
        side = ex[k] * dy[k] - ey[k] * dx[k]
        return s, float(np.copysign(distance[k], side)), float(self.at(lane, s)[2])

    @cached_property
    def digraph(self) -> nx.DiGraph[int]:
        """Lanes as nodes; edges ``kind`` 'next' or 'change' with ``cost`` in metres.

        A change is worth a detour of 20 m, and more where the lanes run beside each other for a
        short stretch only: a heuristic without a source.
        """
        g: nx.DiGraph[int] = nx.DiGraph()
        g.add_nodes_from(range(len(self)))
        for i, nexts in enumerate(self.successors):
            for j in nexts:
                g.add_edge(i, j, kind="next", cost=float(self.length[i]))
        for side in (self.left, self.right):
            for i, j in enumerate(side):
                if j >= 0 and not g.has_edge(i, int(j)):
                    g.add_edge(i, int(j), kind="change", cost=20.0 + self._haste(i, int(j)))
        return g

    @cached_property
    def digraph_over_markings(self) -> nx.DiGraph[int]:
        """``digraph`` plus changes between neighbouring lanes that markings or a junction forbid.

        They cost 150 m more (without a source). Leaderboard routes contain such changes; nothing
        else should use them.
        """
        g = self.digraph.copy()
        index = {key: i for i, key in enumerate(self._keys())}
        for (road, section, lane), i in index.items():
            for beside in (lane - 1, lane + 1):
                j = index.get((road, section, beside), -1)
                if j >= 0 and lane * beside > 0 and not g.has_edge(i, j):
                    g.add_edge(i, j, kind="change", cost=170.0 + self._haste(i, j))
        return g

    def _haste(self, i: int, j: int) -> float:
        """Price of changing between two lanes in a hurry [m]: the shorter they are the higher."""
        return 900.0 / float(min(self.length[i], self.length[j]))

    def _keys(self) -> list[tuple[int, int, int]]:
        return list(
            zip(self.road.tolist(), self.section.tolist(), self.lane_id.tolist(), strict=True)
        )

    def locate(
        self, x: Any, y: Any, yaw: Any, reach_m: float = 6.0
    ) -> tuple[Ints, Floats, Floats, Floats]:
        """The lane under each pose, preferring lanes that head the same way.

        Args:
            x: Positions [m], any shape.
            y: As x.
            yaw: Headings [rad].
            reach_m: How far (in the weighted metric) a lane may be.

        Returns:
            ``(lane, s, d, lane_yaw)`` of the input's shape; lane -1 where none is within reach
            (then s and d are 0 and lane_yaw the own yaw).
        """
        x, y, yaw = (np.asarray(a, dtype=np.float64) for a in (x, y, yaw))
        w = HEADING_WEIGHT_M
        pose = np.stack([x, y, w * np.cos(yaw), w * np.sin(yaw)], axis=-1)
        dist, k = self._tree.query(pose, distance_upper_bound=reach_m)
        found = np.isfinite(dist)
        return self._lane_at(np.where(found, k, 0), found, x, y, yaw)

    def surface(self, x: Any, y: Any, yaw: Any) -> tuple[Ints, Floats, Floats, Floats]:
        """The lane whose surface each place is on, whichever way it leads; as ``locate``.

        Lane -1 beside all lanes.
        """
        x, y, yaw = (np.asarray(a, dtype=np.float64) for a in (x, y, yaw))
        _, k = self._points.query(np.stack([x, y], axis=-1))
        dx, dy, c, sn = x - self.x[k], y - self.y[k], np.cos(self.yaw[k]), np.sin(self.yaw[k])
        within = np.abs(dy * c - dx * sn) <= 0.5 * self.width[k]
        return self._lane_at(
            np.asarray(k), within & (np.abs(dx * c + dy * sn) <= _POINTS_M), x, y, yaw
        )

    def _lane_at(
        self, k: Ints, found: Bools, x: Floats, y: Floats, yaw: Floats
    ) -> tuple[Ints, Floats, Floats, Floats]:
        """Lane coordinates of places by the point ``k`` of a lane near each, where found."""
        lane = self._lane_of_point[k]
        lane_yaw = self.yaw[k]
        dx, dy = x - self.x[k], y - self.y[k]
        c, sn = np.cos(lane_yaw), np.sin(lane_yaw)
        along, d = dx * c + dy * sn, dy * c - dx * sn
        s = np.clip(self.s[k] + along, 0.0, self.length[lane])
        lane_yaw = wrap_angle(lane_yaw + self.curvature[k] * np.clip(along, -1.0, 1.0))
        return (
            np.where(found, lane, -1),
            np.where(found, s, 0.0),
            np.where(found, d, 0.0),
            np.where(found, lane_yaw, yaw),
        )

    def at(self, lane: Any, s: Any) -> tuple[Floats, Floats, Floats]:
        """World pose ``(x, y, yaw)`` on the centreline of ``lane`` at ``s`` (clipped to it)."""
        lane = np.asarray(lane, dtype=np.int64)
        s = np.clip(np.asarray(s, dtype=np.float64), 0.0, self.length[lane])
        lo, n = self.first[lane], self.first[lane + 1] - self.first[lane]
        # Points are about evenly spaced: guess, then step to the interval that holds s.
        k = lo + np.clip((s / self.length[lane] * (n - 1)).astype(np.int64), 0, n - 2)
        for _ in range(3):
            over = (self.s[k] > s) & (k > lo)
            k = np.where(over, k - 1, k)
            under = (self.s[k + 1] < s) & (k < lo + n - 2)
            if not (over.any() or under.any()):
                break
            k = np.where(under, k + 1, k)
        s0, x0, y0, yaw0, after = self.s[k], self.x[k], self.y[k], self.yaw[k], k + 1
        f = (s - s0) / np.maximum(self.s[after] - s0, 1e-9)
        return (
            x0 + f * (self.x[after] - x0),
            y0 + f * (self.y[after] - y0),
            wrap_angle(yaw0 + f * wrap_angle(self.yaw[after] - yaw0)),
        )
