"""What a recording says, as CARLA's own text: programs read it line by line.

The wording and the columns are those of CARLA's recorder queries (CarlaRecorderQuery.cpp), so that
scripts that read them, such as scenario_runner's metrics, find what they look for. Places are in
CARLA's frame, in metres; CARLA prints centimetres there in some versions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hdsim.server.recorder.recording import VERSION, Created, Frame, frames_of
from hdsim.server.wire.shapes import Pose, vector_wire

_OTHER, _VEHICLE, _WALKER = 0, 1, 2
_LETTERS = "ovwtha"  # other, vehicle, walker, traffic light, hero, any
_HERO, _ANY = "h", "a"


def _head(map_name: str) -> list[str]:
    return [f"Version: {VERSION}", f"Map: {map_name}", "Date: unknown", ""]


def _tail(last: Frame | None, first: Frame | None) -> list[str]:
    count = 0 if last is None or first is None else last.frame - first.frame + 1
    seconds = 0.0 if last is None or first is None else last.time_s - first.time_s
    return ["", f"Frames: {count}", f"Duration: {seconds:g} seconds", ""]


def kind(type_id: str) -> int:
    """CARLA's number of an actor's kind in a recording."""
    return {"vehicle": _VEHICLE, "walker": _WALKER}.get(type_id.split(".")[0], _OTHER)


def _triple(values: tuple[Any, ...] | list[float]) -> str:
    return "(" + ", ".join(f"{v:g}" for v in values) + ")"


def file_info(path: Path, all_frames: bool) -> str:
    """Every event of a recording, and with ``all_frames`` every place too."""
    map_name, frames = frames_of(path)
    lines, first, frame = _head(map_name), None, None
    start = 0.0
    for number, frame in enumerate(frames, start=1):
        first = first or frame
        start = first.time_s
        said = list(_events(frame, all_frames))
        if said or all_frames:
            lines.append(f"Frame {number} at {frame.time_s - start:g} seconds")
            lines += said
    return "\n".join(lines + _tail(frame, first))


def _events(frame: Frame, all_frames: bool) -> Iterator[str]:
    for new in frame.created:
        x, y, z = vector_wire(new.pose.x, new.pose.y, new.pose.z)
        yield f" Create {new.id}: {new.type} ({kind(new.type)}) at ({x:g}, {y:g}, {z:g})"
        yield from (f"  {name} = {value}" for name, value in new.attributes.items())
    yield from (f" Destroy {actor}" for actor in frame.destroyed)
    yield from (f" Parenting {n.id} with {n.parent} (parent)" for n in frame.created if n.parent)
    for number, (one, other) in enumerate(frame.collisions):
        yield f" Collision id {number} between {one} with {other}"
    if all_frames:
        yield from _places(frame)


def _places(frame: Frame) -> Iterator[str]:
    vehicles, walkers, lights = (frame.tables[n] for n in ("vehicles", "walkers", "lights"))
    count = len(vehicles.ids) + len(walkers.ids)
    yield f" Positions: {count}"
    for table in (vehicles, walkers):
        for actor, row in zip(table.ids.tolist(), table.values.tolist(), strict=True):
            place, (pitch, yaw, roll) = Pose(*row[:5]).wire()
            attitude = _triple((roll, pitch, yaw))
            yield f"  Id: {actor} Location: {_triple(place)} Rotation: {attitude}"
    yield f" State traffic lights: {len(lights.ids)}"
    for actor, (state, elapsed) in zip(lights.ids.tolist(), lights.values.tolist(), strict=True):
        yield f"  Id: {actor} state: {int(state)} frozen: 0 elapsedTime: {elapsed:g}"
    yield f" Vehicle animations: {len(vehicles.ids)}"
    for actor, row in zip(vehicles.ids.tolist(), vehicles.values.tolist(), strict=True):
        throttle, steer, brake, hand_brake, _, gear = row[8:14]
        yield (
            f"  Id: {actor} Steering: {-steer:g} Throttle: {throttle:g} Brake: {brake:g} "
            f"Handbrake: {int(hand_brake)} Gear: {int(gear)}"
        )
    yield f" Walker animations: {len(walkers.ids)}"
    for actor, row in zip(walkers.ids.tolist(), walkers.values.tolist(), strict=True):
        yield f"  Id: {actor} speed: {row[12]:g}"
    yield f" Dynamic actors: {count}"
    for actor, row in zip(vehicles.ids.tolist(), vehicles.values.tolist(), strict=True):
        turn = (0.0, 0.0, -math.degrees(row[7]))
        yield _kinematics(actor, vector_wire(row[5], row[6], 0.0), turn)
    for actor, row in zip(walkers.ids.tolist(), walkers.values.tolist(), strict=True):
        yield _kinematics(actor, vector_wire(*row[6:9]), (0.0, 0.0, 0.0))


def _kinematics(actor: int, velocity: list[float], turn: tuple[float, float, float]) -> str:
    return f"  Id: {actor} linear_velocity: {_triple(velocity)} angular_velocity: {_triple(turn)}"


def collisions(path: Path, one: str, other: str) -> str:
    """Collisions between two kinds of actors (``h v w t o a``); one that goes on counts once."""
    map_name, frames = frames_of(path)
    lines = [*_head(map_name), f"{'Time':>8} {'Types':>6} {'Id':>6} {'Actor 1':<35} "
             f"{'Id':>6} {'Actor 2':<35}"]  # fmt: skip
    actors: dict[int, Created] = {}
    before: set[tuple[int, int]] = set()
    first, frame = None, None
    for frame in frames:
        first = first or frame
        actors.update({new.id: new for new in frame.created})
        now = {pair for a, b in frame.collisions for pair in ((a, b), (b, a))}
        for a, b in sorted(now - before):
            if not (_is(actors.get(a), one) and _is(actors.get(b), other)):
                continue
            letters = f"{_letter(actors.get(a))} {_letter(actors.get(b))}"
            names = [f"{i:>6} {_name(actors.get(i)):<35}" for i in (a, b)]
            lines.append(f"{frame.time_s - first.time_s:>8.0f}   {letters}  {' '.join(names)}")
        before = now
    return "\n".join(lines + _tail(frame, first))


def _letter(actor: Created | None) -> str:
    return _LETTERS[_OTHER if actor is None else kind(actor.type)]


def _name(actor: Created | None) -> str:
    return "" if actor is None else actor.type


def _is(actor: Created | None, wanted: str) -> bool:
    hero = actor is not None and actor.attributes.get("role_name") == "hero"
    return wanted in (_ANY, _letter(actor)) or (wanted == _HERO and hero)


def blocked(path: Path, min_time_s: float, min_distance_m: float) -> str:
    """Vehicles and walkers that stayed within a distance for at least a time, longest first."""
    map_name, frames = frames_of(path)
    types: dict[int, str] = {}
    places: dict[int, tuple[float, float, float]] = {}
    since: dict[int, tuple[float, float]] = {}
    found: list[tuple[float, int, str]] = []
    first, frame = None, None

    def note(actor: int) -> None:
        begun, lasted = since.pop(actor, (0.0, 0.0))
        if lasted >= min_time_s and lasted > 0.0:
            line = f"{begun:>8.0f} {actor:>6} {types.get(actor, ''):<35} {lasted:>10.0f}"
            found.append((-lasted, actor, line))

    for frame in frames:
        first = first or frame
        types.update({new.id: new.type for new in frame.created})
        for table in (frame.tables["vehicles"], frame.tables["walkers"]):
            for actor, (x, y, z) in zip(
                table.ids.tolist(), table.values[:, :3].tolist(), strict=True
            ):
                last = places.get(actor)
                if last is not None and math.dist(last, (x, y, z)) < min_distance_m:
                    begun, lasted = since.get(actor, (frame.time_s - first.time_s, 0.0))
                    since[actor] = begun, lasted + frame.step_s
                else:
                    note(actor)
                    places[actor] = x, y, z
    for actor in list(since):
        note(actor)
    lines = [*_head(map_name), f"{'Time':>8} {'Id':>6} {'Actor':<35} {'Duration':>10}"]
    lines += [line for _, _, line in sorted(found)]
    return "\n".join(lines + _tail(frame, first))
