"""What a driver knows of each junction conflict beforehand: kind, critical gap, turning speed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from hdsim.control.parameters import Parameters
from hdsim.core.state import Bools, Floats, Ints, wrap_angle
from hdsim.road.lanes import LaneGraph

# Headings of two approaches that differ by more than this face each other.
_FACING = np.radians(120.0)
_FROM_SIDE = np.radians(30.0)
# Who waits inside a junction keeps so far from the lanes of the oncoming traffic, in a car so wide
# from its middle to its side [m]. [P]
_CLEAR_M, _HALF_CAR_M = 0.1, 0.95


class ConflictTable(NamedTuple):
    """Per conflict of ``LaneGraph.conflicts`` (shape (C,)) and per lane (shape (L,)).

    A named tuple, because compiled code reads it as it is.

    Attributes:
        start: Conflicts of lane ``i`` are ``start[i]:start[i + 1]``, (L + 1,).
        other: The other lane, (C,).
        own_from: Where the overlap begins on the first lane [m], (C,).
        own_to: Where it ends [m], (C,).
        other_from: Where it begins on the other lane [m], (C,).
        other_to: Where it ends [m], (C,).
        priority: +1 where the first lane goes first, -1 where it yields, 0 undetermined, (C,);
            between two stop signs it is undetermined: who came first goes first.
        facing: The other lane comes from the opposite direction, (C,).
        from_right: It comes from the right, (C,).
        critical: Critical gap of the first lane's movement against the other [s], (C,).
        speed: Speed at which a lane is driven through [m/s], (L,).
        controlled: A signal holds the approach of the lane, (L,).
        x: Middle of the lane [m], (L,).
        y: As x.
        length: Length of the lane [m], (L,).
        junction: Its junction, -1 outside, (L,).
        stop: A stop sign holds whoever enters it, (L,).
        within: How far into a lane the front bumper waits for oncoming traffic, 0 for before the
            lane [m], (L,); see ``waiting_within``.
        mouth: For a lane of a junction, the lane that leads into it, which others may begin at as
            well; -1 for none, (L,).
    """

    start: Ints
    other: Ints
    own_from: Floats
    own_to: Floats
    other_from: Floats
    other_to: Floats
    priority: NDArray[np.int8]
    facing: Bools
    from_right: Bools
    critical: Floats
    speed: Floats
    controlled: Bools
    x: Floats
    y: Floats
    length: Floats
    junction: Ints
    stop: Bools
    within: Floats
    mouth: Ints


def conflict_table(graph: LaneGraph, p: Parameters) -> ConflictTable:
    """Tabulate the conflicts of a lane graph once."""
    c = graph.conflicts
    own: Ints = np.repeat(np.arange(len(graph)), np.diff(c.start))
    entry_yaw = graph.yaw[graph.first[:-1]]
    turn_in = wrap_angle(entry_yaw[c.other] - entry_yaw[own])
    facing = np.abs(turn_in) > _FACING
    from_right = ~facing & (turn_in > _FROM_SIDE)
    controlled = np.array(
        [any(graph.signal[i] >= 0 for i in before) for before in graph.predecessors], dtype=np.bool_
    )
    turn = graph.turn[own]
    left = turn > 0
    minor = np.where(
        left, p.gap_left_minor, np.where(turn < 0, p.gap_right_minor, p.gap_through_minor)
    )
    across = np.where(controlled[own], p.gap_signal_left, p.gap_left_major)
    both_stop = graph.stop_sign[own] & graph.stop_sign[c.other]
    priority = np.where(both_stop, 0, c.priority).astype(np.int8)
    critical = np.where(priority >= 0, 0.0, np.where(left & facing, across, minor))
    bend = np.maximum.reduceat(np.abs(graph.curvature), graph.first[:-1])
    speed = np.minimum(graph.limit, np.sqrt(p.lateral_accel / np.maximum(bend, 1e-3)))
    x, y, _ = graph.at(np.arange(len(graph)), 0.5 * graph.length)
    return ConflictTable(
        start=c.start,
        other=c.other,
        own_from=c.own_from,
        own_to=c.own_to,
        other_from=c.other_from,
        other_to=c.other_to,
        priority=priority,
        facing=facing,
        from_right=from_right,
        critical=critical,
        speed=np.maximum(speed, p.min_curve_speed),
        controlled=controlled,
        x=x,
        y=y,
        length=graph.length,
        junction=graph.junction,
        stop=graph.stop_sign,
        within=waiting_within(graph, own, priority, facing, controlled),
        mouth=np.array(
            [
                before[0] if junction >= 0 and len(before) else -1
                for before, junction in zip(graph.predecessors, graph.junction, strict=True)
            ],
            dtype=np.int64,
        ),
    )


def waiting_within(
    graph: LaneGraph,
    own: Ints,
    priority: NDArray[np.int8],
    facing: Bools,
    controlled: Bools,
) -> Floats:
    """How far into its lane each left turn waits for oncoming traffic [m], shape (L,).

    Who turns left across oncoming traffic, with a signal or from the major road, waits inside the
    junction, where no part of the car is over an oncoming lane, and starts from there. Whoever has
    others to yield to as well, or a stop sign, waits before the junction.

    Args:
        graph: The lane graph.
        own: First lane of each conflict, shape (C,).
        priority: As in ``ConflictTable``.
        facing: As there.
        controlled: As there.
    """
    oncoming, others = np.zeros((2, len(graph)), dtype=np.bool_)
    oncoming[own[facing]] = True
    others[own[~facing & (priority < 0)]] = True
    waits = (graph.turn > 0) & oncoming & ~graph.stop_sign & (controlled | ~others)
    within = np.zeros(len(graph))
    for lane in np.flatnonzero(waits):
        facing_it = graph.conflicts.other[facing & (own == lane)]
        within[lane] = _free_stretch(graph, int(lane), facing_it)
    return within


def _free_stretch(graph: LaneGraph, lane: int, oncoming: Ints) -> float:
    """Length of a lane over which the left side of a car is over none of the oncoming lanes [m]."""
    points = slice(graph.first[lane], graph.first[lane + 1])
    yaw = graph.yaw[points]
    x = graph.x[points] - _HALF_CAR_M * np.sin(yaw)
    y = graph.y[points] + _HALF_CAR_M * np.cos(yaw)
    over = np.zeros(len(x), dtype=np.bool_)
    for other in oncoming:
        there = slice(graph.first[other], graph.first[other + 1])
        middle = shapely.LineString(np.column_stack([graph.x[there], graph.y[there]]))
        reach = 0.5 * float(graph.width[there].min()) + _CLEAR_M
        over |= shapely.distance(shapely.points(x, y), middle) < reach
    free = int(np.argmax(over)) if over.any() else len(x)
    return float(graph.s[points][free - 1]) if free else 0.0
