"""All detectors over one scenario: states in, events out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hdsim.core.state import Bools, Ints, Roster, State
from hdsim.events.collisions import Collisions
from hdsim.events.event import Contact, Event, Kind
from hdsim.events.leaderboard import Scores, score
from hdsim.events.near_miss import NearMisses
from hdsim.events.progress import Progress
from hdsim.events.rules import LaneKeeping, RedLights
from hdsim.events.thresholds import Thresholds
from hdsim.events.verdict import Verdict, judge
from hdsim.events.window import History, Window
from hdsim.road.lanes import LaneGraph
from hdsim.road.routes import Route


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one tick brought.

    Attributes:
        events: Events reported at this tick; episodes are reported when they end.
        involved: Rows of events and of episodes that began, for the percept log.
        verdicts: Verdicts on the ego's collisions among ``events``, by index into it.
    """

    events: tuple[Event, ...]
    involved: Ints
    verdicts: dict[int, Verdict]


class Watch:
    """Every detector of a scenario.

    Args:
        roster: Who takes part.
        graph: The lane graph.
        route: The ego's route; ``None`` when it roams.
        thresholds: Of the detectors.
        step_s: Length of a tick [s].
        timeout_s: Time allowed, or the time of a roaming drive [s].
        end_on_collision: End at the ego's first collision.
    """

    def __init__(
        self,
        roster: Roster,
        graph: LaneGraph,
        route: Route | None,
        thresholds: Thresholds,
        step_s: float,
        timeout_s: float,
        end_on_collision: bool = False,
    ) -> None:
        self._roster = roster
        self._end_on_collision = end_on_collision
        self._crashed = False
        self._collisions = Collisions(roster, graph, thresholds)
        self._near_misses = NearMisses(roster, graph, thresholds.near_miss, step_s)
        self._red_lights = RedLights(roster, graph)
        self._lanes = LaneKeeping(roster, graph, thresholds)
        self._history = History(roster, graph, thresholds, step_s)
        self._events: list[Event] = []
        self.progress = Progress(roster, route, thresholds, timeout_s)

    @property
    def ended(self) -> Kind | None:
        """What ended the drive; ``None`` while it goes on."""
        if self.progress.ended is None and self._crashed and self._end_on_collision:
            return Kind.COLLISION
        return self.progress.ended

    def step(
        self,
        tick: int,
        state: State,
        contacts: Sequence[Contact] = (),
        moved: Bools | None = None,
    ) -> Sighting:
        """Takes in one tick.

        Args:
            tick: Counted from the scenario's start, without gaps.
            state: The world; its arrays must not change afterwards.
            contacts: Contacts the world reported since the last tick.
            moved: Rows put elsewhere since the last tick, shape (n,).
        """
        if moved is not None and moved.any():
            self._collisions.moved(moved)
            self._near_misses.moved(moved, state.time)
        self._history.append(tick, state, moved)
        involved: list[int] = []
        events = self._collisions.step(tick, state, contacts)
        ego = self._roster.ego
        for event in events:
            if event.a == ego:
                self._crashed = True
                if event.b >= 0:
                    self._near_misses.collided(event.b, state.time)
        near, began = self._near_misses.step(tick, state)
        left_lane, departed = self._lanes.step(tick, state)
        if began or departed:
            involved += [ego, *began]
        events += near
        events += self._red_lights.step(tick, state, moved)
        events += left_lane
        events += self.progress.step(tick, state, self._lanes.outside)
        return self._sighting(events, involved)

    def finish(self, time: float) -> Sighting:
        """Episodes still open at the end of the drive."""
        return self._sighting([*self._near_misses.finish(time), *self._lanes.finish()], [])

    def window(self, *rows: int) -> Window:
        """The last 10 s, as far as ``rows`` were not put elsewhere meanwhile."""
        return self._history.window(*rows)

    def scores(self) -> Scores:
        """Leaderboard scores so far."""
        return score(
            self._events,
            self._roster,
            self.progress.route_completion_pct,
            self.progress.outside_share,
        )

    def counts(self) -> Counter[Kind]:
        """How many events of each kind there were so far."""
        return Counter(event.kind for event in self._events)

    def _sighting(self, events: list[Event], involved: list[int]) -> Sighting:
        self._events += events
        verdicts = {
            i: judge(self.window(event.a, event.b), event.a, event.b)
            for i, event in enumerate(events)
            if event.kind is Kind.COLLISION and event.a == self._roster.ego
        }
        rows = {*involved, *(r for e in events for r in (e.a, e.b) if r >= 0)}
        return Sighting(tuple(events), np.array(sorted(rows), dtype=np.int64), verdicts)
