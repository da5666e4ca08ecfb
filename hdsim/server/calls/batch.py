"""``apply_batch``: many commands in one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdsim.server.calls import actors as calls_actors
from hdsim.server.calls import lights as calls_lights
from hdsim.server.calls import vehicles as calls_vehicles
from hdsim.server.calls import walkers as calls_walkers
from hdsim.server.calls.other import NO_CONSOLE
from hdsim.server.calls.table import Answer, Call, Session
from hdsim.server.errors import CallError
from hdsim.server.wire import shapes
from hdsim.server.wire.msgrpc import value, value_error
from hdsim.server.wire.shapes import Reader, ShapeError

_SPAWN, _DESTROY, _CONTROL, _CONSOLE = 0, 1, 2, 20


@dataclass(frozen=True, slots=True)
class Command:
    """A command ``[actor, argument, ...]``: its name, what to do, how to read the arguments."""

    name: str
    run: Callable[..., object]
    readers: tuple[Reader[Any], ...]


def _accept(s: Session, actor: int, _argument: Any) -> None:
    """Accepted and not acted on: nothing to show.

    SetAutopilot is among them, because the client registers the vehicle with its own Traffic
    Manager after the answer.
    """
    s.sim.actor(actor)


COMMANDS = {
    _CONTROL: Command("ApplyVehicleControl", calls_vehicles.control, (shapes.anything,)),
    3: Command(
        "ApplyVehicleAckermannControl",
        calls_vehicles.ackermann,
        (calls_vehicles.ackermann_control,),
    ),
    4: Command("ApplyWalkerControl", calls_walkers.control, (calls_walkers.walker_control,)),
    5: Command(
        "ApplyVehiclePhysicsControl",
        calls_vehicles.set_physics,
        (calls_vehicles.physics_record,),
    ),
    6: Command("ApplyTransform", lambda s, actor, pose: s.sim.place(actor, pose), (shapes.pose,)),
    7: Command("ApplyWalkerState", calls_walkers.lead, (shapes.pose, shapes.number)),
    8: Command("ApplyTargetVelocity", calls_actors.set_velocity, (shapes.vector,)),
    9: Command(
        "ApplyTargetAngularVelocity", calls_actors.set_angular_velocity, (calls_actors.axial,)
    ),
    10: Command("ApplyImpulse", calls_actors.impulse, (shapes.vector,)),
    11: Command("ApplyForce", calls_actors.force, (shapes.vector,)),
    12: Command("ApplyAngularImpulse", calls_actors.angular_impulse, (calls_actors.axial,)),
    13: Command("ApplyTorque", calls_actors.torque, (calls_actors.axial,)),
    14: Command("SetSimulatePhysics", calls_actors.set_physics, (shapes.boolean,)),
    15: Command("SetEnableGravity", calls_actors.set_gravity, (shapes.boolean,)),
    16: Command("SetAutopilot", _accept, (shapes.boolean,)),
    17: Command("ShowDebugTelemetry", _accept, (shapes.boolean,)),
    18: Command("SetVehicleLightState", calls_vehicles.set_lights, (shapes.integer,)),
    19: Command("ApplyLocation", calls_actors.set_location, (shapes.vector,)),
    21: Command("SetTrafficLightState", calls_lights.set_state, (calls_lights.light_state,)),
}


def _batch(s: Session, commands: Any, _tick: Any) -> list[Any]:
    if not isinstance(commands, list):
        raise ShapeError("expected an array of commands")
    fast = _all_controls(s, commands)
    return fast if fast is not None else [_one(s, c) for c in commands]


def _all_controls(s: Session, commands: list[Any]) -> list[Any] | None:
    """A batch of nothing but controls for living vehicles, on arrays; None if it is not that."""
    try:
        pairs = [c[1] for (c,) in commands if c[0] == _CONTROL]
        if len(pairs) != len(commands) or not pairs:
            return None
        row = s.sim.vehicles.row
        rows = [row[actor] for actor, _ in pairs]
        wanted = calls_vehicles.controls([control for _, control in pairs])
        s.sim.control(np.array(rows), [actor for actor, _ in pairs], wanted)
    except (TypeError, ValueError, KeyError, IndexError):
        return None
    return [[[1, actor]] for actor, _ in pairs]


def _one(s: Session, command: Any) -> list[Any]:
    try:
        (inner,) = shapes.items(command, 1, "a command")
        kind, payload = shapes.items(inner, 2, "a command's kind and payload")
        return value(_run(s, shapes.integer(kind), payload))
    except (CallError, ShapeError) as error:
        return value_error(str(error))


def _run(s: Session, kind: int, payload: Any) -> int:
    if kind == _SPAWN:
        return _spawn(s, payload)
    if kind == _DESTROY:
        actor = shapes.integer(shapes.items(payload, 1, "an actor id")[0])
        if not s.sim.destroy(actor):
            raise CallError(f"unknown actor {actor}")
        return actor
    if kind == _CONSOLE:
        raise CallError(NO_CONSOLE)
    command = COMMANDS.get(kind)
    if command is None:
        raise ShapeError(f"unknown command {kind}")
    actor, *arguments = shapes.items(payload, 1 + len(command.readers), command.name)
    actor = shapes.integer(actor)
    command.run(s, actor, *[r(a) for r, a in zip(command.readers, arguments, strict=True)])
    return actor


def _spawn(s: Session, payload: Any) -> int:
    wanted, pose, parent, _attachment, _socket, after = shapes.items(payload, 6, "a spawn command")
    owner = shapes.optional(shapes.integer)(parent)
    actor = s.sim.spawn(shapes.description(wanted), shapes.pose(pose), owner or 0).id
    for command in shapes.list_of(shapes.anything)(after):
        _one(s, _for_actor(command, actor))
    return actor


def _for_actor(command: Any, actor: int) -> Any:
    """A command that follows a spawn, with its actor id (0 on the wire) filled in."""
    match command:
        case [[int(kind), [_, *rest]]]:
            return [[kind, [actor, *rest]]]
    return command


CALLS = {"apply_batch": Call(_batch, (shapes.anything, shapes.anything), Answer.BARE)}
