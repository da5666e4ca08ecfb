"""Bringing actors into a world and taking them out of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hdsim.server.actors.attributes import Values
from hdsim.server.actors.blueprints import Blueprint, VehicleModel, WalkerModel, library
from hdsim.server.actors.records import (
    Actor,
    bodiless_actor,
    prop_actor,
    vehicle_actor,
    walker_actor,
)
from hdsim.server.actors.triggers import BLUEPRINT, Trigger
from hdsim.server.errors import CallError
from hdsim.server.physics import collisions
from hdsim.server.sensors.catalogue import SENSORS, is_camera
from hdsim.server.wire.shapes import Description, Pose
from hdsim.server.wire.streams import token

if TYPE_CHECKING:
    from hdsim.server.simulation import Simulation

CONTROLLER = "controller.ai.walker"
_OCCUPIED = "Spawn failed because of collision at spawn position"


def spawn(
    sim: Simulation, wanted: Description, pose: Pose, parent: int = 0, squeeze: bool = False
) -> Actor:
    """A new actor.

    Args:
        sim: The world.
        wanted: Blueprint and attributes.
        pose: In the world, or in the parent's frame.
        parent: Actor to attach it to, 0 for none.
        squeeze: Put a body also where something stands.

    Raises:
        CallError: If it cannot be spawned: unknown or refused blueprint, something in the way, or
            the wrong parent or none.
    """
    blueprint = library().get(wanted.id)
    if blueprint is None:
        raise CallError(f"no blueprint {wanted.id!r}")
    if blueprint.refusal and not (sim.stub_cameras and is_camera(wanted.id)):
        raise CallError(f"cannot spawn {wanted.id}: {blueprint.refusal}")
    if blueprint.vehicle is not None:
        return _vehicle(sim, blueprint, blueprint.vehicle, wanted, pose, parent, squeeze)
    if blueprint.walker is not None:
        return _walker(sim, blueprint, blueprint.walker, wanted, pose, parent, squeeze)
    if blueprint.prop is not None:
        return _prop(sim, blueprint, wanted, pose, parent)
    if wanted.id == BLUEPRINT:
        return _trigger(sim, blueprint, wanted, pose, parent)
    if wanted.id == CONTROLLER:
        return _controller(sim, blueprint, wanted, pose, parent)
    return _sensor(sim, blueprint, wanted, pose, parent)


def _stands_alone(wanted: Description, parent: int) -> None:
    if parent:
        raise CallError(f"cannot attach {wanted.id} to an actor")


def _vehicle(
    sim: Simulation,
    blueprint: Blueprint,
    model: VehicleModel,
    wanted: Description,
    pose: Pose,
    parent: int,
    squeeze: bool,
) -> Actor:
    _stands_alone(wanted, parent)
    row = sim.vehicles.add(sim.next_id, model, pose)
    if not squeeze and collisions.touches(sim.rigid(), row):
        sim.vehicles.remove(sim.next_id)
        raise CallError(_OCCUPIED)
    made = sim.register(vehicle_actor(sim.new_id(), blueprint, model, wanted))
    sim.surface.settle(sim.vehicles)
    return made


def _walker(
    sim: Simulation,
    blueprint: Blueprint,
    model: WalkerModel,
    wanted: Description,
    pose: Pose,
    parent: int,
    squeeze: bool,
) -> Actor:
    _stands_alone(wanted, parent)
    invincible = wanted.attributes.get("is_invincible", "true").lower() in ("true", "1")
    row = sim.walkers.add(sim.next_id, model, pose, invincible)
    if not squeeze and collisions.touches(sim.rigid(), len(sim.vehicles) + row):
        sim.walkers.remove(sim.next_id)
        raise CallError(_OCCUPIED)
    return sim.register(walker_actor(sim.new_id(), blueprint, model, wanted))


def _prop(
    sim: Simulation, blueprint: Blueprint, wanted: Description, pose: Pose, parent: int
) -> Actor:
    """A prop may stand in another body, as in CARLA."""
    _stands_alone(wanted, parent)
    assert blueprint.prop is not None
    sim.props.add(sim.next_id, blueprint.prop, pose)
    return sim.register(prop_actor(sim.new_id(), blueprint, blueprint.prop, wanted))


def _trigger(
    sim: Simulation, blueprint: Blueprint, wanted: Description, pose: Pose, parent: int
) -> Actor:
    _stands_alone(wanted, parent)
    try:
        trigger = Trigger.of(Values(blueprint.attributes, wanted.attributes))
    except ValueError as error:
        raise CallError(f"cannot spawn {wanted.id}: {error}") from error
    sim.triggers.add(sim.next_id, trigger)
    made = bodiless_actor(sim.new_id(), blueprint, wanted, 0, pose)
    return sim.register(replace(made, placed=True))


def _controller(
    sim: Simulation, blueprint: Blueprint, wanted: Description, pose: Pose, parent: int
) -> Actor:
    """What a client's own crowd drives a walker by; the server has nothing to do for it."""
    if parent not in sim.walkers.row:
        raise CallError(f"{wanted.id} must be attached to a walker")
    return sim.register(bodiless_actor(sim.new_id(), blueprint, wanted, parent, pose))


def _sensor(
    sim: Simulation, blueprint: Blueprint, wanted: Description, pose: Pose, parent: int
) -> Actor:
    """A sensor on a body, on another sensor, or free in the world."""
    values, kind = Values(blueprint.attributes, wanted.attributes), SENSORS[wanted.id]
    try:
        settings = None if kind.settings is None else kind.settings(values)
        tick_s = 0.0 if settings is None else values.number("sensor_tick")
    except ValueError as error:
        raise CallError(f"cannot spawn {wanted.id}: {error}") from error
    carried = any(parent in group.row for group in (sim.vehicles, sim.walkers, sim.props))
    if settings is None and parent not in sim.vehicles.row and parent not in sim.walkers.row:
        raise CallError(f"{wanted.id} must be attached to a vehicle or a walker")
    if parent and not carried and not sim.actor(parent).stream:
        raise CallError(f"cannot attach {wanted.id} to actor {parent} ({sim.actor(parent).type})")
    stream = sim.new_stream()
    ticket = token(stream, sim.stream_port)
    made = bodiless_actor(sim.new_id(), blueprint, wanted, parent, pose, stream, ticket)
    if settings is not None:
        sim.rack.add(made, settings, tick_s, sim.frame, sim.time_s)
    return sim.register(made)


def destroy(sim: Simulation, actor: int) -> bool:
    """Takes out an actor with what is attached to it; False if there is no such actor.

    Raises:
        CallError: If the actor belongs to the map.
    """
    found = sim.actors.get(actor)
    if found is None:
        return False
    if actor in sim.map_ids:
        raise CallError(f"actor {actor} ({found.type}) belongs to the map")
    for child in [a.id for a in sim.actors.values() if a.parent == actor]:
        destroy(sim, child)
    for group in (sim.vehicles, sim.walkers, sim.props):
        if actor in group.row:
            group.remove(actor)
    sim.ackermann.forget(actor)
    sim.forces.forget(actor)
    sim.triggers.forget(actor, sim.vehicles)
    sim.physics_records.pop(actor, None)
    sim.rack.remove(actor)
    sim.unregister(actor)
    return True
