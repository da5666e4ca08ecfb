"""Where junction lanes overlap, and who goes first there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from hdsim.core.state import Floats, Ints
from hdsim.road.lanes import Conflicts

# Half a car (CARLA's cars are up to 2.1 m wide) with a little room: half width of the corridor
# that a vehicle sweeps along a centreline [m].
CORRIDOR_HALF_M = 1.1


def find_conflicts(
    first: Ints,
    x: Floats,
    y: Floats,
    junction: Ints,
    turn: NDArray[np.int8],
    gives_way: Sequence[bool],
    breadth: Sequence[int],
    successors: Sequence[Sequence[int]],
    predecessors: Sequence[Sequence[int]],
    right_hand: bool,
) -> Conflicts:
    """Overlaps of the corridors of lanes of one junction, both ways round.

    Lanes that leave the same lane are no conflict (one vehicle follows the other there), nor are
    lanes that follow each other.

    Args:
        first: Point ranges as in ``LaneGraph``, shape (L + 1,).
        x: Point positions [m], shape (Q,).
        y: As x.
        junction: Junction of each lane, -1 for none, shape (L,).
        turn: Turn class of each lane as in ``LaneGraph``, shape (L,).
        gives_way: Whether a yield or stop sign applies to the lane.
        breadth: Lanes side by side on the road that leads into a junction lane.
        successors: Successors of each lane.
        predecessors: Predecessors of each lane.
        right_hand: Whether traffic keeps to the right.
    """
    inside = np.flatnonzero(junction >= 0)
    lines = [
        shapely.LineString(np.column_stack([x[a:b], y[a:b]]))
        for a, b in zip(first[inside], first[inside + 1], strict=True)
    ]
    corridors = shapely.buffer(lines, CORRIDOR_HALF_M, cap_style="flat")
    shapely.prepare(corridors)
    pairs = shapely.STRtree(corridors).query(corridors, predicate="intersects")
    rank = {
        i: _precedence(int(turn[i]), gives_way[i], breadth[i], right_hand) for i in inside.tolist()
    }
    rows = []
    for a, b in sorted(zip(*pairs.tolist(), strict=True)):
        i, j = int(inside[a]), int(inside[b])
        if a >= b or junction[i] != junction[j]:
            continue
        follows = j in successors[i] or i in successors[j]
        if follows or set(predecessors[i]) & set(predecessors[j]):
            continue
        overlap = shapely.intersection(corridors[a], corridors[b])
        if overlap.area < 1e-3:
            continue
        corners = shapely.points(shapely.get_coordinates(overlap))
        on_a = shapely.line_locate_point(lines[a], corners)
        on_b = shapely.line_locate_point(lines[b], corners)
        span_a, span_b = (on_a.min(), on_a.max()), (on_b.min(), on_b.max())
        merge = bool(set(successors[i]) & set(successors[j]))
        sign = int(np.sign(rank[i] - rank[j]))
        rows.append((i, j, *span_a, *span_b, merge, sign))
        rows.append((j, i, *span_b, *span_a, merge, -sign))
    rows.sort(key=lambda r: (r[0], r[1]))
    table = np.array(rows, dtype=np.float64).reshape(-1, 8)
    return Conflicts(
        start=np.searchsorted(table[:, 0], np.arange(len(junction) + 1)).astype(np.int64),
        other=table[:, 1].astype(np.int64),
        own_from=table[:, 2],
        own_to=table[:, 3],
        other_from=table[:, 4],
        other_to=table[:, 5],
        merge=table[:, 6] > 0.5,
        priority=table[:, 7].astype(np.int8),
    )


def _precedence(turn: int, gives_way: bool, breadth: int, right_hand: bool) -> float:
    """Rank of a lane at an unsignalised junction: higher goes first.

    Straight 3, turn to the near side 2, turn across oncoming traffic 1, U-turn 0 (Vienna
    Convention on Road Traffic 1968, Art. 16 and 18); a yield or stop sign outranks all of it. Of
    two straight lanes the one from the road with more lanes goes first: a motorway before its
    slip road, which carries no sign in CARLA's towns.
    """
    near = -1 if right_hand else 1
    rank = {0: 3.0 + 0.01 * breadth, near: 2.0, -near: 1.0, 2: 0.0}[turn]
    return rank - (10.0 if gives_way else 0.0)
