"""The server under contract, and the way to run a client program against it.

Programs run in processes of their own: a wrong answer on one of the client's threads aborts its
process, and that must fail one test and not the whole run.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[Callable[..., str]]:
    """``embedded_server("Town01")``: address of a server with that map, one process per call.

    More arguments are options of ``python -m hdsim.server``.
    """
    started: list[subprocess.Popen[str]] = []

    def start(town: str, *options: str) -> str:
        command = [sys.executable, "-m", "hdsim.server", "--map", town]
        process = subprocess.Popen(
            [*command, *options, "--port", "0", "--exit-with-stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready.startswith("hdsim server ready port="), ready
        return f"127.0.0.1:{ready.strip().rpartition('=')[2]}"

    yield start
    for process in started:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        assert process.wait(10) == 0
        process.stdout.close()


@pytest.fixture(scope="session")
def carla_address(request: pytest.FixtureRequest, embedded_server: Callable[..., str]) -> str:
    """HOST:PORT of the server under contract: the embedded one, or ``--carla HOST:PORT``."""
    given = request.config.getoption("--carla")
    return given or embedded_server("grid", "--no-navigation")


@pytest.fixture(scope="session")
def walkable_address(request: pytest.FixtureRequest, embedded_server: Callable[..., str]) -> str:
    """As ``carla_address``, with a navigation mesh for AI walkers."""
    given = request.config.getoption("--carla")
    return given or embedded_server("grid")


@pytest.fixture
def program() -> Callable[..., dict[str, Any]]:
    """Runs a function of a file of programs in its own process and returns what it reports."""

    def run(
        name: str, address: str, timeout: float = 60.0, programs: str = "programs.py"
    ) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, str(HERE / programs), name, address],
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run
