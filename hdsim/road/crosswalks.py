"""Crosswalks of an OpenDRIVE map, as polygons on the ground."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdsim.core.state import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Crosswalk:
    """Where people cross a road.

    Attributes:
        id: OpenDRIVE object id.
        road: OpenDRIVE road id it is written on.
        junction: Junction of that road, -1 for none.
        outline: Corners counter-clockwise, the first not repeated, shape (k, 3), k >= 3 [m],
            right-handed frame.
    """

    id: str
    road: int
    junction: int
    outline: Floats


def find_crosswalks(root: Any, world_map: Any) -> Iterator[Crosswalk]:
    """Every object of type ``crosswalk`` with an area, in file order.

    Outlines by ``cornerLocal`` (u along the object's heading, v to its left) and by
    ``cornerRoad`` (s and t of the road) are read, also the plural ``outlines`` of OpenDRIVE 1.5;
    without an outline the object's length and width make a rectangle (ASAM OpenDRIVE 1.7, 11.2).

    Args:
        root: OpenDRIVE tree.
        world_map: Its ``carla.Map``.
    """
    for road in root.iterfind("road"):
        for element in road.iterfind("objects/object[@type='crosswalk']"):
            outline = _outline(road, element, world_map)
            if len(outline) >= 3 and (area := _area(outline)) != 0.0:
                yield Crosswalk(
                    id=str(element.get("id")),
                    road=int(road.get("id")),
                    junction=int(road.get("junction", "-1")),
                    outline=outline if area > 0.0 else outline[::-1].copy(),
                )


def _outline(road: Any, element: Any, world_map: Any) -> Floats:
    outline = element.find("outline")
    outline = element.find("outlines/outline") if outline is None else outline
    corners = [] if outline is None else list(outline)
    if any(c.tag == "cornerRoad" for c in corners):
        points = [
            _on_road(road, world_map, _number(c, "s"), _number(c, "t"), _number(c, "dz"))[:3]
            for c in corners
            if c.tag == "cornerRoad"
        ]
    else:
        local = [
            (_number(c, "u"), _number(c, "v"), _number(c, "z"))
            for c in corners
            if c.tag == "cornerLocal"
        ]
        if not local:
            u, v = 0.5 * _number(element, "length"), 0.5 * _number(element, "width")
            local = [(-u, -v, 0.0), (u, -v, 0.0), (u, v, 0.0), (-u, v, 0.0)]
        x, y, z, yaw = _on_road(
            road, world_map,
            _number(element, "s"), _number(element, "t"), _number(element, "zOffset"),
        )  # fmt: skip
        c, s = math.cos(yaw + _number(element, "hdg")), math.sin(yaw + _number(element, "hdg"))
        points = [(x + u * c - v * s, y + u * s + v * c, z + up) for u, v, up in local]
    if len(points) > 1 and math.dist(points[0], points[-1]) < 1e-3:
        points.pop()
    return np.array(points, dtype=np.float64).reshape(-1, 3)


def _on_road(
    road: Any, world_map: Any, s: float, t: float, up: float
) -> tuple[float, float, float, float]:
    """Position [m] and heading [rad] of the road at (s, t), ``up`` metres above it.

    The parser's lane 0 is where the lanes meet, which lies aside of the reference line by the lane
    offset.
    """
    s = min(max(s, 0.0), _number(road, "length"))
    middle = world_map.get_waypoint_xodr(int(road.get("id")), 0, s).transform
    yaw = -math.radians(middle.rotation.yaw)
    aside = t - _lane_offset(road, s)
    return (
        middle.location.x - aside * math.sin(yaw),
        -middle.location.y + aside * math.cos(yaw),
        middle.location.z + up,
        yaw,
    )


def _lane_offset(road: Any, s: float) -> float:
    begun = [e for e in road.iterfind("lanes/laneOffset") if _number(e, "s") <= s]
    if not begun:
        return 0.0
    ds = s - _number(begun[-1], "s")
    a, b, c, d = (_number(begun[-1], k) for k in "abcd")
    return a + ds * (b + ds * (c + ds * d))


def _number(element: Any, key: str) -> float:
    return float(element.get(key, "0"))


def _area(points: Floats) -> float:
    """Signed area in the plane [m^2], counter-clockwise positive."""
    x, y = points[:, 0], points[:, 1]
    return 0.5 * float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
