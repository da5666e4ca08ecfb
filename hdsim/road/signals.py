"""Traffic lights and give-way signs of an OpenDRIVE map, lane by lane.

Client landmarks are the source for signals and signs: they already resolve ``signalReference``
elements and validities the way CARLA does (also RoadRunner's reading of ``orientation``, which is
not the standard's). Controllers come from the XML, since the client API does not show them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdsim.road.centrelines import Centreline, LaneSpan
from hdsim.road.lanes import Signal
from hdsim.road.phases import with_phases
from hdsim.road.signs import SignKind, signs_of
from hdsim.road.topology import lanes_by_road, reachable_upstream

# CARLA's signal type (OpenDRIVE country code "OpenDRIVE").
TRAFFIC_LIGHT = "1000001"
# A light or sign on an ordinary road belongs to the junction that begins at most this far behind
# it [m]. A proposal: stop lines and signs stand right before a junction, a few car lengths where a
# crosswalk lies between.
_BEFORE_JUNCTION_M = 30.0


def valid_for(mark: Any, lane: int) -> bool:
    """Whether a ``carla.Landmark`` applies to an OpenDRIVE lane id of its road."""
    return any(min(a, b) <= lane <= max(a, b) for a, b in mark.get_lane_validities())


@dataclass(frozen=True, slots=True)
class Signals:
    """What ``find_signals`` found.

    Attributes:
        signals: All signals that hold at least one lane, by id.
        of_lane: Signal index of each lane, -1 for none.
        stop_s: Stop line on each lane [m], inf without a signal.
    """

    signals: tuple[Signal, ...]
    of_lane: list[int]
    stop_s: list[float]


def find_signals(
    root: Any,
    world_map: Any,
    spans: Sequence[LaneSpan],
    lines: Sequence[Centreline],
    predecessors: Sequence[Sequence[int]],
    successors: Sequence[Sequence[int]],
) -> Signals:
    """Traffic lights and the lanes that end at their stop lines.

    A light on a connecting road holds the lanes that lead into that road from outside the
    junction, which end at the junction's edge: there is the stop line. A light on an ordinary road
    holds the lane it stands at, with the stop line abreast of it, and belongs to the junction
    ahead if there is one within 30 m. Junctions without controllers get phases by ``with_phases``.

    When two lights hold one lane (separate heads for turns) the one whose id sorts first by number
    is the lane's signal; both stay in ``signals``.
    """
    held = _held_lanes(
        world_map.get_all_landmarks_of_type(TRAFFIC_LIGHT), spans, lines, predecessors
    )
    controllers = {
        control.get("signalId"): str(c.get("id"))
        for c in root.iterfind("controller")
        for control in c.iterfind("control")
    }
    of_lane, stop_s = [-1] * len(spans), [math.inf] * len(spans)
    signals: list[Signal] = []
    headings: list[float] = []
    for name in sorted(held, key=_by_number):
        mark, lanes = held[name]
        junctions = [spans[c].junction for c, _, _ in lanes if spans[c].junction >= 0]
        if not junctions:
            ahead = [
                j
                for _, lane, stop in lanes
                for j in junction_ahead(lane, stop, spans, lines, successors)
            ]
            junctions = [spans[j].junction for j in ahead]
        _, held_lane, held_s = lanes[0]
        headings.append(
            float(np.interp(held_s, lines[held_lane].s, np.unwrap(lines[held_lane].yaw)))
        )
        for _, lane, stop in lanes:
            if of_lane[lane] < 0:
                of_lane[lane], stop_s[lane] = len(signals), stop
        where = mark.transform.location
        signals.append(
            Signal(
                id=name,
                lanes=tuple(sorted({lane for _, lane, _ in lanes})),
                junction=junctions[0] if junctions else -1,
                controller=controllers.get(name, ""),
                x=float(where.x),
                y=-float(where.y),
            )
        )
    return Signals(with_phases(signals, headings), of_lane, stop_s)


def junction_ahead(
    lane: int,
    s: float,
    spans: Sequence[LaneSpan],
    lines: Sequence[Centreline],
    successors: Sequence[Sequence[int]],
) -> list[int]:
    """Junction lanes that begin within ``_BEFORE_JUNCTION_M`` ahead of a place on a lane."""
    found: set[int] = set()
    queue = [(lane, float(lines[lane].s[-1]) - s)]
    while queue:
        i, metres = queue.pop()
        if metres > _BEFORE_JUNCTION_M:
            continue
        for j in successors[i]:
            if spans[j].junction >= 0:
                found.add(j)
            else:
                queue.append((j, metres + float(lines[j].s[-1])))
    return sorted(found)


def _held_lanes(
    marks: Sequence[Any],
    spans: Sequence[LaneSpan],
    lines: Sequence[Centreline],
    predecessors: Sequence[Sequence[int]],
) -> dict[str, tuple[Any, list[tuple[int, int, float]]]]:
    """By signal id: a landmark and its (lane it is written on, lane held, stop s [m])."""
    on_road = lanes_by_road(spans)
    inside = [span.junction >= 0 for span in spans]
    held: dict[str, tuple[Any, list[tuple[int, int, float]]]] = {}
    for mark in sorted(marks, key=lambda m: (_by_number(m.id), m.road_id, m.s)):
        for i in on_road.get(mark.road_id, ()):
            if not valid_for(mark, spans[i].key[2]):
                continue
            if inside[i]:
                ends = [
                    (i, j, float(lines[j].s[-1]))
                    for j in reachable_upstream([i], predecessors, inside)
                ]
            elif spans[i].s_from <= mark.s <= spans[i].s_to:
                ends = [(i, i, along(mark.s, spans[i], lines[i]))]
            else:
                continue
            held.setdefault(mark.id, (mark, []))[1].extend(ends)
    return held


def _by_number(text: str) -> tuple[int, str]:
    return (int(text), text) if text.isdigit() else (1 << 62, text)


def lanes_under(
    sign: SignKind,
    world_map: Any,
    spans: Sequence[LaneSpan],
    lines: Sequence[Centreline],
    successors: Sequence[Sequence[int]],
) -> list[bool]:
    """For each lane whether a sign of this kind is valid on it.

    Connecting roads carry the signs of CARLA's towns. One on an ordinary road is for the lanes of
    the junction ahead, if there is one within 30 m.
    """
    on_road = lanes_by_road(spans)
    under = [False] * len(spans)
    for mark, kind in signs_of(world_map):
        if kind is not sign:
            continue
        for i in on_road.get(mark.road_id, ()):
            if not valid_for(mark, spans[i].key[2]):
                continue
            if spans[i].junction >= 0:
                under[i] = True
            elif spans[i].s_from <= mark.s <= spans[i].s_to:
                for j in junction_ahead(
                    i, along(mark.s, spans[i], lines[i]), spans, lines, successors
                ):
                    under[j] = True
    return under


def along(s: float, span: LaneSpan, line: Centreline) -> float:
    """Distance along a lane [m] of a place at ``s`` of its road."""
    share = (s - span.s_from) / (span.s_to - span.s_from)
    return float(line.s[-1]) * (share if line.forward else 1.0 - share)
