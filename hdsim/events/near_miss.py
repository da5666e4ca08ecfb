"""Near misses of the ego: TTC, PET and DRAC past their thresholds, as episodes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from hdsim.core.state import Bools, Floats, Ints, Roster, State, wrap_angle
from hdsim.events.event import Event, Kind
from hdsim.events.geometry import Boxes, coast, overlap, same_level, time_to_collision
from hdsim.events.thresholds import NearMissThresholds
from hdsim.road.lanes import LaneGraph

_RANGE_M = 80.0
_HORIZON_S = 4.0
# An episode ends when nothing was past a threshold for so long [s]: a heuristic without a source.
_DEBOUNCE_S = 1.0
# After a collision of a pair, nothing between the two counts for so long [s]: as above.
_MUTE_S = 5.0
# Slower approaches are queueing, and slower crossings are creeping [m/s]: heuristics without a
# source.
_LEAST_CLOSING_MPS = 2.0
_LEAST_SPEED_MPS = 1.0
# PET is a measure of crossing conflicts; followers have THW [rad].
_CROSSING_RAD = np.radians(30.0)
_ONCOMING_RAD = np.radians(135.0)


@dataclass(slots=True)
class _Episode:
    first_tick: int
    first_time: float
    last_tick: int
    last_time: float
    ttc_s: float = np.inf
    drac_mps2: float = 0.0
    pet_s: float = np.inf
    at: dict[str, float] = field(default_factory=dict)


class NearMisses:
    """Watches the ego against every other actor within 80 m.

    TTC: both boxes keep velocity and heading; an approach counts only if they also touch when both
    keep speed and yaw rate (vehicles in a bend point at each other all the time), oncoming vehicles
    only if one of the two reaches out of its lane, and people on foot only on the road, for they
    stop at the kerb. DRAC: closing speed over twice TTC, on pairs that head the same way. PET: time
    from the first one's leaving a place to the second's entering it, on pairs that cross at more
    than 30 degrees.

    Args:
        roster: Who takes part.
        graph: The lane graph.
        thresholds: See ``NearMissThresholds``.
        step_s: Length of a tick [s].
    """

    def __init__(
        self, roster: Roster, graph: LaneGraph, thresholds: NearMissThresholds, step_s: float
    ) -> None:
        self._roster, self._graph, self._limit = roster, graph, thresholds
        self._step_s = step_s
        self._past: deque[State] = deque(maxlen=max(1, int(thresholds.pet_s / step_s)))
        self._open: dict[int, _Episode] = {}
        self._since = np.full(len(roster), -np.inf)
        self._muted = np.full(len(roster), -np.inf)
        self._half_width = 0.5 * float(np.median(graph.width))

    def step(self, tick: int, state: State) -> tuple[list[Event], list[int]]:
        """Episodes that ended, and the rows of those that began."""
        ego = self._roster.ego
        began: list[int] = []
        if state.present[ego]:
            near = np.hypot(state.x - state.x[ego], state.y - state.y[ego]) < _RANGE_M
            near &= state.present
            near[ego] = False
            rows = np.flatnonzero(near)
            rows = rows[same_level(self._graph, state, np.full(len(rows), ego), rows)]
            if len(rows):
                began = self._watch(tick, state, rows)
        self._past.append(state)
        return self._ended(state.time, _DEBOUNCE_S), began

    def finish(self, time: float) -> list[Event]:
        """Episodes still open at the end."""
        return self._ended(time, -1.0)

    def moved(self, rows: Bools, time: float) -> None:
        """Forgets what actors that were put elsewhere did: their past is another place."""
        self._since = np.where(rows, time, self._since)

    def collided(self, row: int, time: float) -> None:
        """An encounter that ends in a collision is no near miss."""
        self._open.pop(row, None)
        self._muted[row] = time

    def _watch(self, tick: int, state: State, rows: Ints) -> list[int]:
        ttc, drac = self.approach(state, rows)
        pet = self.post_encroachment(state, rows)
        limit = self._limit
        awake = state.time - self._muted[rows] > _MUTE_S
        serious = (ttc < limit.ttc_s) | (drac > limit.drac_mps2) | (pet < limit.pet_s)
        began = []
        for i in np.flatnonzero(serious & awake):
            row = int(rows[i])
            episode = self._open.get(row)
            if episode is None:
                episode = _Episode(tick, state.time, tick, state.time)
                self._open[row] = episode
                began.append(row)
            episode.last_tick, episode.last_time = tick, state.time
            episode.drac_mps2 = max(episode.drac_mps2, float(drac[i]))
            episode.pet_s = min(episode.pet_s, float(pet[i]))
            if not episode.at or ttc[i] < episode.ttc_s:
                episode.ttc_s = min(episode.ttc_s, float(ttc[i]))
                ego = self._roster.ego
                episode.at = {
                    "time_s": state.time,
                    "speed_mps": float(state.speed[ego]),
                    "other_speed_mps": float(state.speed[row]),
                    "x_m": float(state.x[ego]),
                    "y_m": float(state.y[ego]),
                }
        return began

    def approach(self, state: State, rows: Ints) -> tuple[Floats, Floats]:
        """``(TTC [s], DRAC [m/s^2])`` of the ego with each row; inf and 0 without an approach."""
        ego = self._roster.ego
        own, others = Boxes.of(state, self._roster, ego), Boxes.of(state, self._roster, rows)
        vx, vy = state.vx[rows] - state.vx[ego], state.vy[rows] - state.vy[ego]
        ttc = time_to_collision(own, others, vx, vy)
        closing = np.hypot(vx, vy)
        ttc = np.where((ttc <= _HORIZON_S) & (closing >= _LEAST_CLOSING_MPS), ttc, np.inf)
        course = np.flatnonzero(np.isfinite(ttc))
        if len(course):
            doubtful = ~self._touch_when_turning(state, rows[course], ttc[course])
            doubtful |= self._passing_oncoming(state, rows[course])
            on_foot = np.isin(rows[course], self._roster.walkers)
            doubtful |= on_foot & (state.lane[rows[course]] < 0)
            ttc[course[doubtful]] = np.inf
        turn = np.abs(wrap_angle(state.yaw[rows] - state.yaw[ego]))
        along = np.abs(vx * np.cos(state.yaw[ego]) + vy * np.sin(state.yaw[ego]))
        with np.errstate(divide="ignore"):
            drac = along / (2.0 * np.maximum(ttc, 1e-3))
        return ttc, np.where(np.isfinite(ttc) & (turn < np.radians(45.0)), drac, 0.0)

    def _touch_when_turning(self, state: State, rows: Ints, ttc: Floats) -> Bools:
        """Whether boxes also touch, at about the same time, at constant yaw rate."""
        share = np.linspace(0.6, 1.4, 9)[:, None]
        ahead = share * np.maximum(ttc, self._step_s)[None, :]
        ego = np.array([self._roster.ego])
        own = coast(state, self._roster, ego, ahead)
        other = coast(state, self._roster, rows, ahead)
        return np.asarray(overlap(own, other).any(axis=0))

    def _passing_oncoming(self, state: State, rows: Ints) -> Bools:
        """Oncoming vehicles of which both keep inside their lanes, outside junctions."""
        ego = self._roster.ego

        def inside(r: Ints | int) -> Bools:
            lane = state.lane[r]
            edge = np.abs(state.d[r]) + 0.5 * self._roster.width[r]
            off_junction = self._graph.junction[np.maximum(lane, 0)] < 0
            return np.asarray((lane >= 0) & off_junction & (edge <= self._half_width))

        turn = np.abs(wrap_angle(state.yaw[rows] - state.yaw[ego]))
        on_foot = np.isin(rows, self._roster.walkers)
        return np.asarray((turn > _ONCOMING_RAD) & inside(rows) & inside(ego) & ~on_foot)

    def post_encroachment(self, state: State, rows: Ints) -> Floats:
        """PET of the ego with each row, whoever comes second [s]; inf without one at this tick."""
        pet = np.full(len(rows), np.inf)
        past = self._past
        if not past:
            return pet
        ego, roster = self._roster.ego, self._roster
        xs, ys, yaws, speeds = (
            np.array([getattr(s, name) for s in past]) for name in ("x", "y", "yaw", "speed")
        )
        times = np.array([s.time for s in past])[:, None]
        age = self._step_s * np.arange(len(past), 0, -1)
        now_ego, now = Boxes.of(state, roster, ego), Boxes.of(state, roster, rows)
        for first, second, first_rows, second_rows in (
            (np.array([ego]), now, np.array([ego]), rows),
            (rows, now_ego, rows, np.array([ego])),
        ):
            trail = Boxes(
                xs[:, first],
                ys[:, first],
                yaws[:, first],
                roster.length[first_rows],
                roster.width[first_rows],
            )
            hit = overlap(trail, second)
            turn = np.abs(wrap_angle(yaws[:, first] - second.yaw))
            hit &= (turn > _CROSSING_RAD) & (turn < np.pi - _CROSSING_RAD)
            hit &= speeds[:, first] > _LEAST_SPEED_MPS
            hit &= times >= np.maximum(self._since[first_rows], self._since[second_rows])
            hit &= (state.speed[second_rows] > _LEAST_SPEED_MPS)[None, :]
            pet = np.minimum(pet, np.where(hit, age[:, None], np.inf).min(axis=0))
        pet[overlap(now_ego, now)] = np.inf  # that is a collision
        return pet

    def _ended(self, time: float, silence_s: float) -> list[Event]:
        events = []
        for row in sorted(self._open):
            episode = self._open[row]
            if time - episode.last_time > silence_s:
                del self._open[row]
                events.append(self._event(row, episode))
        return events

    def _event(self, row: int, e: _Episode) -> Event:
        limit = self._limit
        if e.ttc_s < limit.ttc_s:
            value, measure = e.ttc_s, "ttc_s"
        elif e.pet_s < limit.pet_s:
            value, measure = e.pet_s, "pet_s"
        else:
            value, measure = e.drac_mps2, "drac_mps2"
        details = dict(e.at)
        if np.isfinite(e.ttc_s):
            details["ttc_s"] = e.ttc_s
        if np.isfinite(e.pet_s):
            details["pet_s"] = e.pet_s
        details["drac_mps2"] = e.drac_mps2
        return Event(
            Kind.NEAR_MISS,
            e.first_tick,
            e.first_time,
            self._roster.ego,
            row,
            e.last_tick,
            value,
            measure,
            details,
        )
