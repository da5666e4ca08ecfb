"""A server process under attack: what real clients said, mutations of it, and a check of health."""

from __future__ import annotations

import contextlib
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack

PROGRAMS = Path(__file__).parents[1] / "contract"
HEALTHY = Path(__file__).with_name("healthy.py")
SYNCHRONOUS = [True, False, [True, 0.05], True, 0.01, 10, 0.0, True, 3000.0, 2000.0, True]


@dataclass
class Target:
    """A live server.

    Attributes:
        process: Its process.
        port: For calls.
        stream_port: For streams.
        log: File with all that it wrote to standard error.
        files: How many files it has open when nobody is connected.
        actors: How many actors a fresh world has.
    """

    process: subprocess.Popen[str]
    port: int
    stream_port: int
    log: Path
    files: int = 0
    actors: int = 0

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory_mb(self) -> float:
        pages = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def defects(self) -> str:
        """What it has logged as its own failures."""
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextlib.contextmanager
def target(log: Path, *options: str) -> Iterator[Target]:
    """A server of the built-in grid in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        stream_port = taken.getsockname()[1]
    command = [sys.executable, "-m", "hdsim.server", "--map", "grid", "--port", "0"]
    command += ["--stream-port", str(stream_port), "--exit-with-stdin", "--synchronous", *options]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            ready = process.stdout.readline().strip()
            assert "port=" in ready, log.read_text()
            found = Target(process, int(ready.rpartition("=")[2]), stream_port, log)
            found.files = found.open_files()
            yield found
        finally:
            process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def check_health(t: Target) -> None:
    """A fresh client of the real kind connects, ticks, and finds the world in order."""
    assert t.process.poll() is None, t.defects()
    command = [sys.executable, str(HEALTHY), str(t.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:] + t.defects()[-2000:]
    left = int(done.stdout.split()[-1])
    assert left == t.actors or not t.actors
    t.actors = left
    end = time.monotonic() + 10
    while t.open_files() != t.files:
        assert time.monotonic() < end, f"{t.open_files()} files open, {t.files} expected"
        time.sleep(0.02)


def recorded(folder: Path, *programs: tuple[str, str]) -> list[bytes]:
    """Sessions of the contract's programs (file, function), a stream of call bytes for each."""
    path = folder / "wire"
    with target(folder / "log", "--record-wire", str(path)) as t:
        for file, name in programs:
            command = [sys.executable, str(PROGRAMS / file), name, f"127.0.0.1:{t.port}"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stderr[-2000:]
    sessions: dict[int, list[bytes]] = {}
    with path.open("rb") as file:
        for connection, what, asked, _ in msgpack.Unpacker(file, max_buffer_size=2**31 - 1):
            if isinstance(what, str):
                calls = sessions.setdefault(connection, [])
                arguments = msgpack.unpackb(asked, unicode_errors="surrogateescape")
                calls.append(call(len(calls), what, *arguments))
    return [b"".join(calls[:400]) for calls in sessions.values()]


def call(number: int, name: str, *args: Any) -> bytes:
    return msgpack.packb([0, number, name, [[False], *args]])


def calls_of(session: bytes) -> list[list[Any]]:
    unpacker = msgpack.Unpacker(max_buffer_size=2**31 - 1)
    unpacker.feed(session)
    return list(unpacker)


def mutated_bytes(data: bytes, rng: random.Random) -> bytes:
    """A stream with a few bytes flipped, cut out, doubled, swapped or put in."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(out) + 1)
        end = min(at + rng.choice((1, 1, 2, 4, 9, 40)), len(out))
        match rng.randrange(5):
            case 0 if at < len(out):
                out[at] ^= 1 << rng.randrange(8)
            case 1:
                del out[at:end]
            case 2:
                out[at:at] = out[at:end]
            case 3:
                out[at:end] = rng.randbytes(end - at)
            case _:
                out[at:at] = rng.choice((b"\xdd\xff\xff\xff\xff", b"\xdb\x7f\xff\xff\xff", b"\x93"))
    return bytes(out)


ODD = (
    None, True, False, 0, -1, 2**31, 2**63, 2**64 - 1, 1e308, -1e308, float("nan"), float("inf"),
    5e-324, 1e9, -1e9, 999_999, "", "x", "é" * 100, "\x00", b"", b"\x00" * 24, [], [[]], [[], []],
    [0], [1, 2, 3], [[False]], [True, 1.0], "vehicle.tesla.model3", "sensor.other.collision",
    1, 2, 14, 25, 40, 41, 42, 43, 44, 45,
)  # fmt: skip


def mutated_call(value: Any, rng: random.Random) -> Any:
    """A call with one value somewhere in its arguments replaced, taken out or doubled."""
    kind, number, name, args = value
    args = [args[0], *(_mutated(a, rng) if rng.random() < 0.5 else a for a in args[1:])]
    if rng.random() < 0.05:
        args = args[:-1] if len(args) > 1 else [*args, rng.choice(ODD)]
    return [kind, number, name, args]


def _mutated(value: Any, rng: random.Random) -> Any:
    if isinstance(value, list) and value and rng.random() < 0.85:
        at = rng.randrange(len(value))
        out = list(value)
        match rng.randrange(12):
            case 0:
                del out[at]
            case 1:
                out.insert(at, value[at])
            case _:
                out[at] = _mutated(value[at], rng)
        return out
    if isinstance(value, float) and rng.random() < 0.5:
        return value * rng.choice((-1.0, 1e3, 1e-9, 1e9)) + rng.choice((0.0, 1.0, 1e5))
    return rng.choice(ODD)


def say(t: Target, data: bytes, rng: random.Random, stream: bool = False) -> None:
    """Says something, listens to some of what comes back, and leaves, sometimes rudely."""
    sock = socket.create_connection(("127.0.0.1", t.stream_port if stream else t.port), timeout=10)
    try:
        _say(sock, data, rng)
    except TimeoutError:
        raise  # the server does not answer any more
    except OSError:
        pass  # it has let us go
    sock.close()


def _say(sock: socket.socket, data: bytes, rng: random.Random) -> None:
    sock.setblocking(False)
    while data:
        readable, writable, _ = select.select([sock], [sock], [], 20)
        if not readable and not writable:
            raise TimeoutError
        if readable and not sock.recv(1 << 18):
            return
        if writable:
            data = data[sock.send(data[: rng.choice((1, 7, 1000, 65536))]) :]
    if rng.random() < 0.7:  # hear it out
        sock.settimeout(20)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(1 << 18):
            pass
    elif rng.random() < 0.5:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def connect(t: Target) -> socket.socket:
    return socket.create_connection(("127.0.0.1", t.port), timeout=20)


def ask(sock: socket.socket, name: str, *args: Any) -> Any:
    """One call and its answer."""
    sock.sendall(call(7, name, *args))
    answers = msgpack.Unpacker(max_buffer_size=2**31 - 1)
    while True:
        for _, _, error, result in answers:
            assert error is None, error
            return result
        data = sock.recv(1 << 20)
        assert data, "the server closed the connection"
        answers.feed(data)


def subscribe(t: Target, stream: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", t.stream_port), timeout=20)
    sock.sendall(struct.pack("<I", stream))
    return sock
