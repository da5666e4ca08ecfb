"""The closed loop: read the frame, think, detect, record, command, advance."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from hdsim.core.state import Bools, Floats, State
from hdsim.events.event import Contact, Event, Kind
from hdsim.events.failure import beliefs, failure_record, is_failure
from hdsim.events.watch import Sighting, Watch
from hdsim.record.log import ScenarioLog
from hdsim.run.drivers import Thought
from hdsim.run.stage import DROP_M, Stage
from hdsim.world.teleport import teleport
from hdsim.world.ticker import Ticker

_RENEW_EVERY_S = 1.0
_ROUTE_AHEAD_M = 300.0


class Laps:
    """Wall time of each part of every tick [ms]; ``whole`` is the sum of a tick's parts."""

    def __init__(self) -> None:
        self.ms: dict[str, list[float]] = {"whole": []}
        self._began = self._last = time.perf_counter()

    def begin(self) -> None:
        """A tick begins."""
        self._began = self._last = time.perf_counter()

    def lap(self, part: str) -> None:
        """A part of the tick is done."""
        now = time.perf_counter()
        self.ms.setdefault(part, []).append(1e3 * (now - self._last))
        self._last = now

    def end(self) -> None:
        """The tick is done."""
        self.ms["whole"].append(1e3 * (self._last - self._began))


@dataclass(slots=True)
class Drive:
    """What a closed loop leaves behind.

    Attributes:
        ended: What ended it; ``None`` if it was stopped.
        ticks: How many ticks it took.
        time: Simulated time [s].
        failures: Failure records.
        laps: Wall times: ``snapshot``, ``think``, ``detect`` (and record), ``settle``
            (what is left of the Traffic Manager's cycle), ``batch``, ``advance``.
    """

    ended: Kind | None
    ticks: int
    time: float
    failures: list[dict[str, Any]]
    laps: Laps


def drive(
    stage: Stage,
    watch: Watch,
    log: ScenarioLog,
    scenario: str,
    run: str,
    on_tick: Callable[[float, int], None] = lambda time, failures: None,
    last_tick: int | None = None,
) -> Drive:
    """Runs one scenario to its end.

    Args:
        stage: Everybody in place.
        watch: The detectors.
        log: Where it is recorded.
        scenario: Id of the scenario.
        run: Name of the run, for replay commands.
        on_tick: Called every tick with simulated time [s] and the number of failures so far.
        last_tick: Stop after this tick even if nothing has ended the drive.
    """
    laps = Laps()
    failures: list[dict[str, Any]] = []
    moved: Bools = np.zeros(len(stage.roster), dtype=bool)
    renew_every = stage.clock.ticks(_RENEW_EVERY_S, "renewal period")
    with Ticker(stage.session.world) as ticker:
        for tick in count():
            laps.begin()
            state = stage.reader.read(moved)
            laps.lap("snapshot")
            thought = stage.drivers.think(state) if stage.drivers else None
            laps.lap("think")
            contacts = [Contact(0, row, push) for row, push in stage.contacts.due(state.frame)]
            sighting = watch.step(tick, state, contacts, moved)
            failures += judged(sighting, stage, thought, scenario, run, failures)
            record(log, tick, state, moved, thought, sighting)
            on_tick(state.time, len(failures))
            ended = watch.ended
            if ended is not None or tick == last_tick:
                break
            laps.lap("detect")
            ticker.settle()
            laps.lap("settle")
            if stage.crowd is not None and tick % renew_every == 0:
                stage.crowd.lead(state)
            commands, moved = renewals(stage, state, sighting, tick)
            commands += stage.ego.act(state)
            if thought is not None and stage.actuator is not None:
                commands += stage.actuator.commands(thought.decisions, state)
            stage.session.client.apply_batch(commands)
            laps.lap("batch")
            ticker.advance()
            laps.lap("advance")
            laps.end()

    rest = watch.finish(state.time)
    failures += judged(rest, stage, thought, scenario, run, failures)
    for event in rest.events:
        log.event(event, tick)
    return Drive(ended, tick, state.time, failures, laps)


def judged(
    sighting: Sighting,
    stage: Stage,
    thought: Thought | None,
    scenario: str,
    run: str,
    before: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Failure records of what a tick brought, with what the drivers involved believed."""
    records: list[dict[str, Any]] = []
    for i, event in enumerate(sighting.events):
        if not is_failure(event, stage.roster):
            continue
        rows = [row for row in (event.a, event.b) if row >= 0]
        believed = (
            beliefs(thought.observation, thought.percepts, stage.roster, rows) if thought else []
        )
        taken = [f["id"] for f in (*before, *records)]
        verdict = sighting.verdicts.get(i)
        records.append(failure_record(event, stage.roster, scenario, run, verdict, believed, taken))
    return records


def record(
    log: ScenarioLog,
    tick: int,
    state: State,
    moved: Bools,
    thought: Thought | None,
    sighting: Sighting,
) -> None:
    """One tick into the log."""
    if thought is None:
        log.tick(tick, state, moved)
    else:
        log.tick(tick, state, moved, thought.decisions, thought.observation, thought.percepts)
    for event in sighting.events:
        log.event(event, tick)
    if len(sighting.involved):
        log.involve(sighting.involved, tick)


def renewals(stage: Stage, state: State, sighting: Sighting, tick: int) -> tuple[list[Any], Bools]:
    """Commands that put NPCs elsewhere, and the rows they move."""
    moved: Bools = np.zeros(len(stage.roster), dtype=bool)
    if stage.renewal is None:
        return [], moved
    for event in sighting.events:
        note_wrecks(stage, event)
    if tick % stage.clock.ticks(_RENEW_EVERY_S, "renewal period"):
        return [], moved
    commands: list[Any] = []
    for row, pose in stage.renewal.due(state, path_ahead(stage, state), _RENEW_EVERY_S):
        at = stage.poses
        there = (at.x[pose], at.y[pose], at.z[pose] + DROP_M, at.yaw[pose])
        commands += teleport(stage.vehicles[row], *there)
        moved[row] = True
    if moved.any() and stage.drivers is not None:
        stage.drivers.begin_anew(np.flatnonzero(moved[stage.roster.drivers]))
    return commands, moved


def note_wrecks(stage: Stage, event: Event) -> None:
    """Tells the life cycle who crashed."""
    if stage.renewal is not None and event.kind is Kind.COLLISION:
        for row in (event.a, event.b):
            if row >= 0:
                stage.renewal.wrecked(row, event.time)


def path_ahead(stage: Stage, state: State) -> tuple[Floats, Floats]:
    """The ego's route from where it is on, or its position when it roams."""
    ego = stage.roster.ego
    route = stage.route
    if route is None:
        return state.x[[ego]], state.y[[ego]]
    k = int(np.argmin(np.hypot(route.x - state.x[ego], route.y - state.y[ego])))
    end = int(np.searchsorted(route.s, route.s[k] + _ROUTE_AHEAD_M))
    return route.x[k : end + 1], route.y[k : end + 1]
