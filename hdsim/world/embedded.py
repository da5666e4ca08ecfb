"""Starts the embedded server as a process of its own that cannot outlive its parent."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

from hdsim.core.cores import own_pair
from hdsim.core.errors import InfrastructureError


@contextlib.contextmanager
def core_each(server_pid: int) -> Iterator[None]:
    """Keeps this thread, those it starts, and the server on a core each, as ``own_pair`` says."""
    cores = own_pair()
    if cores is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(server_pid, {cores[1]})
    os.sched_setaffinity(0, {cores[0]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def embedded_server(map_name: str) -> Iterator[tuple[str, int]]:
    """``(host, port)`` of a fresh embedded server with the map loaded, on an ephemeral port.

    The server holds the read end of a pipe from this process and leaves when it closes, so it
    goes away even if this process is killed. A worker of a batch keeps itself and its server on a
    core each.

    Raises:
        InfrastructureError: If it does not come up; carries its own last words.
    """
    command = [sys.executable, "-m", "hdsim.server", "--map", map_name, "--port", "0"]
    process = subprocess.Popen(
        [*command, "--exit-with-stdin", "--synchronous"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with core_each(process.pid):
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
