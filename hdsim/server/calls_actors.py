"""Calls about actors and vehicles."""

from __future__ import annotations

from typing import Any

import numpy as np

from hdsim.core.state import Floats
from hdsim.server import shapes
from hdsim.server.actors import ZERO_BOX
from hdsim.server.calls import Answer, Call, Session
from hdsim.server.msgrpc import Encoded
from hdsim.server.physics_control import physics_control
from hdsim.server.shapes import Description, Pose, ShapeError

CONTROL_FIELDS = 7


def box(s: Session, actor: int) -> Encoded:
    """BoundingBox of an actor; a zero box for an unknown id.

    The Traffic Manager asks about actors that are gone, and an error would abort its process.
    """
    found = s.sim.actors.get(actor)
    return ZERO_BOX if found is None else found.box


def controls(values: list[Any]) -> Floats:
    """VehicleControls as numbers, shape (k, 7); a NaN stays a NaN.

    Raises:
        ShapeError: If they are not 7 numbers or booleans each.
    """
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"expected vehicle controls of {CONTROL_FIELDS} numbers") from error
    if array.shape != (len(values), CONTROL_FIELDS):
        raise ShapeError(f"expected vehicle controls of {CONTROL_FIELDS} numbers")
    return array


def _spawn_attached(
    s: Session, wanted: Description, pose: Pose, parent: int, _attachment: Any, _socket: Any
) -> list[Any]:
    return s.sim.spawn(wanted, pose, parent).record


def _actors_by_id(s: Session, ids: list[int]) -> list[Any]:
    return [s.sim.actors[i].record for i in ids if i in s.sim.actors]


def _set_location(s: Session, actor: int, location: tuple[float, float, float]) -> None:
    v = s.sim.vehicles
    old = v.pose(s.sim.vehicle_row(actor))
    s.sim.place(actor, Pose(*location, pitch=old.pitch, yaw=old.yaw))


def set_velocity(s: Session, actor: int, velocity: tuple[float, float, float]) -> None:
    """Sets a vehicle's velocity; its vertical part is left out, vehicles stay on the road."""
    s.sim.vehicles.set_velocity(s.sim.vehicle_row(actor), velocity[0], velocity[1])


def set_physics(s: Session, actor: int, on: bool) -> None:
    """Lets a vehicle be moved by transforms alone, or by its wheels again.

    Sensors and other actors have no physics to switch: accepted.
    """
    if actor in s.sim.vehicles.row:
        s.sim.vehicles.physics[s.sim.vehicle_row(actor)] = on
    else:
        s.sim.actor(actor)


def _set_collisions(s: Session, actor: int, on: bool) -> None:
    s.sim.vehicles.collides[s.sim.vehicle_row(actor)] = on


def _control(s: Session, actor: int, control: Any) -> None:
    row = s.sim.vehicle_row(actor)
    s.sim.vehicles.control(np.array([row]), controls([control]))


def _physics_control(s: Session, actor: int) -> list[Any]:
    row = s.sim.vehicle_row(actor)
    return physics_control(s.sim.vehicles, row, s.sim.actor(actor).wheels)


def set_lights(s: Session, actor: int, flags: int) -> None:
    """Sets a vehicle's lights, CARLA's bits."""
    s.sim.vehicles.flags[s.sim.vehicle_row(actor)] = flags & 0xFFFFFFFF


def _light_states(s: Session) -> list[list[int]]:
    v = s.sim.vehicles
    return [[actor, flags] for actor, flags in zip(v.id.tolist(), v.flags.tolist(), strict=True)]


_ID_BOOL = (shapes.integer, shapes.boolean)

CALLS = {
    "get_spectator": Call(lambda s: s.sim.spectator.record),
    "get_actors_by_id": Call(_actors_by_id, (shapes.list_of(shapes.integer),)),
    "get_actor_bounding_box": Call(box, (shapes.integer,)),
    "spawn_actor": Call(
        lambda s, wanted, pose: s.sim.spawn(wanted, pose).record, (shapes.description, shapes.pose)
    ),
    "spawn_actor_with_parent": Call(
        _spawn_attached,
        (shapes.description, shapes.pose, shapes.integer, shapes.anything, shapes.anything),
    ),
    "destroy_actor": Call(lambda s, actor: s.sim.destroy(actor), (shapes.integer,)),
    "set_actor_location": Call(_set_location, (shapes.integer, shapes.vector), Answer.VOID),
    "set_actor_transform": Call(
        lambda s, actor, pose: s.sim.place(actor, pose),
        (shapes.integer, shapes.pose),
        Answer.VOID,
    ),
    "set_actor_target_velocity": Call(set_velocity, (shapes.integer, shapes.vector), Answer.VOID),
    "set_actor_simulate_physics": Call(set_physics, _ID_BOOL, Answer.VOID),
    "set_actor_collisions": Call(_set_collisions, _ID_BOOL, Answer.VOID),
    "apply_control_to_vehicle": Call(_control, (shapes.integer, shapes.anything), Answer.VOID),
    "get_physics_control": Call(_physics_control, (shapes.integer,)),
    "get_vehicle_light_state": Call(
        lambda s, actor: [int(s.sim.vehicles.flags[s.sim.vehicle_row(actor)])], (shapes.integer,)
    ),
    "set_vehicle_light_state": Call(set_lights, (shapes.integer, shapes.light_flags), Answer.VOID),
    "get_vehicle_light_states": Call(_light_states),
}
