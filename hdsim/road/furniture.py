"""What stands and lies beside the lanes: traffic signs, crosswalks and sidewalks.

Drivers do not need it, so it is kept apart from the lane graph; the server makes sign actors of it
and pedestrians walk on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from lxml import etree

from hdsim.core.state import Floats, wrap_angle
from hdsim.road.centrelines import Centreline, lanes_of_type, sample
from hdsim.road.crosswalks import Crosswalk, find_crosswalks
from hdsim.road.lanes import LaneGraph
from hdsim.road.signals import valid_for
from hdsim.road.signs import GIVE_WAY, SignKind, sign_limit, signs_of
from hdsim.road.topology import reachable_upstream

# OpenDRIVE lane types that people walk on ("walking" since 1.8).
WALKED = ("sidewalk", "walking")


@dataclass(frozen=True, slots=True)
class Sign:
    """A traffic sign; right-handed frame.

    Attributes:
        id: OpenDRIVE signal id; for the speed signs that CARLA's towns write as objects, the
            object's.
        kind: What it says.
        type: OpenDRIVE type as the client shows it (``206``).
        value: Number on it as the file has it; -1 for none.
        limit: Speed limit [m/s]; nan where it says none.
        x: Where the post stands [m].
        y: As x.
        z: Height of the sign [m].
        yaw: Heading of the traffic that it is turned to [rad]; drivers see it head-on.
        lanes: Lanes it is written on, ascending: connecting lanes for most signs at junctions.
        places: ``(lane, s)`` where it acts. A stop or yield sign: the give-way line, at the end of
            the lanes outside the junction that lead into ``lanes``, or abreast of the post on an
            ordinary road. A speed sign: where its limit begins. Ascending.
    """

    id: str
    kind: SignKind
    type: str
    value: float
    limit: float
    x: float
    y: float
    z: float
    yaw: float
    lanes: tuple[int, ...]
    places: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sidewalk:
    """One lane that people walk on, as a strip between two edges.

    Attributes:
        road: OpenDRIVE road id.
        section: Lane section number.
        lane_id: OpenDRIVE lane id.
        junction: OpenDRIVE junction id, -1 outside junctions.
        left: Left edge in the strip's own direction, about every metre, shape (n, 3) [m].
        right: Right edge, point by point abreast of the left one, shape (n, 3) [m].
    """

    road: int
    section: int
    lane_id: int
    junction: int
    left: Floats
    right: Floats

    @property
    def outline(self) -> Floats:
        """Ring around the strip, counter-clockwise, first corner not repeated, shape (2n, 3).

        Where the strip is wide and its road bends tightly the inner edge may cross itself.
        """
        return np.concatenate([self.right, self.left[::-1]])


@dataclass(frozen=True, slots=True)
class RoadFurniture:
    """What stands and lies beside the lanes of a map.

    Attributes:
        signs: By id, numbers in numeric order.
        crosswalks: In file order.
        sidewalks: In file order.
    """

    signs: tuple[Sign, ...]
    crosswalks: tuple[Crosswalk, ...]
    sidewalks: tuple[Sidewalk, ...]


NO_FURNITURE = RoadFurniture((), (), ())
"""A map with bare roads."""


def road_furniture(xodr: str, graph: LaneGraph) -> RoadFurniture:
    """Find the signs, crosswalks and sidewalks of a map; ``load_furniture`` does so cached.

    Args:
        xodr: OpenDRIVE text, fit to be driven (``check_xodr``).
        graph: Its lane graph, to which lane numbers refer.
    """
    import carla  # here, because a cached map must not cost loading the client

    root = etree.fromstring(xodr.encode())
    world_map = carla.Map(graph.name, xodr)
    return RoadFurniture(
        signs=_signs(world_map, graph),
        crosswalks=tuple(find_crosswalks(root, world_map)),
        sidewalks=tuple(_sidewalks(root, world_map)),
    )


def _signs(world_map: Any, graph: LaneGraph) -> tuple[Sign, ...]:
    marks: dict[str, list[tuple[Any, SignKind]]] = {}
    for mark, kind in signs_of(world_map):
        marks.setdefault(mark.id, []).append((mark, kind))
    lanes_on: dict[int, dict[tuple[int, int], int]] = {}
    keys = zip(graph.road.tolist(), graph.section.tolist(), graph.lane_id.tolist(), strict=True)
    for i, (road, section, lane_id) in enumerate(keys):
        lanes_on.setdefault(road, {})[section, lane_id] = i
    names = sorted(marks, key=lambda n: (0, int(n), n) if n.isdigit() else (1, 0, n))
    return tuple(_sign(world_map, graph, lanes_on, marks[name]) for name in names)


def _sign(
    world_map: Any,
    graph: LaneGraph,
    lanes_on: dict[int, dict[tuple[int, int], int]],
    marks: list[tuple[Any, SignKind]],
) -> Sign:
    mark, kind = marks[0]
    inside = graph.junction >= 0
    lanes: set[int] = set()
    places: dict[int, float] = {}
    for one, _ in marks:
        known = lanes_on.get(one.road_id, {})
        for lane_id in sorted({lane_id for _, lane_id in known if valid_for(one, lane_id)}):
            at = world_map.get_waypoint_xodr(one.road_id, lane_id, one.s)
            i = known.get((at.section_id, lane_id)) if at is not None else None
            if i is None:
                continue
            lanes.add(i)
            if kind in GIVE_WAY and inside[i]:
                for j in reachable_upstream([i], graph.predecessors, inside):
                    places[j] = float(graph.length[j])
            else:
                here = at.transform.location
                places[i] = graph.project(i, here.x, -here.y)[0]
    pose = mark.transform
    limit = sign_limit(mark.type, mark.value, mark.unit) if kind is SignKind.SPEED_LIMIT else None
    return Sign(
        id=mark.id,
        kind=kind,
        type=mark.type,
        value=float(mark.value),
        limit=math.nan if limit is None else limit,
        x=float(pose.location.x),
        y=-float(pose.location.y),
        z=float(pose.location.z),
        yaw=float(wrap_angle(-math.radians(pose.rotation.yaw))),
        lanes=tuple(sorted(lanes)),
        places=tuple(sorted(places.items())),
    )


def _sidewalks(root: Any, world_map: Any) -> list[Sidewalk]:
    found = []
    for span in lanes_of_type(root, *WALKED):
        line = sample(world_map, span)
        if line is not None:
            left, right = _edges(line)
            found.append(Sidewalk(*span.key, span.junction, left, right))
    return found


def _edges(line: Centreline) -> tuple[Floats, Floats]:
    aside = 0.5 * line.width
    ox, oy = -np.sin(line.yaw) * aside, np.cos(line.yaw) * aside
    return (
        np.column_stack([line.x + ox, line.y + oy, line.z]),
        np.column_stack([line.x - ox, line.y - oy, line.z]),
    )
