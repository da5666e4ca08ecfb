"""Rotating lidar: what its rays hit, with and without the names of things."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hdsim.core.state import Bools, Floats, Ints
from hdsim.server.actors.attributes import Values
from hdsim.server.sensors.noise import DRAWS_PER_TICK, Noise
from hdsim.server.sensors.rays import NOTHING
from hdsim.server.sensors.scene import Scene

# A whole number of turns that sums of steps miss by their last bits ends at 0, not at the width.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Scan:
    """The points of one frame, ordered by channel from the top, then by angle.

    Attributes:
        angle: Where the head has turned to at the end of the frame [rad].
        counts: Points per channel, shape (channels,).
        points: In the sensor's frame on the wire's terms (forward, right, up), shape (k, 3) [m].
        distance: Shape (k,) [m].
        incidence: Cosine of the angle between ray and surface normal, shape (k,).
        ids: Actor hit, 0 for the road, shape (k,).
        labels: Its semantic label, shape (k,).
    """

    angle: float
    counts: Ints
    points: Floats
    distance: Floats
    incidence: Floats
    ids: Ints
    labels: Ints

    def kept(self, keep: Bools) -> Scan:
        """Without the points that are not to be kept."""
        channel = np.repeat(np.arange(len(self.counts)), self.counts)
        counts = np.bincount(channel[keep], minlength=len(self.counts))
        return Scan(
            self.angle, counts, self.points[keep], self.distance[keep],
            self.incidence[keep], self.ids[keep], self.labels[keep],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pattern:
    """Where a lidar looks: CARLA's RayCastSemanticLidar.

    Attributes:
        channels: Lasers, spread evenly from ``upper`` to ``lower``.
        range_m: How far they reach.
        points_per_second: Of all lasers together.
        rotation_hz: Turns of ``width`` a second.
        upper: Elevation of the first laser [rad].
        lower: Elevation of the last one.
        width: Angle swept, the middle straight ahead [rad].
    """

    channels: int
    range_m: float
    points_per_second: float
    rotation_hz: float
    upper: float
    lower: float
    width: float

    @staticmethod
    def of(values: Values) -> Pattern:
        """From attributes; raises ``ValueError``."""
        return Pattern(
            values.integer("channels"),
            values.number("range"),
            values.number("points_per_second"),
            values.number("rotation_frequency"),
            math.radians(values.number("upper_fov")),
            math.radians(values.number("lower_fov")),
            math.radians(values.number("horizontal_fov")),
        )

    def per_channel(self, step_s: float) -> int:
        """Points that one laser takes in a step, half a point rounded up."""
        wanted = math.floor(self.points_per_second * step_s / self.channels + 0.5)
        return min(wanted, DRAWS_PER_TICK // self.channels)

    def angle(self, elapsed_s: float) -> float:
        """Where the head has turned to, 0 to ``width`` [rad]."""
        turns = elapsed_s * self.rotation_hz
        return self.width * max(turns - math.floor(turns + _ROUNDING), 0.0)

    def directions(self, elapsed_s: float, step_s: float) -> Floats:
        """Rays of one step in the sensor's right-handed frame, shape (channels * n, 3).

        Args:
            elapsed_s: Time that the sensor has turned for before this step.
            step_s: The step.
        """
        n = self.per_channel(step_s)
        turned = self.rotation_hz * self.width * step_s * np.arange(n) / max(n, 1)
        right = np.fmod(self.angle(elapsed_s) + turned, self.width) - self.width / 2.0
        up = np.linspace(self.upper, self.lower, self.channels)
        ce = np.cos(up)[:, None]
        rays = np.empty((self.channels, n, 3))
        rays[:, :, 0], rays[:, :, 1] = ce * np.cos(right), -ce * np.sin(right)
        rays[:, :, 2] = np.sin(up)[:, None]
        return rays.reshape(-1, 3)

    def scan(
        self, scene: Scene, position: Floats, rotation: Floats, elapsed_s: float, step_s: float,
        cast: Bools | None = None,
    ) -> Scan:  # fmt: skip
        """What the lasers hit in one step.

        Args:
            scene: What there is to hit.
            position: Of the sensor, shape (3,) [m].
            rotation: Sensor to world, shape (3, 3).
            elapsed_s: Time that the sensor has turned for before this step.
            step_s: The step.
            cast: Rays to cast, in order of ``directions``; all if left out.
        """
        rays = self.directions(elapsed_s, step_s)
        channel = np.repeat(np.arange(self.channels), len(rays) // self.channels)
        if cast is not None:
            rays, channel = rays[cast], channel[cast]
        hits = scene.cast(position, rays @ rotation.T, np.full(len(rays), self.range_m))
        hit = hits.what != NOTHING
        ids, labels, _ = scene.of_hits(hits)
        distance = hits.distance[hit]
        return Scan(
            self.angle(elapsed_s + step_s),
            np.bincount(channel[hit], minlength=self.channels),
            rays[hit] * distance[:, None] * np.array([1.0, -1.0, 1.0]),
            distance, hits.incidence[hit], ids[hit], labels[hit],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lidar:
    """Settings of a lidar with intensities; CARLA's RayCastLidar.

    Attributes:
        pattern: Where it looks.
        attenuation: Of the atmosphere [1/m].
        drop_rate: Share of rays that are never cast.
        drop_limit: Intensity above which no point is dropped.
        drop_at_zero: Probability that a point of no intensity is dropped.
        deviation: Standard deviation of the range [m].
        noise: Its random numbers.
    """

    pattern: Pattern
    attenuation: float
    drop_rate: float
    drop_limit: float
    drop_at_zero: float
    deviation: float
    noise: Noise

    @staticmethod
    def of(values: Values) -> Lidar:
        """From attributes; raises ``ValueError``."""
        return Lidar(
            Pattern.of(values),
            values.number("atmosphere_attenuation_rate"),
            values.number("dropoff_general_rate"),
            values.number("dropoff_intensity_limit"),
            values.number("dropoff_zero_intensity"),
            values.number("noise_stddev"),
            Noise(values.integer("noise_seed"), "lidar"),
        )

    def measure(
        self, scene: Scene, position: Floats, rotation: Floats, elapsed_s: float, step_s: float,
        tick: int,
    ) -> tuple[Scan, Floats]:  # fmt: skip
        """The points of one step and their intensities ``exp(-attenuation * distance)``.

        Args:
            scene: What there is to hit.
            position: Of the sensor, shape (3,) [m].
            rotation: Sensor to world, shape (3, 3).
            elapsed_s: Time that the sensor has turned for before this step.
            step_s: The step.
            tick: Number of the frame since the sensor was spawned.
        """
        rays = self.pattern.channels * self.pattern.per_channel(step_s)
        cast = None
        if self.drop_rate > 0.0:
            cast = self.noise.uniform("general", tick, rays) >= self.drop_rate
        scan = self.pattern.scan(scene, position, rotation, elapsed_s, step_s, cast)
        intensity = np.exp(-self.attenuation * scan.distance)
        if self.deviation > 0.0:
            error = self.deviation * self.noise.normal("range", tick, len(intensity))
            away = scan.points / np.maximum(scan.distance, 1e-9)[:, None]
            scan.points[:] += away * error[:, None]
        return self._drop_weak(scan, intensity, tick)

    def _drop_weak(self, scan: Scan, intensity: Floats, tick: int) -> tuple[Scan, Floats]:
        """Drops weak points: the fainter, the likelier."""
        weak = intensity <= self.drop_limit
        if not weak.any():
            return scan, intensity
        share = self.drop_at_zero * intensity / max(self.drop_limit, 1e-12)
        chance = share + 1.0 - self.drop_at_zero
        keep = ~weak | (self.noise.uniform("intensity", tick, len(intensity)) < chance)
        return scan.kept(keep), intensity[keep]
