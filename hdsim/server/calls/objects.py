"""Calls about what stands in the world: rays, environment objects, boxes, names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hdsim.core.state import Floats
from hdsim.server.actors import scenery
from hdsim.server.calls.table import Answer, Call, Session
from hdsim.server.sensors.rays import NOTHING
from hdsim.server.wire import shapes
from hdsim.server.wire.shapes import vector_wire

Vector = tuple[float, float, float]
_PAST_M = 1e-3  # a ray goes on this far behind what it hit
_MOST_HITS = 64
_NOWHERE: list[Any] = [False, [[0.0, 0.0, 0.0], 0]]


def _first_hit(s: Session, origin: Floats, ray: Floats, reach: float) -> tuple[float, int] | None:
    """Distance and label of the nearest body or road on a ray."""
    scene = s.sim.scene()
    hits = scene.cast(origin, ray[None, :], np.array([reach]))
    if hits.what[0] == NOTHING:
        return None
    _, labels, _ = scene.of_hits(hits)
    return float(hits.distance[0]), int(labels[0])


def _project(s: Session, start: Vector, direction: Vector, reach: float) -> list[Any]:
    ray = scenery.unit(direction)
    if ray is None or reach <= 0.0:
        return _NOWHERE
    found = _first_hit(s, np.array(start), np.array(ray), reach)
    if found is None:
        return _NOWHERE
    away, label = found
    place = np.array(start) + away * np.array(ray)
    return [True, [vector_wire(*place.tolist()), label]]


def _cast(s: Session, start: Vector, end: Vector) -> list[Any]:
    """Every surface that the way from start to end enters, nearest first."""
    whole = tuple(b - a for a, b in zip(start, end, strict=True))
    ray = scenery.unit((whole[0], whole[1], whole[2]))
    if ray is None:
        return []
    left, at = math.hypot(*whole), np.array(start)
    points: list[Any] = []
    while left > 0.0 and len(points) < _MOST_HITS:
        found = _first_hit(s, at, np.array(ray), left)
        if found is None:
            break
        away, label = found
        points.append([vector_wire(*(at + away * np.array(ray)).tolist()), label])
        at, left = at + (away + _PAST_M) * np.array(ray), left - away - _PAST_M
    return points


def _set_gravity(s: Session, gravity: float) -> None:
    s.sim.rack.gravity = gravity


def _enable(s: Session, ids: list[int], on: bool) -> None:
    """Accepted: an object that is switched off is only not drawn."""


CALLS = {
    "cast_ray": Call(_cast, (shapes.vector, shapes.vector)),
    "project_point": Call(_project, (shapes.vector, shapes.vector, shapes.number)),
    "get_environment_objects": Call(
        lambda s, label: scenery.environment_objects(s.sim, label), (shapes.integer,)
    ),
    "enable_environment_objects": Call(
        _enable, (shapes.list_of(shapes.integer), shapes.boolean), Answer.VOID
    ),
    "get_all_level_BBs": Call(
        lambda s, label: scenery.level_boxes(s.sim, label), (shapes.integer,)
    ),
    "get_imui_gravity": Call(lambda s: s.sim.rack.gravity),
    "set_imui_gravity": Call(_set_gravity, (shapes.number,), Answer.VOID),
    "get_names_of_all_objects": Call(lambda s: scenery.object_names(s.sim)),
}
