"""Same calls, same seed, same bytes: two sessions of Traffic Manager vehicles, compared."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hdsim.server.wire import transcript as wire
from hdsim.server.wire.msgrpc import answer, encode

PROGRAM = Path(__file__).with_name("managed.py")


def free_ports(count: int) -> list[str]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(s.getsockname()[1]) for s in sockets]
    for s in sockets:
        s.close()
    return ports


def recording(folder: Path, ports: list[str], vehicles: int, ticks: int) -> wire.Session:
    """A session of ``managed.py`` on a server of its own."""
    path = folder / "wire"
    command = [sys.executable, "-m", "hdsim.server", "--map", "grid", "--exit-with-stdin"]
    command += ["--port", ports[0], "--stream-port", ports[1]]
    with subprocess.Popen(
        [*command, "--synchronous", "--record-wire", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        port = server.stdout.readline().strip().rpartition("=")[2]
        program = [sys.executable, str(PROGRAM), port, str(vehicles), str(ticks)]
        done = subprocess.run(program, capture_output=True, text=True, timeout=1500)
        server.stdin.close()
        assert done.returncode == 0, done.stderr[-2000:]
        assert server.wait(10) == 0
    assert json.loads(done.stdout)["moved_m"] > 5.0
    found = wire.read(path)
    path.unlink()
    return found


def compare(folder: Path, vehicles: int, ticks: int) -> None:
    ports = free_ports(2)  # the same for both: clients are told the second
    one, other = (recording(folder, ports, vehicles, ticks) for _ in range(2))
    (world,) = one.streams.values()
    assert len(world) > ticks
    assert wire.first_difference(one, other) == ""
    assert sum(wire.asked_differently(one, other).values()) <= 1  # the batch that spawns
    tables = [wire.manager_table(s) for s in (one, other)]
    print("Traffic Manager's own calls (number, bytes):", *tables, sep="\n")
    for name in ("get_vehicle_light_states", "get_weather_parameters"):
        assert tables[0][name][0] >= ticks


def test_two_sessions_are_the_same_bytes(tmp_path):
    compare(tmp_path, 20, 300)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_two_long_sessions_are_the_same_bytes(tmp_path):
    compare(tmp_path, 50, int(os.environ.get("HDSIM_WIRE_TICKS", "5000")))


def written(path: Path, *records: tuple[int, str | int, object, object]) -> wire.Session:
    log = wire.WireLog(path)
    for connection, what, asked, sent in records:
        if isinstance(what, int):
            log.streamed(connection, what, sent)
        else:
            log.answered(connection, what, asked, answer(len(what), sent))
    log.close()
    return wire.read(path)


def frame(platform: bytes, rest: bytes) -> bytes:
    return bytes(60) + platform + rest


def test_platform_time_message_ids_and_connection_numbers_do_not_count(tmp_path):
    one = written(tmp_path / "a", (1, "x", [1], [[2]]), (2, 1, None, frame(b"12345678", b"r")))
    path = tmp_path / "b"
    log = wire.WireLog(path)
    log.streamed(4, 1, frame(b"87654321", b"r"))
    log.answered(9, "x", [1], answer(77, [[2]]))
    log.close()
    assert wire.first_difference(one, wire.read(path)) == ""


def test_differences_are_named(tmp_path):
    base = ((1, "x", [1], [[2]]), (2, 1, None, frame(bytes(8), b"r")))
    one = written(tmp_path / "a", *base)

    def against(*records):
        return wire.first_difference(one, written(tmp_path / "b", *records))

    assert against(base[0], (2, 1, None, frame(bytes(8), b"s"))) == "streams (1, 0): message 0"
    assert against(base[0], base[1], base[1]) == "streams (1, 0): 1 and 2 of them"
    call = "program 0: call 0, answers to x and x, asked"
    assert against((1, "x", [1], [[3]]), base[1]) == f"{call} the same"
    assert against((1, "x", [5], [[3]]), base[1]) == f"{call} not the same"
    assert against(base[1]) == "program: [0] and []"


def test_an_answer_of_bytes_made_beforehand_is_noted(tmp_path):
    session = written(tmp_path / "a", (1, "get_actor_bounding_box", [7], encode([[1, "box"]])))
    assert wire.manager_table(session) == {"get_actor_bounding_box": (1, 2 + 9)}


def test_the_same_answers_to_other_questions_are_counted(tmp_path):
    one = written(tmp_path / "a", (1, "x", [1], [[2]]), (1, "y", [1], [[2]]))
    other = written(tmp_path / "b", (1, "x", [1], [[2]]), (1, "y", [3], [[2]]))
    assert wire.first_difference(one, other) == ""
    assert wire.asked_differently(one, other) == {"y": 1}
