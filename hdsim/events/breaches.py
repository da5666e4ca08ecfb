"""Facts about the seconds before a collision; pure functions of a window of states.

Each returns the facts it finds, none if there are none. ``is_breach`` marks those that break a
rule; the others are context.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import shapely

from hdsim.core.state import State, wrap_angle
from hdsim.events.event import Detail
from hdsim.events.geometry import Boxes, lane_point
from hdsim.events.rules import Place, place_of, ran_red
from hdsim.events.window import Window

_RED_S = 5.0
_LANE_S = 3.0
_STOOD_S = 1.0
STANDING_MPS = 0.5
# A cut-in leaves too little room below these: THW under 1 s is risky (Vogel 2003), TTC under 3 s
# is alerting (van der Horst 1991).
_ROOM_THW_S = 1.0
_ROOM_TTC_S = 3.0
# Box edge farther than this over the lane's edge is leaving the lane [m]: a heuristic.
_OVER_EDGE_M = 0.15
_PARALLEL_RAD = np.radians(35.0)
# Who came into the conflict zone this much earlier was established there [s]: a heuristic.
_ESTABLISHED_S = 2.0


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was so.

    Attributes:
        name: Of the rule or circumstance.
        actor: Whom it is about.
        tick: When.
        time: The same [s].
        text: In words.
        is_breach: Whether it breaks a rule.
        values: Numbers behind it, units in the names.
    """

    name: str
    actor: str
    tick: int
    time: float
    text: str
    is_breach: bool = True
    values: Mapping[str, Detail] = field(default_factory=dict)


def fact(
    window: Window,
    index: int,
    name: str,
    row: int,
    text: str,
    is_breach: bool = True,
    **values: Detail,
) -> Fact:
    """A fact about ``row`` at ``window.states[index]``."""
    return Fact(
        name,
        window.roster.names[row],
        window.tick_of(index),
        window.states[index].time,
        text,
        is_breach,
        values,
    )


def red_light(window: Window, row: int) -> list[Fact]:
    """Red lights run within the last 5 s."""
    found = []
    for i in window.last(_RED_S)[1:]:
        before, now = window.states[i - 1], window.states[i]
        if row in ran_red(before, now, window.roster, window.stops):
            speed = float(now.speed[row])
            text = f"crossed the stop line on red at {speed:.1f} m/s"
            found.append(fact(window, i, "red_light", row, text, speed_mps=speed))
    return found


def out_of_lane(window: Window, row: int) -> list[Fact]:
    """Off the road or in an oncoming lane, just before the collision; told at its beginning."""
    indices = window.last(_LANE_S)
    places = [place_of(window.graph, window.states[i], row, window.limits) for i in indices]
    # The collision itself may push a vehicle out of its lane: the tick before decides.
    if len(places) < 2 or places[-2] is Place.IN_LANE:
        return []
    k = len(places) - 2
    while k > 0 and places[k - 1] is places[-2]:
        k -= 1
    wrong = places[-2] is Place.WRONG_WAY
    name, text = (
        ("wrong_way", "drove against the direction of the lane")
        if wrong
        else ("off_road", "was off the road")
    )
    return [fact(window, indices[k], name, row, text)]


def changes(window: Window, row: int, seconds: float = _LANE_S) -> list[int]:
    """Indices at which a vehicle's centre came into the next lane of the same road."""
    graph = window.graph
    found = []
    for i in window.last(seconds)[1:]:
        was, now = int(window.states[i - 1].lane[row]), int(window.states[i].lane[row])
        if min(was, now) < 0 or was == now:
            continue
        side_by_side = now in (graph.left[was], graph.right[was])
        same_road = graph.road[was] == graph.road[now] and graph.section[was] == graph.section[now]
        if side_by_side or same_road:
            found.append(i)
    return found


def gap_ahead(state: State, window: Window, row: int, other: int) -> float:
    """Bumper-to-bumper gap from ``row`` forward to ``other`` along its heading [m]."""
    c, s = np.cos(state.yaw[row]), np.sin(state.yaw[row])
    ahead = (state.x[other] - state.x[row]) * c + (state.y[other] - state.y[row]) * s
    return float(ahead - 0.5 * (window.roster.length[row] + window.roster.length[other]))


def cut_in(window: Window, row: int, other: int) -> list[Fact]:
    """``row`` came into the lane of ``other``, ahead of it or beside it, with too little room."""
    for i in changes(window, row):
        state = window.states[i]
        came_in_behind = gap_ahead(state, window, row, other) > 0.0
        if _shares_lane(window, state, row, other) and not came_in_behind:
            return [_came_in(window, i, row, other)]
    return []


def _came_in(window: Window, index: int, row: int, other: int) -> Fact:
    """The room that ``row`` left for ``other`` behind it, at ``index``."""
    state = window.states[index]
    gap = gap_ahead(state, window, other, row)
    behind = float(state.speed[other])
    closing = behind - float(state.speed[row])
    thw = max(gap, 0.0) / behind if behind > STANDING_MPS else np.inf
    ttc = max(gap, 0.0) / closing if closing > 0.0 else np.inf
    tight = thw < _ROOM_THW_S or ttc < _ROOM_TTC_S
    return fact(
        window,
        index,
        "cut_in" if tight else "lane_change",
        row,
        f"came into the other's lane with {gap:.1f} m between them",
        is_breach=tight,
        gap_m=gap,
        thw_s=thw,
        ttc_s=ttc,
    )


def _shares_lane(window: Window, state: State, row: int, other: int) -> bool:
    """Whether two vehicles are in one lane, or in lanes that follow each other."""
    a, b = int(state.lane[row]), int(state.lane[other])
    if min(a, b) < 0:
        return False
    return a == b or a in window.graph.successors[b] or b in window.graph.successors[a]


def left_lane_sideways(window: Window, row: int, other: int) -> list[Fact]:
    """``row`` reached over the edge of its lane, towards one beside it, behind it or oncoming.

    Towards one beside or oncoming that is a breach; towards one behind it is an unfinished cut-in
    and depends on the room.
    """
    if len(window.states) < 2:
        return []
    before = window.states[-2]
    turn = abs(float(wrap_angle(before.yaw[row] - before.yaw[other])))
    oncoming = turn > np.pi - _PARALLEL_RAD
    if not oncoming and turn > _PARALLEL_RAD:
        return []
    if not oncoming and gap_ahead(before, window, row, other) >= 0.0:
        return []  # the other is ahead
    first = None
    indices = window.last(_LANE_S)
    for i in reversed(indices[:-1]):
        if _over_edge(window, window.states[i], row, other) < _OVER_EDGE_M:
            break
        first = i
    if first is None:
        return []
    if not oncoming and gap_ahead(before, window, other, row) >= 0.0:
        return [_came_in(window, first, row, other)]
    over = _over_edge(window, before, row, other)
    text = f"reached {over:.1f} m over the edge of its lane towards the other"
    return [fact(window, first, "lane_departure", row, text, over_m=over)]


def _over_edge(window: Window, state: State, row: int, other: int) -> float:
    """How far the box of ``row`` reaches over its lane's edge on the side of ``other`` [m]."""
    lane = int(state.lane[row])
    if lane < 0 or window.graph.junction[lane] >= 0:
        return -np.inf
    turn = float(wrap_angle(state.yaw[row] - state.lane_yaw[row]))
    reach = 0.5 * float(
        window.roster.width[row] * abs(np.cos(turn)) + window.roster.length[row] * abs(np.sin(turn))
    )
    c, s = np.cos(state.lane_yaw[row]), np.sin(state.lane_yaw[row])
    side = (state.y[other] - state.y[row]) * c - (state.x[other] - state.x[row]) * s
    width = float(window.graph.width[lane_point(window.graph, lane, state.s[row])])
    return float(np.sign(side) * state.d[row] + reach - 0.5 * width)


def no_priority(window: Window, a: int, b: int) -> list[Fact]:
    """On crossing or merging junction lanes: who had to give way, and who was there first."""
    pair = _conflict(window, a, b)
    if pair is None:
        return []
    graph = window.graph
    lane_a, lane_b, k = pair
    conflicts = graph.conflicts
    in_a = _entry(window, a, lane_a, float(conflicts.own_from[k]))
    in_b = _entry(window, b, lane_b, float(conflicts.other_from[k]))
    found = []
    for row, index in ((a, in_a), (b, in_b)):
        if index is not None:
            text = "came into the conflict zone"
            found.append(fact(window, index, "entered_conflict", row, text, is_breach=False))
    end = len(window.states) - 1
    in_a, in_b = end if in_a is None else in_a, end if in_b is None else in_b
    lead_s = (in_b - in_a) * window.step_s  # by how much a was first
    priority = int(conflicts.priority[k]) or _from_the_right(window, lane_a, lane_b)
    if priority == 0:
        if abs(lead_s) < _ESTABLISHED_S:
            return found
        loser, index = (b, in_b) if lead_s > 0 else (a, in_a)
        text = f"came into the conflict zone {abs(lead_s):.1f} s after the other"
        return [*found, fact(window, index, "failed_to_yield", loser, text)]
    loser, index, ahead = (b, in_b, -lead_s) if priority > 0 else (a, in_a, lead_s)
    if ahead > _ESTABLISHED_S:
        text = f"had to give way but was in the conflict zone {ahead:.1f} s before the other"
        return [*found, fact(window, index, "was_there_first", loser, text, is_breach=False)]
    text = "did not give way"
    return [*found, fact(window, index, "failed_to_yield", loser, text)]


def _conflict(window: Window, a: int, b: int) -> tuple[int, int, int] | None:
    """Junction lanes of both, and the index of their overlap, latest first."""
    graph = window.graph
    lanes: list[list[int]] = [[], []]
    for side, row in enumerate((a, b)):
        for i in reversed(window.last(_RED_S)):
            lane = int(window.states[i].lane[row])
            if lane >= 0 and graph.junction[lane] >= 0 and lane not in lanes[side]:
                lanes[side].append(lane)
    for lane_a in lanes[0]:
        span = range(int(graph.conflicts.start[lane_a]), int(graph.conflicts.start[lane_a + 1]))
        for k in span:
            if int(graph.conflicts.other[k]) in lanes[1]:
                return lane_a, int(graph.conflicts.other[k]), k
    return None


def _entry(window: Window, row: int, lane: int, zone_from: float) -> int | None:
    """Index at which the front bumper came into the zone on ``lane``."""
    half = 0.5 * float(window.roster.length[row])
    for i, state in enumerate(window.states):
        if int(state.lane[row]) == lane and float(state.s[row]) + half >= zone_from:
            return i
    return None


def _from_the_right(window: Window, lane_a: int, lane_b: int) -> int:
    """+1 where ``lane_b`` comes from the left of ``lane_a`` (a goes first), -1 from the right.

    Priority to the right, the rule of unmarked junctions; 0 for lanes from opposite sides. A
    signalised approach has no such rule.
    """
    graph = window.graph
    for lane in (lane_a, lane_b):
        if any(graph.signal[p] >= 0 for p in graph.predecessors[lane]):
            return 0
    turn = float(wrap_angle(graph.yaw[graph.first[lane_b]] - graph.yaw[graph.first[lane_a]]))
    if abs(np.sin(turn)) < np.sin(np.radians(30.0)):
        return 0
    return -1 if turn > 0 else 1  # heading to the left: it comes from the right


def ran_into_rear(window: Window, row: int, other: int) -> list[Fact]:
    """The front of ``row`` met the rear of ``other``, both heading about the same way."""
    end = len(window.states) - 1
    state = window.states[max(0, end - 1)]
    turn = abs(float(wrap_angle(state.yaw[row] - state.yaw[other])))
    if turn > _PARALLEL_RAD * 1.3:
        return []
    closing = float(state.speed[row] - state.speed[other])
    faces = contact_faces(window, row, other)
    if faces != ("front", "rear") or closing < 0.1:
        return []
    text = f"ran into the rear of {window.roster.names[other]}, {closing:.1f} m/s faster"
    return [fact(window, end, "ran_into_rear", row, text, closing_mps=closing)]


def struck_standing(window: Window, row: int, other: int) -> list[Fact]:
    """``other`` had stood for a second, ``row`` moved."""
    indices = window.last(_STOOD_S)[:-1]
    stood = all(abs(float(window.states[i].speed[other])) < STANDING_MPS for i in indices)
    speed = float(window.states[max(0, len(window.states) - 2)].speed[row])
    if not indices or not stood or abs(speed) < STANDING_MPS:
        return []
    text = f"struck {window.roster.names[other]}, which stood, at {speed:.1f} m/s"
    return [fact(window, len(window.states) - 1, "struck_standing", row, text, speed_mps=speed)]


def contact_faces(window: Window, row: int, other: int) -> tuple[str, str]:
    """Which side of each box the contact is on: front, rear, left or right."""
    state = window.states[-1]
    rows = np.array([row, other])
    boxes = Boxes.of(state, window.roster, rows)
    shapes = [shapely.Polygon(corners) for corners in boxes.corners()]
    for reach in (0.05, 0.3, 1.0):
        common = shapely.intersection(shapes[0].buffer(reach), shapes[1].buffer(reach))
        if not common.is_empty:
            break
    centre = common.centroid if not common.is_empty else shapely.union_all(shapes).centroid
    faces = []
    for r in rows:
        c, s = np.cos(state.yaw[r]), np.sin(state.yaw[r])
        dx, dy = centre.x - state.x[r], centre.y - state.y[r]
        u = float((dx * c + dy * s) / window.roster.length[r])
        v = float((dy * c - dx * s) / window.roster.width[r])
        if abs(u) >= abs(v):
            faces.append("front" if u > 0 else "rear")
        else:
            faces.append("left" if v > 0 else "right")
    return faces[0], faces[1]


def context(window: Window, a: int, b: int) -> list[Fact]:
    """Where the boxes met and how fast both were just before."""
    end = len(window.states) - 1
    state = window.states[max(0, end - 1)]
    faces = contact_faces(window, a, b)
    turn = float(np.degrees(abs(wrap_angle(state.yaw[a] - state.yaw[b]))))
    names = window.roster.names
    text = (
        f"{faces[0]} of {names[a]} at {float(state.speed[a]):.1f} m/s met {faces[1]} of {names[b]} "
        f"at {float(state.speed[b]):.1f} m/s, headings {turn:.0f} degrees apart"
    )
    return [
        fact(
            window,
            end,
            "contact",
            a,
            text,
            is_breach=False,
            heading_difference_deg=turn,
            speed_mps=float(state.speed[a]),
            other_speed_mps=float(state.speed[b]),
        )
    ]
