"""Calls about actors of any kind: making and finding them, and what moves them."""

from __future__ import annotations

import math
from typing import Any

from hdsim.server.actors.records import ZERO_BOX
from hdsim.server.calls.table import Answer, Call, Session
from hdsim.server.errors import CallError
from hdsim.server.physics import forces
from hdsim.server.wire import shapes
from hdsim.server.wire.msgrpc import Encoded
from hdsim.server.wire.shapes import Description, Pose

Vector = tuple[float, float, float]


def box(s: Session, actor: int) -> Encoded:
    """BoundingBox of an actor; a zero box for an unknown id.

    The Traffic Manager asks about actors that are gone, and an error would abort its process.
    """
    found = s.sim.actors.get(actor)
    return ZERO_BOX if found is None else found.box


def _spawn_attached(
    s: Session, wanted: Description, pose: Pose, parent: int, _attachment: Any, _socket: Any
) -> list[Any]:
    return s.sim.spawn(wanted, pose, parent).record


def _actors_by_id(s: Session, ids: list[int]) -> list[Any]:
    return [s.sim.actors[i].record for i in ids if i in s.sim.actors]


def set_location(s: Session, actor: int, location: Vector) -> None:
    """Moves an actor and keeps its attitude."""
    old = s.sim.pose(actor)
    s.sim.place(actor, Pose(*location, pitch=old.pitch, yaw=old.yaw, roll=old.roll))


def set_velocity(s: Session, actor: int, velocity: Vector) -> None:
    """Sets a velocity; the vertical part is left out, and a walker on its feet walks on."""
    if actor in s.sim.walkers.row:
        row, w = s.sim.walker_row(actor), s.sim.walkers
        w.vx[row], w.vy[row] = velocity[0], velocity[1]
    else:
        s.sim.vehicles.set_velocity(s.sim.vehicle_row(actor), velocity[0], velocity[1])


def set_angular_velocity(s: Session, actor: int, degrees: Vector) -> None:
    """Sets a vehicle's yaw rate [deg/s, ours: left positive]; pitch and roll are the road's."""
    forces.turn_at(s.sim.vehicles, s.sim.vehicle_row(actor), math.radians(degrees[2]))


def impulse(s: Session, actor: int, given: Vector, at: Vector | None = None) -> None:
    """A blow on a vehicle or a walker."""
    if actor in s.sim.walkers.row:
        forces.push_walker(s.sim.walkers, s.sim.walker_row(actor), given)
    else:
        forces.push(s.sim.vehicles, s.sim.vehicle_row(actor), given, at)


def force(s: Session, actor: int, given: Vector, at: Vector | None = None) -> None:
    """A force on a vehicle over the next step."""
    s.sim.vehicle_row(actor)
    s.sim.forces.force(actor, given, at)


def angular_impulse(s: Session, actor: int, degrees: Vector) -> None:
    """An angular blow on a vehicle [kg m^2 deg/s]; only the part about the vertical counts."""
    row = s.sim.vehicle_row(actor)
    forces.twist(s.sim.vehicles, row, math.radians(degrees[2]))


def torque(s: Session, actor: int, degrees: Vector) -> None:
    """A torque on a vehicle over the next step [kg m^2 deg/s^2]; as ``angular_impulse``."""
    s.sim.vehicle_row(actor)
    s.sim.forces.torque(actor, math.radians(degrees[2]))


def axial(value: Any) -> Vector:
    """A vector of turning: in a mirrored frame its signs change other than a place's."""
    x, y, z = shapes.items(value, 3, "a vector")
    return -shapes.number(x), shapes.number(y), -shapes.number(z)


def set_physics(s: Session, actor: int, on: bool) -> None:
    """Lets a body be moved by transforms alone, or by itself again.

    Sensors and other actors have no physics to switch: accepted.
    """
    for group in (s.sim.vehicles, s.sim.walkers):
        if actor in group.row:
            group.physics[group.row[actor]] = on
            return
    s.sim.actor(actor)


def set_gravity(s: Session, actor: int, on: bool) -> None:
    """Lets a walker stay aloft, or fall; a vehicle stays at its height and coasts."""
    if actor in s.sim.walkers.row:
        s.sim.walkers.gravity[s.sim.walker_row(actor)] = on
    elif actor in s.sim.vehicles.row:
        s.sim.forces.weight(actor, on)
    else:
        s.sim.actor(actor)


def _set_collisions(s: Session, actor: int, on: bool) -> None:
    for group in (s.sim.vehicles, s.sim.walkers, s.sim.props):
        if actor in group.row:
            group.collides[group.row[actor]] = on
            return
    s.sim.actor(actor)


def _no_parts(s: Session, actor: int) -> list[Any]:
    """Components, bones and sockets belong to meshes: there is none."""
    s.sim.actor(actor)
    return []


def _no_component(s: Session, actor: int, component: str) -> list[Any]:
    raise CallError(f"actor {s.sim.actor(actor).id} has no component {component!r}")


_ID, _VECTOR, _FLAG = shapes.integer, shapes.vector, shapes.boolean

CALLS = {
    "get_spectator": Call(lambda s: s.sim.spectator.record),
    "get_actors_by_id": Call(_actors_by_id, (shapes.list_of(_ID),)),
    "get_actor_bounding_box": Call(box, (_ID,)),
    "spawn_actor": Call(
        lambda s, wanted, pose: s.sim.spawn(wanted, pose).record, (shapes.description, shapes.pose)
    ),
    "spawn_actor_with_parent": Call(
        _spawn_attached,
        (shapes.description, shapes.pose, _ID, shapes.anything, shapes.anything),
    ),
    "destroy_actor": Call(lambda s, actor: s.sim.destroy(actor), (_ID,)),
    "set_actor_location": Call(set_location, (_ID, _VECTOR), Answer.VOID),
    "set_actor_transform": Call(
        lambda s, actor, pose: s.sim.place(actor, pose), (_ID, shapes.pose), Answer.VOID
    ),
    "set_actor_target_velocity": Call(set_velocity, (_ID, _VECTOR), Answer.VOID),
    "set_actor_target_angular_velocity": Call(set_angular_velocity, (_ID, axial), Answer.VOID),
    "add_actor_impulse": Call(impulse, (_ID, _VECTOR), Answer.VOID),
    "add_actor_impulse_at_location": Call(impulse, (_ID, _VECTOR, _VECTOR), Answer.VOID),
    "add_actor_force": Call(force, (_ID, _VECTOR), Answer.VOID),
    "add_actor_force_at_location": Call(force, (_ID, _VECTOR, _VECTOR), Answer.VOID),
    "add_actor_angular_impulse": Call(angular_impulse, (_ID, axial), Answer.VOID),
    "add_actor_torque": Call(torque, (_ID, axial), Answer.VOID),
    "set_actor_simulate_physics": Call(set_physics, (_ID, _FLAG), Answer.VOID),
    "set_actor_enable_gravity": Call(set_gravity, (_ID, _FLAG), Answer.VOID),
    "set_actor_collisions": Call(_set_collisions, (_ID, _FLAG), Answer.VOID),
    "get_actor_component_names": Call(_no_parts, (_ID,)),
    "get_actor_bone_names": Call(_no_parts, (_ID,)),
    "get_actor_socket_names": Call(_no_parts, (_ID,)),
    "get_actor_bone_world_transforms": Call(_no_parts, (_ID,)),
    "get_actor_bone_relative_transforms": Call(_no_parts, (_ID,)),
    "get_actor_socket_world_transforms": Call(_no_parts, (_ID,)),
    "get_actor_socket_relative_transforms": Call(_no_parts, (_ID,)),
    "get_vehicle_bone_world_transforms": Call(_no_parts, (_ID,)),
    "get_actor_component_world_transform": Call(_no_component, (_ID, shapes.text)),
    "get_actor_component_relative_transform": Call(_no_component, (_ID, shapes.text)),
}
