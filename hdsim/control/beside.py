"""Which lanes lie side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdsim.road.lanes import LaneGraph


def side_of(graph: LaneGraph, lane: Any, other: Any) -> NDArray[np.int8]:
    """+1 where ``other`` is the left neighbour of ``lane``, -1 right, 0 where neither; broadcasts.

    Routes given by others may change lane across a solid line, so lanes of one section and one
    direction count too, where lane ids grow away from the middle of the road on both sides of it.
    """
    lane, other = np.asarray(lane), np.asarray(other)
    here, there = graph.lane_id[lane], graph.lane_id[other]
    together = (graph.road[lane] == graph.road[other]) & (
        graph.section[lane] == graph.section[other]
    )
    together &= here * there > 0
    by_id = np.where(together, np.sign(np.abs(here) - np.abs(there)), 0)
    marked = np.where(other == graph.left[lane], 1, np.where(other == graph.right[lane], -1, by_id))
    return np.where(other == lane, 0, marked).astype(np.int8)
