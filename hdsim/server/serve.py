"""Serving a map until told to stop."""

from __future__ import annotations

import gc
import logging
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from hdsim.server.navigation import navmesh
from hdsim.server.physics.profiles import Physics
from hdsim.server.server import Server
from hdsim.server.town import load_town
from hdsim.server.wire.transcript import WireLog


@dataclass(frozen=True, slots=True)
class Watch:
    """What to write down about a session; nothing costs anything that is not asked for.

    Attributes:
        wire: File for everything that is sent (``hdsim.server.wire.transcript``).
        profile: File for where the time goes (``hdsim.server.profile``).
    """

    wire: Path | None = None
    profile: Path | None = None


def serve(
    map_name: str,
    host: str = "127.0.0.1",
    port: int = 0,
    stream_port: int = 0,
    exit_with_stdin: bool = False,
    synchronous: bool = False,
    watch: Watch = Watch(),
    stub_cameras: bool = False,
    physics: Physics = Physics.CARLA,
    recordings: Path | None = None,
    navigation: bool = True,
) -> None:
    """Serves a map until interrupted; prints ``hdsim server ready port=N`` once it listens.

    Args:
        map_name: Town name, path of an ``.xodr`` file, or name of a built-in map.
        host: Address to listen on.
        port: Port for remote calls; 0 takes a free one.
        stream_port: Port for streams; 0 takes a free one.
        exit_with_stdin: End when standard input does, so that the server dies with its parent.
        synchronous: Begin in synchronous mode. A server that begins as CARLA does lets time pass
            until the first client takes over, and how much depends on the wall clock.
        watch: What to write down.
        stub_cameras: Let cameras be spawned, which send blank frames; nothing is rendered.
        physics: CARLA's very grippy cars, or cars with published limits.
        recordings: Folder for what clients record; without one they cannot.
        navigation: Serve the navigation mesh of AI walkers, which every client then loads when it
            connects.

    Raises:
        InputError: If the map cannot be used, a port is taken, or a file cannot be written.
    """
    logging.basicConfig(format="hdsim server: %(message)s")
    wire = WireLog(watch.wire) if watch.wire is not None else None
    town = load_town(map_name, "--map")
    if navigation:  # built here the first time, and not in a client's first call
        navmesh.navigation(town.name, town.xodr)
    server = Server(
        town, load_town, host, port, stream_port, synchronous, wire, stub_cameras, physics,
        recordings, navigation,
    )  # fmt: skip
    profile = None
    if watch.profile is not None:
        from hdsim.server.profile import Profile

        profile = Profile()
        profile.clock()
    if exit_with_stdin:
        server.stop_on_eof(sys.stdin.fileno())
    signal.signal(signal.SIGTERM, _interrupt)
    gc.freeze()  # map and call tables live as long as the server: no collection need look at them
    try:
        print(f"hdsim server ready port={server.port}", flush=True)
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
        if wire is not None:
            wire.close()
        if profile is not None and watch.profile is not None:
            profile.write(watch.profile)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
