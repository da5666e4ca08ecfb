"""msgpack-rpc as CARLA speaks it, without sockets: bytes in, requests out; answers to bytes.

A request is ``[0, msgid, name, args]``, an answer ``[1, msgid, error, result]``, one after the
other with no framing. ``args[0]`` is metadata, a 1-array ``[is_async]``; an asynchronous call is
answered too, for the client keeps a record of it until then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgpack

# A batch of some ten thousand commands; a message of nothing but empty arrays takes some fifty
# times its size in memory once it is decoded.
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
# An OpenDRIVE file comes as one text; the largest of CARLA's towns are some tens of megabytes.
MAX_UPLOAD_BYTES = 64 * 1024 * 1024
# An array's memory is set aside as soon as its head has arrived, so a head must not be able to
# ask for much.
MAX_ARRAY_ITEMS = 1 << 16

# The beginning of a call that may be longer than others: message id, ``copy_opendrive_to_file``, a
# 2-array of arguments and metadata, the length of the text.
_UPLOAD = re.compile(
    rb"\x94\x00(?:[\x00-\x7f]|\xcc.|\xcd..|\xce....)\xb6copy_opendrive_to_file"
    rb"\x93\x91[\xc2\xc3]\xdb(....)",
    re.DOTALL,
)
_HEAD_BYTES = 64

# ``get_actor_bounding_box`` as a byte pattern: name, a 2-array of arguments, metadata [false].
# A Traffic Manager makes one such blocking call a tick for every vehicle it does not drive: the
# hottest call of all, recognised and answered without decoding.
_BOX_CALL = b"\xb6get_actor_bounding_box\x92\x91\xc2"
_SHORT_REQUEST = len(b"\x94\x00\xce....") + len(_BOX_CALL) + len(b"\xce....")


class ProtocolError(Exception):
    """The peer sent bytes that are no msgpack-rpc; the connection cannot go on."""


@dataclass(frozen=True, slots=True)
class Request:
    """One remote call; ``args`` without the metadata."""

    msgid: int
    name: str
    args: list[Any]


@dataclass(frozen=True, slots=True)
class BoxRequest:
    """``get_actor_bounding_box``, recognised by its bytes.

    Attributes:
        msgid: The message id as it stood on the wire.
        actor: The actor id.
    """

    msgid: bytes
    actor: int


class Encoded(bytes):
    """A result that is already msgpack."""


class RequestReader:
    """Cuts a byte stream into requests."""

    def __init__(self) -> None:
        self._unpacker = _unpacker()
        self._fed = 0
        self._cut = 0  # end of the last whole message
        self._head = b""  # of the message that has arrived in part

    @property
    def partial_bytes(self) -> int:
        """How much has arrived of a message whose end has not."""
        return self._fed - self._cut

    def feed(self, data: bytes) -> list[Request | BoxRequest]:
        """The requests that ``data`` completes, in order.

        Raises:
            ProtocolError: If the bytes are not msgpack-rpc requests, or too many for one.
                Requests before the bad one are lost with it: the connection is to be closed.
        """
        if len(data) <= _SHORT_REQUEST and self._fed == self._cut:
            box = _box_request(data)
            if box is not None:
                return [box]
        requests: list[Request | BoxRequest] = []
        was_long = self._fed - self._cut > MAX_MESSAGE_BYTES
        try:
            self._unpacker.feed(data)
            self._fed += len(data)
            for message in self._unpacker:
                requests.append(_request(message))
                self._cut = self._unpacker.tell()
        except ProtocolError:
            raise
        except (msgpack.UnpackException, ValueError, TypeError, RecursionError) as error:
            raise ProtocolError(f"not msgpack: {error}") from error
        if self._fed != self._cut:
            self._check_partial(data)
        elif was_long:  # an unpacker keeps the memory of its longest message
            self._unpacker, self._fed, self._cut = _unpacker(), 0, 0
        return requests

    def _check_partial(self, data: bytes) -> None:
        size = self._fed - self._cut
        if size <= len(data):
            self._head = data[-size:][:_HEAD_BYTES]
        elif len(self._head) < _HEAD_BYTES:
            self._head = (self._head + data)[:_HEAD_BYTES]
        if size > MAX_MESSAGE_BYTES:
            upload = _UPLOAD.match(self._head)
            text = int.from_bytes(upload[1], "big") if upload else 0
            if size > text + MAX_MESSAGE_BYTES:
                raise ProtocolError(f"a message of more than {MAX_MESSAGE_BYTES} bytes")


def _unpacker() -> Any:
    return msgpack.Unpacker(
        raw=False,
        strict_map_key=False,
        unicode_errors="surrogateescape",
        max_buffer_size=MAX_UPLOAD_BYTES,
        max_array_len=MAX_ARRAY_ITEMS,
        max_map_len=0,  # the protocol has neither maps nor extension types
        max_ext_len=0,
    )


def _box_request(data: bytes) -> BoxRequest | None:
    at = data.find(_BOX_CALL, 3)
    if at < 0 or data[:2] != b"\x94\x00":
        return None
    end = at + len(_BOX_CALL)
    msgid, actor = data[2:at], data[end:]
    if _uint(msgid) is None:
        return None
    number = _uint(actor)
    return None if number is None else BoxRequest(msgid, number)


_UINT_HEADS = {2: 0xCC, 3: 0xCD, 5: 0xCE}


def _uint(data: bytes) -> int | None:
    """A msgpack unsigned integer of up to 32 bits that fills ``data``, else None."""
    if len(data) == 1:
        return data[0] if data[0] < 0x80 else None
    if data and _UINT_HEADS.get(len(data)) == data[0]:
        return int.from_bytes(data[1:], "big")
    return None


def _request(message: Any) -> Request:
    match message:
        case [0, int(msgid), str(name), [[_], *args]] if 0 <= msgid < 2**32:
            return Request(msgid, name, args)
    raise ProtocolError("expected a request [0, msgid, name, [[is_async], ...]]")


# Text that is not UTF-8 goes back to the client byte for byte.
_packer = msgpack.Packer(use_single_float=False, unicode_errors="surrogateescape")


def encode(value: Any) -> Encoded:
    """A value as msgpack, to be sent many times."""
    return Encoded(_packer.pack(value))


def answer(msgid: int, result: Any) -> bytes:
    """The answer to a call that was dispatched; ``result`` is already wrapped."""
    if type(result) is Encoded:
        return b"".join((b"\x94\x01", _packer.pack(msgid), b"\xc0", result))
    return encode([1, msgid, None, result])


def box_answer(request: BoxRequest, result: Encoded) -> bytes:
    """The answer to a call recognised by its bytes."""
    return b"".join((b"\x94\x01", request.msgid, b"\xc0", result))


def refusal(msgid: int, message: str) -> bytes:
    """The answer to a call that does not exist; a waiting client raises ``rpc_error``."""
    return encode([1, msgid, message, None])


VOID: list[Any] = [[False]]


def value(result: Any) -> list[Any]:
    """Success of a call with a result."""
    return [[1, result]]


def value_error(message: str) -> list[Any]:
    """Failure of a call with a result: ``RuntimeError(message)`` in the client."""
    return [[0, [message]]]


def void_error(message: str) -> list[Any]:
    """Failure of a call without a result."""
    return [[True, [message]]]
