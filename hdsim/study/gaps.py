"""Which gaps drivers on a minor road, or turning left from the major one, accept.

A driver comes to a crossing and meets a stream of scripted cars with random headways. What counts
is the largest headway it let pass and the one it took; the critical headway is the mean of a
lognormal population, by Troutbeck's maximum likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.core import seeds
from hdsim.core.state import Floats, Ints
from hdsim.guidance.schedule import Schedule
from hdsim.road.routes import Route, plan
from hdsim.road.strips import build
from hdsim.run.kinematic import KinematicLoop
from hdsim.study.finding import Finding, Mark, Target
from hdsim.study.scene import APART_M, PEDAL_LAG_S, population
from hdsim.study.statistics import bootstrap, critical_headway
from hdsim.testing.scenes import crossing_strips

_ARM_M, _SPEED = 160.0, 13.4
# Cars of a stream; after the last one its road is empty.
_CARS = 14
# Headways of the stream: 2 s and an exponential share beyond, so that most are refused [P].
_LEAST_S, _MORE_S = 2.0, 3.4
_RUN_S = 75.0


@dataclass(frozen=True)
class Movement:
    """One way through the crossing.

    Attributes:
        words: In words.
        path: Lanes of the driver: in, through, out.
        streams: Lanes of the streams it has to yield to.
        headway: Published critical headway [s].
    """

    words: str
    path: tuple[str, str, str]
    streams: tuple[tuple[str, str, str], ...]
    headway: float


_EAST, _WEST = ("in-w", "w-e", "out-e"), ("in-e", "e-w", "out-w")
MOVEMENTS = (
    Movement("left from the major road", ("in-w", "w-n", "out-n"), (_WEST,), 4.1),
    Movement("right from the minor road", ("in-s", "s-e", "out-e"), (_EAST,), 6.2),
    Movement("through from the minor road", ("in-s", "s-n", "out-n"), (_EAST, _WEST), 6.5),
    Movement("left from the minor road", ("in-s", "s-w", "out-w"), (_EAST, _WEST), 7.1),
)


class _Streams:
    """Cars that pass along three lanes at constant speed, with keyed headways.

    Args:
        lanes: Of each stream, shape (streams, 3).
        ends: Where each of them ends, as distance from the beginning of the first [m].
        seed: Of the headways.
    """

    def __init__(self, lanes: Ints, ends: Floats, seed: int) -> None:
        m = len(lanes)
        key = seeds.keys(seed, range(m), "stream")
        u = seeds.uniform(key[:, None], np.arange(_CARS)[None, :])
        headway = _LEAST_S - _MORE_S * np.log(u)
        self.passes: Floats = 5.0 + np.cumsum(headway, axis=1)  # at the crossing's middle [s]
        self._lanes, self._ends = lanes, ends
        self._middle = 0.5 * (ends[:, 0] + ends[:, 1])[:, None]

    def __call__(self, loop: KinematicLoop) -> tuple[Ints, Floats, Floats]:
        along = self._middle + _SPEED * (loop.time - self.passes)
        here = np.clip(along, 0.0, self._ends[:, 2:] - 0.1)
        part = (here > self._ends[:, :1]).astype(np.int64) + (here > self._ends[:, 1:2])
        before = np.concatenate([np.zeros((len(here), 1)), self._ends[:, :2]], axis=1)
        lane = np.take_along_axis(self._lanes, part, axis=1)
        s = here - np.take_along_axis(before, part, axis=1)
        # Cars that wait for their turn stand far out; those that have passed stand at the end.
        speed = np.where((along > 0.0) & (along < self._ends[:, 2:] - 0.1), _SPEED, 0.0)
        return lane.ravel(), s.ravel(), speed.ravel()


def offered(
    seed: int, each: int = 30, people: tuple[list[str], dict[str, Schedule]] | None = None
) -> dict[str, Floats]:
    """Largest headway refused and headway taken by drivers, by movement [s], shape (n, 2).

    Args:
        seed: Of headways and noise.
        each: Drivers of each movement.
        people: Profiles in turn, and their schedules by name; a mixed population when left out.
    """
    strips, wanted, names = {}, [], []
    routes: dict[str, Route] = {}
    for m, movement in enumerate(MOVEMENTS):
        for i in range(each):
            k = m * each + i
            strips.update(
                crossing_strips(
                    _ARM_M, major="we", limit=_SPEED, prefix=f"{k}:", junction=k + 1,
                    x=k * (2 * _ARM_M + 20.0 + APART_M),
                )
            )  # fmt: skip
            wanted.append(movement)
            names.append(f"driver-{k:03d}")
    graph, index = build("crossings", strips)
    starts, lanes, owner = [], [], []
    for k, movement in enumerate(wanted):
        a, _, c = (index[f"{k}:{name}"] for name in movement.path)
        routes[names[k]] = plan(graph, (a, 60.0), (c, 100.0), f"crossing {k}")
        starts.append((a, 60.0))
        for stream in movement.streams:
            lanes.append([index[f"{k}:{name}"] for name in stream])
            owner.append(k)
    stream_lanes, owners = np.array(lanes), np.array(owner)
    streams = _Streams(stream_lanes, np.cumsum(graph.length[stream_lanes], axis=1), seed)
    n, cars = len(wanted), len(lanes) * _CARS
    if people is None:
        styles, schedules = population(n, seed)
    else:
        styles, schedules = [people[0][i % len(people[0])] for i in range(n)], people[1]
    at = streams_begin(streams)
    loop = KinematicLoop(
        graph,
        [*names, *(f"stream-{j:04d}" for j in range(cars))],
        [*styles, *[""] * cars],
        np.concatenate([np.array([s[0] for s in starts]), at[0]]),
        np.concatenate([np.array([s[1] for s in starts]), at[1]]),
        np.concatenate([np.full(n, 8.0), np.zeros(cars)]),
        schedules,
        seed=seed,
        scripts=[(np.arange(n, n + cars), streams)],
        routes=routes,
        pedal_lag=PEDAL_LAG_S,
    )
    inside = np.array([index[f"{k}:{m.path[1]}"] for k, m in enumerate(wanted)])
    arrived, crossed = np.full(n, np.inf), np.full(n, np.inf)
    into = np.array([starts[k][0] for k in range(n)])
    stop, middle = graph.length[into], 0.5 * graph.length[inside]

    def look(loop: KinematicLoop) -> None:
        state = loop.state()
        near = (state.lane[:n] == into) & (stop - state.s[:n] < 12.0)
        near |= state.lane[:n] == inside
        arrived[near & ~np.isfinite(arrived)] = loop.time
        half_way = (state.lane[:n] == inside) & (state.s[:n] > middle)
        crossed[half_way & ~np.isfinite(crossed)] = loop.time

    loop.run(_RUN_S, look)
    found: dict[str, list[tuple[float, float]]] = {m.words: [] for m in MOVEMENTS}
    for k, movement in enumerate(wanted):
        passes = np.sort(streams.passes[owners == k].ravel())
        pair = _pair(passes, float(arrived[k]), float(crossed[k]))
        if pair is not None:
            found[movement.words].append(pair)
    return {words: np.array(pairs).reshape(-1, 2) for words, pairs in found.items()}


def streams_begin(streams: _Streams) -> tuple[Ints, Floats]:
    """Lanes and places where the cars of the streams begin."""
    lanes = np.repeat(streams._lanes[:, 0], _CARS)
    return lanes, np.zeros(len(lanes))


def _pair(passes: Floats, arrived: float, crossed: float) -> tuple[float, float] | None:
    """Largest headway refused and headway taken [s].

    Headways between the cars that pass the crossing's middle, as offered from the driver's arrival
    on; the one taken is that in which the driver is half-way. ``None`` if it never went, or went
    before the first car or after the last.
    """
    if not np.isfinite(crossed) or not passes[0] < crossed < passes[-1]:
        return None
    j = int(np.searchsorted(passes, crossed))
    taken = float(passes[j] - passes[j - 1])
    # A headway is refused when it began after the arrival and passed unused.
    offers = np.diff(passes[:j])
    refused = offers[passes[: j - 1] >= arrived - 1.0] if j > 1 else np.zeros(0)
    return float(refused.max(initial=0.0)), taken


def run(seed: int, size: float = 1.0) -> list[Finding]:
    """The findings of this module."""
    found = []
    pairs = offered(seed, max(8, round(30 * size)))
    for movement in MOVEMENTS:
        chosen = pairs[movement.words]
        chosen = chosen[(chosen[:, 0] > 0.0) if len(chosen) else slice(0)]
        value = (np.nan,) * 3
        if len(chosen) >= 5:
            value = bootstrap(chosen, critical_headway, resamples=60)
        target = Target(
            movement.headway - 1.0, movement.headway + 1.0,
            f"{movement.headway} (within 1 s)", "HCM 2010, two-lane major road", Mark.MEMORY,
        )  # fmt: skip
        found.append(
            Finding("gap acceptance", f"critical headway, {movement.words}", "s", *value,
                    len(chosen), target)
        )  # fmt: skip
    return found
