"""``apply_batch``: many commands in one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hdsim.server import shapes
from hdsim.server.calls import Answer, Call, Session
from hdsim.server.calls_actors import controls, set_lights, set_physics, set_velocity
from hdsim.server.errors import CallError
from hdsim.server.msgrpc import value, value_error
from hdsim.server.shapes import ShapeError

_SPAWN, _DESTROY, _CONTROL = 0, 1, 2
_NAMES = {
    3: "ApplyVehicleAckermannControl", 4: "ApplyWalkerControl", 5: "ApplyVehiclePhysicsControl",
    7: "ApplyWalkerState", 9: "ApplyTargetAngularVelocity", 10: "ApplyImpulse",
    11: "ApplyForce", 12: "ApplyAngularImpulse", 13: "ApplyTorque", 19: "ApplyLocation",
    20: "ConsoleCommand", 21: "SetTrafficLightState",
}  # fmt: skip


def _ignore(_s: Session, _actor: int, _argument: Any) -> None:
    """Accepted and not acted on: no gravity to switch, no telemetry to show.

    SetAutopilot is among them, because the client registers the vehicle with its own Traffic
    Manager after the answer.
    """


# Commands ``[actor, argument]``: how to read the argument, and what to do.
_SIMPLE: dict[int, tuple[Callable[[Any], Any], Callable[[Session, int, Any], None]]] = {
    6: (shapes.pose, lambda s, actor, pose: s.sim.place(actor, pose)),
    8: (shapes.vector, set_velocity),
    14: (shapes.boolean, set_physics),
    15: (shapes.boolean, _ignore),
    16: (shapes.boolean, _ignore),
    17: (shapes.boolean, _ignore),
    18: (shapes.integer, set_lights),
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
        s.sim.vehicles.control(np.array(rows), controls([control for _, control in pairs]))
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
    if kind in _NAMES:
        raise CallError(f"{_NAMES[kind]} is not served by HDSim's embedded server")
    actor, argument = shapes.items(payload, 2, "an actor id and an argument")
    actor = shapes.integer(actor)
    if kind == _CONTROL:
        row = s.sim.vehicle_row(actor)
        s.sim.vehicles.control(np.array([row]), controls([argument]))
    elif kind in _SIMPLE:
        read, run = _SIMPLE[kind]
        s.sim.actor(actor)
        run(s, actor, read(argument))
    else:
        raise ShapeError(f"unknown command {kind}")
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
