"""Calls about traffic lights."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np

from hdsim.core.state import SignalState
from hdsim.server.actors.scenery import light_head
from hdsim.server.calls.table import Answer, Call, Session
from hdsim.server.wire import shapes
from hdsim.server.wire.shapes import ShapeError


def light_state(value: Any) -> SignalState:
    """TrafficLightState."""
    try:
        return SignalState(shapes.integer(value))
    except ValueError as error:
        raise ShapeError(
            f"expected a traffic light state, 0 to 4, got {reprlib.repr(value):.60}"
        ) from error


def set_state(s: Session, actor: int, state: SignalState) -> None:
    """Shows a state on a traffic light until its controller next changes."""
    s.sim.lights.set_state(s.sim.signal(actor), state)


def _set_time(state: SignalState) -> Call:
    def run(s: Session, actor: int, seconds: float) -> None:
        s.sim.lights.set_time(s.sim.signal(actor), state, max(seconds, 0.0))

    return Call(run, (shapes.integer, shapes.number), Answer.VOID)


def _freeze_all(s: Session, on: bool) -> None:
    s.sim.lights.frozen = on


def _freeze(s: Session, actor: int, on: bool) -> None:
    s.sim.signal(actor)
    _freeze_all(s, on)  # what the 0.9.16 client's TrafficLight.freeze does


def _reset_group(s: Session, actor: int) -> None:
    s.sim.lights.reset_group(int(s.sim.lights.group[s.sim.signal(actor)]))


def _group(s: Session, actor: int) -> list[int]:
    group = s.sim.lights.group
    return [i + 1 for i in np.flatnonzero(group == group[s.sim.signal(actor)]).tolist()]


def _light_boxes(s: Session, actor: int) -> list[Any]:
    return [light_head(s.sim, actor)]


CALLS = {
    "set_traffic_light_state": Call(set_state, (shapes.integer, light_state), Answer.VOID),
    "set_traffic_light_green_time": _set_time(SignalState.GREEN),
    "set_traffic_light_yellow_time": _set_time(SignalState.YELLOW),
    "set_traffic_light_red_time": _set_time(SignalState.RED),
    "freeze_traffic_light": Call(_freeze, (shapes.integer, shapes.boolean), Answer.VOID),
    "freeze_all_traffic_lights": Call(_freeze_all, (shapes.boolean,), Answer.VOID),
    "reset_traffic_light_group": Call(_reset_group, (shapes.integer,), Answer.VOID),
    "reset_all_traffic_lights": Call(lambda s: s.sim.lights.reset(), (), Answer.VOID),
    "get_group_traffic_lights": Call(_group, (shapes.integer,)),
    "get_light_boxes": Call(_light_boxes, (shapes.integer,)),
}
