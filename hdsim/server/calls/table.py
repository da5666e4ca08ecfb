"""The table of remote calls: name, shapes of the arguments, what it does, how it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from hdsim.core.errors import InputError
from hdsim.server.errors import CallError
from hdsim.server.simulation import Simulation
from hdsim.server.wire.msgrpc import VOID, Encoded, value, value_error, void_error
from hdsim.server.wire.shapes import Reader, ShapeError


class Answer(Enum):
    """How a call wraps its result."""

    VALUE = "value"
    VOID = "void"
    BARE = "bare"  # apply_batch alone


@dataclass(frozen=True, slots=True)
class Call:
    """One remote call.

    Attributes:
        run: Takes the session and the read arguments, returns the result.
        readers: One per argument.
        answer: How the result is wrapped.
    """

    run: Callable[..., Any]
    readers: tuple[Reader[Any], ...] = ()
    answer: Answer = Answer.VALUE


@dataclass(slots=True)
class Session:
    """What calls act on.

    Attributes:
        sim: The world.
        managers: Registered Traffic Managers by port: their address and the connection that
            registered them.
        connection: Number of the connection whose call is being run.
    """

    sim: Simulation
    managers: dict[int, tuple[str, int]]
    connection: int = 0

    def drop_connection(self, connection: int) -> None:
        """Forgets the Traffic Managers of a client that is gone."""
        gone = [p for p, (_, owner) in self.managers.items() if owner == connection]
        for port in gone:
            del self.managers[port]


def failure(call: Call, message: str) -> list[Any]:
    """A failure as the call wraps it."""
    return void_error(message) if call.answer is Answer.VOID else value_error(message)


def dispatch(call: Call, session: Session, args: list[Any]) -> Any:
    """Runs a call and wraps its result, or its failure if the client is to blame for it."""
    try:
        if len(args) != len(call.readers):
            raise ShapeError(f"expected {len(call.readers)} arguments, got {len(args)}")
        result = call.run(session, *[r(a) for r, a in zip(call.readers, args, strict=True)])
    except (CallError, ShapeError, InputError) as error:
        return failure(call, str(error))
    if call.answer is Answer.VOID:
        return VOID
    if call.answer is Answer.BARE or type(result) is Encoded:
        return result
    return value(result)


def table() -> dict[str, Call]:
    """All calls by name."""
    from hdsim.server.calls import actors as calls_actors
    from hdsim.server.calls import batch as calls_batch
    from hdsim.server.calls import files as calls_files
    from hdsim.server.calls import lights as calls_lights
    from hdsim.server.calls import objects as calls_objects
    from hdsim.server.calls import other as calls_other
    from hdsim.server.calls import recorder as calls_recorder
    from hdsim.server.calls import vehicles as calls_vehicles
    from hdsim.server.calls import walkers as calls_walkers
    from hdsim.server.calls import world as calls_world

    found: dict[str, Call] = {}
    rooms = (
        calls_world,
        calls_actors,
        calls_vehicles,
        calls_walkers,
        calls_batch,
        calls_files,
        calls_lights,
        calls_objects,
        calls_recorder,
        calls_other,
    )
    for room in rooms:
        found.update(room.CALLS)
    return found
