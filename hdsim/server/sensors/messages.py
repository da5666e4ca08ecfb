"""Measurements as the bytes that follow a sensor header (LibCarla, sensor/s11n and sensor/data)."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from hdsim.core.state import Floats
from hdsim.server.sensors.lidar import Scan
from hdsim.server.wire.msgrpc import encode

_SEMANTIC = np.dtype([("point", "<3f4"), ("cosine", "<f4"), ("id", "<u4"), ("label", "<u4")])
assert _SEMANTIC.itemsize == 24  # the wire's detection


def packed(values: list[Any]) -> bytes:
    """GNSS ``[lat, lon, alt]``, IMU ``[accelerometer, gyroscope, compass]``, obstacle ``[own actor,
    other actor, distance]``: msgpack arrays. A wrong nesting kills the client's process.
    """
    return bytes(encode(values))


def radar(detections: Floats) -> bytes:
    """Velocity, azimuth, altitude, depth of each detection, as floats."""
    return detections.astype("<f4").tobytes()


def _lidar_header(scan: Scan) -> bytes:
    counts = scan.counts.astype("<u4").tobytes()
    return struct.pack("<fI", scan.angle, len(scan.counts)) + counts


def lidar(scan: Scan, intensity: Floats) -> bytes:
    """Angle, channels and points of each; then x, y, z and intensity of every point."""
    return _lidar_header(scan) + np.column_stack([scan.points, intensity]).astype("<f4").tobytes()


def semantic_lidar(scan: Scan) -> bytes:
    """As ``lidar``; then x, y, z, cosine of incidence, actor and label of every point."""
    records = np.zeros(len(scan.points), dtype=_SEMANTIC)
    records["point"], records["cosine"] = scan.points, scan.incidence
    records["id"], records["label"] = scan.ids, scan.labels
    return _lidar_header(scan) + records.tobytes()
