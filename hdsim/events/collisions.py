"""Collisions: contacts the world reports, and boxes that overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from hdsim.core.state import Bools, Ints, Roster, State
from hdsim.events.event import STATIC, Contact, Event, Kind
from hdsim.events.geometry import Boxes, overlap, same_level
from hdsim.events.thresholds import Thresholds
from hdsim.road.lanes import LaneGraph

# Boxes nearer than this touch [m]. A simulator that pushes colliding vehicles apart within its
# step leaves them side by side: the overlap itself never shows in a snapshot.
TOUCH_M = 0.05
# Boxes that touch while both stand, or roll along together, do not collide: a pair that crashed
# stays bumper to bumper [m/s]. A heuristic.
_STRIKE_MPS = 0.1


class Collisions:
    """One event per pair and encounter.

    The world reports contacts of the ego only; overlapping boxes show the others. Contacts of one
    pair belong to one collision as long as none comes more than ``same_collision_s`` after the
    one before.

    Args:
        roster: Who takes part.
        graph: The lane graph, for bridges.
        thresholds: See ``Thresholds``.
    """

    def __init__(self, roster: Roster, graph: LaneGraph, thresholds: Thresholds) -> None:
        self._roster, self._graph = roster, graph
        self._same_s = thresholds.same_collision_s
        self._last: dict[tuple[int, int], float] = {}
        self._previous: State | None = None
        self._reach = np.hypot(roster.length, roster.width)

    def step(self, tick: int, state: State, contacts: Sequence[Contact]) -> list[Event]:
        """Collisions that begin at this tick."""
        impulses: dict[tuple[int, int], float] = {}
        for contact in contacts:
            pair = self._pair(contact.a, contact.b)
            impulses[pair] = max(impulses.get(pair, 0.0), contact.impulse)
        touching = {
            self._pair(int(a), int(b))
            for a, b in overlapping(state, self._roster, self._graph, self._reach)
        }
        events = []
        for pair in sorted(touching | impulses.keys()):
            before = self._last.get(pair, -np.inf)
            struck = pair in impulses or self._strikes(pair, state)
            if struck or pair in self._last:
                self._last[pair] = state.time
            if struck and state.time - before > self._same_s:
                events.append(self._event(tick, state, pair, impulses.get(pair, 0.0)))
        self._previous = state
        return events

    def _strikes(self, pair: tuple[int, int], state: State) -> bool:
        """Whether two actors that touch move relative to each other, or did a tick ago.

        Of a vehicle and somebody on foot the vehicle has to move: people brush past those that
        stand.
        """
        a, b = pair
        before = [s for s in (state, self._previous) if s is not None]
        if b in self._roster.walkers:
            return any(np.hypot(s.vx[a], s.vy[a]) > _STRIKE_MPS for s in before)
        return any(np.hypot(s.vx[a] - s.vx[b], s.vy[a] - s.vy[b]) > _STRIKE_MPS for s in before)

    def moved(self, rows: Bools) -> None:
        """Forgets contacts of actors that were put elsewhere."""
        self._last = {
            (a, b): t
            for (a, b), t in self._last.items()
            if not (rows[a] or (b != STATIC and rows[b]))
        }

    def _pair(self, a: int, b: int) -> tuple[int, int]:
        """The ego first, otherwise by row; anything that is no actor comes second."""
        if a == STATIC or (b != STATIC and (b == self._roster.ego or a > b)):
            a, b = b, a
        if b == self._roster.ego:
            a, b = b, a
        return a, b

    def _event(self, tick: int, state: State, pair: tuple[int, int], impulse: float) -> Event:
        a, b = pair
        vx, vy = (state.vx[a], state.vy[a])
        if b >= 0:
            vx, vy = vx - state.vx[b], vy - state.vy[b]
        details = {
            "speed_mps": float(state.speed[a]),
            "other_speed_mps": float(state.speed[b]) if b >= 0 else 0.0,
            "relative_speed_mps": float(np.hypot(vx, vy)),
            "x_m": float(state.x[a]),
            "y_m": float(state.y[a]),
        }
        return Event(Kind.COLLISION, tick, state.time, a, b, tick, impulse, "impulse_ns", details)


def overlapping(state: State, roster: Roster, graph: LaneGraph, reach: Ints) -> Ints:
    """Pairs of present actors whose boxes touch, not both on foot, shape (k, 2), lower first."""
    here = np.flatnonzero(state.present)
    if len(here) < 2:
        return np.zeros((0, 2), dtype=np.int64)
    tree = cKDTree(np.column_stack([state.x[here], state.y[here]]))
    pairs = here[tree.query_pairs(float(reach[here].max()), output_type="ndarray")]
    if len(roster.walkers):  # who walk arm in arm, or brush past each other, do not collide
        pairs = pairs[~np.isin(pairs, roster.walkers).all(axis=1)]
    if not len(pairs):
        return pairs.reshape(0, 2)
    a, b = pairs.min(axis=1), pairs.max(axis=1)
    wider = Boxes.of(state, roster, a)
    wider = replace(wider, length=wider.length + 2.0 * TOUCH_M, width=wider.width + 2.0 * TOUCH_M)
    hit = overlap(wider, Boxes.of(state, roster, b))
    a, b = a[hit], b[hit]
    level = same_level(graph, state, a, b)
    return np.column_stack([a[level], b[level]])
