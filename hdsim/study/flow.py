"""Dense flow on a ring of motorway, and free drives: headways, lane changes, speeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.core import seeds
from hdsim.core.state import Floats, Ints
from hdsim.road.lanes import LaneGraph
from hdsim.road.strips import LANE_WIDTH, Strip, arc, build
from hdsim.run.kinematic import LENGTH, KinematicLoop
from hdsim.study.finding import Finding, Mark, Target
from hdsim.study.scene import KMH, MPH, PEDAL_LAG_S, free_loop, population
from hdsim.study.statistics import bootstrap

_LANES, _QUARTERS = 3, 4
_RADIUS = 480.0
_LIMIT = 120.0 * KMH
# Vehicles per km and lane: near the flow's maximum on motorways, so that most follow [P].
_DENSITY = 22.0
_SETTLE_S, _MEASURED_S = 40.0, 80.0
# A follower: a leader within this time gap, at about the own speed. The publication's own cut
# is not known [P].
_FOLLOWS_S, _SAME_SPEED = 3.5, 2.0
# A lane change lasts while the car moves sideways faster than this [m/s] [P].
_SIDEWAYS = 0.1


def ring() -> LaneGraph:
    """A ring of motorway, driven to the left; lane k of quarter q has index 3 q + k, 0 outside."""
    strips: dict[str, Strip] = {}
    for q in range(_QUARTERS):
        for k in range(_LANES):
            radius = _RADIUS - LANE_WIDTH * k
            a = q * np.pi / 2
            x, y = arc(radius * np.sin(a), -radius * np.cos(a), a, radius, np.pi / 2)
            strips[f"{q}-{k}"] = Strip(
                x,
                y,
                follows=(f"{(q - 1) % _QUARTERS}-{k}",),
                left=f"{q}-{k + 1}" if k + 1 < _LANES else "",
                right=f"{q}-{k - 1}" if k else "",
                limit=_LIMIT,
            )
    return build("ring", strips)[0]


@dataclass(frozen=True)
class Flow:
    """What was seen on the ring, one entry a driver.

    Attributes:
        headways: Time gaps of followers, sampled once a second, all drivers [s].
        by_driver: Mean time gap of each driver while following [s]; NaN for none.
        changes: Lane changes of each driver.
        km: Distance of each driver.
        durations: Of all lane changes [s].
    """

    headways: Floats
    by_driver: Floats
    changes: Ints
    km: Floats
    durations: Floats


def dense_flow(seed: int, seconds: float = _MEASURED_S) -> Flow:
    """A mixed population on the ring."""
    graph = ring()
    per_lane = round(_DENSITY * 2 * np.pi * _RADIUS / 1000.0)
    n = per_lane * _LANES
    styles, schedules = population(n, seed)
    i = np.arange(n)
    k, slot = i % _LANES, i // _LANES
    length = np.pi / 2 * (_RADIUS - LANE_WIDTH * k)
    jitter = 0.3 * seeds.uniform(seeds.key(seed, "ring"), i)
    place = (slot + jitter) * _QUARTERS / per_lane
    quarter = np.minimum(place.astype(np.int64), _QUARTERS - 1)
    loop = KinematicLoop(
        graph,
        [f"driver-{j:03d}" for j in range(n)],
        styles,
        quarter * _LANES + k,
        (place - quarter) * length,
        np.full(n, 0.7 * _LIMIT),
        schedules,
        seed=seed,
        pedal_lag=PEDAL_LAG_S,
    )
    loop.run(_SETTLE_S)
    lanes: list[Ints] = []
    radii: list[Floats] = []
    gaps: list[Floats] = []
    driven = np.zeros(n)

    def look(loop: KinematicLoop) -> None:
        nonlocal driven
        state = loop.state()
        driven = driven + loop.speed * loop.step_s
        radii.append(_RADIUS - np.hypot(loop.x, loop.y))
        lanes.append(np.clip(np.rint(radii[-1] / LANE_WIDTH), 0, _LANES - 1).astype(np.int64))
        if loop.frame % round(1.0 / loop.step_s) == 0:
            gaps.append(_time_gaps(loop, lanes[-1], state.speed))

    loop.run(seconds, look)
    gap = np.array(gaps)
    counts = np.isfinite(gap).sum(axis=0)
    by_driver = np.where(counts > 0, np.nansum(gap, axis=0) / np.maximum(counts, 1), np.nan)
    lane = np.array(lanes)
    changes = (np.diff(lane, axis=0) != 0).sum(axis=0)
    return Flow(
        headways=gap[np.isfinite(gap)],
        by_driver=by_driver,
        changes=changes,
        km=driven / 1000.0,
        durations=_durations(lane, np.array(radii), loop.step_s),
    )


def _time_gaps(loop: KinematicLoop, lane: Ints, speed: Floats) -> Floats:
    """Time gap of every follower [s]; NaN for drivers who follow nobody."""
    angle = np.arctan2(loop.y, loop.x)
    out = np.full(len(angle), np.nan)
    for k in range(_LANES):
        members = np.flatnonzero(lane == k)
        order = members[np.argsort(angle[members])]
        ahead = np.roll(order, -1)
        arc_m = np.mod(angle[ahead] - angle[order], 2 * np.pi) * (_RADIUS - LANE_WIDTH * k)
        gap = (arc_m - LENGTH) / np.maximum(speed[order], 0.1)
        near = np.abs(speed[ahead] - speed[order]) < _SAME_SPEED
        out[order] = np.where(
            (gap < _FOLLOWS_S) & (gap > 0.0) & near & (speed[order] > 8.0), gap, np.nan
        )
    return out


def _durations(lane: Ints, across: Floats, step_s: float) -> Floats:
    """How long the cars moved sideways at every change of lane [s]."""
    smooth = round(0.5 / step_s)
    kernel = np.ones(smooth) / smooth
    found = []
    for tick, driver in zip(*np.nonzero(np.diff(lane, axis=0)), strict=True):
        speed = np.convolve(np.gradient(across[:, driver], step_s), kernel, mode="same")
        direction = np.sign(speed[tick])
        still = np.flatnonzero(direction * speed < _SIDEWAYS)
        before, after = still[still < tick], still[still > tick]
        if len(before) and len(after):
            found.append((after[0] - before[-1]) * step_s)
    return np.array(found)


def free_speeds(limit: float, seed: int, n: int = 60) -> Floats:
    """Mean speed of a mixed population on empty roads [m/s], shape (n,)."""
    loop = free_loop(*population(n, seed), 100.0 + 1.4 * limit * 40.0, limit, seed)
    loop.run(20.0)
    total: Floats = np.zeros(n)

    def look(loop: KinematicLoop) -> None:
        nonlocal total
        total = total + loop.speed

    loop.run(20.0, look)
    return np.asarray(total / round(20.0 / loop.step_s))


def run(seed: int, size: float = 1.0) -> list[Finding]:
    """The findings of this module."""
    flow = dense_flow(seed, max(20.0, round(_MEASURED_S * size)))
    drivers = int(np.isfinite(flow.by_driver).sum())
    mean = bootstrap(flow.by_driver)
    found = [
        Finding(
            "following", "time headway of followers, mean", "s",
            float(flow.headways.mean()), mean[1] - mean[0] + float(flow.headways.mean()),
            mean[2] - mean[0] + float(flow.headways.mean()), drivers,
            Target(1.19, 1.45, "1.32 (within 10 %), independent of flow",
                   "arXiv-listed headway study", Mark.LOOKED_UP),
        ),
        Finding(
            "following", "time headway of followers, SD", "s",
            *bootstrap(flow.headways[:: max(1, len(flow.headways) // 2000)], np.std), drivers,
            Target(0.42, 0.62, "0.52 (within 20 %)", "arXiv-listed headway study", Mark.LOOKED_UP),
        ),
    ]  # fmt: skip
    pairs = np.stack([flow.changes, flow.km], axis=1)
    found.append(
        Finding(
            "lane change", "rate in dense flow", "1/km",
            *bootstrap(pairs, lambda p: float(p[:, 0].sum() / p[:, 1].sum())), len(pairs),
            Target(0.12, 0.22, "0.12 German motorways, 0.22 US commuters",
                   "highD; Lee, Olsen & Wierwille 2004", Mark.DERIVED),
        )
    )  # fmt: skip
    found.append(
        Finding(
            "lane change", "duration, mean", "s", *bootstrap(flow.durations), len(flow.durations),
            Target(4.0, 6.3, "5-6 in the literature; 4.0 to 6.3 by definition",
                   "literature mean; Thiemann 2008; Lee et al. 2004", Mark.LOOKED_UP),
        )
    )  # fmt: skip
    n = max(20, round(60 * size))
    for words, limit, low, high, text, source in (
        ("30 mph street", 30.0 * MPH, 45.0, 60.0, "50 GB cars, 56-58 US arterials and collectors",
         "GB compliance statistics 2022; US speeds 2015"),
        ("70 mph motorway", 70.0 * MPH, 45.0, 72.0, "45 GB cars, 68-72 US freeways",
         "GB compliance statistics 2022; US speeds 2009, 2015"),
    ):  # fmt: skip
        speeds = free_speeds(limit, seed, n)
        share = bootstrap(100.0 * (speeds > limit))
        target = Target(low, high, text, source, Mark.LOOKED_UP)
        found.append(Finding("speed", f"over the limit, {words}", "%", *share, n, target))
        fast = bootstrap(100.0 * (speeds > limit + 10.0 * MPH))
        low, high, text = (
            (3.0, 13.0, "5 GB, 13 US") if limit < 20.0 else (8.0, 20.0, "8 GB, 16-20 US")
        )
        target = Target(low, high, text, source, Mark.LOOKED_UP)
        found.append(Finding("speed", f"over the limit by 10 mph, {words}", "%", *fast, n, target))
    return found
