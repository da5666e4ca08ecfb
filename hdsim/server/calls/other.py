"""The Traffic Manager registry, and calls about what this server does not have."""

from __future__ import annotations

from typing import Any, NoReturn

from hdsim.server.calls.table import Answer, Call, Session
from hdsim.server.errors import CallError
from hdsim.server.wire import shapes


def _manager(s: Session, port: int) -> list[Any]:
    return [s.managers[port][0], port] if port in s.managers else ["", 0]


def _add_manager(s: Session, address: tuple[str, int]) -> bool:
    ip, port = address
    if port in s.managers:
        return False
    s.managers[port] = (ip, s.connection)
    return True


def _destroy_manager(s: Session, port: int) -> bool:
    return s.managers.pop(port, None) is not None


def accept(count: int, result: Any = None, answer: Answer = Answer.VALUE) -> Call:
    """A call that is taken and changes nothing, always with the same result."""
    return Call(lambda s, *_: result, (shapes.anything,) * count, answer)


def accept_void(count: int) -> Call:
    """A call without a result that is taken and changes nothing."""
    return accept(count, None, Answer.VOID)


def refuse(count: int, why: str, answer: Answer = Answer.VOID) -> Call:
    """A call that this server cannot do; a client that waits for the answer gets this text."""

    def run(_s: Session, *_: Any) -> NoReturn:
        raise CallError(why)

    return Call(run, (shapes.anything,) * count, answer)


NO_CONSOLE = "there is no Unreal console behind HDSim's embedded server"
_ONE_MODEL = "HDSim's embedded server has its own vehicle physics and no other"
_NOT_DRAWN = "HDSim's embedded server draws nothing: wheels have no pitch"
_NO_ROS = "HDSim's embedded server has no ROS bridge"
_NO_PICTURE = "HDSim's embedded server renders nothing: there are no g-buffers"
_NO_RADIO = "HDSim's embedded server has no V2X sensors"

CALLS = {
    "is_traffic_manager_running": Call(lambda s, port: port in s.managers, (shapes.integer,)),
    "get_traffic_manager_running": Call(_manager, (shapes.integer,)),
    "add_traffic_manager_running": Call(_add_manager, (shapes.port_pair,)),
    "destroy_traffic_manager": Call(_destroy_manager, (shapes.integer,)),
    # Nothing is drawn and there are no street lamps: an empty answer is the truth.
    "query_lights_state": accept(1, []),
    "update_lights_state": accept_void(3),
    "update_day_night_cycle": accept_void(2),
    "draw_debug_shape": accept_void(1),
    "clear_debug_shape": accept_void(0),
    "clear_debug_string": accept_void(0),
    "load_map_layer": accept_void(1),
    "unload_map_layer": accept_void(1),
    "set_annotations_traverse_translucency": accept_void(1),
    "apply_color_texture_to_objects": accept_void(3),
    "apply_float_color_texture_to_objects": accept_void(3),
    "is_sensor_enabled_for_ros": accept(1, False),
    "disable_sensor_for_ros": accept_void(1),
    "are_gbuffers_enabled": accept(1, False),
    "console_command": refuse(1, NO_CONSOLE, Answer.VALUE),
    "get_wheel_pitch_angle": refuse(2, _NOT_DRAWN, Answer.VALUE),
    "enable_carsim": refuse(2, _ONE_MODEL),
    "use_carsim_road": refuse(2, _ONE_MODEL),
    "enable_chrono_physics": refuse(7, _ONE_MODEL),
    "enable_sensor_for_ros": refuse(1, _NO_ROS),
    "get_gbuffer_token": refuse(2, _NO_PICTURE, Answer.VALUE),
    "send": refuse(2, _NO_RADIO),
}
