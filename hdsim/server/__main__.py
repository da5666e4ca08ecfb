"""``python -m hdsim.server``: the server as a process of its own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hdsim.core.errors import HdsimError
from hdsim.server.physics.profiles import Physics
from hdsim.server.serve import Watch, serve


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
    parser.add_argument(
        "--synchronous", action="store_true", help="begin in synchronous mode, at frame 1"
    )
    parser.add_argument(
        "--stub-cameras", action="store_true", help="let cameras be spawned: they send blank frames"
    )
    parser.add_argument(
        "--physics",
        type=Physics,
        choices=list(Physics),
        default=Physics.CARLA,
        help="very grippy cars as CARLA's, or published limits",
    )
    parser.add_argument("--recordings", type=Path, help="folder for what clients record")
    parser.add_argument(
        "--no-navigation", action="store_true", help="serve no navigation mesh: no AI walkers"
    )
    parser.add_argument("--record-wire", type=Path, help="write all that is sent to this file")
    parser.add_argument("--profile", type=Path, help="write where the time goes to this file")
    a = parser.parse_args(arguments)
    watch = Watch(a.record_wire, a.profile)
    try:
        serve(
            a.map, a.host, a.port, a.stream_port, a.exit_with_stdin, a.synchronous, watch,
            a.stub_cameras, a.physics, a.recordings, not a.no_navigation,
        )  # fmt: skip
    except HdsimError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
