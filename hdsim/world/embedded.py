"""Starts the embedded server as a process of its own that cannot outlive its parent."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

from hdsim.core.cores import beside_server
from hdsim.core.errors import InfrastructureError


@contextlib.contextmanager
def embedded_server(map_name: str, navigation: bool = False) -> Iterator[tuple[str, int]]:
    """``(host, port)`` of a fresh embedded server with the map loaded, on an ephemeral port.

    The server holds the read end of a pipe from this process and leaves when it closes, so it
    goes away even if this process is killed. In a worker of a batch this thread, and the client's
    threads it starts, share the server's core (``hdsim.core.cores``).

    Args:
        map_name: Town, ``.xodr`` file or built-in map.
        navigation: Serve the navigation mesh of AI walkers.

    Raises:
        InfrastructureError: If it does not come up; carries its own last words.
    """
    command = [sys.executable, "-m", "hdsim.server", "--map", map_name, "--port", "0"]
    process = subprocess.Popen(
        [*command, "--exit-with-stdin", "--synchronous"]
        + ([] if navigation else ["--no-navigation"]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with beside_server(process.pid):
            ready = process.stdout.readline()
            if "port=" not in ready:
                raise InfrastructureError(
                    f"the embedded server did not start (exit {process.wait(timeout=10)})"
                )
            yield "127.0.0.1", int(ready.rsplit("port=", 1)[1].split()[0])
    finally:
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
