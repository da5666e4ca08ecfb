"""Listening sockets, and how many connections a server keeps."""

from __future__ import annotations

import os
import socket

from hdsim.core.errors import InputError

# Connections that are kept at once; further ones are closed as they come. A sensor of a client
# takes one. Fewer if the process may not have so many files open.
MAX_CONNECTIONS = 4096
_SPARE_FILES = 64
_BACKLOG = 128


def max_connections() -> int:
    """``MAX_CONNECTIONS``, or as many as the process may have files open, less some to spare."""
    if not hasattr(os, "sysconf"):
        return MAX_CONNECTIONS
    return min(MAX_CONNECTIONS, max(os.sysconf("SC_OPEN_MAX") - _SPARE_FILES, 1))


def listen(host: str, port: int, flag: str) -> socket.socket:
    """A non-blocking socket that listens on a port; 0 takes a free one.

    Raises:
        InputError: If the port cannot be had; names the ``flag`` that gave it.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        sock.close()
        raise InputError(flag, value=port, expected=f"a free port on {host} ({error})") from error
    sock.setblocking(False)
    return sock
