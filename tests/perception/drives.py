"""Short drives through perception for the tests of this room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hdsim.core.percept import Objects, Observation, Percepts
from hdsim.core.state import SignalState
from hdsim.perception.catalogue import PerceptionProgram
from hdsim.perception.observe import Observer
from hdsim.perception.perceive import Perceiver
from hdsim.road.strips import LANE_WIDTH
from hdsim.testing.scenes import crossing, straight
from hdsim.testing.stills import joined, paths_along, roster_of, state_of

STEP_S = 0.05
PLACES = {
    "ego": (130.0, LANE_WIDTH, 9.0),
    "npc-00": (100.0, LANE_WIDTH, 10.0),
    "npc-01": (90.0, 0.0, 11.0),
    "npc-02": (115.0, 2 * LANE_WIDTH, 12.0),
    "npc-03": (160.0, 0.0, 8.0),
    "npc-04": (75.0, 2 * LANE_WIDTH, 12.0),
}


def program(*operations: dict[str, Any], layer: str = "personality") -> PerceptionProgram:
    return PerceptionProgram.model_validate({"layer": layer, "operations": list(operations)})


class Drive:
    """Cars at constant speed on a three-lane road; the driver under test is ``npc-00``."""

    def __init__(
        self,
        *programs: PerceptionProgram,
        names: Sequence[str] = tuple(PLACES),
        everybody: bool = False,
        seed: int = 1,
    ) -> None:
        self.graph, _ = straight(3000.0, lanes=3)
        self.names = tuple(names)
        drivers = [i for i, n in enumerate(names) if n != "ego"]
        self.roster = roster_of(self.names, drivers)
        self.observer = Observer(self.roster, self.graph)
        self.perceiver = Perceiver(self.roster, self.graph, STEP_S, seed)
        self.me = [self.names[i] for i in drivers].index("npc-00")
        self.perceiver.set_programs(
            {d: programs for d in range(len(drivers)) if everybody or d == self.me}
        )
        self.tick = 0
        self.driver_state: dict[str, np.ndarray] = {}

    def observe(self, hide: Callable[[float], Sequence[str]] = lambda t: ()) -> Observation:
        """What there is to see now; ``hide`` names the actors out of sight at a time."""
        time = self.tick * STEP_S
        x, y, v = (np.array([PLACES[n][i] for n in self.names]) for i in range(3))
        x = x + v * time
        state = state_of(self.graph, x, y, 0.0, v, time=time)
        lanes = np.rint(y / LANE_WIDTH).astype(int)
        paths = joined([paths_along(self.graph, [lanes[r]], [x[r]]) for r in self.roster.drivers])
        obs = self.observer.observe(state, paths)
        for name in hide(time):
            obs.objects.seen[obs.objects.row == self.names.index(name)] = False
        return obs

    def step(
        self, hide: Callable[[float], Sequence[str]] = lambda t: ()
    ) -> tuple[Observation, Percepts]:
        obs = self.observe(hide)
        self.tick += 1
        return obs, self.perceiver.perceive(obs, self.driver_state)

    def find(self, objects: Objects, name: str) -> int | None:
        """Slot of a named object for the driver under test; None when it is not seen."""
        row = self.names.index(name)
        k = np.flatnonzero((objects.row[self.me] == row) & objects.seen[self.me])
        return int(k[0]) if k.size else None

    def value(self, objects: Objects, name: str, field: str) -> float:
        k = self.find(objects, name)
        assert k is not None, f"{name} is not seen"
        return float(getattr(objects, field)[self.me, k])


class Approach:
    """One driver that rolls towards a signal at 10 m/s, 60 m before the stop line at time 0."""

    def __init__(self, *programs: PerceptionProgram, seed: int = 1) -> None:
        self.graph, index = crossing(signals=True)
        self.lanes = [index["in-w"], index["w-e"], index["out-e"]]
        roster = roster_of(["npc-00"], [0])
        self.observer = Observer(roster, self.graph)
        self.perceiver = Perceiver(roster, self.graph, STEP_S, seed)
        self.perceiver.set_programs({0: programs})
        self.tick = 0

    def step(self, shown: SignalState) -> SignalState:
        s = float(self.graph.length[self.lanes[0]]) - 60.0 + 10.0 * self.tick * STEP_S
        x, y, yaw = self.graph.at([self.lanes[0]], [s])
        state = state_of(self.graph, x, y, yaw, 10.0, time=self.tick * STEP_S, signals=[shown] * 4)
        self.tick += 1
        obs = self.observer.observe(state, paths_along(self.graph, self.lanes, [s]))
        self.percepts = self.perceiver.perceive(obs, {})
        return SignalState(self.percepts.signal.state[0])


def differences(a: Any, b: Any) -> list[str]:
    """Names of the array fields of two percept-like values that are not bit for bit equal."""
    found = []
    for part in ("own", "objects", "signal", "paths"):
        one, two = getattr(a, part), getattr(b, part)
        for name in type(one).__slots__:
            left, right = getattr(one, name), getattr(two, name)
            if left.dtype != right.dtype or left.tobytes() != right.tobytes():
                found.append(f"{part}.{name}")
    return found
