"""Sockets at the rim: one thread, one selector, remote calls in and snapshots out."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from typing import Any

from hdsim.core.errors import InputError
from hdsim.server import calls_actors
from hdsim.server.calls import Session, dispatch, table
from hdsim.server.connections import Connection, RpcConnection, StreamConnection
from hdsim.server.msgrpc import BoxRequest, ProtocolError, Request, answer, box_answer, refusal
from hdsim.server.shapes import Settings
from hdsim.server.simulation import DEFAULT_STEP_S, Collision, Simulation
from hdsim.server.spinning import Spinner
from hdsim.server.streams import SUBSCRIPTION, WORLD_STREAM, collision_event
from hdsim.server.town import Town

# The client's Traffic Manager goes to sleep with an unguarded test of its wake-up flag; a frame
# that arrives in between is never noticed and ``world.tick()`` hangs for ever. So while a Traffic
# Manager is registered a frame is published only after this long without a call [s].
QUIET_S = 150e-6
# After a frame the Traffic Manager's first call is on its way: looking for it for this long [s]
# costs less than sleeping until it comes.
FRAME_SPIN_S = 300e-6


class Server:
    """A CARLA server on two TCP ports.

    Args:
        town: The map to begin with.
        find_town: Finds the map of a name that a client asks for; raises ``InputError``.
        host: Address to listen on.
        port: Port for remote calls; 0 takes a free one.
        stream_port: Port for streams; 0 takes a free one. Clients learn it from the server.
        synchronous: Begin in synchronous mode with a step of 0.05 s, so that no time passes
            before the first cue.

    Raises:
        InputError: If a port is taken.

    Attributes:
        port: The port for remote calls.
        stream_port: The port for streams.
    """

    def __init__(
        self,
        town: Town,
        find_town: Callable[[str], Town],
        host: str = "127.0.0.1",
        port: int = 0,
        stream_port: int = 0,
        synchronous: bool = False,
    ) -> None:
        self._selector = selectors.DefaultSelector()
        self._rpc_listener = _listen(host, port, "--port")
        self._stream_listener = _listen(host, stream_port, "--stream-port")
        self.port: int = self._rpc_listener.getsockname()[1]
        self.stream_port: int = self._stream_listener.getsockname()[1]
        self._selector.register(self._rpc_listener, selectors.EVENT_READ, self._accept_rpc)
        self._selector.register(self._stream_listener, selectors.EVENT_READ, self._accept_stream)
        self._calls = table()
        self._session = Session(Simulation(town, find_town, self.stream_port), {})
        if synchronous:
            self._sim.settings = Settings(synchronous=True, fixed_delta_s=DEFAULT_STEP_S)
        self._streams: list[StreamConnection] = []
        self._next_number = 1
        self._stopped = False
        self._noticed: list[Collision] = []
        self._unpublished = False
        self._episode = self._sim.episode
        self._frame_bytes = b""
        self._last_call_s = 0.0
        self._spinner = Spinner()
        self._next_frame_s = time.monotonic()
        self._step()
        self._publish()

    @property
    def _sim(self) -> Simulation:
        return self._session.sim

    def stop_on_eof(self, fd: int) -> None:
        """Stops when a file descriptor reaches its end: a parent's pipe, to die with it."""
        self._selector.register(fd, selectors.EVENT_READ, lambda: self._stop_if_eof(fd))

    def _stop_if_eof(self, fd: int) -> None:
        import os

        if not os.read(fd, 4096):
            self._stopped = True

    def run(self) -> None:
        """Serves until stopped."""
        while not self._stopped:
            if self._unpublished:
                self._wait_for_quiet()
                self._publish()
                if self._session.managers:
                    self._spinner.next_frame()
                    if self._spinner.seconds:
                        self._poll_for(FRAME_SPIN_S)
            elif self._is_frame_due():
                self._step()
                self._publish()
            else:
                self._poll(self._patience())

    def close(self) -> None:
        """Closes every socket."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, Connection):
                key.data.close()
        self._rpc_listener.close()
        self._stream_listener.close()
        self._selector.close()

    def _patience(self) -> float | None:
        """How long to sleep at most [s]: for ever unless frames flow by themselves."""
        if self._sim.settings.synchronous or not self._streams:
            return None
        return max(self._next_frame_s - time.monotonic(), 0.0)

    def _is_frame_due(self) -> bool:
        if self._sim.settings.synchronous or not self._streams:
            return False
        now = time.monotonic()
        if now < self._next_frame_s:
            return False
        # Late frames are not made up for: asynchronous time follows the wall clock loosely.
        self._next_frame_s = max(self._next_frame_s + self._sim.step_s, now)
        return True

    def _poll(self, timeout: float | None) -> bool:
        """Reads what is ready and answers it; whether there was anything."""
        ready = self._selector.select(timeout)
        for key, events in ready:
            peer = key.data
            if not isinstance(peer, Connection):
                peer()
                continue
            if events & selectors.EVENT_WRITE:
                peer.flush()
            if events & selectors.EVENT_READ and peer.open:
                if isinstance(peer, RpcConnection):
                    self._read_calls(peer)
                elif isinstance(peer, StreamConnection):
                    self._read_subscription(peer)
        return bool(ready)

    def _poll_for(self, seconds: float) -> None:
        """Polls without sleeping until something has come or the time is up."""
        end = time.perf_counter() + seconds
        while not self._poll(0.0) and time.perf_counter() < end:
            pass

    def _wait_for_quiet(self) -> None:
        if not self._session.managers:
            return
        while True:
            if self._poll(0.0):
                continue
            left = self._last_call_s + QUIET_S - time.perf_counter()
            if left <= 0.0:
                return
            time.sleep(left)

    def _accept_rpc(self) -> None:
        self._accept(self._rpc_listener, RpcConnection)

    def _accept_stream(self) -> None:
        self._accept(self._stream_listener, StreamConnection)

    def _accept(self, listener: socket.socket, kind: type[Connection]) -> None:
        try:
            sock, _ = listener.accept()
        except OSError:
            return  # the peer gave up before we came to it
        kind(sock, self._next_number, self._selector)
        self._next_number += 1

    def _read_subscription(self, peer: StreamConnection) -> None:
        data = peer.receive()
        if data is None:
            if peer in self._streams:
                self._streams.remove(peer)
        elif not peer.stream and data:
            peer.said += data
            if len(peer.said) < SUBSCRIPTION.size:
                return
            (peer.stream,) = SUBSCRIPTION.unpack(peer.said[: SUBSCRIPTION.size])
            self._streams.append(peer)
            if peer.stream == WORLD_STREAM:
                peer.send(self._frame_bytes)

    def _read_calls(self, peer: RpcConnection) -> None:
        data = peer.receive()
        while data:
            try:
                requests = peer.reader.feed(data)
            except ProtocolError:
                peer.close()
                break
            spin = False
            for request in requests:
                spin = self._answer(peer, request)
            data = self._spin(peer) if spin else b""
        if not peer.open:
            self._session.drop_connection(peer.number)

    def _spin(self, peer: RpcConnection) -> bytes | None:
        """Waits without sleeping for the call that follows a box answer."""
        end = time.perf_counter() + self._spinner.seconds
        while True:
            data = peer.receive()
            if data != b"" or time.perf_counter() > end:
                return data

    def _answer(self, peer: RpcConnection, request: Request | BoxRequest) -> bool:
        """Answers one call; whether the same client is likely to call again at once."""
        if type(request) is BoxRequest:
            peer.send(box_answer(request, calls_actors.box(self._session, request.actor)))
            self._last_call_s = time.perf_counter()
            self._spinner.box_call(self._last_call_s)
            return self._spinner.seconds > 0.0
        assert isinstance(request, Request)
        self._spinner.other_call()
        call = self._calls.get(request.name)
        if call is None:
            peer.send(refusal(request.msgid, f"unknown function {request.name!r}"))
        elif request.name == "tick_cue" and self._sim.settings.synchronous:
            if self._unpublished:
                self._publish()
            peer.send(answer(request.msgid, dispatch(call, self._session, request.args)))
            self._step()
        else:
            self._session.connection = peer.number
            peer.send(answer(request.msgid, dispatch(call, self._session, request.args)))
            if self._sim.episode != self._episode:
                self._begin_episode()
        self._last_call_s = time.perf_counter()
        return False

    def _begin_episode(self) -> None:
        """Shows the client its new episode: one frame, even if nobody ticks."""
        self._episode = self._sim.episode
        for peer in [p for p in self._streams if p.stream != WORLD_STREAM]:
            peer.close()
            self._streams.remove(peer)
        self._step()
        self._publish()

    def _step(self) -> None:
        self._noticed = self._sim.step()
        self._frame_bytes = self._sim.frame_message()
        self._unpublished = True

    def _publish(self) -> None:
        """Sends the frame, then the sensors' events, so that an event finds its frame."""
        self._unpublished = False
        for peer in self._streams:
            if peer.stream == WORLD_STREAM:
                peer.send(self._frame_bytes)
        if self._noticed:
            self._send_events(self._noticed)
            self._noticed = []
        self._streams = [p for p in self._streams if p.open]

    def _send_events(self, noticed: list[Collision]) -> None:
        listening: dict[int, list[StreamConnection]] = {}
        for peer in self._streams:
            listening.setdefault(peer.stream, []).append(peer)
        for c in noticed:
            peers: list[Any] = listening.get(c.stream, [])
            if peers:
                message = collision_event(
                    self._sim.frame, self._sim.time_s, c.pose.flat(),
                    c.own.record, c.other.record, c.impulse,
                )  # fmt: skip
                for peer in peers:
                    peer.send(message)


def _listen(host: str, port: int, flag: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(128)
    except (OSError, OverflowError) as error:
        sock.close()
        raise InputError(flag, value=port, expected=f"a free port on {host} ({error})") from error
    sock.setblocking(False)
    return sock
