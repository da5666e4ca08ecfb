"""What drivers keep of each other road user: one record for each pair of driver and actor."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

# Bytes that a processor fetches at a time, and of one field.
_LINE, _FIELD = 64, 8
# Fields of a record that fills one line.
FIELDS = _LINE // _FIELD


def records(drivers: int, actors: int, fill: float, dtype: DTypeLike) -> NDArray[Any]:
    """A record of ``FIELDS`` fields for each pair, shape (D, n, FIELDS), each in one cache line.

    A tick comes by few of the pairs, far apart in memory: what belongs to one is fetched at once.

    Args:
        drivers: Their number D.
        actors: Number n of the actor rows.
        fill: What all fields hold at first.
        dtype: Of 8 bytes.
    """
    shape = drivers, actors, FIELDS
    room = np.full(prod(shape) + FIELDS, fill, dtype=dtype)
    begin = -room.ctypes.data % _LINE // _FIELD
    return room[begin : begin + prod(shape)].reshape(shape)
