"""Actors: the records that clients see, and ids that start over with every episode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hdsim.server.actors.attributes import Attribute
from hdsim.server.actors.blueprints import Blueprint, PropModel, VehicleModel, WalkerModel
from hdsim.server.wire.msgrpc import Encoded, encode
from hdsim.server.wire.shapes import Description, Pose

_LABEL_PEDESTRIAN = 12
_HERE = Pose(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Actor:
    """One actor.

    Attributes:
        id: Actor id.
        type: CARLA type id.
        record: CARLA's Actor as a msgpack-able list; never changed.
        box: Its BoundingBox, encoded.
        parent: Id of the actor it is attached to, 0 for none.
        mount: Where it is attached, in the parent's frame.
        stream: Stream of a sensor, 0 for others.
        wheels: Number of wheels, 0 for others.
        placed: Whether it has a place of its own in the world, and no body.
    """

    id: int
    type: str
    record: list[Any]
    box: Encoded
    parent: int = 0
    mount: Pose = _HERE
    stream: int = 0
    wheels: int = 0
    placed: bool = False


def local_box(
    actor: int, centre: list[float], extent: list[float], yaw_deg: float = 0.0
) -> list[Any]:
    """BoundingBox in the actor's frame, on the wire's terms."""
    return [centre, extent, [0.0, yaw_deg, 0.0], actor]


ZERO_BOX = encode([[1, local_box(0, [0.0, 0.0, 0.0], [0.0, 0.0, 0.0])]])


def make_actor(
    id_: int,
    description: list[Any],
    box: list[Any],
    label: int,
    parent: int = 0,
    token: bytes = b"",
    **more: Any,
) -> Actor:
    """An actor of its parts; ``more`` are further attributes of ``Actor``."""
    tags = bytes([label]) if label else b""
    record = [id_, parent, description, box, tags, token]
    return Actor(id_, description[1], record, encode([[1, box]]), parent=parent, **more)


def _describe(blueprint: Blueprint, wanted: Description) -> list[Any]:
    """ActorDescription: the blueprint's attributes, modifiable ones as the client set them."""

    def value(a: Attribute) -> str:
        return wanted.attributes.get(a.name, a.value) if a.modifiable else a.value

    attributes = [[a.name, int(a.type), value(a)] for a in blueprint.attributes]
    return [blueprint.uid, blueprint.id, attributes]


def vehicle_actor(
    id_: int, blueprint: Blueprint, model: VehicleModel, wanted: Description
) -> Actor:
    """A vehicle; its origin is under the middle of its body."""
    half = [model.length / 2, model.width / 2, model.height / 2]
    box = local_box(id_, [0.0, 0.0, half[2]], half)
    description = _describe(blueprint, wanted)
    return make_actor(id_, description, box, model.label, wheels=model.wheels)


def walker_actor(id_: int, blueprint: Blueprint, model: WalkerModel, wanted: Description) -> Actor:
    """A walker; its origin is the centre of its body, as CARLA's."""
    half = [model.radius, model.radius, model.height / 2]
    box = local_box(id_, [0.0, 0.0, 0.0], half)
    return make_actor(id_, _describe(blueprint, wanted), box, _LABEL_PEDESTRIAN)


def prop_actor(id_: int, blueprint: Blueprint, model: PropModel, wanted: Description) -> Actor:
    """A static prop; its origin is under the middle of its box."""
    half = [model.length / 2, model.width / 2, model.height / 2]
    box = local_box(id_, [0.0, 0.0, half[2]], half)
    return make_actor(id_, _describe(blueprint, wanted), box, model.label)


def bodiless_actor(
    id_: int,
    blueprint: Blueprint,
    wanted: Description,
    parent: int,
    mount: Pose,
    stream: int = 0,
    token: bytes = b"",
) -> Actor:
    """A sensor or a walker's controller: it has a place and no body."""
    box = local_box(id_, [0.0, 0.0, 0.0], [0.0, 0.0, 0.0])
    description = _describe(blueprint, wanted)
    return make_actor(id_, description, box, 0, parent, token, mount=mount, stream=stream)


def spectator_actor(id_: int) -> Actor:
    """The spectator: a pose that clients may move."""
    box = local_box(id_, [0.0, 0.0, 0.0], [0.0, 0.0, 0.0])
    return make_actor(id_, [0, "spectator", [["role_name", 4, "spectator"]]], box, 0)
