"""Wire values and ours: shapes checked on the way in, frames turned on the way in and out.

CARLA is left-handed, in degrees; inside y and yaw change sign and angles are radians. A reader
takes a msgpack value and returns a checked one or raises ``ShapeError``; the client's own threads
abort their process on a wrong answer, so nothing unchecked may reach the world.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

_LARGEST = 1e9
# Longest name or attribute value of an actor.
MAX_NAME = 1024

T = TypeVar("T")
Reader = Callable[[Any], T]


class ShapeError(ValueError):
    """An argument does not have the shape that the call needs."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Position [m] and attitude [rad], right-handed; pitch up, roll to the right positive."""

    x: float
    y: float
    z: float
    pitch: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0

    def wire(self) -> list[list[float]]:
        """As CARLA's Transform."""
        rotation = [math.degrees(a) for a in (self.pitch, -self.yaw, self.roll)]
        return [[self.x, -self.y, self.z], rotation]

    def flat(self) -> tuple[float, float, float, float, float, float]:
        """As the six numbers of a sensor header."""
        (x, y, z), (pitch, yaw, roll) = self.wire()
        return (x, y, z, pitch, yaw, roll)


@dataclass(frozen=True, slots=True)
class Description:
    """What a client wants to spawn."""

    id: str
    attributes: dict[str, str]


def items(value: Any, count: int, what: str) -> list[Any]:
    """A list of ``count`` items."""
    if not isinstance(value, list) or len(value) != count:
        raise ShapeError(f"expected {what}, an array of {count}")
    return value


def boolean(value: Any) -> bool:
    """A bool."""
    if not isinstance(value, bool):
        raise ShapeError(f"expected a bool, got {reprlib.repr(value):.60}")
    return value


def integer(value: Any) -> int:
    """An unsigned integer of up to 64 bits."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**64:
        raise ShapeError(f"expected an unsigned integer, got {reprlib.repr(value):.60}")
    return value


def number(value: Any) -> float:
    """A number that arithmetic survives: finite and of a size that a world can have."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ShapeError(f"expected a number, got {reprlib.repr(value):.60}")
    if not abs(value) <= _LARGEST:
        raise ShapeError(f"expected a number within +-{_LARGEST:g}, got {reprlib.repr(value):.60}")
    return float(value)


def text(value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise ShapeError(f"expected a string, got {reprlib.repr(value):.60}")
    return value


def name(value: Any) -> str:
    """A string that is kept and shown to every client: not a long one."""
    if len(text(value)) > MAX_NAME:
        raise ShapeError(f"expected at most {MAX_NAME} characters, got {len(value)}")
    return str(value)


def anything(value: Any) -> Any:
    """Any value; for calls that are accepted and do nothing with it."""
    return value


def list_of(reader: Reader[T]) -> Reader[list[T]]:
    """A list of what ``reader`` reads."""

    def read(value: Any) -> list[T]:
        if not isinstance(value, list):
            raise ShapeError(f"expected an array, got {reprlib.repr(value):.60}")
        return [reader(v) for v in value]

    return read


def optional(reader: Reader[T]) -> Reader[T | None]:
    """``[false]`` or ``[true, value]``."""

    def read(value: Any) -> T | None:
        match value:
            case [False]:
                return None
            case [True, inner]:
                return reader(inner)
        raise ShapeError(f"expected an optional value, got {reprlib.repr(value):.60}")

    return read


def vector(value: Any) -> tuple[float, float, float]:
    """Vector3D or Location, turned right-handed."""
    x, y, z = items(value, 3, "a vector")
    return number(x), -number(y), number(z)


def vector_wire(x: float, y: float, z: float) -> list[float]:
    """A right-handed vector on the wire."""
    return [float(x), -float(y), float(z)]


def pose(value: Any) -> Pose:
    """Transform."""
    location, rotation = items(value, 2, "a transform")
    x, y, z = vector(location)
    pitch, yaw, roll = (math.radians(number(a)) for a in items(rotation, 3, "a rotation"))
    return Pose(x, y, z, pitch, -yaw, roll)


def description(value: Any) -> Description:
    """ActorDescription; attribute types are the blueprint's, so only names and values count."""
    _, blueprint, attributes = items(value, 3, "an actor description")
    found = {}
    for attribute in list_of(anything)(attributes):
        key, _, setting = items(attribute, 3, "an attribute value")
        found[name(key)] = name(setting)
    return Description(text(blueprint), found)


def port_pair(value: Any) -> tuple[str, int]:
    """``[ip, port]`` of a Traffic Manager."""
    ip, port = items(value, 2, "an address")
    if not 0 < integer(port) < 65536:
        raise ShapeError(f"expected a port, 1 to 65535, got {port}")
    return name(ip), int(port)


def light_flags(value: Any) -> int:
    """VehicleLightState ``[flags]``."""
    return integer(items(value, 1, "a light state")[0]) & 0xFFFFFFFF


def weather(value: Any) -> list[float]:
    """WeatherParameters: 14 numbers."""
    return [number(v) for v in items(value, 14, "weather parameters")]


@dataclass(frozen=True, slots=True)
class Settings:
    """EpisodeSettings; only the first three change anything here, the rest are kept.

    Attributes:
        synchronous: True when ticks come from a client.
        no_rendering: Kept for the client.
        fixed_delta_s: Step [s]; None leaves it to the server.
        rest: Substepping, max_substep_delta_time, max_substeps, max_culling_distance,
            deterministic_ragdolls, tile_stream_distance, actor_active_distance, spectator_as_ego.
    """

    synchronous: bool = False
    no_rendering: bool = False
    fixed_delta_s: float | None = None
    rest: tuple[Any, ...] = (True, 0.01, 10, 0.0, True, 3000.0, 2000.0, True)

    def wire(self) -> list[Any]:
        """As EpisodeSettings."""
        delta = [False] if self.fixed_delta_s is None else [True, self.fixed_delta_s]
        return [self.synchronous, self.no_rendering, delta, *self.rest]


_SETTINGS_REST: tuple[Reader[Any], ...] = (
    boolean, number, integer, number, boolean, number, number, boolean,
)  # fmt: skip


def settings(value: Any) -> Settings:
    """EpisodeSettings; a fixed step of zero or less means none, as in CARLA."""
    synchronous, no_rendering, delta, *rest = items(value, 11, "episode settings")
    step = optional(number)(delta)
    return Settings(
        boolean(synchronous),
        boolean(no_rendering),
        step if step is not None and step > 0 else None,
        tuple(read(v) for read, v in zip(_SETTINGS_REST, rest, strict=True)),
    )
