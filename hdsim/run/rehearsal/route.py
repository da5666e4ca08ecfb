"""A simple route: a bend, a leader, a light that turns green, a red light on one's own, the end.

Nothing on it is difficult. Who fails here in most replications does not fail because of the style
of a driver, but because the program is none that anybody could drive by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdsim.core.state import Floats, Ints, SignalState
from hdsim.guidance.schedule import Schedule
from hdsim.road.lanes import LaneGraph
from hdsim.road.strips import Strip, arc, build, line
from hdsim.run.kinematic import LENGTH, KinematicLoop

REPLICATIONS = 5
_STEP_S = 0.1
# Roads lie farther apart than drivers see [m].
_APART_M = 500.0
_FIRST_M, _RADIUS_M, _LAST_M, _ALONE_M, _END_M = 80.0, 50.0, 80.0, 120.0, 100.0
_GOAL_M = 30.0
_START_M, _START_MPS, _AHEAD_M = 10.0, 10.0, 35.0
# When the first light and the second turn green [s].
_GREEN_AT_S = (25.0, 45.0)
# The leader slows down to stop at the first light, and turns off when it is green [m/s^2].
_LEADER_MPS2 = 1.5
# [P] A driver without distortions takes about 50 s.
LONGEST_S = 100.0
# [P] Off the lane: the centre of the vehicle over its edge, for longer than a swerve.
_OFF_M, _OFF_S = 1.75, 1.0
# [P] Contacts slower than this are a bump [m/s].
_CRASH_MPS = 5.0
_PARTS = ("first", "bend", "last", "alone", "end")


@dataclass(frozen=True, slots=True)
class Drive:
    """How one replication went.

    Attributes:
        seconds: Until the goal was reached, inf where it was not [s].
        off_road_s: Longest stay with the centre outside the lane [s].
        crash_mps: Greatest closing speed at a contact with the leader, 0 for none [m/s].
        ran_red: Whether it passed a light on red.
    """

    seconds: float
    off_road_s: float
    crash_mps: float
    ran_red: bool

    @property
    def problem(self) -> str:
        """What was wrong, empty for nothing."""
        if self.off_road_s > _OFF_S:
            return f"was off its lane for {self.off_road_s:.1f} s"
        if self.crash_mps > _CRASH_MPS:
            return f"ran into the car ahead at {self.crash_mps:.1f} m/s"
        if self.ran_red:
            return "drove through a red light"
        if self.seconds > LONGEST_S:
            return f"did not arrive within {LONGEST_S:g} s"
        return ""


def drive(schedules: Sequence[Schedule], seed: int) -> list[list[Drive]]:
    """The simple route, by drivers side by side on roads of their own.

    Args:
        schedules: Of the drivers.
        seed: Of their noise.

    Returns:
        ``REPLICATIONS`` drives of each.
    """
    n = len(schedules) * REPLICATIONS
    graph, lanes = _roads(n)
    loop = KinematicLoop(
        graph,
        # Noise is keyed by names: the same for every schedule.
        [f"{who}-{i % REPLICATIONS}" for who in ("driver", "leader") for i in range(n)],
        [*(str(i // REPLICATIONS) for i in range(n)), *[""] * n],
        np.tile(lanes[:, 0], 2),
        np.repeat([_START_M, _START_M + _AHEAD_M], n),
        np.full(2 * n, _START_MPS),
        {str(i): schedule for i, schedule in enumerate(schedules)},
        seed=seed,
        scripts=[(np.arange(n, 2 * n), _Leader(graph, lanes))],
        signals=lambda time: _lights(graph, lanes, time),
        step_s=_STEP_S,
    )
    watch = _Watch(lanes)
    for _ in range(round(LONGEST_S / _STEP_S)):
        loop.tick()
        watch.step(loop)
        if watch.arrived:
            break
    drives = watch.drives()
    return [drives[k : k + REPLICATIONS] for k in range(0, n, REPLICATIONS)]


def problems(drives: list[Drive]) -> list[str]:
    """What was wrong with most of the replications; nothing where most went well."""
    found = [d.problem for d in drives if d.problem]
    if 2 * len(found) <= len(drives):
        return []
    return [f"on a simple route the driver {'; '.join(dict.fromkeys(found))}"]


def _roads(n: int) -> tuple[LaneGraph, Ints]:
    """The graph, and the lanes of each road in the order of ``_PARTS`` and ``side``, (n, 6)."""
    strips: dict[str, Strip] = {}
    for i in range(n):
        y = i * _APART_M
        bend = arc(_FIRST_M, y, 0.0, _RADIUS_M, np.pi / 2)
        x, up = float(bend[0][-1]), np.cumsum([bend[1][-1], _LAST_M, _ALONE_M, _END_M]).tolist()
        off = arc(x, up[1], np.pi / 2, 10.0, -np.pi / 2)
        away = line(float(off[0][-1]), up[1] + 10.0, float(off[0][-1]) + 200.0, up[1] + 10.0)
        side = [np.concatenate([a, b[1:]]) for a, b in zip(off, away, strict=True)]
        parts = {
            "first": Strip(*line(0.0, y, _FIRST_M, y)),
            "bend": Strip(*bend, follows=(f"{i}-first",)),
            "last": Strip(*line(x, up[0], x, up[1]), follows=(f"{i}-bend",), signal=True),
            "alone": Strip(*line(x, up[1], x, up[2]), follows=(f"{i}-last",), signal=True),
            "end": Strip(*line(x, up[2], x, up[3]), follows=(f"{i}-alone",)),
            # Where the leader turns off; nobody else has a way into it.
            "side": Strip(side[0], side[1]),
        }
        strips |= {f"{i}-{name}": strip for name, strip in parts.items()}
    graph, index = build("simple route", strips)
    names = (*_PARTS, "side")
    return graph, np.array([[index[f"{i}-{name}"] for name in names] for i in range(n)])


def _lights(graph: LaneGraph, lanes: Ints, time: float) -> NDArray[np.uint8]:
    shown = np.full(len(graph.signals), SignalState.RED, dtype=np.uint8)
    for part, green_at in zip((2, 3), _GREEN_AT_S, strict=True):
        if time >= green_at:
            shown[graph.signal[lanes[:, part]]] = SignalState.GREEN
    return shown


class _Leader:
    """Cars that drive up to the first light, stop there, and turn off when it is green."""

    def __init__(self, graph: LaneGraph, lanes: Ints) -> None:
        self._lanes = lanes[:, [0, 1, 2, 5]]
        self._from = np.concatenate([[0.0], np.cumsum(graph.length[self._lanes[0, :3]])])
        self._line = float(self._from[3]) - LENGTH / 2 - 1.0
        self._at, self._speed = _START_M + _AHEAD_M, _START_MPS

    def __call__(self, loop: KinematicLoop) -> tuple[Ints, Floats, Floats]:
        """The script."""
        if loop.frame:
            left = max(self._line - self._at, 0.0)
            may = np.sqrt(2.0 * _LEADER_MPS2 * left) if loop.time < _GREEN_AT_S[0] else np.inf
            wanted = min(self._speed + _LEADER_MPS2 * loop.step_s, _START_MPS, float(may))
            self._at += 0.5 * (self._speed + wanted) * loop.step_s
            self._speed = wanted
        part = int(np.searchsorted(self._from, self._at, side="right")) - 1
        n = len(self._lanes)
        along = min(self._at - self._from[part], 150.0 if part == 3 else np.inf)
        return self._lanes[:, part], np.full(n, along), np.full(n, self._speed)


class _Watch:
    """Looks on while drivers drive behind as many leaders."""

    def __init__(self, lanes: Ints) -> None:
        self._lanes, n = lanes, len(lanes)
        self._seconds: Floats = np.full(n, np.inf)
        self._off: Floats = np.zeros(n)
        self._longest: Floats = np.zeros(n)
        self._crash: Floats = np.zeros(n)
        self._red = np.zeros(n, dtype=np.bool_)
        self._before: Ints = lanes[:, 0]

    @property
    def arrived(self) -> bool:
        """Whether everybody has reached the goal."""
        return bool(np.isfinite(self._seconds).all())

    def step(self, loop: KinematicLoop) -> None:
        """One tick later."""
        n, state = len(self._lanes), loop.state()
        driving = ~np.isfinite(self._seconds)
        out = np.abs(state.d[:n]) > _OFF_M
        self._off = np.where(driving & out, self._off + loop.step_s, 0.0)
        self._longest = np.maximum(self._longest, self._off)
        for a, b in loop.overlaps():
            if b == a + n and driving[a]:
                closing = float(state.speed[a] - state.speed[b])
                self._crash[a] = max(self._crash[a], closing)
        lane = state.lane[:n]
        for part, green_at in zip((2, 3), _GREEN_AT_S, strict=True):
            came = (self._before == self._lanes[:, part]) & (lane == self._lanes[:, part + 1])
            self._red |= came & (loop.time < green_at)
        self._before = lane
        there = driving & (lane == self._lanes[:, 4]) & (state.s[:n] > _GOAL_M)
        self._seconds = np.where(there, loop.time, self._seconds)

    def drives(self) -> list[Drive]:
        """How it went so far."""
        columns = (self._seconds, self._longest, self._crash, self._red)
        return [Drive(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]
