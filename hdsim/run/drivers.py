"""The drivers of a run: guide, observe, perceive, decide. No way to the world but the state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdsim.control.model import DrivingModel
from hdsim.control.protocol import Control, ControlFactory
from hdsim.control.router import Router
from hdsim.core.clock import Clock
from hdsim.core.command import Decisions
from hdsim.core.percept import CLEAR, Ambient, Observation, Percepts
from hdsim.core.state import Floats, Ints, Roster, State
from hdsim.driver.layers import DriverStates
from hdsim.driver.moods import Moods
from hdsim.guidance.schedule import Schedule, blocked_time, stirred
from hdsim.perception.observe import Observer
from hdsim.perception.perceive import Perceiver
from hdsim.road.lanes import LaneGraph
from hdsim.road.routes import Route

# How often the schedules are looked up [s].
_GUIDE_S = 1.0


@dataclass(frozen=True, slots=True)
class Thought:
    """One tick of all drivers: what there was to see, what they saw, what they decided."""

    observation: Observation
    percepts: Percepts
    decisions: Decisions


class Drivers:
    """All HDSim drivers of a scenario.

    Args:
        roster: Who takes part; ``roster.styles`` names each driver's schedule.
        graph: The lane graph.
        schedules: Compiled guidance by profile name.
        clock: The scenario's clock.
        seed: The scenario's seed.
        routes: Routes to a goal by actor name; the others roam.
        control: Builds the driving model.
        ambient: Weather and light.
    """

    def __init__(
        self,
        roster: Roster,
        graph: LaneGraph,
        schedules: Mapping[str, Schedule],
        clock: Clock,
        seed: int,
        routes: Mapping[str, Route] | None = None,
        control: ControlFactory = DrivingModel,
        ambient: Ambient = CLEAR,
    ) -> None:
        styles = [roster.styles[row] for row in roster.drivers]
        self._rows = roster.drivers
        self._step_s = clock.step_s
        self._guide_every = clock.ticks(_GUIDE_S, "guidance period")
        self._tick = 0
        self._by_schedule: list[tuple[Schedule, Ints]] = [
            (schedules[name], np.flatnonzero(np.array(styles) == name))
            for name in sorted(set(styles))
        ]
        profiles = [schedules[name].driver for name in styles]
        self._states = DriverStates.of(profiles)
        ways = [(routes or {}).get(roster.names[row]) for row in roster.drivers]
        self._moods = Moods(profiles, np.array([w.length if w else np.nan for w in ways]))
        self._percepts: Percepts | None = None
        self._period_s = np.array([schedules[name].period_s for name in styles])
        self._version = np.full(len(styles), -1, dtype=np.int64)
        self._blocked_s: Floats = np.zeros(len(styles))
        self._slow = self._states.at(0.0)
        # Which way each driver indicated at the last tick.
        self._side: NDArray[np.int8] = np.zeros(len(styles), dtype=np.int8)
        self.router = Router(graph, roster, seed, routes)
        self.observer = Observer(roster, graph, ambient=ambient)
        self.perceiver = Perceiver(roster, graph, clock.step_s, seed)
        self.model: Control = control(graph, roster, step_s=clock.step_s)

    def think(self, state: State) -> Thought:
        """One tick: perceive the state and decide on it."""
        speed = state.speed[self._rows]
        self._blocked_s = blocked_time(self._blocked_s, speed, self._step_s)
        if self._tick % self._guide_every == 0:
            if self._percepts is not None:
                self._moods.notice(self._percepts, _GUIDE_S)
            self._guide(state.time)
        self._tick += 1
        observation = self.observer.observe(state, self.router.paths(state))
        percepts = self.perceiver.perceive(
            observation, self._named_states(state.time, speed), self._side
        )
        self._percepts = percepts
        decisions = self.model.decide(percepts)
        self._side = decisions.indicator
        self.router.heed(self.model.requests())
        return Thought(observation, percepts, decisions)

    def begin_anew(self, drivers: Ints) -> None:
        """Forgets what these drivers were about: they have been put elsewhere."""
        self._blocked_s[drivers] = 0.0
        self._side = self._side.copy()
        self._side[drivers] = 0
        self.perceiver.begin_anew(drivers)
        self.model.begin_anew(drivers)
        self._moods.begin_anew(drivers)

    def _guide(self, time: float) -> None:
        """Hands new programs to the drivers whose schedule has moved on; re-reads slow states."""
        self._slow = self._states.at(np.floor(time / self._period_s) * self._period_s)
        changed = {}
        moved = stirred(self._moods.anger, self._moods.hurry)
        for schedule, members in self._by_schedule:
            versions = schedule.versions_at(time, self._blocked_s[members], moved[members])
            for driver in members[versions != self._version[members]]:
                version = int(versions[np.searchsorted(members, driver)])
                changed[int(driver)] = schedule.programs(version)
                self._version[driver] = version
        if changed:
            self.perceiver.set_programs(changed)

    def _named_states(self, time: float, speed: Floats) -> dict[str, Floats]:
        """The states that gains may use."""
        return {
            **self._slow,
            "elapsed_s": np.full(len(speed), time),
            "blocked_s": self._blocked_s,
            "speed_mps": speed,
            "anger": self._moods.anger,
            "hurry": self._moods.hurry,
        }
