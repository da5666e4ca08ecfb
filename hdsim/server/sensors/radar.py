"""Radar: rays in a cone, with the speed of what they hit along the ray."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hdsim.core.state import Floats
from hdsim.server.actors.attributes import Values
from hdsim.server.sensors.noise import DRAWS_PER_TICK, Noise
from hdsim.server.sensors.rays import NOTHING
from hdsim.server.sensors.scene import Scene


@dataclass(frozen=True, slots=True)
class Radar:
    """Settings of a radar; CARLA's Radar.

    Attributes:
        range_m: How far it sees, measured straight ahead.
        half_width: Half its horizontal field of view [rad].
        half_height: Half its vertical one.
        points_per_second: Rays.
        noise: Its random numbers, which choose the rays.
    """

    range_m: float
    half_width: float
    half_height: float
    points_per_second: float
    noise: Noise

    @staticmethod
    def of(values: Values) -> Radar:
        """From attributes; raises ``ValueError``."""
        return Radar(
            values.number("range"),
            math.radians(values.number("horizontal_fov")) / 2.0,
            math.radians(values.number("vertical_fov")) / 2.0,
            values.number("points_per_second"),
            Noise(values.integer("noise_seed"), "radar"),
        )

    def rays(self, step_s: float, tick: int) -> Floats:
        """Ends of the rays of one step in the sensor's right-handed frame, shape (n, 3) [m].

        Each goes to a point of the ellipse that closes the cone at the range: at a uniform part of
        its radius, so that rays are denser in the middle, and at a uniform angle.
        """
        n = min(int(self.points_per_second * step_s), DRAWS_PER_TICK)
        part = self.noise.uniform("radius", tick, n)
        around = 2.0 * math.pi * self.noise.uniform("angle", tick, n)
        right = math.tan(self.half_width) * part * np.cos(around)
        up = math.tan(self.half_height) * part * np.sin(around)
        ends: Floats = self.range_m * np.column_stack([np.ones(n), -right, up])
        return ends

    def measure(
        self, scene: Scene, position: Floats, rotation: Floats, velocity: Floats, step_s: float,
        tick: int,
    ) -> Floats:  # fmt: skip
        """Detections, shape (k, 4).

        Velocity along the ray [m/s], negative for what comes nearer; azimuth, right positive, and
        altitude, up positive [rad]; depth, the distance along the ray [m].

        Args:
            scene: What there is to hit.
            position: Of the sensor, shape (3,) [m].
            rotation: Sensor to world, shape (3, 3).
            velocity: Of the sensor in the world frame, shape (3,) [m/s].
            step_s: The step.
            tick: Number of the frame since the sensor was spawned.
        """
        ends = self.rays(step_s, tick)
        reach = np.linalg.norm(ends, axis=1)
        rays = ends / reach[:, None]
        towards = rays @ rotation.T
        hits = scene.cast(position, towards, reach)
        hit = hits.what != NOTHING
        _, _, moving = scene.of_hits(hits)
        away = ((moving - velocity) * towards).sum(axis=1)
        azimuth = np.arctan2(-rays[:, 1], rays[:, 0])
        altitude = np.arcsin(rays[:, 2])
        detections: Floats = np.column_stack([away, azimuth, altitude, hits.distance])[hit]
        return detections
