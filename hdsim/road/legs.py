"""Shortest ways between places on the lane graph, and waypoints matched to lanes."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import networkx as nx

from hdsim.core.errors import InputError
from hdsim.core.state import Floats, wrap_angle
from hdsim.road.lanes import LaneGraph
from hdsim.road.paths import Piece, change_length

Place = tuple[int, float]
"""Lane index and distance along the lane [m]."""

# A change of lane needs at least this much of a shared stretch [m].
CHANGE_ROOM_M = 12.0
# How far behind its predecessor a waypoint may lie on one lane and still count as the same place.
_BEHIND_M = 2.0
# A waypoint belongs to lanes within this offset and heading difference; the cost of both, in
# metres of path. Heuristics without a source: route files lie within 1.4 m of lane centres, an
# ordinary lane is 3.5 m wide.
_REACH_M = 3.0
_TURN_RAD = math.radians(60.0)
_COST_PER_M = 20.0
_COST_PER_RAD = 20.0


@dataclass(frozen=True, slots=True)
class Leg:
    """A way from one place to another: its pieces and its cost [m], changes priced in."""

    pieces: tuple[Piece, ...]
    cost: float


def leg(graph: LaneGraph, start: Place, goal: Place, over_markings: bool = False) -> Leg | None:
    """The cheapest way from ``start`` to ``goal``; None when there is none.

    Lane changes are made only where both lanes leave ``CHANGE_ROOM_M`` for it.

    Args:
        graph: The map.
        start: Where it begins.
        goal: Where it ends.
        over_markings: Whether to change lanes at a high price where markings forbid it.
    """
    (a, s_a), (b, s_b) = start, goal
    net = graph.digraph_over_markings if over_markings else graph.digraph
    if a == b and s_b >= s_a - _BEHIND_M:
        end = max(s_a, s_b)
        return Leg((Piece(a, s_a, end, a),), end - s_a)
    direct = _search(graph, net, start, goal, round_trip=False) if a != b else None
    return direct or _search(graph, net, start, goal, round_trip=True)


def _search(
    graph: LaneGraph, net: nx.DiGraph[int], start: Place, goal: Place, round_trip: bool
) -> Leg | None:
    """Dijkstra from lane to lane; a round trip leaves the first lane by its end."""
    (a, s_a), (b, s_b) = start, goal

    def cost(u: int, v: int, edge: dict[str, Any]) -> float | None:
        if edge["kind"] == "change":
            from_s = s_a * graph.length[v] / graph.length[a] if u == a and not round_trip else 0.0
            to_s = s_b if v == b else graph.length[v]
            if min(to_s - from_s, graph.length[u] - from_s) < CHANGE_ROOM_M:
                return None
        return float(edge["cost"])

    ways: list[tuple[float, list[int]]] = []
    for begin in graph.successors[a] if round_trip else (a,):
        try:
            lanes = nx.dijkstra_path(net, begin, b, weight=cost)
        except nx.NetworkXNoPath:
            continue
        lanes = [a, *lanes] if round_trip else lanes
        metres = sum(net[u][v]["cost"] for u, v in itertools.pairwise(lanes))
        ways.append((metres - s_a + s_b, lanes))
    for total, lanes in sorted(ways):
        pieces = _pieces(graph, net, lanes, s_a, s_b)
        if pieces is not None:
            return Leg(pieces, total)
    return None


def _pieces(
    graph: LaneGraph, net: nx.DiGraph[int], lanes: list[int], s_from: float, s_to: float
) -> tuple[Piece, ...] | None:
    """Pieces along a lane sequence; None when its lane changes find no room."""
    out: list[Piece] = []
    s, k = s_from, 0
    while k < len(lanes):
        # lanes[k:m + 1] are side by side: changes are made one after the other along them.
        m = k
        while m + 1 < len(lanes) and net[lanes[m]][lanes[m + 1]]["kind"] == "change":
            m += 1
        final = m == len(lanes) - 1
        end = s_to if final else float(graph.length[lanes[m]])
        changes = m - k
        room = end * graph.length[lanes[k]] / graph.length[lanes[m]] - s
        if changes and room < CHANGE_ROOM_M * changes:
            return None
        for here, into in zip(lanes[k:m], lanes[k + 1 : m + 1], strict=True):
            stretch = min(room / changes, change_length(float(graph.limit[here])))
            out.append(Piece(here, s, s + stretch, into))
            s = (s + stretch) * float(graph.length[into] / graph.length[here])
        if end > s or not out:
            out.append(Piece(lanes[m], s, end, lanes[m]))
        s, k = 0.0, m + 1
    return tuple(out)


def match(graph: LaneGraph, points: Floats, where: str) -> list[Leg]:
    """The legs between waypoints that together are cheapest (the idea of Newson & Krumm 2009).

    Each waypoint may lie on several lanes: within a junction they overlap. The sequence of lanes
    with the least path length plus a price on offset and heading difference wins.

    Raises:
        InputError: As ``hdsim.road.routes.through``.
    """
    layers = [_candidates(graph, k, point, where) for k, point in enumerate(points)]
    best: list[tuple[float, list[Leg]]] = [(price, []) for price, _ in layers[0]]
    for k in range(1, len(layers)):
        following: list[tuple[float, list[Leg]] | None] = []
        for price, place in layers[k]:
            options = [
                (total + way.cost + price, [*legs, way])
                for (total, legs), (_, before) in zip(best, layers[k - 1], strict=True)
                if math.isfinite(total)
                and (way := leg(graph, before, place, over_markings=True)) is not None
            ]
            following.append(min(options, key=lambda o: o[0]) if options else None)
        if not any(following):
            raise InputError(
                where,
                f"waypoint {k}",
                _named(points[k]),
                f"a place that can be reached from waypoint {k - 1} {_named(points[k - 1])}"
                f" on {graph.name}",
            )
        best = [(math.inf, []) if f is None else f for f in following]
    return min(best, key=lambda o: o[0])[1]


def _candidates(graph: LaneGraph, k: int, point: Floats, where: str) -> list[tuple[float, Place]]:
    """Lanes a waypoint may lie on: price and place, one per lane, by lane."""
    x, y, yaw = (float(v) for v in point)
    out = []
    for lane in graph.lanes_near(x, y, _REACH_M):
        s, d, lane_yaw = graph.project(lane, x, y)
        turn = abs(float(wrap_angle(yaw - lane_yaw)))
        if abs(d) <= _REACH_M and turn <= _TURN_RAD:
            out.append((_COST_PER_M * abs(d) + _COST_PER_RAD * turn, (lane, s)))
    if not out:
        raise InputError(
            where,
            f"waypoint {k}",
            _named(point),
            f"a point on a lane of {graph.name} that heads that way (the route leaves the map)",
        )
    return out


def _named(point: Floats) -> str:
    x, y, yaw = (float(v) for v in point)
    return f"x={x:.1f} y={0.0 - y:.1f} yaw={0.0 - math.degrees(yaw):.0f}"
