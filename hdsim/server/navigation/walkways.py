"""Where pedestrians may walk: sidewalks, crosswalks and road surface as areas that do not overlap.

OpenDRIVE says where sidewalks and crosswalks are, but not that one can be reached from the other.
What is made up here so that pedestrians get about:

- the first 0.3 m beyond the road's edge, the radius of CARLA's walker, counts as road: who keeps to
  the sidewalk keeps clear of passing cars;
- around a junction's corner a strip 2 m wide joins sidewalks that end there;
- a map without any sidewalk gets a strip 2 m wide beside all its roads;
- crosswalks that the file leaves out or leaves short (``crossings``).

Widths and limits without a source are proposals.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import shapely
from scipy.spatial import cKDTree

from hdsim.core.state import Floats
from hdsim.road.crosswalks import Crosswalk
from hdsim.road.lanes import LaneGraph
from hdsim.road.pavement import Pavement, Strip
from hdsim.server.navigation.crossings import Area, crossings

# Corners lie on a grid this wide [m], so that neighbours share them exactly.
GRID_M = 0.01
_KERB_M = 0.3  # AGENT_RADIUS of LibCarla's Navigation.cpp
_STRIP_M = 2.0
# Roads this far above each other are on different levels [m].
_LEVEL_M = 2.0
# Cracks between lanes that are closed [m], and holes in the road that are filled [m^2].
_CRACK_M = 0.25
_HOLE_M2 = 20.0


class Ground(IntEnum):
    """CARLA's area types (LibCarla ``carla/nav/Navigation.h``, ``NavAreas``)."""

    SIDEWALK = 1
    CROSSWALK = 2
    ROAD = 3


@dataclass(frozen=True, slots=True)
class Level:
    """Areas of one level of the map, which do not overlap in the plane.

    Attributes:
        areas: Polygons with corners on the grid; neighbours share all corners of common edges.
        ground: Kind of each.
        points: Points on the ground, from which heights are taken, shape (n, 3) [m].
    """

    areas: list[Area]
    ground: list[Ground]
    points: Floats

    def corners(self) -> int:
        """How many corners all areas have together."""
        return int(shapely.get_num_coordinates(np.array(self.areas, dtype=object)).sum())

    def heights(self, places: Floats) -> Floats:
        """Elevation [m] at places, shape (k, 2): the mean of the nearest points by distance."""
        ranks = list(range(1, min(3, len(self.points)) + 1))
        distance, nearest = cKDTree(self.points[:, :2]).query(places, k=ranks)
        weight = 1.0 / np.maximum(distance, 1e-3)
        z = self.points[:, 2][nearest]
        return np.asarray((weight * z).sum(axis=1) / weight.sum(axis=1), dtype=np.float64)


def find_walkways(
    pavement: Pavement,
    crosswalks: Sequence[Crosswalk],
    graph: LaneGraph,
    tile_m: float = math.inf,
) -> list[Level]:
    """The areas of a map, level by level: a bridge is apart from the road under it.

    Args:
        pavement: Its strips and mouths.
        crosswalks: Those of its file.
        graph: Its lanes, for the speed limits of its roads.
        tile_m: Areas are cut at whole multiples of this in x and y, a multiple of the grid [m].
    """
    outlines = [shapely.make_valid(shapely.polygons(s.outline[:, :2])) for s in pavement.strips]
    level = _levels(pavement.strips, outlines)
    sidewalks = any(s.walked for s in pavement.strips)
    found = []
    for number in sorted(set(level.values())):
        own = [i for i, s in enumerate(pavement.strips) if level[s.road] == number]
        road = _closed(_union(outlines[i] for i in own if not pavement.strips[i].walked))
        # Mitred, so that a straight edge stays one edge.
        road = shapely.buffer(road, _KERB_M, join_style="mitre")
        if sidewalks:
            walked = _union(outlines[i] for i in own if pavement.strips[i].walked)
            walked = _joined(walked, road, pavement.strips, outlines, own)
        else:
            walked = shapely.buffer(road, _STRIP_M, join_style="mitre")
        walked = shapely.difference(walked, road, grid_size=GRID_M)
        across = _union(crossings(pavement.mouths, crosswalks, graph, level, number, road, walked))
        points = np.concatenate(
            [e for i in own for e in (pavement.strips[i].left, pavement.strips[i].right)]
        )
        grounds = {Ground.CROSSWALK: across, Ground.ROAD: road, Ground.SIDEWALK: walked}
        found.append(Level(*_split(grounds, tile_m), points))
    return found


def _union(polygons: Iterable[Area]) -> Area:
    return shapely.union_all(list(polygons), grid_size=GRID_M)


def _parts(geometry: Area) -> list[Any]:
    """Its polygons."""
    return [p for p in shapely.get_parts(geometry) if p.geom_type == "Polygon" and p.area > 0.0]


def _levels(strips: tuple[Strip, ...], outlines: list[Area]) -> dict[int, int]:
    """The level of each road: the lowest one on which no earlier road runs under or over it."""
    first, second = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    apart: dict[int, set[int]] = {}
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        a, b = strips[i], strips[j]
        if a.road >= b.road:
            continue
        place = shapely.point_on_surface(shapely.intersection(outlines[i], outlines[j]))
        if abs(_height(a, place) - _height(b, place)) > _LEVEL_M:
            apart.setdefault(a.road, set()).add(b.road)
            apart.setdefault(b.road, set()).add(a.road)
    level: dict[int, int] = {}
    for road in dict.fromkeys(s.road for s in strips):
        taken = {level[r] for r in apart.get(road, ()) if r in level}
        level[road] = next(n for n in range(len(taken) + 1) if n not in taken)
    return level


def _height(strip: Strip, place: Any) -> float:
    points = np.concatenate([strip.left, strip.right])
    nearest = np.argmin(np.hypot(points[:, 0] - place.x, points[:, 1] - place.y))
    return float(points[nearest, 2])


def _closed(road: Area) -> Area:
    """Road surface without cracks between lanes and small holes amid junctions."""
    road = shapely.buffer(road, _CRACK_M, join_style="mitre")
    road = shapely.buffer(road, -_CRACK_M, join_style="mitre")
    whole = []
    for part in _parts(road):
        rings = [r for r in part.interiors if shapely.Polygon(r).area > _HOLE_M2]
        whole.append(shapely.Polygon(part.exterior, rings))
    return _union(whole)


def _joined(
    walked: Area,
    road: Area,
    strips: tuple[Strip, ...],
    outlines: list[Area],
    own: list[int],
) -> Area:
    """Sidewalks with strips around the corners of junctions between those that end there."""
    junctions: dict[int, list[Area]] = {}
    for i in own:
        if strips[i].junction >= 0 and not strips[i].walked:
            junctions.setdefault(strips[i].junction, []).append(outlines[i])
    pieces = _parts(walked)
    tree = shapely.STRtree(pieces)
    corners = []
    for parts in junctions.values():
        rim = shapely.difference(
            shapely.buffer(_closed(_union(parts)), _KERB_M + _STRIP_M), road, grid_size=GRID_M
        )
        corners += [c for c in _parts(rim) if len(tree.query(c, predicate="intersects")) > 1]
    return _union([*pieces, *corners])


def _split(grounds: dict[Ground, Area], tile_m: float) -> tuple[list[Area], list[Ground]]:
    """Cuts the plane along all borders; where grounds overlap the first one has it."""
    borders: list[Area] = [shapely.boundary(g) for g in grounds.values()]
    west, south, east, north = shapely.total_bounds(list(grounds.values())).tolist()
    for low, high, at in ((west, east, 0), (south, north, 1)):
        for cut in _multiples(low, high, tile_m):
            line = np.array([[west, south], [east, north]])
            line[:, at] = cut
            borders.append(shapely.linestrings(line))
    lines = shapely.union_all(borders, grid_size=GRID_M)
    shapely.prepare(list(grounds.values()))
    areas, kinds = [], []
    for area in _parts(shapely.polygonize([lines])):
        inside = shapely.point_on_surface(area)
        kind = next((k for k, g in grounds.items() if shapely.contains(g, inside)), None)
        if kind is not None:
            areas.append(area)
            kinds.append(kind)
    return areas, kinds


def _multiples(low: float, high: float, step: float) -> list[float]:
    """Whole multiples of a step between two numbers; none of an infinite one."""
    if math.isinf(step):
        return []
    first, last = math.floor(low / step) + 1, math.ceil(high / step)
    return [k * step for k in range(first, last)]
