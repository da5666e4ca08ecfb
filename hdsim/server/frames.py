"""One simulated step as the world-observer message: 119-byte records by numpy."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hdsim.core.state import Floats, Ints
from hdsim.server.lights import Lights
from hdsim.server.physics.props import Props
from hdsim.server.physics.vehicles import Vehicles
from hdsim.server.physics.walkers import Walkers
from hdsim.server.wire.shapes import Pose

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
WALKER = np.dtype([
    *_HEAD, ("direction", "<3f4"), ("speed", "<f4"), ("jump", "u1"), ("unused", "V37"),
])  # fmt: skip
SIGN = np.dtype([*_HEAD, ("signal", "S32"), ("unused", "V22")])
PLAIN = np.dtype([*_HEAD, ("unused", "V54")])
assert {t.itemsize for t in (VEHICLE, LIGHT, WALKER, SIGN, PLAIN)} == {
    119
}  # the wire's record size

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


def posed_records(ids: Sequence[int] | Ints, poses: Floats) -> Records:
    """Records of actors that only have a pose.

    Args:
        ids: Actor ids.
        poses: x, y, z, pitch, yaw, roll, shape (k, 6), right-handed [m, rad].
    """
    r = np.zeros(len(ids), dtype=PLAIN)
    r["id"], r["state"] = ids, _ACTIVE
    x, y, z, pitch, yaw, roll = poses.T
    _place(r, x, y, z, pitch, yaw)
    r["rotation"][:, 2] = np.degrees(roll)
    return r


def walker_records(w: Walkers) -> Records:
    """Records of all walkers, shape (n,)."""
    r = np.zeros(len(w), dtype=WALKER)
    r["id"], r["state"] = w.id, _ACTIVE
    _place(r, w.x, w.y, w.z, w.pitch, w.yaw)
    r["rotation"][:, 2] = np.degrees(w.roll)
    velocity, acceleration, direction = r["velocity"], r["acceleration"], r["direction"]
    velocity[:, 0], velocity[:, 1], velocity[:, 2] = w.vx, -w.vy, w.vz
    acceleration[:, 0], acceleration[:, 1] = w.ax, -w.ay
    direction[:, 0], direction[:, 1] = w.direction_x, -w.direction_y
    direction[:, 2] = w.direction_z
    r["speed"], r["jump"] = w.control_speed, w.jump
    return r


def prop_records(p: Props) -> Records:
    """Records of all props, shape (n,)."""
    return posed_records(p.id, np.column_stack([p.x, p.y, p.z, p.pitch, p.yaw, p.roll]))


def light_records(ids: list[int], names: list[str], poses: list[Pose]) -> Records:
    """Records of the traffic lights, to be refreshed by ``show_lights``."""
    r = np.zeros(len(ids), dtype=LIGHT)
    plain = plain_records(ids, poses)
    for name in ("id", "state", "location", "rotation"):
        r[name] = plain[name]
    r["signal"] = [n.encode()[:32] for n in names]
    return r


def sign_records(ids: list[int], names: list[str], poses: list[Pose]) -> Records:
    """Records of the traffic signs; they never change."""
    r = np.zeros(len(ids), dtype=SIGN)
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
