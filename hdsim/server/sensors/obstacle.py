"""Obstacle detector: a ball sent straight ahead, and the first body that it meets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from hdsim.core.compiled import compiled
from hdsim.core.state import Floats
from hdsim.server.actors.attributes import Values
from hdsim.server.sensors.rays import Boxes
from hdsim.server.sensors.scene import Scene

_HALVINGS = 50  # of some hundred metres: far below a nanometre


def sweep(origin: Floats, direction: Floats, reach: float, radius: float, boxes: Boxes) -> Floats:
    """How far a ball goes until it touches each box, shape (m,) [m]; inf for those it passes.

    The distance of a point to a box is convex along a line, so the nearest place is where its
    slope changes sign, and the first touch lies between the start and there: both by halving.

    Args:
        origin: Where its centre starts, shape (3,) [m].
        direction: Where to, a unit vector of shape (3,).
        reach: How far [m].
        radius: Of the ball [m].
        boxes: m upright boxes.
    """
    c, s = np.cos(boxes.yaw), np.sin(boxes.yaw)
    dx, dy, dz = origin[0] - boxes.x, origin[1] - boxes.y, origin[2] - boxes.z
    start = np.column_stack([dx * c + dy * s, dy * c - dx * s, dz])
    along = direction[0] * c + direction[1] * s, direction[1] * c - direction[0] * s
    ray = np.column_stack([*along, np.full(len(c), direction[2])])
    half = np.column_stack([boxes.half_length, boxes.half_width, boxes.half_height])
    met = np.full(len(c), np.inf)
    _touch(start, ray, half, float(reach), float(radius), _HALVINGS, met)
    return met


@compiled
def _gap(start: Floats, ray: Floats, half: Floats, t: float) -> tuple[float, float]:
    """Squared distance to a box from a place on a line, and half its slope there."""
    squared, slope = 0.0, 0.0
    for a in range(3):
        p = start[a] + t * ray[a]
        outside = abs(p) - half[a]
        if outside > 0.0:
            squared += outside * outside
            slope += outside * (ray[a] if p > 0.0 else -ray[a])
    return squared, slope


@compiled
def _touch(
    start: Floats, ray: Floats, half: Floats, reach: float, radius: float, halvings: int,
    met: Floats,
) -> None:  # fmt: skip
    """Writes how far the ball goes until it touches each box, in the boxes' own frames."""
    for k in range(len(met)):
        if _gap(start[k], ray[k], half[k], 0.0)[0] <= radius * radius:
            met[k] = 0.0
            continue
        low, high = 0.0, reach
        for _ in range(halvings):
            middle = (low + high) / 2.0
            if _gap(start[k], ray[k], half[k], middle)[1] < 0.0:
                low = middle
            else:
                high = middle
        if _gap(start[k], ray[k], half[k], high)[0] > radius * radius:
            continue
        low = 0.0
        for _ in range(halvings):
            middle = (low + high) / 2.0
            if _gap(start[k], ray[k], half[k], middle)[0] <= radius * radius:
                high = middle
            else:
                low = middle
        met[k] = high


@cache
def warm_up() -> None:
    """Compiles the loops, or loads them from disk."""
    one = np.ones(1)
    sweep(
        np.zeros(3), np.array([1.0, 0.0, 0.0]), 1.0, 0.5, Boxes(one, one, one, one, one, one, one)
    )


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Settings of an obstacle detector; CARLA's ObstacleDetectionSensor.

    Attributes:
        distance: How far it looks [m].
        radius: Of the ball that it sends [m].
        only_moving: Whether props are ignored.
    """

    distance: float
    radius: float
    only_moving: bool

    @staticmethod
    def of(values: Values) -> Obstacle:
        """From attributes; raises ``ValueError``."""
        return Obstacle(
            values.number("distance"),
            values.number("hit_radius"),
            values.boolean("only_dynamics"),
        )

    def measure(
        self, scene: Scene, position: Floats, rotation: Floats, parent: int
    ) -> tuple[int, float] | None:
        """The first body in the way and how far off it is [m]; None if the way is free.

        The road is never in the way, nor is the actor that carries the sensor.

        Args:
            scene: What there may be.
            position: Of the sensor, shape (3,) [m].
            rotation: Sensor to world, shape (3, 3).
            parent: Id of the actor that carries it, 0 for none.

        Returns:
            Actor id and distance.
        """
        boxes, forward = scene.boxes, rotation[:, 0]
        offset = np.column_stack([boxes.x, boxes.y, boxes.z]) - position
        size2 = boxes.half_length**2 + boxes.half_width**2 + boxes.half_height**2
        reach = np.sqrt(size2) + self.radius
        along = np.clip(offset @ forward, 0.0, self.distance)
        aside = offset - along[:, None] * forward  # from the nearest place on the way
        near = ((aside**2).sum(axis=1) <= reach**2) & (scene.ids != parent)
        if self.only_moving:
            near &= scene.moves
        k = np.flatnonzero(near)
        if not len(k):
            return None
        some = Boxes(
            boxes.x[k], boxes.y[k], boxes.z[k], boxes.yaw[k],
            boxes.half_length[k], boxes.half_width[k], boxes.half_height[k],
        )  # fmt: skip
        met = sweep(position, forward, self.distance, self.radius, some)
        first = int(np.argmin(met))
        return None if np.isinf(met[first]) else (int(scene.ids[k[first]]), float(met[first]))
