"""GNSS: where a sensor is on the globe, by the map's reference point."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from hdsim.core.state import Floats
from hdsim.server.actors.attributes import Values
from hdsim.server.sensors.noise import Noise

# CARLA's GeoLocation.cpp: a sphere of the equator's radius, and the scale of UTM whatever the map
# says; the reference point of a map that has none.
_EARTH_RADIUS_M = 6378137.0
_SCALE = 0.9996
_DEFAULT = (42.0, 2.0)
_REFERENCE = re.compile(r"<geoReference\b[^>]*>(.*?)</geoReference>", re.DOTALL)
_AXES = ("lat", "lon", "alt")


@dataclass(frozen=True, slots=True)
class GeoReference:
    """Where the map's origin lies on the globe [deg]."""

    latitude: float
    longitude: float

    def locate(self, x: float, y: float, z: float) -> tuple[float, float, float]:
        """Latitude and longitude [deg] and altitude [m] of a place.

        The inverse spherical transverse Mercator projection (Snyder 1987, Map Projections: A
        Working Manual, eq. 8-6 and 8-7), as CARLA 0.9.16 does it. There the northing is CARLA's y,
        so that latitude grows to the *right* of a vehicle that heads for growing x; the sensor
        agrees with ``carla.Map.transform_to_geolocation`` of the same version.

        Args:
            x: Position in the right-handed frame [m].
            y: As x.
            z: As x.
        """
        d = x / (_SCALE * _EARTH_RADIUS_M)
        e = -y / (_SCALE * _EARTH_RADIUS_M) + math.radians(self.latitude)
        latitude = math.asin(math.sin(e) / math.cosh(d))
        turn = math.atan2(math.sinh(d), math.cos(e))
        return math.degrees(latitude), self.longitude + math.degrees(turn), z


def geo_reference(xodr: str) -> GeoReference:
    """The reference point of an OpenDRIVE text: ``+lat_0`` and ``+lon_0`` of its PROJ string.

    CARLA reads no more of it, and takes 42 N, 2 E where one of them is missing.
    """
    found = _REFERENCE.search(xodr)
    text = found.group(1) if found else ""
    values = []
    for key, default in zip(("lat_0", "lon_0"), _DEFAULT, strict=True):
        match = re.search(rf"\+{key}=([-+.\deE]+)", text)
        try:
            values.append(float(match.group(1)) if match else default)
        except ValueError:
            values.append(default)
    return GeoReference(*values)


@dataclass(frozen=True, slots=True)
class Gnss:
    """Settings of a GNSS sensor.

    Attributes:
        bias: Of latitude [deg], longitude [deg] and altitude [m].
        deviation: Standard deviations of the same.
        noise: Its random numbers.
    """

    bias: tuple[float, float, float]
    deviation: tuple[float, float, float]
    noise: Noise

    @staticmethod
    def of(values: Values) -> Gnss:
        """From attributes; raises ``ValueError``."""
        bias = tuple(values.number(f"noise_{a}_bias") for a in _AXES)
        deviation = tuple(values.number(f"noise_{a}_stddev") for a in _AXES)
        noise = Noise(values.integer("noise_seed"), "gnss")
        return Gnss((bias[0], bias[1], bias[2]), (deviation[0], deviation[1], deviation[2]), noise)

    def measure(self, reference: GeoReference, position: Floats, tick: int) -> list[float]:
        """Latitude [deg], longitude [deg] and altitude [m] with noise.

        Args:
            reference: Of the map.
            position: Of the sensor, shape (3,) [m].
            tick: Number of the frame since the sensor was spawned.
        """
        true = reference.locate(*position.tolist())
        noise = self.noise.normal("position", tick, 3)
        return [
            t + b + d * n for t, b, d, n in zip(true, self.bias, self.deviation, noise, strict=True)
        ]
