"""Calls about the connection, the episode, the map and the weather."""

from __future__ import annotations

from typing import Any

from hdsim.core.errors import InputError
from hdsim.road.maps import known_maps
from hdsim.server.actors.blueprints import library
from hdsim.server.calls.table import Answer, Call, Session
from hdsim.server.errors import CallError
from hdsim.server.town import parse_town
from hdsim.server.wire import shapes
from hdsim.server.wire.msgrpc import Encoded, encode
from hdsim.server.wire.shapes import Settings
from hdsim.server.wire.streams import WORLD_STREAM, token

VERSION = "0.9.16"
# The name under which the client loads an uploaded OpenDRIVE world.
UPLOADED = "OpenDriveMap"


def _episode_info(s: Session) -> list[Any]:
    return [s.sim.episode, [token(WORLD_STREAM, s.sim.stream_port)]]


def _sensor_token(s: Session, stream: int) -> list[Any]:
    known = stream == WORLD_STREAM or any(a.stream == stream for a in s.sim.actors.values())
    if not known:
        raise CallError(f"no stream {stream}")
    return [token(stream, s.sim.stream_port)]


def _set_settings(s: Session, settings: Settings) -> int:
    s.sim.settings = settings
    return s.sim.frame


def _available_maps(s: Session) -> list[str]:
    return [f"/Game/Carla/Maps/{n}" for n in sorted({*known_maps(), s.sim.town.name})]


def _map_info(s: Session) -> list[Any]:
    points = [p.wire() for p in s.sim.surface.spawn_points()]
    return [f"Carla/Maps/{s.sim.town.name}", points]


def load(s: Session, name: str, reset_settings: bool) -> None:
    """Starts an episode on the map of a name; on the present one if it is empty.

    Raises:
        CallError: If there is no such map.
    """
    short = name.rsplit("/", 1)[-1]
    if not short or short == s.sim.town.name:
        s.sim.load(s.sim.town, reset_settings)
    elif short == UPLOADED:
        if s.sim.uploaded is None:
            raise CallError("no OpenDRIVE world was uploaded")
        s.sim.load(s.sim.uploaded, reset_settings)
    else:
        try:
            town = s.sim.find_town(short)
        except InputError as error:
            raise CallError(str(error)) from error
        s.sim.load(town, reset_settings)


def _upload(s: Session, xodr: str, _parameters: Any) -> None:
    try:
        s.sim.uploaded = parse_town(UPLOADED, xodr)
    except InputError as error:
        raise CallError(str(error)) from error


def _set_weather(s: Session, weather: list[float]) -> None:
    s.sim.weather = weather


def _definitions(_s: Session) -> Encoded:
    entries = [
        [
            b.uid,
            b.id,
            b.tags,
            [
                [a.name, int(a.type), a.value, list(a.recommended), a.modifiable, False]
                for a in b.attributes
            ],
        ]
        for b in library().values()
    ]
    return encode([[1, entries]])


CALLS = {
    "version": Call(lambda s: VERSION),
    "get_episode_info": Call(_episode_info),
    "get_sensor_token": Call(_sensor_token, (shapes.integer,)),
    "get_episode_settings": Call(lambda s: s.sim.settings.wire()),
    "set_episode_settings": Call(_set_settings, (shapes.settings,)),
    # The server answers with the frame to come and makes it afterwards.
    "tick_cue": Call(lambda s: s.sim.frame + 1),
    "get_available_maps": Call(_available_maps),
    "get_map_info": Call(_map_info),
    "get_map_data": Call(lambda s: s.sim.town.xodr),
    "load_new_episode": Call(
        lambda s, name, reset, _layers: load(s, name, reset),
        (shapes.text, shapes.boolean, shapes.integer),
        Answer.VOID,
    ),
    "copy_opendrive_to_file": Call(_upload, (shapes.text, shapes.anything), Answer.VOID),
    "get_actor_definitions": Call(_definitions),
    "get_weather_parameters": Call(lambda s: s.sim.weather),
    "set_weather_parameters": Call(_set_weather, (shapes.weather,), Answer.VOID),
}
