"""The ticker steps as ``world.tick()`` does, hands the frame over early, and fails loudly."""

import os
import signal
from pathlib import Path

import carla
import pytest

from hdsim.road.maps import find_map
from hdsim.run.stage import free_port
from hdsim.world.embedded import embedded_server
from hdsim.world.session import SpawnRequest, open_session
from hdsim.world.ticker import Ticker

STEP_S = 0.05


def places(steps, with_ticker):
    """Where a Traffic Manager vehicle is after each step."""
    with (
        embedded_server("grid") as (host, port),
        open_session(host, port, find_map("grid"), STEP_S) as session,
    ):
        at = session.world.get_map().get_spawn_points()[0]
        at.location.z += 0.5
        (car,) = session.spawn([SpawnRequest("car", "vehicle.tesla.model3", at, "hero")])
        manager = free_port()
        session.traffic_manager(manager, 1)
        car.set_autopilot(True, manager)
        seen = []
        if with_ticker:
            with Ticker(session.world) as ticker:
                for _ in range(steps):
                    ticker.advance()
                    snapshot = session.world.get_snapshot()
                    there = snapshot.find(car.id).get_transform().location
                    ticker.settle()
                    seen.append((snapshot.frame, there.x, there.y))
        else:
            for _ in range(steps):
                session.world.tick()
                snapshot = session.world.get_snapshot()
                there = snapshot.find(car.id).get_transform().location
                seen.append((snapshot.frame, there.x, there.y))
    return seen


def test_it_steps_as_a_plain_tick_does():
    plain = places(120, with_ticker=False)
    assert plain[-1][1:] != plain[0][1:], "the car should have driven"
    assert places(120, with_ticker=True) == plain


def test_a_server_that_stops_answering_is_an_error_and_not_a_hang():
    others = servers()
    with embedded_server("grid") as (host, port):
        (pid,) = servers() - others
        client = carla.Client(host, port)
        client.set_timeout(2.0)
        with Ticker(client.get_world()) as ticker:
            ticker.advance()
            ticker.settle()
            os.kill(pid, signal.SIGSTOP)
            try:
                with pytest.raises(RuntimeError, match="time-out"):
                    ticker.advance()
            finally:
                os.kill(pid, signal.SIGCONT)


def servers():
    """Process ids of this process's embedded servers."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            command = (folder / "cmdline").read_text()
        except OSError:
            continue  # it has ended meanwhile
        if parent == os.getpid() and "hdsim.server" in command:
            found.add(int(folder.name))
    return found
