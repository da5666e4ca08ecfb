"""The points that make the Traffic Manager follow a route."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.core.state import Bools, Floats, Ints
from hdsim.road.lanes import LaneGraph
from hdsim.road.routes import Route
from hdsim.world.tm_net import REACHED_M2, TrafficManagerNet

# Among points that lead the right way, one this far behind the junction's exit is preferred: far
# enough to be on the road behind it without doubt, near enough to be used up before the next.
_PAST_EXIT_M = 12.0
# A point must decide its fork from no farther than this.
_REACH_M = 600.0
# The Traffic Manager finds a point's node by place alone: none other may be this near [m].
_ALONE_M = 0.2
# Nodes of the route that may come within reach of a point before its fork does.
_JUST_BEFORE = 3


@dataclass(frozen=True, slots=True)
class TrafficManagerPath:
    """A route in the Traffic Manager's own waypoints, and the points to give it.

    Attributes:
        node: Nodes of the net along the route, shape (n,).
        lane: Their lanes in the lane graph, shape (n,).
        s: Where they lie along the route [m], shape (n,).
        point: Positions in ``node`` of the points for ``set_path``, ascending, shape (p,).
        guided: For each point, whether the Traffic Manager's rule leads it there at every fork
            before, shape (p,).
    """

    node: Ints
    lane: Ints
    s: Floats
    point: Ints
    guided: Bools


def path_of(net: TrafficManagerNet, graph: LaneGraph, route: Route) -> TrafficManagerPath:
    """Chooses a point for every fork of a route, and the goal as the last.

    Args:
        net: The Traffic Manager's map.
        graph: The lane graph of the same map.
        route: What to follow.
    """
    node, lane, s = _nodes_along(net, graph, route)
    forks = [
        i
        for i in range(len(node) - 1)
        if len(net.following[node[i]]) > 1 and int(node[i + 1]) in net.following[node[i]]
    ]
    alone = np.asarray(net.tree.query(net.location[node], k=2)[0])[:, 1] > _ALONE_M
    points: list[int] = []
    guided: list[bool] = []
    for n, fork in enumerate(forks):
        if points and points[-1] > fork:
            continue
        following_fork = forks[n + 1] if n + 1 < len(forks) else len(node) - 1
        leading = [
            j
            for j in range(fork + 1, int(np.searchsorted(s, s[fork] + _REACH_M)))
            if alone[j] and _leads(net, node, forks, fork, j, points[-1] if points else 0)
        ]
        before_next = [j for j in leading if j <= following_fork]
        ideal = s[fork] + _junction_length(net, node, s, fork) + _PAST_EXIT_M
        near = sorted(before_next or leading, key=lambda j: abs(float(s[j] - ideal)))
        guided.append(bool(near))
        points.append(near[0] if near else _first_alone(alone, fork))
    if not points or points[-1] < len(node) - 1:
        points.append(len(node) - 1)
        guided.append(True)
    return TrafficManagerPath(node, lane, s, np.array(points), np.array(guided))


def _nodes_along(
    net: TrafficManagerNet, graph: LaneGraph, route: Route
) -> tuple[Ints, Ints, Floats]:
    """Nodes on the route's lanes in order of travel, their lanes and places along it [m]."""
    starts = np.flatnonzero(np.diff(route.lane, prepend=-1))
    lanes = [int(lane) for lane in route.lane[starts]]
    ends = [*starts[1:], len(route.lane)]
    nodes: list[int] = []
    on: list[int] = []
    along: list[float] = []
    for k, (lane, start, end) in enumerate(zip(lanes, starts, ends, strict=True)):
        begin, finish = float(route.lane_s[start]), float(route.lane_s[end - 1])
        # A lane is left at its end unless the route changes lane or ends on it; entered likewise.
        changes_in = k == 0 or _beside(graph, lanes[k - 1], lane)
        changes_out = k == len(lanes) - 1 or _beside(graph, lane, lanes[k + 1])
        for node, s in nodes_on(net, graph, lane):
            if (not changes_in or s >= begin) and (not changes_out or s <= finish):
                between = _between(net, nodes[-1], node) if nodes else ()
                at = float(route.s[start]) + s - begin
                nodes.extend((*between, node))
                on.extend([lane] * (len(between) + 1))
                along.extend([at] * (len(between) + 1))
    if not nodes:  # a route between two nodes
        nodes, on, along = [nodes_on(net, graph, lanes[-1])[-1][0]], [lanes[-1]], [route.length]
    return np.array(nodes), np.array(on), np.maximum.accumulate(np.array(along))


def nodes_on(net: TrafficManagerNet, graph: LaneGraph, lane: int) -> list[tuple[int, float]]:
    """The nodes of a lane in driving direction and where they lie on it [m]."""
    key = (int(graph.road[lane]), int(graph.section[lane]), int(graph.lane_id[lane]))
    return [
        (node, graph.project(lane, net.location[node, 0], -net.location[node, 1])[0])
        for node in net.nodes_of.get(key, ())
    ]


def _beside(graph: LaneGraph, one: int, other: int) -> bool:
    return bool(graph.road[one] == graph.road[other] and graph.section[one] == graph.section[other])


def _between(net: TrafficManagerNet, one: int, other: int) -> tuple[int, ...]:
    """Nodes of lanes that are too short to have a point of the route (1 m), else none."""
    for middle in net.following[one]:
        if other in net.following[one]:
            break
        if other in net.following[middle]:
            return (middle,)
    return ()


def _leads(
    net: TrafficManagerNet, node: Ints, forks: list[int], fork: int, to: int, since: int
) -> bool:
    """Whether the point ``to`` makes the Traffic Manager take the route at ``fork``.

    And at every fork between, and is not reached before from a stretch that only passes by.
    """
    target = int(node[to])
    for i in forks:
        if fork <= i < to and net.choice(int(node[i]), target) != node[i + 1]:
            return False
    passed = net.location[node[since : min(fork + 1, to - _JUST_BEFORE)]]
    return not bool(np.any(np.sum((passed - net.location[target]) ** 2, axis=1) < REACHED_M2))


def _junction_length(net: TrafficManagerNet, node: Ints, s: Floats, fork: int) -> float:
    """From a fork to the exit of the junction behind it [m]; 0 where none begins there."""
    end = fork + 1
    while end < len(node) - 1 and net.is_junction[node[end]]:
        end += 1
    return float(s[end] - s[fork])


def _first_alone(alone: Bools, fork: int) -> int:
    """The first node behind a fork that no other node hides.

    The Traffic Manager goes straight from the fork to a point that near, whatever its rule says.
    """
    behind = np.flatnonzero(alone[fork + 1 :])
    return fork + 1 + int(behind[0]) if len(behind) else len(alone) - 1
