"""What a server sent, written down and compared: ``--record-wire FILE``.

A recording is msgpack objects one after the other, each ``[connection, what, asked, sent]``: for a
call its name, the arguments as msgpack, and the answer without its message id; for a stream its
id, nothing, and the message with its length. Two sessions are the same when each connection got
the same bytes in the same order. Left out of that are:

- the platform time in the header of a world frame, the one value that follows the wall clock;
- message ids, which the client's threads draw from one counter;
- the order between the Traffic Manager's own calls and those of the program, for it runs on a
  thread of its own. Its calls are compared among themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import msgpack

from hdsim.core.errors import InputError
from hdsim.server.wire.connections import StreamConnection
from hdsim.server.wire.msgrpc import encode
from hdsim.server.wire.streams import WORLD_STREAM

# Calls that the client's Traffic Manager makes on its own account, every cycle.
MANAGER_CALLS = frozenset(
    {
        "get_actor_bounding_box",
        "get_actors_by_id",
        "get_episode_settings",
        "get_vehicle_light_states",
        "get_weather_parameters",
        "set_actor_simulate_physics",
    }
)
# Length, sensor header and episode id come before the platform time of a world frame.
_PLATFORM_TIME = slice(4 + 48 + 8, 4 + 48 + 16)


class WireLog:
    """Writes a recording.

    Args:
        path: The file, written anew.

    Raises:
        InputError: If it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file: BinaryIO = path.open("wb")
        except OSError as error:
            raise InputError(
                "--record-wire", value=str(path), expected=f"a file to write ({error})"
            ) from error

    def answered(self, connection: int, name: str, arguments: Any, answer: bytes) -> None:
        """Notes a call and its answer, the head and message id of which are left out."""
        (*_, error, result) = msgpack.unpackb(answer, unicode_errors="surrogateescape")
        self._write(connection, name, encode(arguments), encode([error, result]))

    def streamed(self, connection: int, stream: int, message: bytes) -> None:
        """Notes a message of a stream."""
        self._write(connection, stream, b"", message)

    def _write(self, connection: int, what: str | int, asked: bytes, sent: bytes) -> None:
        self._file.write(encode([connection, what, bytes(asked), bytes(sent)]))

    def close(self) -> None:
        """Ends the recording."""
        self._file.close()


class RecordedStream(StreamConnection):
    """A subscription whose messages are noted.

    Attributes:
        log: Where.
    """

    log: WireLog

    def send(self, data: bytes) -> None:
        """Notes the message and sends it."""
        self.log.streamed(self.number, self.stream, data)
        super().send(data)


@dataclass(slots=True)
class Session:
    """A recording, sorted for comparison.

    Connections are numbered anew, callers by their first call and subscribers of each stream by
    their first message: the order in which a client's sockets connect is its own affair.

    Attributes:
        program: By caller, the calls of the program itself: name, asked, sent.
        manager: By caller and name, the Traffic Manager's own calls: asked, sent.
        streams: By stream and subscriber, the messages, platform times blanked.
    """

    program: dict[int, list[tuple[str, bytes, bytes]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    manager: dict[tuple[int, str], list[tuple[bytes, bytes]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    streams: dict[tuple[int, int], list[bytes]] = field(default_factory=lambda: defaultdict(list))


def read(path: Path) -> Session:
    """Reads a recording."""
    session = Session()
    numbers: dict[int | None, dict[int, int]] = defaultdict(dict)  # None: callers
    for connection, what, asked, sent in _records(path):
        known = numbers[what if isinstance(what, int) else None]
        number = known.setdefault(connection, len(known))
        if isinstance(what, int):
            session.streams[what, number].append(_blanked(what, sent))
        elif what in MANAGER_CALLS:
            session.manager[number, what].append((asked, sent))
        else:
            session.program[number].append((what, asked, sent))
    return session


def _records(path: Path) -> Iterator[tuple[int, str | int, bytes, bytes]]:
    with path.open("rb") as file:
        yield from msgpack.Unpacker(file, max_buffer_size=2**31 - 1)


def _blanked(stream: int, message: bytes) -> bytes:
    if stream != WORLD_STREAM:
        return message
    return message[: _PLATFORM_TIME.start] + bytes(8) + message[_PLATFORM_TIME.stop :]


def first_difference(one: Session, other: Session) -> str:
    """Where two sessions first differ in what the server sent, empty if they do not."""
    for kind in ("streams", "program"):
        a, b = getattr(one, kind), getattr(other, kind)
        if a.keys() != b.keys():
            return f"{kind}: {sorted(a)} and {sorted(b)}"
        for key in a:
            found = _first(a[key], b[key])
            if found:
                return f"{kind} {key}: {found}"
    return ""


def _first(one: list[Any], other: list[Any]) -> str:
    for index, (a, b) in enumerate(zip(one, other, strict=False)):
        if isinstance(a, bytes):
            if a != b:
                return f"message {index}"
        elif (a[0], a[2]) != (b[0], b[2]):
            asked = "the same" if a[1] == b[1] else "not the same"
            return f"call {index}, answers to {a[0]} and {b[0]}, asked {asked}"
    return "" if len(one) == len(other) else f"{len(one)} and {len(other)} of them"


def asked_differently(one: Session, other: Session) -> Counter[str]:
    """How often the program's calls were not the same bytes, by name.

    CARLA's client sends memory that it never set in the attachment type of a spawn command without
    a parent; any other difference is one between the programs.
    """
    return Counter(
        a[0]
        for key in one.program.keys() & other.program.keys()
        for a, b in zip(one.program[key], other.program[key], strict=False)
        if a[:2] != b[:2]
    )


def manager_table(session: Session) -> dict[str, tuple[int, int]]:
    """What the Traffic Manager itself adds: how often it made each call, and bytes both ways."""
    calls: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for (_, name), made in session.manager.items():
        calls[name] += len(made)
        size[name] += sum(len(asked) + len(sent) for asked, sent in made)
    return {name: (calls[name], size[name]) for name in sorted(calls)}
