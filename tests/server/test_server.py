"""The server on real sockets: garbage, cut connections, frames, and its command line."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import msgpack
import pytest

from hdsim.server.server import Server
from hdsim.server.town import load_town


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server(load_town("grid"), load_town)
    end, hold = os.pipe()
    made.stop_on_eof(end)
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    os.close(hold)
    thread.join(10)
    os.close(end)
    assert not thread.is_alive()
    made.close()


class Client:
    """Just enough of a client to say what the real one would never say."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._answers = msgpack.Unpacker()

    def call(self, name, *args):
        self.sock.sendall(msgpack.packb([0, 7, name, [[False], *args]]))
        return self.read()

    def read(self):
        while True:
            for answer in self._answers:
                return answer
            data = self.sock.recv(65536)
            assert data, "the server closed the connection"
            self._answers.feed(data)

    def closed(self):
        try:
            return self.sock.recv(65536) == b""
        except ConnectionResetError:
            return True


def subscribe(server, stream):
    sock = socket.create_connection(("127.0.0.1", server.stream_port), timeout=5)
    sock.sendall(struct.pack("<I", stream))
    return sock


def exactly(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        assert part, "the stream ended"
        data += part
    return data


def message(sock):
    return exactly(sock, struct.unpack("<I", exactly(sock, 4))[0])


SYNCHRONOUS = [True, False, [True, 0.05], True, 0.01, 10, 0.0, True, 3000.0, 2000.0, True]


def test_an_unknown_function_is_an_rpc_error(server):
    assert Client(server.port).call("fly") == [1, 7, "unknown function 'fly'", None]


def test_a_cue_is_answered_with_the_frame_that_follows(server):
    client = Client(server.port)
    client.call("set_episode_settings", SYNCHRONOUS)
    stream = subscribe(server, 1)
    latest = struct.unpack_from("<QQ", message(stream))
    for ahead in range(1, 4):
        answer = client.call("tick_cue")
        assert answer == [1, 7, None, [[1, latest[1] + ahead]]]
        assert struct.unpack_from("<QQ", message(stream)) == (17, latest[1] + ahead)


def test_several_calls_in_one_packet_and_one_call_in_several(server):
    client = Client(server.port)
    whole = msgpack.packb([0, 1, "version", [[False]]])
    client.sock.sendall(whole + whole + whole[:5])
    assert [client.read()[3], client.read()[3]] == [[[1, "0.9.16"]]] * 2
    client.sock.sendall(whole[5:])
    assert client.read()[3] == [[1, "0.9.16"]]


@pytest.mark.parametrize(
    "garbage", [b"\xc1" * 100, b"GET / HTTP/1.1\r\n\r\n", b"\x94\x01\x07\xc0\xc0"]
)
def test_garbage_closes_that_connection_and_no_other(server, garbage):
    other, bad = Client(server.port), Client(server.port)
    bad.sock.sendall(garbage)
    assert bad.closed()
    assert other.call("version")[3] == [[1, "0.9.16"]]


def test_a_client_that_leaves_in_the_middle_of_a_call_harms_nobody(server):
    for _ in range(20):
        leaver = Client(server.port)
        leaver.sock.sendall(msgpack.packb([0, 1, "get_map_data", [[False]]])[:-2])
        leaver.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        leaver.sock.close()
        gone = subscribe(server, 1)
        gone.close()
    client = Client(server.port)
    client.call("set_episode_settings", SYNCHRONOUS)
    assert client.call("tick_cue")[3][0][0] == 1


def test_a_stream_that_nobody_feeds_stays_silent_and_odd_ids_do_no_harm(server):
    sock = subscribe(server, 0xFFFFFFFF)
    sock.sendall(b"more than four bytes")
    assert Client(server.port).call("version")[3] == [[1, "0.9.16"]]


def test_a_manager_is_forgotten_when_its_client_is_gone(server):
    owner, other = Client(server.port), Client(server.port)
    owner.call("add_traffic_manager_running", ["10.0.0.1", 8123])
    assert other.call("is_traffic_manager_running", 8123)[3] == [[1, True]]
    owner.sock.close()
    for _ in range(100):
        if other.call("is_traffic_manager_running", 8123)[3] == [[1, False]]:
            return
    pytest.fail("still registered")


def run(*arguments: str, **more) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hdsim.server", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **more)


def test_a_port_in_use_is_an_input_error(server):
    done = run("--map", "grid", "--port", str(server.port))
    assert done.returncode == 2
    assert f"error: --port = {server.port}, expected a free port on 127.0.0.1" in done.stderr


def test_a_missing_map_says_where_it_looked():
    done = run("--map", "Atlantis", "--port", "0")
    assert done.returncode == 2
    assert done.stderr.startswith("error: --map = 'Atlantis'")
    assert "looked for Atlantis.xodr in" in done.stderr


def test_a_truncated_map_names_file_and_line(tmp_path):
    path = tmp_path / "cut.xodr"
    path.write_text('<?xml version="1.0"?>\n<OpenDRIVE>\n  <road id="0"')
    done = run("--map", str(path), "--port", "0")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {path}:3, expected well-formed XML (")


@pytest.fixture
def process() -> Iterator[Callable[[], subprocess.Popen[str]]]:
    started = []

    def start():
        command = [sys.executable, "-m", "hdsim.server", "--map", "grid", "--port", "0"]
        p = subprocess.Popen(
            [*command, "--exit-with-stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A shell that runs the tests in the background has them ignore the interrupt.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        started.append(p)
        assert p.stdout.readline().startswith("hdsim server ready port=")
        return p

    yield start
    for p in started:
        p.kill()
        p.wait()
        for pipe in (p.stdin, p.stdout, p.stderr):
            pipe.close()


def test_it_dies_with_its_parent(process):
    p = process()
    p.stdin.close()
    assert p.wait(10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(process, number):
    p = process()
    p.send_signal(number)
    assert p.wait(10) == 0
    assert p.stderr.read() == ""


def test_a_synchronous_start_waits_for_the_first_cue():
    made = Server(load_town("grid"), load_town, synchronous=True)
    end, hold = os.pipe()
    made.stop_on_eof(end)
    thread = threading.Thread(target=made.run)
    thread.start()
    stream = subscribe(made, 1)
    assert struct.unpack_from("<QQ", message(stream)) == (17, 1)
    stream.settimeout(0.3)
    with pytest.raises(TimeoutError):
        stream.recv(1)
    os.close(hold)
    thread.join(10)
    os.close(end)
    made.close()
