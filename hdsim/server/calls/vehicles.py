"""Calls about one vehicle: its control, physics, lights, wheels and instruments."""

from __future__ import annotations

from typing import Any

import numpy as np

from hdsim.core.state import Floats
from hdsim.server.calls.table import Answer, Call, Session
from hdsim.server.physics.control import (
    Quantities,
    physics_control,
    quantities,
    same,
    write,
)
from hdsim.server.physics.telemetry import telemetry, wheel_angle_deg
from hdsim.server.wire import shapes
from hdsim.server.wire.shapes import Reader, ShapeError

CONTROL_FIELDS = 7
_WHEELS = 15  # place in a VehiclePhysicsControl
_FRONT_WHEELS = (0, 1)  # CARLA's VehicleWheelLocation


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


def control(s: Session, actor: int, wanted: Any) -> None:
    """Applies one VehicleControl."""
    row = s.sim.vehicle_row(actor)
    s.sim.control(np.array([row]), [actor], controls([wanted]))


def numbers(count: int, what: str) -> Reader[tuple[float, ...]]:
    """Reads an array of ``count`` numbers."""

    def read(value: Any) -> tuple[float, ...]:
        return tuple(shapes.number(v) for v in shapes.items(value, count, what))

    return read


ackermann_control = numbers(5, "an Ackermann control")
_gains = numbers(6, "Ackermann controller settings")


def ackermann(s: Session, actor: int, target: tuple[float, ...]) -> None:
    """Brings a vehicle under Ackermann control."""
    s.sim.vehicle_row(actor)
    s.sim.ackermann.engage(actor, target)


def _ackermann_settings(s: Session, actor: int) -> list[float]:
    s.sim.vehicle_row(actor)
    return list(s.sim.ackermann.gains(actor))


def _set_ackermann_settings(s: Session, actor: int, gains: tuple[float, ...]) -> None:
    s.sim.vehicle_row(actor)
    s.sim.ackermann.set_gains(actor, gains)


def physics_record(value: Any) -> tuple[Quantities, list[Any]]:
    """VehiclePhysicsControl: what the dynamics use of it, and all of it.

    The client gets it back, so every field must have its type.
    """
    used = quantities(value)
    for place in (1, 2, 3, 4, 5, 7, 8, 9, 11, 12):
        shapes.number(value[place])
    for flag in (value[6], value[16]):
        shapes.boolean(flag)
    shapes.vector(value[13])
    for wheel in value[_WHEELS]:
        for number in wheel[:-1]:
            shapes.number(number)
        shapes.vector(wheel[-1])
    return used, value


def _physics_control(s: Session, actor: int) -> list[Any]:
    """The vehicle's physics; what a client wrote comes back with it, as long as it still holds."""
    row = s.sim.vehicle_row(actor)
    now = physics_control(s.sim.vehicles, row, s.sim.actor(actor).wheels)
    kept = s.sim.physics_records.get(actor)
    if kept is None or not same(quantities(now), quantities(kept)):
        return now
    written = [
        [*mine[:-1], place[-1]] for mine, place in zip(kept[_WHEELS], now[_WHEELS], strict=False)
    ]
    return [*kept[:_WHEELS], written, *kept[_WHEELS + 1 :]]


def set_physics(s: Session, actor: int, wanted: tuple[Quantities, list[Any]]) -> None:
    """Gives a vehicle other physics, as far as the dynamics have such quantities."""
    row = s.sim.vehicle_row(actor)
    used, record = wanted
    write(s.sim.vehicles, row, used, s.sim.actor(actor).wheels)
    s.sim.physics_records[actor] = record


def _telemetry(s: Session, actor: int) -> list[Any]:
    return telemetry(s.sim.vehicles, s.sim.vehicle_row(actor), s.sim.actor(actor).wheels)


def set_lights(s: Session, actor: int, flags: int) -> None:
    """Sets a vehicle's lights, CARLA's bits."""
    s.sim.vehicles.flags[s.sim.vehicle_row(actor)] = flags & 0xFFFFFFFF


def _light_states(s: Session) -> list[list[int]]:
    v = s.sim.vehicles
    return [[actor, flags] for actor, flags in zip(v.id.tolist(), v.flags.tolist(), strict=True)]


def _hold_velocity(s: Session, actor: int, velocity: tuple[float, float, float]) -> None:
    s.sim.vehicle_row(actor)
    s.sim.forces.hold(actor, velocity[0], velocity[1])


def _let_velocity_go(s: Session, actor: int) -> None:
    s.sim.vehicle_row(actor)
    s.sim.forces.let_go(actor)


def _wheel_angle(s: Session, actor: int, wheel: int) -> float:
    row = s.sim.vehicle_row(actor)
    return wheel_angle_deg(s.sim.vehicles, row) if wheel in _FRONT_WHEELS else 0.0


def _vehicle_only(s: Session, actor: int, *_: Any) -> None:
    """Accepted for a vehicle, and without effect: what it changes is only drawn."""
    s.sim.vehicle_row(actor)


_ID = shapes.integer

CALLS = {
    "apply_control_to_vehicle": Call(control, (_ID, shapes.anything), Answer.VOID),
    "apply_ackermann_control_to_vehicle": Call(ackermann, (_ID, ackermann_control), Answer.VOID),
    "get_ackermann_controller_settings": Call(_ackermann_settings, (_ID,)),
    "apply_ackermann_controller_settings": Call(
        _set_ackermann_settings, (_ID, _gains), Answer.VOID
    ),
    "get_physics_control": Call(_physics_control, (_ID,)),
    "apply_physics_control": Call(set_physics, (_ID, physics_record), Answer.VOID),
    "get_telemetry_data": Call(_telemetry, (_ID,)),
    "show_vehicle_debug_telemetry": Call(_vehicle_only, (_ID, shapes.boolean), Answer.VOID),
    "set_actor_autopilot": Call(_vehicle_only, (_ID, shapes.boolean), Answer.VOID),
    "get_vehicle_light_state": Call(
        lambda s, actor: [int(s.sim.vehicles.flags[s.sim.vehicle_row(actor)])], (_ID,)
    ),
    "set_vehicle_light_state": Call(set_lights, (_ID, shapes.light_flags), Answer.VOID),
    "get_vehicle_light_states": Call(_light_states),
    "enable_actor_constant_velocity": Call(_hold_velocity, (_ID, shapes.vector), Answer.VOID),
    "disable_actor_constant_velocity": Call(_let_velocity_go, (_ID,), Answer.VOID),
    "open_vehicle_door": Call(_vehicle_only, (_ID, _ID), Answer.VOID),
    "close_vehicle_door": Call(_vehicle_only, (_ID, _ID), Answer.VOID),
    "get_wheel_steer_angle": Call(_wheel_angle, (_ID, _ID)),
    "set_wheel_steer_direction": Call(_vehicle_only, (_ID, _ID, shapes.number), Answer.VOID),
    "set_wheel_pitch_angle": Call(_vehicle_only, (_ID, _ID, shapes.number), Answer.VOID),
    "restore_physx_physics": Call(_vehicle_only, (_ID,), Answer.VOID),
}
