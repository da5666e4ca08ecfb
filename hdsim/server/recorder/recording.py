"""Recordings: what happened to every actor, frame by frame, in a file of our own format.

A recording is a row of msgpack objects. The first is a map: ``format`` (``hdsim-recording``),
``version`` (1), ``map`` (the map's name). Every further one is a frame, an array of

1. frame number, simulated time and step [s];
2. actors that are new: ``[id, type, parent, [[attribute, value], ...], pose]``, where the pose is
   x, y, z, pitch, yaw, roll in the world or, with a parent, in the parent's frame;
3. ids of actors that are gone;
4. pairs of ids that collided;
5. a table each for vehicles, walkers, props and traffic lights: ids as little-endian 64-bit
   integers, then their columns (``COLUMNS``) row by row as 64-bit floats;
6. the spectator's pose.

Frames are right-handed, in metres and radians. There is no wall time in it: equal runs make equal
files. The last frames of a server that was killed may be missing; what is whole can be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgpack
import numpy as np

from hdsim.core.state import Floats, Ints
from hdsim.server.errors import CallError
from hdsim.server.wire.shapes import Pose

if TYPE_CHECKING:
    from hdsim.server.simulation import Simulation

FORMAT, VERSION = "hdsim-recording", 1
_POSE = ("x", "y", "z", "pitch", "yaw", "roll")
COLUMNS = {
    "vehicles": (
        "x", "y", "z", "pitch", "yaw", "vx", "vy", "yaw_rate", "throttle", "steer", "brake",
        "hand_brake", "reverse", "gear", "flags",
    ),
    "walkers": (
        *_POSE, "vx", "vy", "vz", "direction_x", "direction_y", "direction_z", "control_speed",
    ),
    "props": _POSE,
    "lights": ("state", "elapsed"),
}  # fmt: skip
_LARGEST = 1e10  # beyond any flag or metre of a world; no NaN is below it
_MOST_BYTES_A_FRAME = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Actors of one kind in one frame: ids, shape (n,), and columns, shape (n, k)."""

    ids: Ints
    values: Floats


@dataclass(frozen=True, slots=True)
class Created:
    """An actor that is new in a frame; ``pose`` is in the parent's frame if it has one."""

    id: int
    type: str
    parent: int
    attributes: dict[str, str]
    pose: Pose


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame of a recording; tables by their names in ``COLUMNS``."""

    frame: int
    time_s: float
    step_s: float
    created: tuple[Created, ...]
    destroyed: tuple[int, ...]
    collisions: tuple[tuple[int, int], ...]
    tables: dict[str, Table]
    spectator: Pose


def recording_path(folder: Path | None, name: str) -> Path:
    """Where a recording of a name is.

    Raises:
        CallError: If the server was given no folder, or the name is more than a file's name: a
            client must not reach other files of the server's machine.
    """
    if folder is None:
        raise CallError("recordings need a folder: start the server with --recordings DIR")
    plain = name and name == Path(name).name and name not in (".", "..") and "\\" not in name
    if not plain or "\0" in name:
        raise CallError(
            f"recording {name!r:.80}: expected a plain file name; recordings are kept in the "
            "folder that the server was started with"
        )
    return folder / name


class Recorder:
    """Writes the frames of a world to a file.

    Args:
        path: The file; one that is there is written anew.
        sim: The world.

    Raises:
        CallError: If the file cannot be written.
    """

    def __init__(self, path: Path, sim: Simulation) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = path.open("wb")
        except OSError as error:
            raise CallError(f"cannot write recording {path.name!r}: {error.strerror}") from error
        self._known: dict[int, None] = {}
        self._packer = msgpack.Packer()
        self._put({"format": FORMAT, "version": VERSION, "map": sim.town.name})

    def _put(self, value: Any) -> None:
        self._file.write(self._packer.pack(value))

    def note(self, sim: Simulation) -> None:
        """Writes the present frame."""
        now = {a: None for a in sim.actors if a not in sim.map_ids}
        created = [_created(sim, a) for a in now if a not in self._known]
        destroyed = [a for a in self._known if a not in now]
        self._known = now
        tables = [
            _packed(sim.vehicles.id, sim.vehicles, COLUMNS["vehicles"]),
            _packed(sim.walkers.id, sim.walkers, COLUMNS["walkers"]),
            _packed(sim.props.id, sim.props, COLUMNS["props"]),
            _packed(sim.light_ids, sim.lights, COLUMNS["lights"]),
        ]
        self._put([
            [sim.frame, sim.time_s, sim.step_s], created, destroyed, sim.collided, tables,
            _numbers(sim.pose(sim.spectator.id)),
        ])  # fmt: skip

    def flush(self) -> None:
        """Puts everything so far on the disk."""
        self._file.flush()

    def close(self) -> None:
        """Ends the recording."""
        self._file.close()


def _packed(ids: Ints, source: object, columns: Sequence[str]) -> list[bytes]:
    rows = [np.asarray(getattr(source, name), dtype="<f8") for name in columns]
    return [ids.astype("<i8").tobytes(), np.column_stack(rows).tobytes()]


def _created(sim: Simulation, actor: int) -> list[Any]:
    found = sim.actors[actor]
    attributes = [[name, value] for name, _, value in found.record[2][2]]
    free = not (found.parent or found.stream or found.placed)
    pose = sim.pose(actor) if free else found.mount
    return [actor, found.type, found.parent, attributes, _numbers(pose)]


def _numbers(pose: Pose) -> list[float]:
    return [pose.x, pose.y, pose.z, pose.pitch, pose.yaw, pose.roll]


def frames_of(path: Path) -> tuple[str, Iterator[Frame]]:
    """The map's name and the frames of a recording, one after another.

    Raises:
        CallError: If there is no such file or it is no recording; the frames raise it where the
            file goes wrong further on.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise CallError(f"File {path.name} not found on server ({error.strerror})") from error
    unpacker = msgpack.Unpacker(file, max_buffer_size=_MOST_BYTES_A_FRAME)
    try:
        head = unpacker.unpack()
    except (msgpack.UnpackException, ValueError) as error:
        file.close()
        raise CallError(f"{path.name} is no recording of HDSim's server") from error
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        file.close()
        raise CallError(f"{path.name} is no recording of HDSim's server")
    if head.get("version") != VERSION:
        file.close()
        raise CallError(
            f"{path.name} is a recording of version {head.get('version')!r:.20}, expected {VERSION}"
        )
    return str(head.get("map", "")), _frames(path.name, file, unpacker)


def _frames(name: str, file: BinaryIO, unpacker: Any) -> Iterator[Frame]:
    with file:
        number = 0
        while True:
            number += 1
            try:
                yield _frame(unpacker.unpack())
            except msgpack.OutOfData:
                return
            except (msgpack.UnpackException, ValueError, TypeError, KeyError) as error:
                raise CallError(f"{name} is damaged at its frame {number}") from error


def _frame(value: Any) -> Frame:
    (frame, time_s, step_s), created, destroyed, collisions, tables, spectator = value
    return Frame(
        int(frame),
        float(time_s),
        float(step_s),
        tuple(_new(*new) for new in created),
        tuple(int(a) for a in destroyed),
        tuple((int(a), int(b)) for a, b in collisions),
        {
            name: _table(packed, len(columns))
            for (name, columns), packed in zip(COLUMNS.items(), tables, strict=True)
        },
        _pose(spectator),
    )


def _new(actor: Any, type_id: Any, parent: Any, attributes: Any, pose: Any) -> Created:
    if not all(type(i) is int for i in (actor, parent)) or not isinstance(type_id, str):
        raise ValueError("expected an actor's id, type and parent")
    given = dict(attributes)
    if not all(isinstance(text, str) for pair in given.items() for text in pair):
        raise ValueError("expected attributes as text")
    return Created(actor, type_id, parent, given, _pose(pose))


def _pose(value: Any) -> Pose:
    numbers = [float(n) for n in value]
    if len(numbers) != len(_POSE) or not all(abs(n) <= _LARGEST for n in numbers):
        raise ValueError("expected a pose")
    return Pose(*numbers)


def _table(packed: list[bytes], columns: int) -> Table:
    ids = np.frombuffer(packed[0], dtype="<i8").astype(np.int64)
    values = np.frombuffer(packed[1], dtype="<f8").reshape(-1, columns).astype(np.float64)
    if len(ids) != len(values) or not (np.abs(values) <= _LARGEST).all():
        raise ValueError("expected finite columns for every actor")
    return Table(ids, values)
