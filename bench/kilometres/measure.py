"""Drives a town full of HDSim drivers for so many kilometres and counts what goes wrong.

Crashed vehicles are put elsewhere after a while, and so are those that stand for too long, so that
one mishap does not become the traffic jam that hides the next; both are counted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from bench.kilometres.context import Context, Recent
from bench.results import Table
from bench.setting import roaming, staged
from hdsim.core import seeds
from hdsim.core.cores import interpreter_apart
from hdsim.core.errors import InputError
from hdsim.core.state import Bools, Floats, Ints, State
from hdsim.events.collisions import Collisions
from hdsim.events.rules import Place, RedLights, place_of
from hdsim.events.thresholds import Thresholds
from hdsim.events.verdict import judge
from hdsim.events.window import History
from hdsim.road.cache import load_lane_graph
from hdsim.road.maps import find_map, known_maps
from hdsim.run.stage import DROP_M, EGO, Stage
from hdsim.run.traffic import candidate_poses, choose_poses
from hdsim.world.teleport import teleport

# A crashed vehicle is put elsewhere after so long, one that stands after so long [s].
_WRECK_S, _STUCK_S = 5.0, 180.0
_STANDING_MPS = 0.1
# Nobody is put nearer to another than this [m].
_CLEAR_M = 40.0
# Off the road is looked for once a second [ticks].
_PLACE_EVERY = 20
_PROGRESS_KM = 25.0
_AT_REST = Thresholds()


@dataclass(slots=True)
class Tally:
    """What has happened so far.

    Attributes:
        driven_m: Sum over vehicles.
        ticks: Ticks driven.
        causes: Collisions by the verdict's reason.
        red_lights: Lights run.
        stuck: Times that a vehicle stood for three minutes.
        off_road: Times that a vehicle left the road or went the wrong way.
    """

    driven_m: float = 0.0
    ticks: int = 0
    causes: dict[str, int] = field(default_factory=dict)
    red_lights: int = 0
    stuck: int = 0
    off_road: int = 0

    @property
    def collisions(self) -> int:
        """All of them."""
        return sum(self.causes.values())

    def row(self, town: str, profile: str, vehicles: int, step_s: float) -> dict[str, object]:
        """The table's row."""
        km = self.driven_m / 1e3
        return {
            "town": town,
            "drivers": profile,
            "vehicles": vehicles,
            "km": round(km, 1),
            "mean km/h": round(3.6 * self.driven_m / max(self.ticks * step_s * vehicles, 1e-9), 1),
            "collisions": self.collisions,
            "per 1,000 km": round(1e3 * self.collisions / max(km, 1e-9), 1),
            "causes": ", ".join(f"{k} {n}" for k, n in sorted(self.causes.items())) or "none",
            "red lights run": self.red_lights,
            "off road": self.off_road,
            "stuck over 3 min": self.stuck,
        }


def measure(
    towns: list[str], vehicles: int, km: float, profile: str, seed: int, detail: bool
) -> list[Table]:
    """One row per town; every collision is printed as it comes.

    Args:
        towns: Maps; none stands for every town that is found.
        vehicles: Vehicles in each; fewer where there is no room.
        km: Distance to drive in each, over all vehicles.
        profile: Who drives.
        seed: Of the scenario.
        detail: Print what everybody involved did and believed before each collision.
    """
    towns = towns or [s.name for s in map(find_map, known_maps()) if s.path is not None]
    if not towns:
        raise InputError("HDSIM_MAPS", expected="a folder of towns to measure")
    rows = []
    for town in towns:
        fit = min(vehicles, room(town, vehicles, seed))
        task = roaming(town, f"hdsim:{profile}", fit - 1, profile, seed)
        with staged(task) as stage, interpreter_apart():
            tally = Watched(stage, town, seed, detail).drive(km)
        rows.append(tally.row(town, profile, fit, stage.clock.step_s))
        print(rows[-1], flush=True)
    return [
        Table(
            f"{vehicles} HDSim drivers among each other",
            rows,
            "Collisions: pairs, contacts within 5 s count once. Causes: the first breach, or else "
            "the manner. Crashed vehicles are put elsewhere after 5 s, those that stand after 3 "
            "minutes.",
        )
    ]


def room(town: str, vehicles: int, seed: int) -> int:
    """How many of so many vehicles find a place to begin."""
    source = find_map(town)
    poses = candidate_poses(load_lane_graph(source.name, source.xodr))
    everywhere = np.ones(len(poses.x), dtype=np.bool_)
    names = (EGO, *(f"npc-{i:02d}" for i in range(vehicles - 1)))
    nobody = np.zeros(0), np.zeros(0)
    return int((choose_poses(poses, everywhere, names, seed, nobody) >= 0).sum())


class Watched:
    """One town's drive under watch.

    Args:
        stage: Everybody in place; all vehicles are driven by HDSim.
        town: What it is called.
        seed: Of the draws for where vehicles begin anew.
        detail: Print the context of each collision.
    """

    def __init__(self, stage: Stage, town: str, seed: int, detail: bool) -> None:
        assert stage.drivers is not None
        assert stage.actuator is not None
        self._stage, self._town, self._detail = stage, town, detail
        self._drivers, self._actuator = stage.drivers, stage.actuator
        roster, graph = stage.roster, stage.graph
        self._collisions = Collisions(roster, graph, _AT_REST)
        self._lights = RedLights(roster, graph)
        self._history = History(roster, graph, _AT_REST, stage.clock.step_s)
        self._recent = Recent(stage.clock.step_s)
        n = len(roster)
        self._wrecked_at: Floats = np.full(n, np.inf)
        self._stood_s: Floats = np.zeros(n)
        self._outside: Bools = np.zeros(n, dtype=np.bool_)
        self._keys = seeds.keys(seed, roster.names, "begin anew")
        self._count: Ints = np.zeros(n, dtype=np.int64)
        self.tally = Tally()

    def drive(self, km: float) -> Tally:
        """Drives until so many kilometres are done."""
        stage, tally = self._stage, self.tally
        moved: Bools = np.zeros(len(stage.roster), dtype=np.bool_)
        began, told = time.perf_counter(), 0.0
        while tally.driven_m < 1e3 * km:
            state = stage.reader.read(moved)
            thought = self._drivers.think(state)
            self._recent.append(tally.ticks, state, thought)
            self._detect(state, moved)
            commands, moved = self._put_elsewhere(state)
            commands += self._actuator.commands(thought.decisions, state)
            stage.session.client.apply_batch(commands)
            stage.session.world.tick()
            tally.ticks += 1
            if tally.driven_m - told > 1e3 * _PROGRESS_KM:
                told = tally.driven_m
                spent = 1e3 * (time.perf_counter() - began) / tally.ticks
                print(
                    f"{self._town} {told / 1e3:7.1f} km  {tally.collisions} collisions  "
                    f"{tally.stuck} stuck  {tally.red_lights} red  {tally.off_road} off road  "
                    f"{spent:.1f} ms a tick",
                    flush=True,
                )
        return tally

    def _detect(self, state: State, moved: Bools) -> None:
        tally, tick, stage = self.tally, self.tally.ticks, self._stage
        if moved.any():
            self._collisions.moved(moved)
        self._history.append(tick, state, moved)
        speed = np.where(state.present, np.abs(state.speed), 0.0)
        tally.driven_m += float(speed[~moved].sum()) * stage.clock.step_s
        for event in self._lights.step(tick, state, moved):
            tally.red_lights += 1
            if self._detail:
                self._tell(Context.red_light(stage, event, self._recent))
        for event in self._collisions.step(tick, state, ()):
            verdict = judge(self._history.window(event.a, event.b), event.a, event.b)
            cause = verdict.because or "unclear"
            tally.causes[cause] = tally.causes.get(cause, 0) + 1
            self._wrecked_at[[event.a, event.b]] = state.time
            self._tell(Context.collision(stage, event, verdict, self._recent, self._detail))
        standing = speed < _STANDING_MPS
        self._stood_s = np.where(standing, self._stood_s + stage.clock.step_s, 0.0)
        if tick % _PLACE_EVERY == 0:
            self._look_for_lost(state)

    def _look_for_lost(self, state: State) -> None:
        stage = self._stage
        for row in range(len(stage.roster)):
            outside = (
                bool(state.present[row])
                and not np.isfinite(self._wrecked_at[row])
                and place_of(stage.graph, state, row, _AT_REST) is not Place.IN_LANE
            )
            if outside and not self._outside[row]:
                self.tally.off_road += 1
                if self._detail:
                    self._tell(Context.off_road(stage, row, self._recent))
            self._outside[row] = outside

    def _put_elsewhere(self, state: State) -> tuple[list[object], Bools]:
        """Commands that put wrecks and those who are stuck elsewhere, and the rows they move."""
        stage, poses = self._stage, self._stage.poses
        moved: Bools = np.zeros(len(stage.roster), dtype=np.bool_)
        stuck = self._stood_s >= _STUCK_S
        due = state.present & (stuck | (state.time - self._wrecked_at >= _WRECK_S))
        commands: list[object] = []
        x, y = state.x.copy(), state.y.copy()
        for row in np.flatnonzero(due):
            if stuck[row] and not np.isfinite(self._wrecked_at[row]):
                self.tally.stuck += 1
                self._tell(Context.stuck(stage, int(row), self._recent))
            away = np.hypot(poses.x[:, None] - x, poses.y[:, None] - y).min(axis=1)
            draw = seeds.combine(self._keys[row], np.uint64(self._count[row]))
            rank = seeds.uniform(draw, np.arange(len(away)))
            pick = int(np.argmin(np.where(away > _CLEAR_M, rank, np.inf)))
            self._count[row] += 1
            self._stood_s[row], self._wrecked_at[row] = 0.0, np.inf
            x[row], y[row] = poses.x[pick], poses.y[pick]
            there = (poses.x[pick], poses.y[pick], poses.z[pick] + DROP_M, poses.yaw[pick])
            commands += teleport(stage.vehicles[int(row)], *there)
            moved[row] = True
        if moved.any():
            self._drivers.begin_anew(np.flatnonzero(moved[stage.roster.drivers]))
        return commands, moved

    def _tell(self, context: Context) -> None:
        print(context.text(self._town), flush=True)
