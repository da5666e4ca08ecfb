"""The ground that people can walk on: every lane as a strip, and the mouths of junctions.

Unlike the lane graph this covers sidewalks, shoulders and all the rest of a road's cross-section,
and neighbouring strips share their edges point by point.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from lxml import etree

from hdsim.core.state import Floats, Ints
from hdsim.road.furniture import WALKED

# Lanes without a surface to walk on: unpaved ground beside and between carriageways.
_UNPAVED = ("none", "median")
# Spacing of cross-sections [m], and how far an edge may lie from the straight line that replaces it
# [m]: a tenth of a shoulder's width, far below what a walker notices.
STATION_M = 1.0
_TOLERANCE_M = 0.05
# How far inside a lane section its end cross-sections are taken [m]: exactly on the border the
# parser answers with either section.
_INSIDE_M = 2e-4


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """One lane of one lane section, as a strip between two edges; right-handed frame.

    Attributes:
        road: OpenDRIVE road id.
        junction: OpenDRIVE junction id, -1 outside junctions.
        walked: Whether it is a sidewalk; else it is a paved lane of another kind.
        left: Left edge along increasing s, about every metre, shape (n, 3) [m].
        right: Right edge, point by point abreast of the left one, shape (n, 3) [m].
        kept: Which points follow the edges to within 5 cm, ascending, with both ends.
    """

    road: int
    junction: int
    walked: bool
    left: Floats
    right: Floats
    kept: Ints

    @property
    def outline(self) -> Floats:
        """Ring around the strip through the kept points, shape (2k, 3)."""
        return np.concatenate([self.right[self.kept], self.left[self.kept][::-1]])


@dataclass(frozen=True, slots=True, eq=False)
class Mouth:
    """Where a road meets a junction.

    Attributes:
        road: OpenDRIVE id of the road that leads into the junction.
        junction: OpenDRIVE junction id.
        left: Left border of the paved lanes, looking into the junction, shape (3,) [m].
        right: Right border.
        heading: Direction into the junction [rad].
    """

    road: int
    junction: int
    left: Floats
    right: Floats
    heading: float


@dataclass(frozen=True, slots=True)
class Pavement:
    """The pavement of a map.

    Attributes:
        strips: In file order.
        mouths: In file order of their roads.
    """

    strips: tuple[Strip, ...]
    mouths: tuple[Mouth, ...]


def find_pavement(name: str, xodr: str) -> Pavement:
    """Reads the pavement of a map.

    Args:
        name: Map name.
        xodr: OpenDRIVE text, fit to be driven (``check_xodr``).
    """
    import carla  # here, because a cached map must not cost loading the client

    root = etree.fromstring(xodr.encode())
    world_map = carla.Map(name, xodr)
    strips: list[Strip] = []
    mouths: list[Mouth] = []
    for road in root.iterfind("road"):
        found = list(_strips(road, world_map))
        strips += (strip for section in found for strip in section)
        mouths += _mouths(road, found)
    return Pavement(tuple(strips), tuple(mouths))


def _strips(road: Any, world_map: Any) -> Iterator[list[Strip]]:
    """The strips of each lane section."""
    number, junction = int(road.get("id")), int(road.get("junction", "-1"))
    sections = sorted(road.iterfind("lanes/laneSection"), key=lambda e: float(e.get("s")))
    starts = [float(e.get("s")) for e in sections] + [float(road.get("length"))]
    for section, s_from, s_to in zip(sections, starts[:-1], starts[1:], strict=True):
        if s_to - s_from < 0.01:
            continue
        n = max(1, math.ceil((s_to - s_from) / STATION_M)) + 1
        inside = min(_INSIDE_M, (s_to - s_from) / 10.0)
        stations = np.linspace(s_from + inside, s_to - inside, n).tolist()
        kinds = {int(e.get("id")): str(e.get("type")) for e in section.iterfind("*/lane")}
        borders = _borders(world_map, number, sorted(kinds), stations)
        paved = [i for i in sorted(kinds) if i and kinds[i] not in _UNPAVED]
        edges = {i: (borders[i], borders[i - 1 if i > 0 else i + 1]) for i in paved}
        if not edges:
            continue
        kept = _followed(np.hstack([e for pair in edges.values() for e in pair]))
        yield [
            Strip(number, junction, kinds[i] in WALKED, *(pair if i > 0 else pair[::-1]), kept)
            for i, pair in edges.items()
        ]


def _borders(
    world_map: Any, road: int, lanes: list[int], stations: list[float]
) -> dict[int, Floats]:
    """The outer border of each lane, and as lane 0 the line where the two sides meet."""
    middle = [world_map.get_waypoint_xodr(road, 0, s).transform for s in stations]
    line = np.array([(p.location.x, -p.location.y, p.location.z) for p in middle])
    yaw = -np.radians([p.rotation.yaw for p in middle])
    aside = np.column_stack([-np.sin(yaw), np.cos(yaw), np.zeros(len(yaw))])
    borders = {0: line}
    for side in (1, -1):
        out = np.zeros(len(stations))
        for lane in sorted((i for i in lanes if i * side > 0), key=abs):
            points = (world_map.get_waypoint_xodr(road, lane, s) for s in stations)
            out = out + side * np.array([0.0 if w is None else w.lane_width for w in points])
            borders[lane] = line + out[:, None] * aside
            # Lane numbers without a gap: a missing one has no width.
            borders.setdefault(lane - side, borders[lane])
    return borders


def _followed(lines: Floats) -> Ints:
    """Points of side-by-side polylines between which all of them are straight.

    Ramer, Douglas and Peucker's way of dropping points, on all lines at once.

    Args:
        lines: Coordinates of all lines at each point, shape (n, m).
    """
    kept = {0, len(lines) - 1}
    todo = [(0, len(lines) - 1)]
    while todo:
        a, b = todo.pop()
        if b - a < 2:
            continue
        along = (np.arange(a + 1, b) - a)[:, None] / (b - a)
        off = np.abs(lines[a] + along * (lines[b] - lines[a]) - lines[a + 1 : b]).max(axis=1)
        worst = int(np.argmax(off))
        if off[worst] > _TOLERANCE_M:
            kept.add(a + 1 + worst)
            todo += [(a, a + 1 + worst), (a + 1 + worst, b)]
    return np.array(sorted(kept), dtype=np.int64)


def _mouths(road: Any, sections: list[list[Strip]]) -> Iterator[Mouth]:
    """The ends of a road that lead into junctions."""
    if int(road.get("junction", "-1")) >= 0 or not sections:
        return
    for tag, strips, end in (("predecessor", sections[0], 0), ("successor", sections[-1], -1)):
        link = road.find(f"link/{tag}")
        driven = [s for s in strips if not s.walked]
        if link is None or link.get("elementType") != "junction" or not driven:
            continue
        # Lanes are in ascending order: from right to left along s.
        left, right = driven[-1].left[end], driven[0].right[end]
        if end == 0:
            left, right = right, left
        across = left - right
        heading = math.atan2(across[1], across[0]) - 0.5 * math.pi
        yield Mouth(int(road.get("id")), int(link.get("elementId")), left, right, heading)
