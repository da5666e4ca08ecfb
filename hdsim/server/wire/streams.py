"""Stream tokens and sensor messages, as bytes."""

from __future__ import annotations

import struct
from typing import Any

from hdsim.server.wire.msgrpc import encode

WORLD_STREAM = 1
SUBSCRIPTION = struct.Struct("<I")  # all that a client ever sends: the stream id

SENSOR_COLLISION = 0
SENSOR_WORLD = 17

_TOKEN = struct.Struct("<IHBB16x")
_TCP, _ADDRESS_NOT_SET = 1, 0
_HEADER = struct.Struct("<QQd6f")
_LENGTH = struct.Struct("<I")


def token(stream: int, port: int) -> bytes:
    """The 24 bytes that tell a client where a stream is; it fills in the host it was given."""
    return _TOKEN.pack(stream, port, _TCP, _ADDRESS_NOT_SET)


def header(
    sensor: int, frame: int, time_s: float, pose: tuple[float, float, float, float, float, float]
) -> bytes:
    """The first 48 bytes of every message.

    Args:
        sensor: Sensor type index.
        frame: Frame number.
        time_s: Simulated time [s].
        pose: Sensor x, y, z, pitch, yaw, roll on the wire's terms (left-handed, degrees).
    """
    return _HEADER.pack(sensor, frame, time_s, *pose)


def framed(*parts: bytes) -> bytes:
    """A message with its length in front."""
    return b"".join((_LENGTH.pack(sum(map(len, parts))), *parts))


def collision_event(
    frame: int,
    time_s: float,
    pose: tuple[float, float, float, float, float, float],
    own: list[Any],
    other: list[Any],
    impulse: list[float],
) -> bytes:
    """A collision message: both Actor records and the normal impulse [N s] on the own one."""
    return framed(header(SENSOR_COLLISION, frame, time_s, pose), encode([own, other, impulse]))
