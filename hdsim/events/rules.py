"""Traffic rules: red lights run, lanes left, the wrong way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from hdsim.core.state import Bools, Floats, Ints, Roster, SignalState, State, wrap_angle
from hdsim.events.event import Event, Kind
from hdsim.events.geometry import lane_point
from hdsim.events.thresholds import Thresholds
from hdsim.road.lanes import LaneGraph

_LEAST_SPEED_MPS = 0.1
# An episode of driving off the road or the wrong way ends after so long back in place [s]: a
# heuristic without a source.
_BACK_S = 1.0
# Lanes with a stop line nearer to their start than this are looked into from the lane before: more
# than half the longest vehicle.
_SHORT_M = 8.0


@dataclass(frozen=True, slots=True)
class StopLines:
    """The stop line that a vehicle on each lane meets first, shape (L,).

    A lane that leads into a short one with a signal counts it too: the front bumper is over the
    line before the centre is on that lane.

    Attributes:
        signal: Signal index, -1 for none.
        at: Where it lies, along this lane and beyond [m].
    """

    signal: Ints
    at: Floats

    @classmethod
    def of(cls, graph: LaneGraph) -> StopLines:
        """All stop lines of a map."""
        signal, at = graph.signal.copy(), graph.stop_s.copy()
        for lane in np.flatnonzero(graph.signal < 0):
            for after in graph.successors[lane]:
                if graph.signal[after] >= 0 and graph.stop_s[after] < _SHORT_M:
                    signal[lane] = graph.signal[after]
                    at[lane] = graph.length[lane] + graph.stop_s[after]
        return cls(signal, at)


def stop_line_distance(state: State, roster: Roster, stops: StopLines) -> Floats:
    """Front bumper to the next stop line [m], negative past it; inf without one."""
    lane = np.maximum(state.lane, 0)
    has = (state.lane >= 0) & (stops.signal[lane] >= 0)
    heading = np.cos(wrap_angle(state.yaw - state.lane_yaw))
    front = state.s + 0.5 * roster.length * heading
    return np.where(has & (heading > 0.5), stops.at[lane] - front, np.inf)


def ran_red(
    before: State, now: State, roster: Roster, stops: StopLines, moved: Bools | None = None
) -> Ints:
    """Rows whose front bumper crossed their stop line between two ticks while it showed red.

    Leaderboard v1 takes the rear of the vehicle; the law, and the verdict, the front.
    """
    was = stop_line_distance(before, roster, stops)
    distance = stop_line_distance(now, roster, stops)
    signal = stops.signal[np.maximum(now.lane, 0)]
    red = np.zeros(len(signal), dtype=bool)
    has = signal >= 0
    red[has] = now.signals[signal[has]] == SignalState.RED
    crossed = np.isfinite(was) & (was > 0.0) & (distance <= 0.0) & (now.speed > _LEAST_SPEED_MPS)
    crossed &= red & now.present & before.present
    crossed[roster.walkers] = False  # the signals of vehicles do not hold people on foot
    if moved is not None:
        crossed &= ~moved
    return np.flatnonzero(crossed)


class RedLights:
    """Red lights run by any vehicle.

    Args:
        roster: Who takes part.
        graph: The lane graph.
    """

    def __init__(self, roster: Roster, graph: LaneGraph) -> None:
        self._roster, self._graph = roster, graph
        self._stops = StopLines.of(graph)
        self._before: State | None = None

    def step(self, tick: int, state: State, moved: Bools | None = None) -> list[Event]:
        """Red lights run at this tick."""
        before, self._before = self._before, state
        if before is None or not len(self._graph.signals):
            return []
        events = []
        for row in ran_red(before, state, self._roster, self._stops, moved):
            signal = self._graph.signals[int(self._stops.signal[state.lane[row]])]
            events.append(
                Event(
                    Kind.RED_LIGHT,
                    tick,
                    state.time,
                    int(row),
                    -1,
                    tick,
                    float(state.speed[row]),
                    "speed_mps",
                    {"signal": signal.id, "x_m": float(state.x[row]), "y_m": float(state.y[row])},
                )
            )
        return events


class Place(IntEnum):
    """Where a vehicle is with respect to the lanes."""

    IN_LANE = 0
    OFF_ROAD = 1
    WRONG_WAY = 2


def place_of(graph: LaneGraph, state: State, row: int, limits: Thresholds) -> Place:
    """Whether an actor's centre is in a lane that goes its way.

    Off the road: farther than half the lane width plus ``off_road_m`` from every centreline. Wrong
    way: on the road, but every lane there heads more than ``wrong_way_rad`` elsewhere, outside
    junctions (OutsideRouteLanesTest of scenario_runner exempts junctions too).
    """
    lane = int(state.lane[row])
    if lane >= 0:
        k = int(lane_point(graph, lane, state.s[row]))
        turn = abs(float(wrap_angle(state.yaw[row] - state.lane_yaw[row])))
        beside = abs(float(state.d[row])) - 0.5 * float(graph.width[k])
        if beside <= limits.off_road_m and turn <= limits.wrong_way_rad:
            return Place.IN_LANE
    x, y = float(state.x[row]), float(state.y[row])
    reach = 0.5 * float(graph.width.max()) + limits.off_road_m
    place = Place.OFF_ROAD
    for near in graph.lanes_near(x, y, reach):
        s, d, lane_yaw = graph.project(near, x, y)
        points = slice(int(graph.first[near]), int(graph.first[near + 1]))
        width = float(np.interp(s, graph.s[points], graph.width[points]))
        if abs(d) - 0.5 * width > limits.off_road_m:
            continue
        turn = abs(float(wrap_angle(state.yaw[row] - lane_yaw)))
        if turn <= limits.wrong_way_rad or graph.junction[near] >= 0:
            return Place.IN_LANE
        place = Place.WRONG_WAY
    return place


class LaneKeeping:
    """Episodes of the ego off the road or going the wrong way.

    Args:
        roster: Who takes part.
        graph: The lane graph.
        thresholds: See ``Thresholds``.
    """

    def __init__(self, roster: Roster, graph: LaneGraph, thresholds: Thresholds) -> None:
        self._ego, self._graph, self._limits = roster.ego, graph, thresholds
        self._place = Place.IN_LANE
        self._first = (0, 0.0)
        self._last = (0, 0.0)
        self._metres = 0.0
        self._before: tuple[float, float] | None = None
        self.outside = False

    def step(self, tick: int, state: State) -> tuple[list[Event], bool]:
        """Episodes that ended, and whether one began; ``outside`` tells how it is now."""
        ego = self._ego
        here = (float(state.x[ego]), float(state.y[ego]))
        moved = 0.0 if self._before is None else float(np.hypot(*np.subtract(here, self._before)))
        self._before = here
        place = place_of(self._graph, state, ego, self._limits)
        self.outside = place is not Place.IN_LANE
        events: list[Event] = []
        began = False
        if self.outside:
            if self._place is not place:
                events += self.finish()
                self._place, self._first, self._metres = place, (tick, state.time), 0.0
                began = True
            self._last = (tick, state.time)
            self._metres += moved
        elif self._place is not Place.IN_LANE and state.time - self._last[1] > _BACK_S:
            events += self.finish()
        return events, began

    def finish(self) -> list[Event]:
        """The episode still open, if any."""
        if self._place is Place.IN_LANE:
            return []
        kind = Kind.OFF_ROAD if self._place is Place.OFF_ROAD else Kind.WRONG_WAY
        self._place = Place.IN_LANE
        return [
            Event(
                kind,
                self._first[0],
                self._first[1],
                self._ego,
                -1,
                self._last[0],
                self._metres,
                "distance_m",
                {"duration_s": self._last[1] - self._first[1]},
            )
        ]
