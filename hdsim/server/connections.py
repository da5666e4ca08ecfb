"""One peer: a non-blocking socket with a bounded queue of bytes still to be sent."""

from __future__ import annotations

import selectors
import socket

from hdsim.server.msgrpc import RequestReader

# A peer that lets this much pile up does not read; it is let go.
MAX_QUEUED_BYTES = 32 * 1024 * 1024
READ_BYTES = 1 << 15


class Connection:
    """A socket that never blocks.

    Attributes:
        number: Number of the connection, unique while the server lives.
        open: False once the peer is gone.
    """

    def __init__(self, sock: socket.socket, number: int, selector: selectors.BaseSelector) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.number, self.open = sock, number, True
        self._selector = selector
        self._queue = bytearray()
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
        if self._queue:
            self._queue += data
        else:
            sent = self._try_send(data)
            if sent == len(data) or not self.open:
                return
            self._queue += data[sent:]
            self._selector.modify(self.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, self)
        if len(self._queue) > MAX_QUEUED_BYTES:
            self.close()

    def flush(self) -> None:
        """Sends more of the queue; called when the socket can take some."""
        sent = self._try_send(self._queue)
        del self._queue[:sent]
        if self.open and not self._queue:
            self._selector.modify(self.sock, selectors.EVENT_READ, self)

    def _try_send(self, data: bytes | bytearray) -> int:
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


class RpcConnection(Connection):
    """A client's calls."""

    def __init__(self, sock: socket.socket, number: int, selector: selectors.BaseSelector) -> None:
        super().__init__(sock, number, selector)
        self.reader = RequestReader()


class StreamConnection(Connection):
    """A client's subscription to one stream.

    Attributes:
        stream: Stream id, 0 until the client has said which.
    """

    def __init__(self, sock: socket.socket, number: int, selector: selectors.BaseSelector) -> None:
        super().__init__(sock, number, selector)
        self.stream = 0
        self.said = b""
