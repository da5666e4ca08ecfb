"""One peer: a non-blocking socket with a bounded queue of messages still to be sent."""

from __future__ import annotations

import select
import selectors
import socket
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable

from hdsim.server.wire.msgrpc import RequestReader

READ_BYTES = 1 << 15
# Answers that a client leaves unread: a client waits for each of its calls, so one that lets this
# much pile up has stopped, and is let go.
MAX_UNREAD_ANSWERS_BYTES = 32 * 1024 * 1024
# Messages that a subscriber leaves unread: beyond this the oldest whole ones are dropped, so that
# who comes back finds the present frame. One message may be larger.
MAX_UNREAD_STREAM_BYTES = 4 * 1024 * 1024


class Connection(ABC):
    """A socket that never blocks.

    Args:
        sock: The socket; set to non-blocking here.
        number: Number of the connection, unique while the server lives.
        selector: Watches the socket for it.
        gone: Called once, when the connection closes for whatever reason.

    Raises:
        OSError: If the peer is gone already.

    Attributes:
        number: As given.
        open: False once the peer is gone.
        unread_bytes: What waits to be sent.
    """

    def __init__(
        self,
        sock: socket.socket,
        number: int,
        selector: selectors.BaseSelector,
        gone: Callable[[Connection], None],
    ) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # a host may vanish silently
        self.sock, self.number, self.open = sock, number, True
        self.unread_bytes = 0
        self._selector, self._gone = selector, gone
        self._unsent: deque[bytes] = deque()
        self._sent_of_first = 0
        selector.register(sock, selectors.EVENT_READ, self)

    def receive(self) -> bytes | None:
        """What has arrived; empty if nothing has, None once the peer is gone."""
        try:
            data = self.sock.recv(READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if data:
            return data
        self.close()
        return None

    def send(self, data: bytes) -> None:
        """Sends now what the socket takes, and the rest when it can."""
        if not self.open:
            return
        if not self._unsent:
            sent = self._try_send(data)
            if sent == len(data) or not self.open:
                return
            self._sent_of_first = sent
            self._selector.modify(self.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, self)
            self.unread_bytes = -sent
        self._unsent.append(data)
        self.unread_bytes += len(data)
        self._make_room()

    @abstractmethod
    def _make_room(self) -> None:
        """What to do about a peer that does not read."""

    def flush(self) -> None:
        """Sends more of the queue; called when the socket can take some."""
        while self._unsent:
            rest = memoryview(self._unsent[0])[self._sent_of_first :]
            sent = self._try_send(rest)
            if not self.open:
                return
            self.unread_bytes -= sent
            if sent < len(rest):
                self._sent_of_first += sent
                return
            self._unsent.popleft()
            self._sent_of_first = 0
        self._selector.modify(self.sock, selectors.EVENT_READ, self)

    def _try_send(self, data: bytes | memoryview) -> int:
        try:
            return self.sock.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self.close()
            return 0

    def close(self) -> None:
        """Lets the peer go; may be called twice."""
        if self.open:
            self.open = False
            self._selector.unregister(self.sock)
            self.sock.close()
            self._unsent.clear()
            self.unread_bytes = 0
            self._gone(self)


class RpcConnection(Connection):
    """A client's calls.

    Attributes:
        reader: Cuts what arrives into calls.
        last_call_s: When its last call was answered, on the clock of ``time.perf_counter``.
        calls: How many it has made.
        batches: How many ``apply_batch`` since the last frame that it cued.
    """

    def __init__(
        self,
        sock: socket.socket,
        number: int,
        selector: selectors.BaseSelector,
        gone: Callable[[Connection], None],
    ) -> None:
        super().__init__(sock, number, selector, gone)
        self._waiting = select.poll() if hasattr(select, "poll") else None  # not on Windows
        if self._waiting is not None:
            self._waiting.register(sock, select.POLLIN)
        self.reader = RequestReader()
        self.last_call_s = 0.0
        self.calls = self.batches = 0

    def wait(self, milliseconds: int) -> bool:
        """Sleeps until something arrives, but no longer; whether something did."""
        return self.open and bool(self._waiting is not None and self._waiting.poll(milliseconds))

    def _make_room(self) -> None:
        if self.unread_bytes > MAX_UNREAD_ANSWERS_BYTES:
            self.close()


class StreamConnection(Connection):
    """A client's subscription to one stream.

    Attributes:
        stream: Stream id, 0 until the client has said which.
        said: The part of its subscription that has arrived.
        dropped: Messages that it was too slow for.
    """

    def __init__(
        self,
        sock: socket.socket,
        number: int,
        selector: selectors.BaseSelector,
        gone: Callable[[Connection], None],
    ) -> None:
        super().__init__(sock, number, selector, gone)
        self.stream = 0
        self.said = b""
        self.dropped = 0

    def _make_room(self) -> None:
        begun = 1 if self._sent_of_first else 0  # a message cut short would end the stream
        while self.unread_bytes > MAX_UNREAD_STREAM_BYTES and len(self._unsent) > begun + 1:
            self.unread_bytes -= len(self._unsent[begun])
            del self._unsent[begun]
            self.dropped += 1
