"""``python -m hdsim.server``: the server as a process of its own."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from hdsim.core.errors import HdsimError
from hdsim.server.server import Server
from hdsim.server.town import load_town


def serve(
    map_name: str,
    host: str = "127.0.0.1",
    port: int = 0,
    stream_port: int = 0,
    exit_with_stdin: bool = False,
) -> None:
    """Serves a map until interrupted; prints ``hdsim server ready port=N`` once it listens.

    Args:
        map_name: Town name, path of an ``.xodr`` file, or name of a built-in map.
        host: Address to listen on.
        port: Port for remote calls; 0 takes a free one.
        stream_port: Port for streams; 0 takes a free one.
        exit_with_stdin: End when standard input does, so that the server dies with its parent.

    Raises:
        InputError: If the map cannot be used or a port is taken.
    """
    server = Server(load_town(map_name, "--map"), load_town, host, port, stream_port)
    if exit_with_stdin:
        server.stop_on_eof(sys.stdin.fileno())
    signal.signal(signal.SIGTERM, _interrupt)
    gc.freeze()  # map and call tables live as long as the server: no collection need look at them
    print(f"hdsim server ready port={server.port}", flush=True)
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser("python -m hdsim.server", description=__doc__)
    parser.add_argument("--map", required=True, help="town name, .xodr file or built-in map")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=2000, help="0 takes a free one")
    parser.add_argument("--stream-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--exit-with-stdin", action="store_true", help="end when standard input does"
    )
    a = parser.parse_args(arguments)
    try:
        serve(a.map, a.host, a.port, a.stream_port, a.exit_with_stdin)
    except HdsimError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
