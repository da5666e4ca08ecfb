"""The Traffic Manager's own map: waypoints 5 m apart, and how its path import walks them.

The Traffic Manager (CARLA 0.9.16) keeps these to itself. Which way it takes at a fork when it
follows a path given with ``set_path`` can be foretold only with its own waypoints and its own
rule, so both are modelled here, after its ``InMemoryMap`` and ``LocalizationStage``.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

import carla
import numpy as np
from scipy.spatial import cKDTree

from hdsim.core.state import Bools, Floats, Ints

# Constants of the Traffic Manager: spacing of its waypoints [m], squared distance at which it
# takes a point of the path as reached, and at which it looks beyond a junction's exit [m^2].
SPACING_M = 5.0
REACHED_M2 = 30.0
_PAST_EXIT_M2 = 50.0

Segment = tuple[int, int, int]
"""OpenDRIVE road id, section and lane id."""


@dataclass(frozen=True)
class TrafficManagerNet:
    """The Traffic Manager's waypoints ("nodes") and their connections.

    Attributes:
        location: CARLA's frame [m], shape (N, 3).
        road: OpenDRIVE road id, shape (N,).
        is_junction: What the Traffic Manager takes for a junction: junction roads, but not those
            that neither fork nor merge; shape (N,).
        following: For each node the nodes that follow it, in the Traffic Manager's order.
        segment: The segment of each node.
        nodes_of: The nodes of each segment in driving direction.
    """

    location: Floats
    road: Ints
    is_junction: Bools
    following: tuple[tuple[int, ...], ...]
    segment: tuple[Segment, ...]
    nodes_of: dict[Segment, tuple[int, ...]]
    _exits: dict[int, int] = field(default_factory=dict, repr=False)

    @cached_property
    def tree(self) -> cKDTree:
        """Nearest-node search in three dimensions, as the Traffic Manager's."""
        return cKDTree(self.location)

    def nearest(self, x: float, y: float, z: float) -> int:
        """The node nearest to a place in CARLA's frame [m]."""
        return int(self.tree.query((x, y, z))[1])

    def distance2(self, a: int, b: int) -> float:
        """Squared distance of two nodes [m^2]."""
        return float(np.sum((self.location[a] - self.location[b]) ** 2))

    def exit_beyond(self, node: int) -> int:
        """The node that stands for a branch: the first past the next junction from ``node`` on.

        It is at least 7.07 m away from ``node``. Where the way forks before, the first branch
        counts. -1 where the lane ends, or no junction follows (the Traffic Manager would hang).
        """
        found = self._exits.get(node)
        if found is None:
            found = self._exits[node] = self._walk(node)
        return found

    def _walk(self, node: int) -> int:
        at = node
        stage = 0  # 0 before the junction, 1 in it, 2 behind it but still near
        for _ in range(3 * len(self.road)):
            if stage == 0 and self.is_junction[at]:
                stage = 1
            if stage == 1 and not self.is_junction[at]:
                stage = 2
            if stage == 2 and self.distance2(node, at) >= _PAST_EXIT_M2:
                return at
            if not self.following[at]:
                return -1
            at = self.following[at][0]
        return -1

    def choice(self, fork: int, target: int) -> int:
        """The node that the Traffic Manager goes to from ``fork``.

        A branch whose exit lies on the target's road is taken (the first such), else the one
        whose exit is nearest to the target.

        Args:
            fork: Where it is.
            target: The next point of its path.
        """
        best, least = self.following[fork][0], np.inf
        for branch in self.following[fork]:
            beyond = self.exit_beyond(branch)
            if beyond < 0:
                continue
            if self.road[beyond] == self.road[target]:
                return branch
            distance = self.distance2(beyond, target)
            if distance < least:
                best, least = branch, distance
        return best

    def follow(self, start: int, targets: tuple[int, ...]) -> tuple[int, ...]:
        """The nodes that the Traffic Manager plans from ``start`` until the last target.

        Ends early where a lane ends, or when it goes on for longer than the map is.
        """
        plan = [start]
        left = list(targets)
        while left and self.following[plan[-1]] and len(plan) < len(self.road):
            plan.append(self.choice(plan[-1], left[0]))
            if self.distance2(plan[-1], left[0]) < REACHED_M2:
                plan.append(left.pop(0))
        return tuple(plan)


def traffic_manager_net(world_map: carla.Map) -> TrafficManagerNet:
    """The net that the Traffic Manager builds from a map."""
    topology = world_map.get_topology()
    real = _real_junction_roads(topology)
    segments: dict[Segment, list[carla.Waypoint]] = defaultdict(list)
    for waypoint in world_map.generate_waypoints(SPACING_M):
        segments[_segment(waypoint)].append(waypoint)
    waypoints: list[carla.Waypoint] = []
    nodes_of: dict[Segment, tuple[int, ...]] = {}
    for segment, members in segments.items():
        members.sort(key=lambda w: float(w.s), reverse=segment[2] > 0)
        nodes_of[segment] = tuple(range(len(waypoints), len(waypoints) + len(members)))
        waypoints.extend(members)
    where = [w.transform.location for w in waypoints]
    location = np.array([(p.x, p.y, p.z) for p in where])
    is_junction = np.array([w.is_junction and w.road_id in real for w in waypoints])
    following = _connect(topology, nodes_of, len(waypoints))
    _mend_dead_ends(following, waypoints, is_junction, cKDTree(location))
    return TrafficManagerNet(
        location=location,
        road=np.array([w.road_id for w in waypoints]),
        is_junction=is_junction,
        following=tuple(following),
        segment=tuple(_segment(w) for w in waypoints),
        nodes_of=nodes_of,
    )


def _segment(waypoint: carla.Waypoint) -> Segment:
    return waypoint.road_id, waypoint.section_id, waypoint.lane_id


def _real_junction_roads(topology: list[tuple[carla.Waypoint, carla.Waypoint]]) -> set[int]:
    """Junction roads that leave a road from which several do, or enter one as one of several."""
    ways: dict[tuple[str, int, bool], set[int]] = defaultdict(set)
    for before, after in topology:
        if before.is_junction and not after.is_junction:
            ways["in", after.road_id, after.lane_id < 0].add(before.road_id)
        if after.is_junction and not before.is_junction:
            ways["out", before.road_id, before.lane_id < 0].add(after.road_id)
    return {road for roads in ways.values() if len(roads) >= 2 for road in roads}


def _connect(
    topology: list[tuple[carla.Waypoint, carla.Waypoint]],
    nodes_of: dict[Segment, tuple[int, ...]],
    count: int,
) -> list[tuple[int, ...]]:
    """For each node the next of its segment, or the first of each segment that follows."""
    after: dict[Segment, list[Segment]] = defaultdict(list)
    for one, other in topology:
        after[_segment(one)].append(_segment(other))

    def entries(segment: Segment) -> list[int]:
        """First nodes after a segment; segments too short to have a node are stepped over."""
        found: list[int] = []
        for follower in after.get(segment, ()):
            nodes = nodes_of.get(follower)
            found.extend([nodes[0]] if nodes else entries(follower))
        return found

    following: list[tuple[int, ...]] = [() for _ in range(count)]
    for segment, nodes in nodes_of.items():
        for node in nodes[:-1]:
            following[node] = (node + 1,)
        following[nodes[-1]] = tuple(entries(segment))
    return following


def _mend_dead_ends(
    following: list[tuple[int, ...]],
    waypoints: list[carla.Waypoint],
    is_junction: Bools,
    tree: cKDTree,
) -> None:
    """A node whose lane ends goes on as its neighbour does, the right one first."""
    for node, waypoint in enumerate(waypoints):
        if following[node] or is_junction[node]:
            continue
        for side, beside in (("Right", waypoint.get_right_lane), ("Left", waypoint.get_left_lane)):
            if str(waypoint.lane_change) not in (side, "Both"):
                continue
            neighbour = beside()
            if neighbour is None or neighbour.lane_id * waypoint.lane_id < 0:
                continue
            if neighbour.lane_type != carla.LaneType.Driving:
                continue
            p = neighbour.transform.location
            following[node] = following[int(tree.query((p.x, p.y, p.z))[1])]
            break
