"""How lanes hang together: what follows, what lies beside, which way a connecting lane turns."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdsim.core.state import Bools, Ints
from hdsim.road.centrelines import Centreline, LaneKey, LaneSpan, total_turn

# A marking that allows the change over less of the lane than this counts as forbidding it.
_CHANGE_SHARE = 0.5
_TURN_RADIUS_M = 40.0


def lane_index(spans: Sequence[LaneSpan]) -> dict[LaneKey, int]:
    """Lane number by OpenDRIVE key."""
    return {span.key: i for i, span in enumerate(spans)}


def lanes_by_road(spans: Sequence[LaneSpan]) -> Mapping[int, list[int]]:
    """Lane numbers of each road, in file order."""
    out: dict[int, list[int]] = {}
    for i, span in enumerate(spans):
        out.setdefault(span.key[0], []).append(i)
    return out


def successors_of(world_map: Any, index: dict[LaneKey, int]) -> list[list[int]]:
    """Successors of each lane, ascending, as the client's topology has them."""
    after: list[set[int]] = [set() for _ in index]
    for a, b in world_map.get_topology():
        i = index.get((a.road_id, a.section_id, a.lane_id))
        j = index.get((b.road_id, b.section_id, b.lane_id))
        if i is not None and j is not None:
            after[i].add(j)
    return [sorted(a) for a in after]


def reverse(successors: Sequence[Sequence[int]]) -> list[list[int]]:
    """Predecessors of each lane, ascending."""
    before: list[list[int]] = [[] for _ in successors]
    for i, after in enumerate(successors):
        for j in after:
            before[j].append(i)
    return before


def reachable_upstream(
    start: Sequence[int], predecessors: Sequence[Sequence[int]], keep: Sequence[bool] | Bools
) -> list[int]:
    """Lanes upstream of ``start`` outside ``keep``, found by walking back through ``keep`` lanes.

    Args:
        start: Lanes to begin with; those outside ``keep`` are part of the answer themselves.
        predecessors: Predecessors of each lane.
        keep: True for lanes that are walked through.

    Returns:
        Ascending lane indices.
    """
    queue, seen, out = deque(start), set(start), []
    while queue:
        lane = queue.popleft()
        if not keep[lane]:
            out.append(lane)
            continue
        for before in predecessors[lane]:
            if before not in seen:
                seen.add(before)
                queue.append(before)
    return sorted(out)


def turn_classes(
    spans: Sequence[LaneSpan],
    lines: Sequence[Centreline],
    successors: Sequence[Sequence[int]],
    predecessors: Sequence[Sequence[int]],
) -> NDArray[np.int8]:
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


def approach_breadth(spans: Sequence[LaneSpan], predecessors: list[list[int]]) -> list[int]:
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


def neighbours(
    spans: Sequence[LaneSpan], lines: Sequence[Centreline], index: dict[LaneKey, int]
) -> tuple[Ints, Ints]:
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


def turn_class(heading_change: float, length: float) -> int:
    """Turn class of a connecting lane: -1 right, 0 straight, +1 left, 2 U-turn.

    Below 35 degrees it is straight (the threshold of CARLA's own route planner,
    ``global_route_planner.py``), and so is a bend with a mean radius above 40 m: turns in CARLA's
    towns have 7 to 38 m, slip roads and motorway bends inside junctions 42 m and more. From 150
    degrees it is a U-turn. The last two limits have no source.

    Args:
        heading_change: From start to end [rad], left positive.
        length: Of the lane [m].
    """
    change = abs(heading_change)
    if change < math.radians(35.0) or length > _TURN_RADIUS_M * change:
        return 0
    if change >= math.radians(150.0):
        return 2
    return 1 if heading_change > 0.0 else -1
