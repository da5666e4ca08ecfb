"""Where a server's time goes, tick by tick: ``--profile FILE``.

While it is off nothing here is imported and no function carries a clock. While it is on, the
functions named below are wrapped, each part counting its own time without that of the parts it
calls. Times are of the thread's CPU clock, so that other work on the machine does not count and
waiting is free; the clocks themselves cost some microseconds a tick.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from hdsim.server.server import Server

PARTS = {
    "codec": (
        "hdsim.server.wire.msgrpc:RequestReader.feed",
        "hdsim.server.server:answer",
        "hdsim.server.server:box_answer",
    ),
    "calls": ("hdsim.server.server:dispatch",),
    "dynamics": ("hdsim.server.physics.dynamics:step",),
    "collisions": (
        "hdsim.server.physics.collisions:contacts",
        "hdsim.server.physics.impacts:resolve",
    ),
    "lights and surface": (
        "hdsim.server.physics.surface:Surface.settle",
        "hdsim.server.lights:Lights.advance",
        "hdsim.server.lights:Approaches.concern",
        "hdsim.server.lights:report",
    ),
    "frame": ("hdsim.server.simulation:Simulation.frame_message",),
    "send": (
        "hdsim.server.wire.connections:Connection.send",
        "hdsim.server.wire.connections:Connection.receive",
        "selectors:DefaultSelector.select",
    ),
    "rest of the step": ("hdsim.server.simulation:Simulation.step",),
    "spin": ("hdsim.server.server:Server._spin", "hdsim.server.server:Server._wait_for_quiet"),
}


class Profile:
    """Seconds of each part, summed since the start, noted at every frame."""

    def __init__(self) -> None:
        self._spent = dict.fromkeys(PARTS, 0.0)
        self._inner = 0.0
        self._frames: list[list[float]] = []

    def clock(self) -> None:
        """Puts the clocks on, for the life of the process."""
        for part, names in PARTS.items():
            for name in names:
                module, _, path = name.partition(":")
                owner_path, _, attribute = path.rpartition(".")
                owner = resolve_name(f"{module}:{owner_path}" if owner_path else module)
                setattr(owner, attribute, self._clocked(part, getattr(owner, attribute)))
        publish = Server._publish

        def publish_and_note(server: Server) -> None:
            publish(server)
            self._frames.append([*self._spent.values(), time.process_time()])

        setattr(Server, "_publish", publish_and_note)  # noqa: B010 - mypy forbids the plain way

    def _clocked(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            outer, self._inner = self._inner, 0.0
            began = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent = time.thread_time() - began
                self._spent[part] += spent - self._inner
                self._inner = outer + spent

        return run

    def write(self, path: Path) -> None:
        """Writes ``{"parts": [names], "frames": [[seconds so far, ..., CPU seconds], ...]}``."""
        data = {"parts": list(PARTS), "frames": self._frames}
        path.write_text(json.dumps(data), encoding="utf-8")
