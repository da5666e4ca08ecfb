"""Files laid out where CARLA's client on this machine keeps what servers send it.

The client takes a file that lies there for whole, and writes one that it has fetched piece by
piece, without a temporary name. Several clients that start at once then read each other's halves,
and half a navigation mesh makes the client read beyond its end and crash. So the server puts the
file there itself, in one step, before it names it. A client elsewhere, or with another
``CARLA_CACHE_DIR``, fetches it and is open to that race of its own making.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def client_folder(version: str) -> Path:
    """Where the client looks (LibCarla ``carla/client/FileTransfer.cpp``).

    Args:
        version: The client's version, which is that of the server.
    """
    given = os.environ.get("CARLA_CACHE_DIR")
    return (Path(given) if given else Path.home() / "carlaCache") / version


def lay_out(folder: Path, name: str, content: bytes) -> None:
    """Puts a file into a folder, unless one of that name and size is there.

    A folder that cannot be written is left alone: clients then fetch the file themselves.
    """
    path = folder / name
    with contextlib.suppress(OSError):
        if not path.is_file() or path.stat().st_size != len(content):
            write_whole(path, content)


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file under another name and renames it: readers see all of it or nothing.

    Raises:
        OSError: If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise
