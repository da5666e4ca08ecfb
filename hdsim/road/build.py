"""OpenDRIVE text to ``LaneGraph``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from lxml import etree

from hdsim.core.errors import InputError
from hdsim.road.centrelines import (
    Centreline,
    LaneKey,
    LaneSpan,
    driving_lanes,
    reachable_upstream,
    sample,
    total_turn,
)
from hdsim.road.conflicts import find_conflicts, turn_class
from hdsim.road.lanes import LaneGraph
from hdsim.road.limits import speed_limits
from hdsim.road.signals import find_signals, give_way_lanes, lane_index

# A marking that allows the change over less of the lane than this counts as forbidding it.
_CHANGE_SHARE = 0.5


def lane_graph(name: str, xodr: str) -> LaneGraph:
    """Build the lane graph of a map; ``load_lane_graph`` does so through the cache.

    Args:
        name: Map name, kept in the graph and used in messages.
        xodr: OpenDRIVE text.

    Raises:
        InputError: If the text is not XML, the map parser refuses it, or no lane can be driven.
    """
    import carla

    try:
        root = etree.fromstring(xodr.encode())
        world_map = carla.Map(name, xodr)
    except (etree.XMLSyntaxError, RuntimeError) as error:
        raise InputError(name, expected=f"an OpenDRIVE map ({error})") from error
    sampled = [(span, sample(world_map, span)) for span in driving_lanes(root)]
    spans = [span for span, line in sampled if line is not None]
    lines = [line for _, line in sampled if line is not None]
    if not spans:
        raise InputError(name, expected="an OpenDRIVE map with at least one driving lane")
    index = lane_index(spans)
    successors = _successors(world_map, index)
    predecessors: list[list[int]] = [[] for _ in spans]
    for i, after in enumerate(successors):
        for j in after:
            predecessors[j].append(i)

    junction = np.array([span.junction for span in spans], dtype=np.int64)
    turn = _turns(spans, lines, successors, predecessors)
    found = find_signals(root, world_map, spans, lines, predecessors)
    first = np.concatenate([[0], np.cumsum([len(line.s) for line in lines])]).astype(np.int64)
    x = np.concatenate([line.x for line in lines])
    y = np.concatenate([line.y for line in lines])
    keys = np.array([span.key for span in spans], dtype=np.int64)
    left, right = _neighbours(spans, lines, index)
    return LaneGraph(
        name=name,
        road=keys[:, 0].copy(),
        section=keys[:, 1].copy(),
        lane_id=keys[:, 2].copy(),
        length=np.array([line.s[-1] for line in lines]),
        junction=junction,
        turn=turn,
        left=left,
        right=right,
        limit=np.array(speed_limits(root, world_map, spans, lines, predecessors, successors)),
        signal=np.array(found.of_lane, dtype=np.int64),
        stop_s=np.array(found.stop_s),
        first=first,
        x=x,
        y=y,
        z=np.concatenate([line.z for line in lines]),
        yaw=np.concatenate([line.yaw for line in lines]),
        curvature=np.concatenate([line.curvature for line in lines]),
        width=np.concatenate([line.width for line in lines]),
        s=np.concatenate([line.s for line in lines]),
        successors=tuple(tuple(a) for a in successors),
        predecessors=tuple(tuple(a) for a in predecessors),
        signals=found.signals,
        conflicts=find_conflicts(
            first,
            x,
            y,
            junction,
            turn,
            give_way_lanes(world_map, spans),
            _breadth(spans, predecessors),
            successors,
            predecessors,
            right_hand=all(r.get("rule", "RHT") != "LHT" for r in root.iterfind("road")),
        ),
    )


def _successors(world_map: Any, index: dict[LaneKey, int]) -> list[list[int]]:
    """Successors of each lane, ascending, as the client's topology has them."""
    after: list[set[int]] = [set() for _ in index]
    for a, b in world_map.get_topology():
        i = index.get((a.road_id, a.section_id, a.lane_id))
        j = index.get((b.road_id, b.section_id, b.lane_id))
        if i is not None and j is not None:
            after[i].add(j)
    return [sorted(a) for a in after]


def _turns(
    spans: Sequence[LaneSpan],
    lines: Sequence[Centreline],
    successors: Sequence[Sequence[int]],
    predecessors: Sequence[Sequence[int]],
) -> np.ndarray[Any, np.dtype[np.int8]]:
    """Turn class of each junction lane, from the heading change over its whole connecting road."""

    def along(i: int, step: Sequence[Sequence[int]]) -> list[int]:
        chain = [i]
        while nxt := [
            j for j in step[chain[-1]] if spans[j].key[0] == spans[i].key[0] and j not in chain
        ]:
            chain.append(nxt[0])
        return chain

    turn = np.zeros(len(spans), dtype=np.int8)
    for i, span in enumerate(spans):
        if span.junction >= 0:
            chain = [*along(i, successors), *along(i, predecessors)[1:]]
            turn[i] = turn_class(
                sum(total_turn(lines[j]) for j in chain), sum(float(lines[j].s[-1]) for j in chain)
            )
    return turn


def _breadth(spans: Sequence[LaneSpan], predecessors: list[list[int]]) -> list[int]:
    """For junction lanes the most lanes side by side on a road that leads into them; else 0."""
    beside = Counter((*span.key[:2], span.key[2] > 0) for span in spans)
    inside = [span.junction >= 0 for span in spans]
    return [
        max(
            (
                beside[(*spans[j].key[:2], spans[j].key[2] > 0)]
                for j in reachable_upstream([i], predecessors, inside)
            ),
            default=0,
        )
        if inside[i]
        else 0
        for i in range(len(spans))
    ]


def _neighbours(
    spans: Sequence[LaneSpan], lines: Sequence[Centreline], index: dict[LaneKey, int]
) -> tuple[np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, np.dtype[np.int64]]]:
    """Same-direction neighbours a change is allowed into, outside junctions; -1 for none."""
    left = np.full(len(spans), -1, dtype=np.int64)
    right = np.full(len(spans), -1, dtype=np.int64)
    for i, (span, line) in enumerate(zip(spans, lines, strict=True)):
        if span.junction >= 0:
            continue
        road, section, lane = span.key
        for side, share, table in ((1, line.change_left, left), (-1, line.change_right, right)):
            # Lane ids grow to the left of the road's s: to the left of a lane that runs along it.
            other = index.get((road, section, lane + (side if line.forward else -side)), -1)
            if other >= 0 and lines[other].forward == line.forward and share >= _CHANGE_SHARE:
                table[i] = other
    return left, right
