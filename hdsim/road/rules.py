"""Speed limits, signals and give-way signs of an OpenDRIVE map, lane by lane.

Client landmarks are the source for signals and signs: they already resolve ``signalReference``
elements and validities the way CARLA does (also RoadRunner's reading of ``orientation``, which is
not the standard's). Road types, controllers and lane speeds come from the XML, since the client
API does not show them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hdsim.road.centrelines import Centreline, LaneKey, LaneSpan, reachable_upstream
from hdsim.road.lanes import Signal

# What CARLA gives a vehicle that has not passed a sign: 30 km/h
# (carla-simulator/carla, WheeledVehicleAIController: SpeedLimit = 30.0f).
DEFAULT_LIMIT_MPS = 30.0 / 3.6
_UNITS = {"m/s": 1.0, "km/h": 1.0 / 3.6, "mph": 0.44704}

# CARLA's signal types (OpenDRIVE country code "OpenDRIVE"; signs by the German catalogue).
TRAFFIC_LIGHT = "1000001"
GIVE_WAY_SIGNS = ("205", "206")  # yield, stop
SPEED_SIGN = "274"


def speed_limits(
    root: Any,
    world_map: Any,
    spans: Sequence[LaneSpan],
    lines: Sequence[Centreline],
    predecessors: Sequence[Sequence[int]],
) -> list[float]:
    """Speed limit of each lane [m/s].

    In order of precedence: a speed sign (type 274, km/h unless it names a unit) on the lane's road
    at or before the lane's middle; the lane's ``<speed>``; the road ``<type>``'s ``<speed>`` at
    the lane's middle; the highest limit of the lanes that lead into it (CARLA's connecting roads
    carry none); CARLA's default of 30 km/h.
    """
    roads = {int(r.get("id")): r for r in root.iterfind("road")}
    signs: dict[int, list[Any]] = {}
    for mark in world_map.get_all_landmarks_of_type(SPEED_SIGN):
        signs.setdefault(mark.road_id, []).append(mark)
    limits: list[float | None] = [
        _signed(signs.get(span.key[0], ()), span, line) or _written(roads[span.key[0]], span)
        for span, line in zip(spans, lines, strict=True)
    ]
    while True:
        updates = {
            i: max(known)
            for i, limit in enumerate(limits)
            if limit is None and (known := [v for j in predecessors[i] if (v := limits[j])])
        }
        if not updates:
            return [DEFAULT_LIMIT_MPS if v is None else v for v in limits]
        for i, value in updates.items():
            limits[i] = value


def _signed(marks: Sequence[Any], span: LaneSpan, line: Centreline) -> float | None:
    middle = (span.s_from + span.s_to) / 2.0
    passed = [
        m
        for m in marks
        if _valid_for(m, span.key[2]) and (m.s <= middle if line.forward else m.s >= middle)
    ]
    if not passed:
        return None
    last = max(passed, key=lambda m: m.s if line.forward else -m.s)
    return _speed(str(last.value), last.unit or "km/h")


def _written(road: Any, span: LaneSpan) -> float | None:
    _, section, lane = span.key
    middle = (span.s_from + span.s_to) / 2.0
    sections = sorted(road.iterfind("lanes/laneSection"), key=lambda e: float(e.get("s")))
    places = [(f"*/lane[@id='{lane}']/speed", "sOffset", sections[section], middle - span.s_from)]
    places.append(("type", "s", road, middle))
    for path, offset, parent, here in places:
        active = [e for e in parent.iterfind(path) if float(e.get(offset, "0")) <= here]
        if not active:
            continue
        last = max(active, key=lambda e: float(e.get(offset, "0")))
        speed = last if last.tag == "speed" else last.find("speed")
        if speed is not None:
            return _speed(speed.get("max", ""), speed.get("unit") or "m/s")
    return None


def _speed(value: str, unit: str) -> float | None:
    """A written speed in m/s; None for "no limit", "undefined" and values that are no speed."""
    try:
        speed = float(value) * _UNITS[unit]
    except (ValueError, KeyError):
        return None
    return speed if math.isfinite(speed) and speed > 0.0 else None


def _valid_for(mark: Any, lane: int) -> bool:
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
    predecessors: list[list[int]],
) -> Signals:
    """Traffic lights and the lanes that end at their stop lines.

    A light on a connecting road holds the lanes that lead into that road from outside the
    junction, which end at the junction's edge: there is the stop line. A light on an ordinary road
    holds the lane it stands at, with the stop line abreast of it.

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
    for name in sorted(held, key=_by_number):
        mark, lanes = held[name]
        junctions = [spans[c].junction for c, _, _ in lanes if spans[c].junction >= 0]
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
    return Signals(tuple(signals), of_lane, stop_s)


def _held_lanes(
    marks: Sequence[Any],
    spans: Sequence[LaneSpan],
    lines: Sequence[Centreline],
    predecessors: list[list[int]],
) -> dict[str, tuple[Any, list[tuple[int, int, float]]]]:
    """By signal id: a landmark and its (lane it is written on, lane held, stop s [m])."""
    on_road = _lanes_by_road(spans)
    inside = [span.junction >= 0 for span in spans]
    held: dict[str, tuple[Any, list[tuple[int, int, float]]]] = {}
    for mark in sorted(marks, key=lambda m: (_by_number(m.id), m.road_id, m.s)):
        for i in on_road.get(mark.road_id, ()):
            if not _valid_for(mark, spans[i].key[2]):
                continue
            if inside[i]:
                ends = [
                    (i, j, float(lines[j].s[-1]))
                    for j in reachable_upstream([i], predecessors, inside)
                ]
            elif spans[i].s_from <= mark.s <= spans[i].s_to:
                share = (mark.s - spans[i].s_from) / (spans[i].s_to - spans[i].s_from)
                ends = [(i, i, float(lines[i].s[-1]) * (share if lines[i].forward else 1 - share))]
            else:
                continue
            held.setdefault(mark.id, (mark, []))[1].extend(ends)
    return held


def _lanes_by_road(spans: Sequence[LaneSpan]) -> Mapping[int, list[int]]:
    out: dict[int, list[int]] = {}
    for i, span in enumerate(spans):
        out.setdefault(span.key[0], []).append(i)
    return out


def _by_number(text: str) -> tuple[int, str]:
    return (int(text), text) if text.isdigit() else (1 << 62, text)


def give_way_lanes(world_map: Any, spans: Sequence[LaneSpan]) -> list[bool]:
    """For each lane whether a yield or stop sign is valid on it (connecting roads carry them)."""
    on_road = _lanes_by_road(spans)
    gives_way = [False] * len(spans)
    for kind in GIVE_WAY_SIGNS:
        for mark in world_map.get_all_landmarks_of_type(kind):
            for i in on_road.get(mark.road_id, ()):
                gives_way[i] = gives_way[i] or _valid_for(mark, spans[i].key[2])
    return gives_way


def lane_index(spans: Sequence[LaneSpan]) -> dict[LaneKey, int]:
    """Lane number by OpenDRIVE key."""
    return {span.key: i for i, span in enumerate(spans)}
