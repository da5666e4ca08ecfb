"""Bytes in, calls out; answers to bytes."""

from __future__ import annotations

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.server.wire import msgrpc
from hdsim.server.wire.msgrpc import BoxRequest, ProtocolError, Request, RequestReader

MSGID = st.integers(0, 2**32 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2**32) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


def wire(msgid: int, name: str, *args: object) -> bytes:
    return msgpack.packb([0, msgid, name, [[False], *args]])


@given(st.lists(st.tuples(MSGID, st.text(), st.lists(VALUES, max_size=3)), max_size=5), st.data())
def test_requests_survive_any_cut_of_the_stream(calls, data):
    stream = b"".join(wire(m, n, *a) for m, n, a in calls)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader, seen = RequestReader(), []
    for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        seen += reader.feed(stream[a:b])
    assert seen == [Request(m, n, a) for m, n, a in calls]


@given(MSGID, st.integers(0, 2**32 - 1))
def test_a_box_call_is_recognised_whatever_the_width_of_its_numbers(msgid, actor):
    (request,) = RequestReader().feed(wire(msgid, "get_actor_bounding_box", actor))
    assert request == BoxRequest(msgpack.packb(msgid), actor)


@given(MSGID, st.integers(0, 2**32 - 1))
def test_a_box_answer_is_what_the_ordinary_way_would_send(msgid, actor):
    result = msgrpc.encode([[1, [[0.0, 0.0, 1.0], [2.0, 1.0, 1.0], [0.0, 0.0, 0.0], actor]]])
    fast = msgrpc.box_answer(BoxRequest(msgpack.packb(msgid), actor), result)
    assert fast == msgrpc.answer(msgid, result)
    assert msgpack.unpackb(fast) == [1, msgid, None, msgpack.unpackb(result)]


def test_a_box_call_in_the_middle_of_another_is_not_taken_for_one():
    inner = wire(5, "get_actor_bounding_box", 7)
    outer = wire(1, "echo", inner)
    reader = RequestReader()
    head = outer[: -len(inner)]
    assert reader.feed(head) == []
    assert reader.feed(inner) == [Request(1, "echo", [inner])]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xc1",
        b"GET / HTTP/1.1\r\n\r\n",
        msgpack.packb([1, 2, None, 3]),
        msgpack.packb([0, -1, "version", [[False]]]),
        msgpack.packb([0, 1, "version", []]),
        msgpack.packb({"version": 1}),
        b"\xdd\xff\xff\xff\xff",
    ],
)
def test_bytes_that_are_no_request_are_refused(garbage):
    with pytest.raises(ProtocolError):
        RequestReader().feed(garbage)


@given(st.binary(max_size=60))
def test_any_bytes_end_in_requests_or_a_protocol_error(data):
    try:
        requests = RequestReader().feed(data)
    except ProtocolError:
        return
    assert all(isinstance(r, Request | BoxRequest) for r in requests)
