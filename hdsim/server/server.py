"""Sockets at the rim: one thread, one selector, remote calls in and snapshots out."""

from __future__ import annotations

import logging
import os
import selectors
import socket
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from hdsim.server.calls import actors as calls_actors
from hdsim.server.calls.table import Session, dispatch, failure, table
from hdsim.server.physics.encounters import Collision
from hdsim.server.physics.profiles import Physics
from hdsim.server.simulation import DEFAULT_STEP_S, Simulation
from hdsim.server.town import Town
from hdsim.server.wakeup import Waker
from hdsim.server.wire.connections import Connection, RpcConnection, StreamConnection
from hdsim.server.wire.listening import listen, max_connections
from hdsim.server.wire.msgrpc import BoxRequest, ProtocolError, Request, answer, box_answer, refusal
from hdsim.server.wire.shapes import Settings
from hdsim.server.wire.spinning import Spinner
from hdsim.server.wire.streams import SUBSCRIPTION, WORLD_STREAM, collision_event
from hdsim.server.wire.transcript import RecordedStream, WireLog

# The client's Traffic Manager goes to sleep with an unguarded test of its wake-up flag; a frame
# that arrives in between is never noticed and ``world.tick()`` hangs for ever. So while a Traffic
# Manager is registered a frame is published only after this long without a call [s].
QUIET_S = 150e-6
# A client that does not stop calling does not sleep either: a Traffic Manager that is not in
# synchronous mode asks for the settings all the time. So many calls, or so long [s], end the wait.
MAX_QUIET_CALLS, MAX_QUIET_WAIT_S = 16, 0.05
# After a frame the Traffic Manager's first call is on its way: looking for it for this long [s]
# costs less than sleeping until it comes.
FRAME_SPIN_S = 300e-6
# How long to wait for the call that follows a box answer, for that client alone [ms].
NEXT_BOX_MS = 1

# Unfinished calls of all clients together [bytes]; the client whose call exceeds it is let go.
MAX_PARTIAL_BYTES = 128 * 1024 * 1024
_LONG_CALL_BYTES = 1 << 16
# Calls of one client in a row before the others get their turn.
MAX_CALLS_IN_A_ROW = 4096

_log = logging.getLogger(__name__)
Peer = TypeVar("Peer", bound=Connection)


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
        wire: Notes what is sent, if given.
        stub_cameras: Let cameras be spawned, which send blank frames.
        physics: Profile of the vehicles' physics.
        recordings: Folder for what clients record; without one they cannot.
        navigation: Serve the navigation mesh of AI walkers.

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
        wire: WireLog | None = None,
        stub_cameras: bool = False,
        physics: Physics = Physics.CARLA,
        recordings: Path | None = None,
        navigation: bool = True,
    ) -> None:
        self._selector = selectors.DefaultSelector()
        self._rpc_listener = listen(host, port, "--port")
        self._stream_listener = listen(host, stream_port, "--stream-port")
        self.port: int = self._rpc_listener.getsockname()[1]
        self.stream_port: int = self._stream_listener.getsockname()[1]
        self._selector.register(self._rpc_listener, selectors.EVENT_READ, self._accept_rpc)
        self._selector.register(self._stream_listener, selectors.EVENT_READ, self._accept_stream)
        self._wire = wire
        self._calls = table()
        self._session = Session(Simulation(town, find_town, self.stream_port, physics), {})
        if synchronous:
            self._sim.settings = Settings(synchronous=True, fixed_delta_s=DEFAULT_STEP_S)
        self._sim.stub_cameras = stub_cameras
        self._sim.recordings = recordings
        self._sim.navigation = navigation
        self._callers: dict[int, RpcConnection] = {}
        self._streams: dict[int, list[StreamConnection]] = {}
        self._next_number = 1
        self._max_connections = max_connections()
        self._stopped = False
        self._noticed: list[Collision] = []
        self._unpublished = False
        self._episode = self._sim.episode
        self._frame_bytes = b""
        self._cued_by: RpcConnection | None = None
        self._waker = Waker(self._session)
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
        if not os.read(fd, 4096):
            self._stopped = True

    def run(self) -> None:
        """Serves until stopped."""
        while not self._stopped:
            if self._unpublished:
                self._wait_for_quiet()
                self._publish()
                if self._session.managers:
                    if self._cued_by is not None:
                        self._waker.published(self._cued_by)
                    self._spinner.next_frame()
                    if self._spinner.seconds:
                        self._poll_for(FRAME_SPIN_S)
            elif self._is_frame_due():
                self._step()
                self._publish()
            else:
                self._poll(self._patience())
                self._waker.check()

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
            return self._waker.patience()
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
        """Answers calls until the clients that run a Traffic Manager have stopped calling."""
        numbers = {owner for _, owner in self._session.managers.values()}
        owners = [self._callers[n] for n in numbers if n in self._callers]
        if not owners:
            return
        give_up_s = time.perf_counter() + MAX_QUIET_WAIT_S
        enough = sum(p.calls for p in owners) + MAX_QUIET_CALLS
        while True:
            busy = self._poll(0.0)
            now = time.perf_counter()
            left = max(p.last_call_s for p in owners) + QUIET_S - now
            if left <= 0.0 or now > give_up_s or sum(p.calls for p in owners) > enough:
                return
            if not busy:
                time.sleep(left)

    def _accept_rpc(self) -> None:
        peer = self._accept(self._rpc_listener, RpcConnection)
        if peer is not None:
            self._callers[peer.number] = peer

    def _accept_stream(self) -> None:
        if self._wire is None:
            self._accept(self._stream_listener, StreamConnection)
            return
        peer = self._accept(self._stream_listener, RecordedStream)
        if peer is not None:
            peer.log = self._wire

    def _accept(self, listener: socket.socket, kind: type[Peer]) -> Peer | None:
        try:
            sock, _ = listener.accept()
        except OSError:
            return None  # the peer gave up before we came to it
        self._next_number += 1
        try:
            if len(self._selector.get_map()) < self._max_connections:
                return kind(sock, self._next_number - 1, self._selector, self._gone)
        except OSError:
            pass  # it gave up just now
        sock.close()
        return None

    def _gone(self, peer: Connection) -> None:
        """Forgets a peer whose connection is closed, and its Traffic Managers with it."""
        if isinstance(peer, StreamConnection):
            if peer.stream:
                self._streams[peer.stream].remove(peer)
                if not self._streams[peer.stream]:
                    del self._streams[peer.stream]
            return
        self._callers.pop(peer.number, None)
        self._session.drop_connection(peer.number)

    def _read_subscription(self, peer: StreamConnection) -> None:
        data = peer.receive()
        if peer.stream or not data:
            return
        peer.said += data
        if len(peer.said) < SUBSCRIPTION.size:
            return
        (stream,) = SUBSCRIPTION.unpack(peer.said[: SUBSCRIPTION.size])
        if not stream:
            peer.close()
            return
        peer.stream = stream
        self._streams.setdefault(stream, []).append(peer)
        if stream == WORLD_STREAM:
            peer.send(self._frame_bytes)

    def _read_calls(self, peer: RpcConnection) -> None:
        data = peer.receive()
        for left in reversed(range(MAX_CALLS_IN_A_ROW)):
            if not data:
                return
            try:
                requests = peer.reader.feed(data)
            except ProtocolError:
                peer.close()
                return
            spin = False
            for request in requests:
                spin = self._answer(peer, request)
            if not spin or not left:
                break
            data = self._spin(peer)
        if peer.reader.partial_bytes > _LONG_CALL_BYTES:
            partial = sum(p.reader.partial_bytes for p in self._callers.values())
            if partial > MAX_PARTIAL_BYTES:
                peer.close()

    def _spin(self, peer: RpcConnection) -> bytes | None:
        """Waits for the call that follows a box answer: without sleeping, or on this peer alone.

        The others wait for that long, which costs less than asking after everybody each time.
        """
        if not self._spinner.seconds:
            return peer.receive() if peer.wait(NEXT_BOX_MS) else b""
        end = time.perf_counter() + self._spinner.seconds
        while peer.open:
            data = peer.receive()
            if data != b"" or time.perf_counter() > end:
                return data
        return None

    def _answer(self, peer: RpcConnection, request: Request | BoxRequest) -> bool:
        """Answers one call; whether the same client is likely to call again at once."""
        if not peer.open:
            return False  # it left while its earlier calls were answered
        if type(request) is BoxRequest:
            said = box_answer(request, calls_actors.box(self._session, request.actor))
            peer.send(said)
            if self._wire is not None:
                self._wire.answered(peer.number, "get_actor_bounding_box", [request.actor], said)
            peer.last_call_s = time.perf_counter()
            self._spinner.box_call(peer.last_call_s)
            return True
        assert isinstance(request, Request)
        self._spinner.other_call()
        if request.name == "tick_cue" and self._sim.settings.synchronous and not request.args:
            if self._unpublished:
                self._publish()
            self._reply(peer, request)
            self._step()
            self._cued_by = peer
        else:
            if request.name == "apply_batch":
                peer.batches += 1
            self._reply(peer, request)
            if self._sim.episode != self._episode:
                self._begin_episode()
        peer.last_call_s = time.perf_counter()
        peer.calls += 1
        return False

    def _reply(self, peer: RpcConnection, request: Request) -> None:
        said = self._run(peer, request)
        peer.send(said)
        if self._wire is not None:
            self._wire.answered(peer.number, request.name, request.args, said)

    def _run(self, peer: RpcConnection, request: Request) -> bytes:
        """Runs a call; the answer, which is an error if the call fails in whatever way."""
        call = self._calls.get(request.name)
        if call is None:
            return refusal(request.msgid, f"unknown function {request.name[:80]!r}")
        self._session.connection = peer.number
        try:
            return answer(request.msgid, dispatch(call, self._session, request.args))
        except Exception as error:
            # A defect of ours: it must not take the other clients' world away.
            where = _innermost(error)
            _log.error("%s failed: %s: %s (%s)", request.name, type(error).__name__, error, where)
            return answer(request.msgid, failure(call, f"internal error: {error}"))

    def _begin_episode(self) -> None:
        """Shows the client its new episode: one frame, even if nobody ticks."""
        self._episode = self._sim.episode
        sensors = [p for s, peers in self._streams.items() if s != WORLD_STREAM for p in peers]
        for peer in sensors:
            peer.close()
        self._step()
        self._publish()

    def _step(self) -> None:
        self._noticed = self._sim.step()
        self._frame_bytes = self._sim.frame_message()
        self._unpublished = True

    def _publish(self) -> None:
        """Sends the frame, then the sensors' events, so that an event finds its frame."""
        self._unpublished = False
        self._send(WORLD_STREAM, self._frame_bytes)
        if self._noticed:
            self._send_events(self._noticed)
            self._noticed = []
        if len(self._sim.rack):
            for stream, message in self._sim.readings(self._streams):
                self._send(stream, message)

    def _send(self, stream: int, message: bytes) -> None:
        for peer in tuple(self._streams.get(stream, ())):
            peer.send(message)

    def _send_events(self, noticed: list[Collision]) -> None:
        for c in noticed:
            if c.stream in self._streams:
                message = collision_event(
                    self._sim.frame, self._sim.time_s, c.pose.flat(),
                    c.own.record, c.other.record, c.impulse,
                )  # fmt: skip
                self._send(c.stream, message)


def _innermost(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{os.path.basename(frame.filename)}:{frame.lineno}"
