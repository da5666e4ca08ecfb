"""One simulated step as the world-observer message: 119-byte records by numpy."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from hdsim.core.state import Floats
from hdsim.server.lights import Lights
from hdsim.server.shapes import Pose
from hdsim.server.vehicles import Vehicles

_HEAD = [
    ("id", "<u4"), ("state", "u1"), ("location", "<3f4"), ("rotation", "<3f4"),
    ("velocity", "<3f4"), ("angular_velocity", "<3f4"), ("acceleration", "<3f4"),
]  # fmt: skip
VEHICLE = np.dtype([
    *_HEAD,
    ("throttle", "<f4"), ("steer", "<f4"), ("brake", "<f4"), ("hand_brake", "u1"),
    ("reverse", "u1"), ("manual", "u1"), ("gear", "<i4"), ("limit", "<f4"),
    ("light_state", "u1"), ("has_light", "u1"), ("light_id", "<u4"), ("failure", "u1"),
    ("unused", "V24"),
])  # fmt: skip
LIGHT = np.dtype([
    *_HEAD,
    ("signal", "S32"), ("green", "<f4"), ("yellow", "<f4"), ("red", "<f4"), ("elapsed", "<f4"),
    ("pole", "<u4"), ("frozen", "u1"), ("light", "u1"),
])  # fmt: skip
PLAIN = np.dtype([*_HEAD, ("unused", "V54")])
assert VEHICLE.itemsize == LIGHT.itemsize == PLAIN.itemsize == 119  # the wire's record size

_ACTIVE = 1
_OBSERVER = struct.Struct("<Qdf3iI")
Records = NDArray[np.void]


def observer_header(episode: int, platform_s: float, delta_s: float) -> bytes:
    """The 36 bytes after the sensor header; map origin and flags are zero.

    Args:
        episode: Episode id.
        platform_s: Wall clock [s], the one value of the message that does not repeat.
        delta_s: Length of the step [s].
    """
    return _OBSERVER.pack(episode, platform_s, delta_s, 0, 0, 0, 0)


def vehicle_records(v: Vehicles) -> Records:
    """Records of all vehicles, shape (n,); every number is finite."""
    r = np.zeros(len(v), dtype=VEHICLE)
    r["id"], r["state"] = v.id, _ACTIVE
    _place(r, v.x, v.y, v.z, v.pitch, v.yaw)
    velocity, acceleration = r["velocity"], r["acceleration"]
    velocity[:, 0], velocity[:, 1] = v.vx, -v.vy
    acceleration[:, 0], acceleration[:, 1] = v.ax, -v.ay
    r["angular_velocity"][:, 2] = -np.degrees(v.yaw_rate)
    r["throttle"], r["steer"], r["brake"] = v.throttle, -v.steer, v.brake
    r["hand_brake"], r["reverse"], r["manual"] = v.hand_brake, v.reverse, v.manual
    r["gear"] = np.where(v.manual, v.gear, np.where(v.reverse, -1, 1))
    r["limit"] = v.limit * 3.6
    r["light_state"], r["has_light"], r["light_id"] = v.light_state, v.has_light, v.light_id
    return r


def _place(r: Records, x: Floats, y: Floats, z: Floats, pitch: Floats, yaw: Floats) -> None:
    location, rotation = r["location"], r["rotation"]
    location[:, 0], location[:, 1], location[:, 2] = x, -y, z
    rotation[:, 0], rotation[:, 1] = np.degrees(pitch), -np.degrees(yaw)


def plain_records(ids: list[int], poses: list[Pose]) -> Records:
    """Records of actors that only have a pose."""
    r = np.zeros(len(ids), dtype=PLAIN)
    r["id"], r["state"] = ids, _ACTIVE
    wires = [p.wire() for p in poses]
    if wires:
        r["location"] = [w[0] for w in wires]
        r["rotation"] = [w[1] for w in wires]
    return r


def attached_records(ids: list[int], v: Vehicles, rows: list[int]) -> Records:
    """Records of sensors that ride on vehicles, at the vehicle's own pose."""
    r = np.zeros(len(ids), dtype=PLAIN)
    r["id"], r["state"] = ids, _ACTIVE
    _place(r, v.x[rows], v.y[rows], v.z[rows], v.pitch[rows], v.yaw[rows])
    return r


def light_records(ids: list[int], names: list[str], poses: list[Pose]) -> Records:
    """Records of the traffic lights, to be refreshed by ``show_lights``."""
    r = np.zeros(len(ids), dtype=LIGHT)
    plain = plain_records(ids, poses)
    for name in ("id", "state", "location", "rotation"):
        r[name] = plain[name]
    r["signal"] = [n.encode()[:32] for n in names]
    return r


def show_lights(r: Records, lights: Lights) -> None:
    """Writes the lights' present states and times into their records."""
    times = lights.times[lights.controller]
    r["green"], r["yellow"], r["red"] = times[:, 0], times[:, 1], times[:, 2]
    r["elapsed"], r["frozen"], r["light"] = lights.elapsed, lights.frozen, lights.state
