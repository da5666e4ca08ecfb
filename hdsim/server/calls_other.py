"""The Traffic Manager registry, calls accepted without effect, and calls refused."""

from __future__ import annotations

from typing import Any, NoReturn

from hdsim.server import shapes
from hdsim.server.calls import Answer, Call, Session
from hdsim.server.errors import CallError
from hdsim.server.shapes import Reader


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


def _accept(count: int, result: Any = None, answer: Answer = Answer.VALUE) -> Call:
    """A call that is taken and changes nothing, always with the same result."""
    return Call(lambda s, *_: result, (shapes.anything,) * count, answer)


def _accept_void(count: int) -> Call:
    return _accept(count, None, Answer.VOID)


def _refuse(name: str, count: int, answer: Answer = Answer.VOID) -> Call:
    """A call that this server cannot do; a client that waits for the answer gets this text."""

    def run(_s: Session, *_: Any) -> NoReturn:
        raise CallError(f"{name} is not served by HDSim's embedded server")

    readers: tuple[Reader[Any], ...] = (shapes.anything,) * count
    return Call(run, readers, answer)


_REGISTRY = {
    "is_traffic_manager_running": Call(lambda s, port: port in s.managers, (shapes.integer,)),
    "get_traffic_manager_running": Call(_manager, (shapes.integer,)),
    "add_traffic_manager_running": Call(_add_manager, (shapes.port_pair,)),
    "destroy_traffic_manager": Call(_destroy_manager, (shapes.integer,)),
}

# Asked by the client on its own account, or without harm to a program that goes on: an empty
# answer is the truth here (no buildings, no street lights, nothing drawn).
ACCEPTED = {
    "query_lights_state": _accept(1, []),
    "update_lights_state": _accept_void(3),
    "update_day_night_cycle": _accept_void(2),
    "get_environment_objects": _accept(1, []),
    "enable_environment_objects": _accept_void(2),
    "get_all_level_BBs": _accept(1, []),
    "get_names_of_all_objects": _accept(0, []),
    "cast_ray": _accept(2, []),
    "project_point": _accept(3, [False, [[0.0, 0.0, 0.0], 0]]),
    "draw_debug_shape": _accept_void(1),
    "clear_debug_shape": _accept_void(0),
    "clear_debug_string": _accept_void(0),
    "load_map_layer": _accept_void(1),
    "unload_map_layer": _accept_void(1),
    "set_annotations_traverse_translucency": _accept_void(1),
}

REFUSED = {
    name: _refuse(name, count, answer)
    for name, count, answer in (
        ("console_command", 1, Answer.VALUE),
        ("set_imui_gravity", 1, Answer.VOID),
        ("get_imui_gravity", 0, Answer.VALUE),
        ("apply_color_texture_to_objects", 3, Answer.VOID),
        ("apply_float_color_texture_to_objects", 3, Answer.VOID),
        ("apply_physics_control", 2, Answer.VOID),
        ("start_recorder", 2, Answer.VALUE),
        ("stop_recorder", 0, Answer.VOID),
        ("show_recorder_file_info", 2, Answer.VALUE),
        ("show_recorder_collisions", 3, Answer.VALUE),
        ("show_recorder_actors_blocked", 3, Answer.VALUE),
        ("replay_file", 6, Answer.VALUE),
        ("set_replayer_time_factor", 1, Answer.VOID),
        ("set_replayer_ignore_hero", 1, Answer.VOID),
        ("set_replayer_ignore_spectator", 1, Answer.VOID),
        ("stop_replayer", 1, Answer.VOID),
        ("send", 2, Answer.VOID),
    )
}

CALLS = {**_REGISTRY, **ACCEPTED, **REFUSED}
