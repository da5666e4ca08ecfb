"""Speed limits, lane by lane.

CARLA's vehicles take their limit from the last speed sign they passed, however far back that was,
so a lane's limit is that of the nearest sign upstream. Maps without signs state speeds in the XML.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from typing import Any

from hdsim.road.centrelines import Centreline, LaneSpan
from hdsim.road.signals import valid_for
from hdsim.road.signs import SignKind, sign_limit, signs_of
from hdsim.road.topology import lanes_by_road

# What CARLA gives a vehicle that has not passed a sign: 30 km/h
# (carla-simulator/carla, WheeledVehicleAIController.h: SpeedLimit = 30.0f).
DEFAULT_LIMIT_MPS = 30.0 / 3.6
_UNITS = {"m/s": 1.0, "km/h": 1.0 / 3.6, "mph": 0.44704}
# A limit in force over less of a lane than this is left out when the lane gets its one number: a
# sign just behind a lane's start or just before its end. A heuristic without a source.
_SHARE = 0.25

Stretches = list[tuple[float, float]]
"""Where a limit begins, as a share of the lane's length, and its value [m/s]; ascending."""


def speed_limits(
    root: Any,
    world_map: Any,
    spans: Sequence[LaneSpan],
    lines: Sequence[Centreline],
    predecessors: Sequence[Sequence[int]],
    successors: Sequence[Sequence[int]],
) -> list[float]:
    """Speed limit of each lane [m/s].

    In order of precedence:

    1. the lane's own ``<speed>``;
    2. speed signs (``sign_limit``) on the lane, and for the part before the first of them the
       nearest sign upstream by driving distance; of several limits the lowest;
    3. the ``<speed>`` of the road's ``<type>``;
    4. the highest limit of the lanes that lead into it (connecting roads rarely state one);
    5. CARLA's default of 30 km/h.
    """
    roads = {int(r.get("id")): r for r in root.iterfind("road")}
    signed = _signed(_signs(world_map, spans, lines), lines, successors)
    limits = [
        _lane_speed(roads[span.key[0]], span) or sign or _road_speed(roads[span.key[0]], span)
        for span, sign in zip(spans, signed, strict=True)
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


def _signs(
    world_map: Any, spans: Sequence[LaneSpan], lines: Sequence[Centreline]
) -> list[Stretches]:
    """The speed signs that stand on each lane."""
    on_road = lanes_by_road(spans)
    out: list[Stretches] = [[] for _ in spans]
    for mark, kind in signs_of(world_map):
        limit = sign_limit(mark.type, mark.value, mark.unit)
        if kind is not SignKind.SPEED_LIMIT or limit is None:
            continue
        for i in on_road.get(mark.road_id, ()):
            span = spans[i]
            if not (valid_for(mark, span.key[2]) and span.s_from <= mark.s <= span.s_to):
                continue
            share = (mark.s - span.s_from) / (span.s_to - span.s_from)
            out[i].append((share if lines[i].forward else 1.0 - share, limit))
    return [sorted(marks) for marks in out]


def _signed(
    signs: Sequence[Stretches], lines: Sequence[Centreline], successors: Sequence[Sequence[int]]
) -> list[float | None]:
    """Limit of each lane by signs alone [m/s]; None where there is no sign upstream."""
    before: dict[int, float] = {}  # limit at the lane's start, from the nearest sign upstream
    queue: list[tuple[float, int, float]] = []  # metres from the sign, lane, limit
    for i, marks in enumerate(signs):
        if marks:
            left = (1.0 - marks[-1][0]) * float(lines[i].s[-1])
            for j in successors[i]:
                heapq.heappush(queue, (left, j, marks[-1][1]))
    while queue:
        metres, i, limit = heapq.heappop(queue)
        if i in before:
            continue
        before[i] = limit
        if not signs[i]:
            for j in successors[i]:
                heapq.heappush(queue, (metres + float(lines[i].s[-1]), j, limit))

    def lowest(i: int) -> float | None:
        start = [(0.0, before[i])] if i in before else []
        stretches = start + signs[i]
        if not stretches:
            return None
        ends = [share for share, _ in stretches[1:]] + [1.0]
        shares = [(end - begin, v) for (begin, v), end in zip(stretches, ends, strict=True)]
        lasting = [v for share, v in shares if share >= _SHARE]
        return min(lasting) if lasting else max(shares)[1]

    return [lowest(i) for i in range(len(signs))]


def _lane_speed(road: Any, span: LaneSpan) -> float | None:
    _, section, lane = span.key
    sections = sorted(road.iterfind("lanes/laneSection"), key=lambda e: float(e.get("s")))
    entries = list(sections[section].iterfind(f"*/lane[@id='{lane}']/speed"))
    active = _active(entries, "sOffset", (span.s_to - span.s_from) / 2.0)
    return None if active is None else _speed(active)


def _road_speed(road: Any, span: LaneSpan) -> float | None:
    active = _active(list(road.iterfind("type")), "s", (span.s_from + span.s_to) / 2.0)
    speed = None if active is None else active.find("speed")
    return None if speed is None else _speed(speed)


def _active(entries: Sequence[Any], offset: str, here: float) -> Any | None:
    """The last entry that begins at or before ``here``."""
    begun = [e for e in entries if float(e.get(offset, "0")) <= here]
    return max(begun, key=lambda e: float(e.get(offset, "0"))) if begun else None


def _speed(element: Any) -> float | None:
    """A written speed in m/s; None for "no limit", "undefined" and what is no speed."""
    try:
        speed = float(element.get("max", "")) * _UNITS[element.get("unit") or "m/s"]
    except (ValueError, KeyError):
        return None
    return speed if math.isfinite(speed) and speed > 0.0 else None
