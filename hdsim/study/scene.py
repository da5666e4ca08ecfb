"""Replications side by side: roads, leaders that brake on a programme, a mixed population."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from scipy.special import ndtri

from hdsim.core import seeds
from hdsim.core.state import Floats, Ints
from hdsim.driver.load import load_profile
from hdsim.driver.profile import DriverProfile
from hdsim.guidance.compile import compile_schedule
from hdsim.guidance.schedule import Schedule
from hdsim.road.lanes import LaneGraph
from hdsim.road.strips import Strip, build, line
from hdsim.run.kinematic import KinematicLoop

MPH = 0.44704
KMH = 1.0 / 3.6
G = 9.81
# Aggressiveness or caution of a driver one standard deviation off the middle [P].
SPREAD = 0.8
# Roads lie farther apart than drivers see (150 m).
APART_M = 400.0
# [P] Time constant of foot and powertrain: how a wanted acceleration comes about.
PEDAL_LAG_S = 0.1
# A foot needs this long from the throttle to the brake: 0.2 to 0.3 s in Green's (2000)
# decomposition. The driving model has no feet, so brake reaction times are those of its decision
# plus this.
FOOT_S = 0.2
# A decision to slow by more than this needs the brake; less is the drag of the engine [m/s^2] [P].
BRAKE_MPS2 = 0.6


def profile(name: str, **traits: object) -> DriverProfile:
    """A driver profile made for an experiment; sections as in a profile's file."""
    return DriverProfile.model_validate({"schema": 1, "name": name, **traits})


@cache
def preset(name: str) -> Schedule:
    """The schedule of a shipped profile, from the offline tables."""
    return compile_schedule(load_profile(name))


def schedules_of(profiles: Sequence[DriverProfile]) -> dict[str, Schedule]:
    """Schedules by profile name, from the offline tables."""
    return {p.name: compile_schedule(p) for p in profiles}


def roads(
    n: int,
    length: float,
    limit: float | Floats,
    lanes: int = 1,
    signal_at: float | None = None,
) -> tuple[LaneGraph, Ints]:
    """Straight roads along +x beside each other.

    Args:
        n: How many.
        length: [m].
        limit: Speed limit [m/s], one for all or one per road.
        lanes: Lanes of each; the first is the rightmost.
        signal_at: Where each road's signal stands [m]; the lane ends there and goes on behind.

    Returns:
        The graph, and the lanes at the beginning of the roads, shape (n, lanes).
    """
    strips: dict[str, Strip] = {}
    limits = np.broadcast_to(limit, n).tolist()
    for i in range(n):
        for k in range(lanes):
            y = i * APART_M + 3.5 * k
            left = f"{i}-{k + 1}" if k + 1 < lanes else ""
            right = f"{i}-{k - 1}" if k else ""
            end = length if signal_at is None else signal_at
            strips[f"{i}-{k}"] = Strip(
                *line(0.0, y, end, y), left=left, right=right, limit=limits[i],
                signal=signal_at is not None,
            )  # fmt: skip
            if signal_at is not None:
                strips[f"{i}-{k}-on"] = Strip(
                    *line(end, y, length, y), follows=(f"{i}-{k}",), limit=limits[i]
                )
    graph, index = build("roads", strips)
    first = [[index[f"{i}-{k}"] for k in range(lanes)] for i in range(n)]
    return graph, np.array(first, dtype=np.int64)


def free_loop(
    styles: Sequence[str],
    schedules: dict[str, Schedule],
    length: float,
    limit: float,
    seed: int,
) -> KinematicLoop:
    """A road of its own for each driver, empty and straight; all begin at the limit.

    Args:
        styles: Profile of each driver.
        schedules: By profile name.
        length: Of the roads [m].
        limit: Speed limit [m/s].
        seed: Of the noise; one seed gives drivers of different profiles the same.
    """
    n = len(styles)
    graph, first = roads(n, length, limit)
    return KinematicLoop(
        graph,
        [f"driver-{i:03d}" for i in range(n)],
        styles,
        first[:, 0],
        np.full(n, 20.0),
        np.full(n, limit),
        schedules,
        seed=seed,
        pedal_lag=PEDAL_LAG_S,
    )


class Leaders:
    """Scripted cars that move along a lane with a programmed acceleration.

    Args:
        rows: Their rows.
        lane: Their lanes, shape (n,).
        s: Where they begin [m].
        speed: [m/s].
        programme: Acceleration [m/s^2] now, given the loop, shape (n,).
    """

    def __init__(
        self,
        rows: Ints,
        lane: Ints,
        s: Floats,
        speed: Floats,
        programme: Callable[[KinematicLoop], Floats],
    ) -> None:
        self.rows, self._lane = rows, lane
        self.s, self.speed = np.array(s, dtype=np.float64), np.array(speed, dtype=np.float64)
        self._programme = programme

    def __call__(self, loop: KinematicLoop) -> tuple[Ints, Floats, Floats]:
        """The script."""
        if loop.frame:
            before = self.speed
            self.speed = np.maximum(before + self._programme(loop) * loop.step_s, 0.0)
            self.s = self.s + 0.5 * (before + self.speed) * loop.step_s
        return self._lane, self.s, self.speed


def following_loop(
    n: int,
    styles: Sequence[str],
    schedules: dict[str, Schedule],
    speed: Floats,
    gap: Floats,
    programme: Callable[[KinematicLoop], Floats],
    seed: int,
    length: float = 3000.0,
    limit: float | Floats = 40.0,
    names: Sequence[str] | None = None,
) -> KinematicLoop:
    """``n`` roads with one driver behind one scripted leader each; rows 0 to n-1 are the drivers.

    Args:
        n: How many pairs.
        styles: Profile of each driver.
        schedules: By profile name.
        speed: Of both at the beginning [m/s], shape (n,).
        gap: Bumper to bumper at the beginning [m], shape (n,).
        programme: Acceleration of the leaders; see ``Leaders``.
        seed: Of the noise.
        length: Of the roads [m].
        limit: Speed limit [m/s].
        names: Of the drivers; noise is keyed by them. Drivers of one name in two loops meet the
            same noise.
    """
    graph, first = roads(n, length, limit)
    lane, rows = first[:, 0], np.arange(n)
    s = np.full(n, 20.0)
    ahead = s + gap + 4.6
    leaders = Leaders(rows + n, lane, ahead, speed, programme)
    names = names or [f"driver-{i:03d}" for i in range(n)]
    return KinematicLoop(
        graph,
        [*names, *(f"leader-{i:03d}" for i in range(n))],
        [*styles, *[""] * n],
        np.concatenate([lane, lane]),
        np.concatenate([s, ahead]),
        np.concatenate([speed, speed]),
        schedules,
        seed=seed,
        scripts=[(leaders.rows, leaders)],
        pedal_lag=PEDAL_LAG_S,
    )


def gap_ahead(loop: KinematicLoop, n: int) -> Floats:
    """Gap of the drivers of ``following_loop`` [m]."""
    return np.asarray(loop.x[n:] - loop.x[:n] - 4.6)


def population(n: int, seed: int) -> tuple[list[str], dict[str, Schedule]]:
    """A mixed population of ``n`` drivers: their styles, and the schedules by name.

    Who gets which profile is drawn from the seed.
    """
    kinds = people()
    names = [p.name for p in kinds]
    order = np.argsort(seeds.uniform(seeds.key(seed, "population"), np.arange(n)), kind="stable")
    return [names[int(i) % len(names)] for i in order], _people_schedules()


@cache
def _people_schedules() -> dict[str, Schedule]:
    return schedules_of(people())


@cache
def people(kinds: int = 40) -> tuple[DriverProfile, ...]:
    """The profiles of a mixed population.

    Dispositions are spread over the population, most drivers near the middle, with one axis from
    cautious to aggressive and one of sensation seeking; a handful are old or new to driving. The
    spread is a proposal, set so that headways vary about as much between people as published [P].
    """
    names = [f"person-{i:02d}" for i in range(kinds)]
    key = seeds.keys(0, names, "population")
    # Quantiles of the standard normal, so that a few kinds stand for the whole distribution.
    axis = ndtri((np.arange(kinds) + 0.5) / kinds)
    seeking = np.clip(0.25 * seeds.normal(key, 1), 0.0, 1.0)
    age = np.clip(44.0 + 15.0 * seeds.normal(key, 2), 18.0, 85.0)
    experience = np.clip((age - 17.0) / 5.0, 0.2, 1.0)
    return tuple(
        profile(
            name,
            personality={
                "aggressiveness": round(float(np.clip(SPREAD * z, 0.0, 1.0)), 2),
                "caution": round(float(np.clip(-SPREAD * z, 0.0, 1.0)), 2),
                "sensation_seeking": round(float(q), 2),
                "age": round(float(a)),
                "experience": round(float(e), 2),
            },
        )
        for name, z, q, a, e in zip(names, axis, seeking, age, experience, strict=True)
    )
