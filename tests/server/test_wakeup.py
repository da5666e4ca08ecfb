"""A Traffic Manager that slept through a frame is woken, and no other."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time

import msgpack
import pytest

from hdsim.server import wakeup
from hdsim.server.server import Server
from hdsim.server.town import load_town
from tests.server.storm import SYNCHRONOUS, ask, call

SLEEPER = [["health_check_remote_TM", []], ["set_synchronous_mode", [False]]]
SLEEPER += [["set_synchronous_mode", [True]]]


class Manager:
    """A Traffic Manager's own server, that notes what it is asked."""

    def __init__(self, alive=True):
        self.asked, self.packets, self._alive = [], 0, alive
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with sock:
                calls = msgpack.Unpacker()
                while data := sock.recv(4096):
                    self.packets += 1
                    calls.feed(data)
                    for _, number, name, args in calls:
                        self.asked.append([name, args])
                        if self._alive:
                            sock.sendall(msgpack.packb([1, number, None, None]))

    def close(self):
        self._listener.close()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(wakeup, "SUSPICIOUS_S", 0.2)
    monkeypatch.setattr(wakeup, "CONFIRMED_S", 0.1)
    made = Server(load_town("grid"), load_town, synchronous=True)
    end, hold = os.pipe()
    made.stop_on_eof(end)
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    os.close(hold)
    thread.join(10)
    os.close(end)
    made.close()


class Client:
    """Ticks as CARLA's client does."""

    def __init__(self, server):
        self.sock = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        self.stream = socket.create_connection(("127.0.0.1", server.stream_port), timeout=5)
        self.stream.sendall(struct.pack("<I", 1))
        ask(self.sock, "set_episode_settings", SYNCHRONOUS)

    def tick(self, cycles=1):
        """The cue, the frame, then a cycle of each Traffic Manager."""
        (_, cued) = ask(self.sock, "tick_cue")[0]
        while self._frame() < cued:
            pass
        for _ in range(cycles):
            for name in ("get_vehicle_light_states", "get_weather_parameters"):
                ask(self.sock, name)
            ask(self.sock, "apply_batch", [], False)
            ask(self.sock, "get_episode_settings")

    def _frame(self):
        size = struct.unpack("<I", self.stream.recv(4, socket.MSG_WAITALL))[0]
        return struct.unpack_from("<QQ", self.stream.recv(size, socket.MSG_WAITALL))[1]


@pytest.fixture
def client(server):
    made = Client(server)
    yield made
    made.sock.close()
    made.stream.close()


def managers(client, count, **more):
    made = sorted((Manager(**more) for _ in range(count)), key=lambda m: m.port)
    for m in made:
        ask(client.sock, "add_traffic_manager_running", ["203.0.113.1", m.port])
    return made


def test_one_that_misses_a_frame_is_woken_in_one_message(client):
    (manager,) = managers(client, 1)
    for _ in range(3):
        client.tick()
    client.tick(cycles=0)
    time.sleep(0.8)
    assert manager.asked == SLEEPER
    assert manager.packets == 2
    client.tick(cycles=2)  # the cycle that it owed, and its own
    time.sleep(0.5)
    assert manager.asked == SLEEPER


def test_of_two_the_one_whose_turn_it_is_is_woken(client):
    first, second = managers(client, 2)
    for _ in range(3):
        client.tick(cycles=2)
    client.tick(cycles=1)
    time.sleep(0.8)
    assert first.asked == []
    assert second.asked == SLEEPER


def test_a_program_that_thinks_between_two_ticks_is_left_alone(client):
    (manager,) = managers(client, 1)
    for _ in range(3):
        client.tick()
    time.sleep(0.8)
    assert manager.asked == []


def test_a_manager_that_came_after_the_frame_is_left_alone(client):
    (first,) = managers(client, 1)
    for _ in range(3):
        client.tick()
    (second,) = managers(client, 1)
    time.sleep(0.8)
    assert first.asked == second.asked == []


def test_one_that_misses_its_first_frame_is_woken(client):
    (manager,) = managers(client, 1)
    client.tick(cycles=0)
    time.sleep(0.8)
    assert manager.asked == SLEEPER


def test_one_that_runs_by_itself_and_has_no_vehicle_is_left_alone(client):
    """In asynchronous mode: no batch, but a question after every look for a new frame."""
    (manager,) = managers(client, 1)
    for _ in range(3):
        client.tick(cycles=0)
        ask(client.sock, "get_episode_settings")
    time.sleep(0.8)
    assert manager.asked == []


def test_a_process_that_stands_still_is_asked_and_not_woken(client):
    (manager,) = managers(client, 1, alive=False)
    for _ in range(3):
        client.tick()
    client.tick(cycles=0)
    time.sleep(0.9)
    assert manager.asked
    assert all(a == SLEEPER[0] for a in manager.asked)


def test_a_client_that_goes_while_it_is_watched_is_forgotten(server, client):
    (manager,) = managers(client, 1)
    for _ in range(3):
        client.tick()
    client.sock.sendall(call(1, "tick_cue"))
    client.sock.close()
    time.sleep(0.5)
    assert manager.asked == []
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as other:
        assert ask(other, "version") == [[1, "0.9.16"]]
