"""Storms over both protocols against a live server; after each a real client finds it in order."""

from __future__ import annotations

import os
import random
import socket
import struct
import time
from pathlib import Path

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server import storm

ROUNDS = int(os.environ.get("HDSIM_STORM_ROUNDS", "40"))
RUDE = struct.pack("ii", 1, 0)


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    return storm.recorded(
        folder,
        ("programs.py", "first_steps"),
        ("programs.py", "batch"),
        ("acting.py", "every_command"),
        ("acting.py", "physics"),
        ("acting.py", "walkers"),
        ("acting.py", "no_ops"),
        ("sensing.py", "lidar"),
    )


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with storm.target(tmp_path_factory.mktemp("live") / "log") as t:
        storm.check_health(t)
        yield t


@pytest.fixture
def server(live):
    """The live server, found in order after the test."""
    yield live
    storm.check_health(live)
    assert live.defects() == ""


def test_mutated_bytes_of_real_sessions(server, sessions):
    rng = random.Random(1)
    for _ in range(ROUNDS):
        whole = rng.choice(sessions)
        begin = rng.randrange(len(whole) // 2)
        session = whole[:begin] if rng.random() < 0.5 else whole
        storm.say(server, storm.mutated_bytes(session[:200_000], rng), rng)


def test_mutated_calls_of_real_sessions(server, sessions):
    rng = random.Random(2)
    calls = [storm.calls_of(s) for s in sessions]
    for _ in range(ROUNDS):
        session = rng.choice(calls)
        begin = rng.randrange(len(session))
        said = [storm.mutated_call(c, rng) for c in session[begin : begin + 60]]
        rng.shuffle(said)
        storm.say(server, b"".join(msgpack.packb(c) for c in said), rng)


ARGUMENT = st.recursive(
    st.sampled_from(storm.ODD) | st.integers(0, 2**32) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=8,
)


def test_every_call_with_any_arguments(server):
    from hdsim.server.calls.table import table

    with storm.connect(server) as sock:

        @settings(max_examples=ROUNDS * 10, suppress_health_check=[HealthCheck.too_slow])
        @given(st.sampled_from(sorted(table())), st.lists(ARGUMENT, max_size=4))
        def ask(name, arguments):
            storm.ask(sock, name, *arguments)

        ask()


@settings(max_examples=ROUNDS * 2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), stream=st.booleans())
def test_any_bytes_on_either_port(live, data, stream):
    storm.say(live, data, random.Random(len(data)), stream)


HEAD = b"\x94\x00\x01\xa5hello"


@pytest.mark.parametrize(
    "data",
    [
        b"\xdd\xff\xff\xff\xff",
        HEAD + b"\xdd\xff\xff\xff\xff",
        HEAD + b"\xdb\xff\xff\xff\xff",
        HEAD + b"\xc6\x7f\xff\xff\xff" + bytes(1000),
        HEAD + b"\xc9\x7f\xff\xff\xff\x01",
        HEAD + b"\xdf\x7f\xff\xff\xff",
        HEAD + b"\x91" * 100_000,
        (HEAD + b"\xdd\x00\x00\xff\xff") + b"\xdd\x00\x00\xff\xff" * 10_000,
        b"\x94\x00\x01\xb6copy_opendrive_to_file\x93\x91\xc2\xdb\xff\xff\xff\xff" + bytes(100),
    ],
    ids=["array", "argument", "text", "binary", "extension", "map", "deep", "wide", "upload"],
)
def test_huge_lengths_and_half_messages(live, data):
    before = live.memory_mb()
    socks = [storm.connect(live) for _ in range(10)]
    for sock in socks:
        sock.sendall(data)
    with storm.connect(live) as other:
        assert storm.ask(other, "version") == [[1, "0.9.16"]]
        assert live.memory_mb() < before + 50.0
    for sock in socks:
        sock.close()


def test_unfinished_calls_do_not_fill_the_memory(server):
    before = server.memory_mb()
    head = b"\x94\x00\x01\xb6copy_opendrive_to_file\x93\x91\xc2\xdb\x03\xff\xff\xff"
    socks = [storm.connect(server) for _ in range(8)]
    closed = 0
    for sock in socks:
        try:
            sock.sendall(head + b"x" * (40 << 20))
        except OSError:
            closed += 1
    assert 0 < closed < len(socks)
    assert server.memory_mb() < before + 400.0
    for sock in socks:
        sock.close()


def test_a_message_longer_than_any_call_needs_is_refused(server):
    with storm.connect(server) as sock, pytest.raises(OSError, match=r"reset|Broken"):
        sock.sendall(HEAD + b"\xdb\x03\xff\xff\xff" + b"x" * (48 << 20))


def test_two_hundred_and_fifty_connections(server):
    callers = [storm.connect(server) for _ in range(150)]
    listeners = [storm.subscribe(server, 1) for _ in range(100)]
    storm.ask(callers[0], "set_episode_settings", storm.SYNCHRONOUS)
    for sock in callers:
        assert storm.ask(sock, "tick_cue")[0][0] == 1
    for sock in listeners:
        assert sock.recv(4)
    for sock in callers + listeners:
        sock.close()


def test_connect_and_vanish(server):
    rng = random.Random(3)
    for i in range(400):
        port = server.stream_port if i % 2 else server.port
        sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        if rng.random() < 0.5:
            sock.sendall(storm.call(1, "get_map_data")[: rng.randrange(30)])
        if rng.random() < 0.5:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RUDE)
        sock.close()


def test_a_listener_that_does_not_read_holds_up_nobody_and_finds_the_present_frame(server):
    deaf = [storm.subscribe(server, 1) for _ in range(20)]
    before = server.memory_mb()
    with storm.connect(server) as sock:
        storm.ask(sock, "set_episode_settings", storm.SYNCHRONOUS)
        for _ in range(40):  # an actor each, to make frames long
            storm.ask(sock, "get_spectator")
        began = time.monotonic()
        for _ in range(4000):
            (_, last) = storm.ask(sock, "tick_cue")[0]
        assert time.monotonic() - began < 30.0
        assert server.memory_mb() < before + 30.0
        frames = _frames(deaf[0], last)
    assert frames[-1] == last
    assert frames == sorted(frames)
    assert len(frames) < 4000
    for sock in deaf:
        sock.close()


def _frames(sock: socket.socket, last: int | None) -> list[int]:
    """Numbers of the frames that come, up to the last; of the first alone if that is None."""
    data, frames = b"", []
    while not frames or last not in (None, frames[-1]):
        part = sock.recv(1 << 20)
        assert part, "the stream ended"
        data += part
        while len(data) >= 4 and len(data) >= 4 + (size := struct.unpack_from("<I", data)[0]):
            frames.append(struct.unpack_from("<QQ", data, 4)[1])
            data = data[4 + size :]
    return frames


def _ask_for_ever(sock: socket.socket, name: str) -> None:
    while True:
        sock.sendall(storm.call(1, name) * 1000)


def test_a_caller_that_does_not_read_is_let_go(server):
    before = server.memory_mb()
    with storm.connect(server) as deaf:
        with pytest.raises(OSError, match=r"reset|Broken|timed out"):
            _ask_for_ever(deaf, "get_map_data")
        with storm.connect(server) as other:
            assert storm.ask(other, "version") == [[1, "0.9.16"]]
        assert server.memory_mb() < before + 100.0


def test_a_caller_that_never_stops_does_not_hold_up_a_frame(server):
    with storm.connect(server) as babbler, storm.connect(server) as owner:
        storm.ask(owner, "set_episode_settings", storm.SYNCHRONOUS)
        storm.ask(owner, "add_traffic_manager_running", ["127.0.0.1", 8001])
        with storm.subscribe(server, 1) as stream:
            babbler.sendall(storm.call(1, "version") * 20_000)
            (_, last) = storm.ask(owner, "tick_cue")[0]
            stream.settimeout(5.0)
            assert _frames(stream, last)[-1] == last


def test_a_manager_that_never_stops_asking_does_not_hold_up_frames(server):
    with storm.connect(server) as owner, storm.subscribe(server, 1) as stream:
        storm.ask(owner, "set_episode_settings", storm.SYNCHRONOUS)
        storm.ask(owner, "add_traffic_manager_running", ["127.0.0.1", 8003])
        owner.sendall(storm.call(1, "get_episode_settings") * 50_000 + storm.call(9, "tick_cue"))
        stream.settimeout(20.0)
        (first,) = _frames(stream, None)
        began = time.monotonic()
        assert _frames(stream, first + 1) == [first + 1]
        assert time.monotonic() - began < 10.0


def test_a_client_that_dies_in_mid_step_leaves_its_actors_and_not_its_manager(server):
    with storm.connect(server) as other:
        dying = storm.connect(server)
        storm.ask(dying, "set_episode_settings", storm.SYNCHRONOUS)
        before = len(storm.ask(other, "get_actors_by_id", list(range(1, 200)))[0][1])
        pose = [[0.0, 0.0, 50.0], [0.0, 0.0, 0.0]]
        car = storm.ask(dying, "spawn_actor", [0, "vehicle.tesla.model3", []], pose)[0][1]
        storm.ask(dying, "add_traffic_manager_running", ["10.1.1.1", 8002])
        assert storm.ask(other, "is_traffic_manager_running", 8002) == [[1, True]]
        dying.sendall(storm.call(1, "tick_cue") + storm.call(2, "tick_cue")[:-3])
        dying.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RUDE)
        dying.close()
        end = time.monotonic() + 5.0
        while storm.ask(other, "is_traffic_manager_running", 8002) != [[1, False]]:
            assert time.monotonic() < end, "the registration outlived its client"
        known = storm.ask(other, "get_actors_by_id", [*range(1, 200), car[0]])[0][1]
        assert car[0] in {a[0] for a in known}
        assert len(known) >= before


def test_more_connections_than_files_are_refused_and_served_again(tmp_path: Path):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (150, hard))
    try:
        with storm.target(tmp_path / "log") as t:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            socks = [storm.connect(t) for _ in range(300)]
            assert storm.ask(socks[0], "version") == [[1, "0.9.16"]]
            with pytest.raises((AssertionError, ConnectionError)):
                storm.ask(socks[-1], "version")
            for sock in socks:
                sock.close()
            storm.check_health(t)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_names_that_are_kept_have_an_end(server):
    pose = [[0.0, 0.0, 80.0], [0.0, 0.0, 0.0]]
    with storm.connect(server) as sock:
        long = [0, "vehicle.tesla.model3", [["role_name", 4, "x" * 2000]]]
        (answer,) = storm.ask(sock, "spawn_actor", long, pose)
        assert answer == [0, ["expected at most 1024 characters, got 2000"]]
        (answer,) = storm.ask(sock, "add_traffic_manager_running", ["127.0.0.1", 70000])
        assert answer == [0, ["expected a port, 1 to 65535, got 70000"]]
