"""Crosswalks, from kerb to kerb: those of the file, and inferred ones where it has none.

CARLA's Town01 and Town02 have crosswalks in their scenery and none in their OpenDRIVE file. At a
junction arm without one, 3 m of the road just inside the junction are taken for one if there are
sidewalks on both sides of it and the road is limited to at most 90 km/h. The width is the least of
a German zebra crossing (R-FGUe 2001); the rest are proposals.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from hdsim.core.state import Floats
from hdsim.road.crosswalks import Crosswalk
from hdsim.road.lanes import LaneGraph
from hdsim.road.pavement import Mouth

# A shapely geometry; of every result its stubs say "or an array".
Area = Any

_WIDTH_M = 3.0
_FASTEST = 90.0 / 3.6
# Depth in the junction at which an inferred crosswalk begins [m].
_DEPTH_M = 0.3
# How far beyond its ends a crosswalk may go on to reach the kerb [m].
_REACH_M = 2.0
# A crosswalk whose middle is this close to a mouth is that arm's [m].
_OWN_M = 12.0
# A sidewalk this close to the side of a mouth is beside it [m]: corners may begin there.
_BESIDE_M = 3.0


def crossings(
    mouths: Sequence[Mouth],
    crosswalks: Sequence[Crosswalk],
    graph: LaneGraph,
    level: Mapping[int, int],
    number: int,
    road: Area,
    walked: Area,
) -> Iterator[Area]:
    """The crosswalks of one level.

    Args:
        mouths: Of the map's junctions.
        crosswalks: Those of the map's file.
        graph: Its lanes, for the speed limits of its roads.
        level: Level of each road.
        number: The level wanted.
        road: Road surface of that level, kerbs included.
        walked: Its sidewalks, which end at the kerbs.
    """
    given = [c for c in crosswalks if level.get(c.road) == number]
    for crosswalk in given:
        whole = shapely.make_valid(shapely.polygons(crosswalk.outline[:, :2]))
        longer = shapely.intersection(_lengthened(whole), road)
        yield shapely.union(longer, shapely.difference(whole, walked))
    middles = np.array([c.outline[:, :2].mean(axis=0) for c in given]).reshape(-1, 2)
    fast = set(graph.road[graph.limit > _FASTEST + 0.1].tolist())
    shapely.prepare(walked)
    for mouth in mouths:
        if level.get(mouth.road) != number or mouth.road in fast or _has_own(mouth, middles):
            continue
        if all(_is_beside(end, walked) for end in (mouth.left, mouth.right)):
            yield shapely.intersection(_across(mouth), road)


def _lengthened(outline: Area) -> Area:
    """The rectangle around a crosswalk, longer by the reach at both ends."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(outline))
    if len(corners) != 5:
        return outline
    if math.dist(corners[0], corners[1]) < math.dist(corners[1], corners[2]):
        corners = corners[1:]
    a, b, c, d = corners[:4]
    ahead = (b - a) / math.dist(a, b) * _REACH_M
    return shapely.polygons(np.array([a - ahead, b + ahead, c + ahead, d - ahead]))


def _has_own(mouth: Mouth, middles: Floats) -> bool:
    middle = 0.5 * (mouth.left + mouth.right)[:2]
    return bool((np.hypot(*(middles - middle).T) < _OWN_M).any())


def _is_beside(end: Any, walked: Area) -> bool:
    return bool(shapely.dwithin(walked, shapely.Point(end[0], end[1]), _BESIDE_M))


def _across(mouth: Mouth) -> Area:
    """The rectangle inside the junction that an inferred crosswalk is cut from."""
    ahead = np.array([math.cos(mouth.heading), math.sin(mouth.heading)])
    left, right = mouth.left[:2], mouth.right[:2]
    aside = (left - right) / math.dist(left, right) * _REACH_M
    near, far = _DEPTH_M * ahead, (_DEPTH_M + _WIDTH_M) * ahead
    return shapely.polygons(
        np.array(
            [right - aside + near, left + aside + near, left + aside + far, right - aside + far]
        )
    )
