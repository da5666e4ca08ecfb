"""Wakes a Traffic Manager that has slept through a frame.

The client's Traffic Manager tests its wake-up flag and goes to sleep without holding on to the
flag in between; a frame that comes just then is never noticed, and ``world.tick()`` waits for ever
(CARLA 0.9.16, ``TrafficManagerLocal::Run`` and ``SynchronousTick``). The quiet wait before a frame
makes this rare; on a machine with too much to do it still came about once in 90,000 ticks.

What it looks like from here: a client that has run a cycle for every frame, or whose Traffic
Manager is to run its first, cues one more and is then silent. (A Traffic Manager in asynchronous
mode asks for the episode's settings without pause.) Such a client is asked, over the Traffic
Manager's own port, whether it is alive; if it is, and stays silent, the Traffic Manager is told to
leave synchronous mode and to enter it again, in one message: leaving notifies the sleeper, which
runs the one cycle that it owed, of the same frame. So a woken session goes on as if nothing had
been lost.
"""

from __future__ import annotations

import logging
import socket
import time

import msgpack

from hdsim.server.calls.table import Session
from hdsim.server.wire.connections import RpcConnection

# Silence after a frame that is not a cycle being computed [s], and how much longer it must last
# once the client has said that it is alive [s]. Cycles take milliseconds.
SUSPICIOUS_S, CONFIRMED_S = 2.0, 0.5
# How long a Traffic Manager may take to answer [s]; nobody else is served meanwhile.
_ANSWER_S = 0.25

_log = logging.getLogger(__name__)


class Waker:
    """Watches the client that cued the last frame, if it runs Traffic Managers.

    Args:
        session: Knows which Traffic Managers there are.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._watched: RpcConnection | None = None
        self._ports: list[int] = []
        self._calls, self._steady = 0, False
        self._due_s = 0.0
        self._alive = False

    def published(self, cued_by: RpcConnection) -> None:
        """A frame went out; starts to watch a client that runs Traffic Managers."""
        self._ports = self._ports_of(cued_by)
        self._steady = cued_by.batches >= len(self._ports)
        cued_by.batches = 0
        self._watched, self._calls = (cued_by if self._ports else None), cued_by.calls
        self._due_s, self._alive = time.perf_counter() + SUSPICIOUS_S, False

    def patience(self) -> float | None:
        """How long there is nothing to do [s]; None is for ever."""
        if self._watched is None:
            return None
        return max(self._due_s - time.perf_counter(), 0.0)

    def check(self) -> None:
        """Looks after the watched client if it is time to; cheap if it is not."""
        peer, now = self._watched, time.perf_counter()
        if peer is None or now < self._due_s:
            return
        ports = self._ports
        # Traffic Managers run one after the other, by port; each ends its cycle with a batch.
        done = peer.batches >= len(ports) or ports != self._ports_of(peer)
        # Without a cycle before, calls may be those of a Traffic Manager in asynchronous mode.
        unsure = not self._steady and peer.calls != self._calls
        if not peer.open or done or unsure:
            self._watched = None
        elif now < peer.last_call_s + SUSPICIOUS_S:
            self._due_s, self._alive = peer.last_call_s + SUSPICIOUS_S, False
        elif not self._alive:
            self._alive = _ask(peer, ports[peer.batches], ("health_check_remote_TM",))
            self._due_s = time.perf_counter() + (CONFIRMED_S if self._alive else SUSPICIOUS_S)
        else:
            self._watched = None
            port = ports[peer.batches]
            mode = "set_synchronous_mode"
            woken = _ask(peer, port, (mode, False), (mode, True))
            outcome = "woken" if woken else "could not be woken"
            _log.warning("the Traffic Manager on port %d slept through a frame: %s", port, outcome)

    def _ports_of(self, peer: RpcConnection) -> list[int]:
        return sorted(p for p, (_, n) in self._session.managers.items() if n == peer.number)


def _ask(peer: RpcConnection, port: int, *calls: tuple[object, ...]) -> bool:
    """Makes calls to a Traffic Manager in one message; whether all were answered without error."""
    message = b"".join(msgpack.packb([0, i, c[0], c[1:]]) for i, c in enumerate(calls))
    answers = msgpack.Unpacker(max_buffer_size=1 << 16)
    seen: list[object] = []
    try:
        host = peer.sock.getpeername()[0]
        with socket.create_connection((host, port), timeout=_ANSWER_S) as sock:
            sock.sendall(message)
            while len(seen) < len(calls):
                data = sock.recv(4096)
                if not data:
                    return False
                answers.feed(data)
                seen += list(answers)
    except (OSError, ValueError, msgpack.UnpackException):
        return False
    return all(isinstance(a, list) and len(a) == 4 and a[2] is None for a in seen)
