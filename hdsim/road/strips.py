"""Lane graphs made of named strips: roads whose every number is chosen, without a map file.

Right-hand traffic, lanes 3.5 m wide, no elevation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hdsim.core.state import Floats, wrap_angle
from hdsim.road.lanes import Conflicts, LaneGraph, Signal

LANE_WIDTH = 3.5
# Two corridors overlap where their centrelines come closer than this [m]: a car's width and a bit.
_CORRIDOR_M = 2.2


@dataclass(frozen=True)
class Strip:
    """One lane of a hand-made graph: its centreline and how it hangs together with the others.

    Attributes:
        x: Centreline points in driving direction [m], about 1 m apart.
        y: As x.
        follows: Names of the lanes before it.
        left: Name of the neighbour to the left into which a change is allowed.
        right: As left.
        limit: Speed limit [m/s].
        junction: Junction id, -1 outside.
        turn: -1 right, 0 straight, +1 left.
        signal: True if a traffic signal stands at its end.
        rank: Right of way of its road at crossings; the higher goes first.
        stop: A stop sign holds whoever enters it.
    """

    x: Floats
    y: Floats
    follows: tuple[str, ...] = ()
    left: str = ""
    right: str = ""
    limit: float = 13.9
    junction: int = -1
    turn: int = 0
    signal: bool = False
    rank: int = 0
    stop: bool = False


def line(x0: float, y0: float, x1: float, y1: float) -> tuple[Floats, Floats]:
    """Points about 1 m apart on a segment."""
    n = max(2, round(float(np.hypot(x1 - x0, y1 - y0))) + 1)
    return np.linspace(x0, x1, n), np.linspace(y0, y1, n)


def arc(
    x0: float, y0: float, yaw: float, radius: float, angle: float, step: float = 1.0
) -> tuple[Floats, Floats]:
    """Points on a circle that starts at a pose; ``angle`` is left positive [rad]."""
    n = max(3, round(abs(angle) * radius / step) + 1)
    side = float(np.sign(angle))
    a = np.linspace(0.0, angle, n)
    cx, cy = x0 - side * radius * np.sin(yaw), y0 + side * radius * np.cos(yaw)
    return cx + side * radius * np.sin(yaw + a), cy - side * radius * np.cos(yaw + a)


def build(name: str, strips: dict[str, Strip]) -> tuple[LaneGraph, dict[str, int]]:
    """A lane graph of named strips, and the index of each name."""
    index = {key: i for i, key in enumerate(strips)}
    lanes = list(strips.values())
    counts = [len(s.x) for s in lanes]
    yaw, curvature, along = [], [], []
    for strip in lanes:
        dx, dy = np.gradient(strip.x), np.gradient(strip.y)
        s = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(strip.x), np.diff(strip.y)))])
        heading = np.unwrap(np.arctan2(dy, dx))
        # One-sided differences at the ends lie half a step inside: extend them to the ends.
        heading[0], heading[-1] = 2 * heading[0] - heading[1], 2 * heading[-1] - heading[-2]
        curvature.append(np.gradient(heading, s))
        yaw.append(wrap_angle(heading))
        along.append(s)
    successors: list[list[int]] = [[] for _ in lanes]
    predecessors: list[list[int]] = [[] for _ in lanes]
    for i, strip in enumerate(lanes):
        for before in strip.follows:
            predecessors[i].append(index[before])
            successors[index[before]].append(i)
    signal = np.full(len(lanes), -1)
    signals: list[Signal] = []
    for i, strip in enumerate(lanes):
        if strip.signal:
            signal[i] = len(signals)
            signals.append(
                Signal(
                    id=f"signal-{i}",
                    lanes=(i,),
                    junction=lanes[successors[i][0]].junction if successors[i] else -1,
                    controller="",
                    x=float(strip.x[-1]),
                    y=float(strip.y[-1]),
                )
            )
    length = np.array([s[-1] for s in along])
    first = np.concatenate([[0], np.cumsum(counts)])
    total = int(first[-1])
    graph = LaneGraph(
        name=name,
        road=np.arange(len(lanes)),
        section=np.zeros(len(lanes), dtype=np.int64),
        lane_id=np.full(len(lanes), -1),
        length=length,
        junction=np.array([s.junction for s in lanes]),
        turn=np.array([s.turn for s in lanes], dtype=np.int8),
        left=np.array([index.get(s.left, -1) for s in lanes]),
        right=np.array([index.get(s.right, -1) for s in lanes]),
        limit=np.array([s.limit for s in lanes]),
        signal=signal,
        stop_s=np.where(signal >= 0, length, np.inf),
        first=first,
        x=np.concatenate([s.x for s in lanes]),
        y=np.concatenate([s.y for s in lanes]),
        z=np.zeros(total),
        yaw=np.concatenate(yaw),
        curvature=np.concatenate(curvature),
        width=np.full(total, LANE_WIDTH),
        s=np.concatenate(along),
        successors=tuple(map(tuple, successors)),
        predecessors=tuple(map(tuple, predecessors)),
        signals=tuple(signals),
        conflicts=_conflicts(lanes, along, successors, predecessors),
        stop_sign=np.array([s.stop for s in lanes]),
    )
    return graph, index


def _conflicts(
    lanes: Sequence[Strip],
    along: Sequence[Floats],
    successors: Sequence[Sequence[int]],
    predecessors: Sequence[Sequence[int]],
) -> Conflicts:
    rows: list[tuple[int, float, float, float, float, bool, int]] = []
    start = [0]
    for i, a in enumerate(lanes):
        for j, b in enumerate(lanes):
            apart = i == j or a.junction < 0 or a.junction != b.junction
            if apart or set(predecessors[i]) & set(predecessors[j]):
                continue
            near = np.hypot(a.x[:, None] - b.x[None, :], a.y[:, None] - b.y[None, :]) < _CORRIDOR_M
            if not near.any():
                continue
            own, other = along[i][near.any(axis=1)], along[j][near.any(axis=0)]
            merge = bool(set(successors[i]) & set(successors[j]))
            rows.append((j, own[0], own[-1], other[0], other[-1], merge, _priority(a, b)))
        start.append(len(rows))
    columns = list(zip(*rows, strict=True)) if rows else [()] * 7
    return Conflicts(
        start=np.array(start),
        other=np.array(columns[0], dtype=np.int64),
        own_from=np.array(columns[1], dtype=np.float64),
        own_to=np.array(columns[2], dtype=np.float64),
        other_from=np.array(columns[3], dtype=np.float64),
        other_to=np.array(columns[4], dtype=np.float64),
        merge=np.array(columns[5], dtype=np.bool_),
        priority=np.array(columns[6], dtype=np.int8),
    )


def _priority(a: Strip, b: Strip) -> int:
    """Right of way of ``a`` over ``b``: by rank, then straight before right before left."""
    if a.rank != b.rank:
        return int(np.sign(a.rank - b.rank))
    heads = [np.arctan2(s.y[1] - s.y[0], s.x[1] - s.x[0]) for s in (a, b)]
    if abs(float(wrap_angle(heads[0] - heads[1]))) < 0.75 * np.pi:
        return 0  # from the side: nobody has priority by the manoeuvre alone
    order = {0: 2, -1: 1, 1: 0}
    return int(np.sign(order[a.turn] - order[b.turn]))
