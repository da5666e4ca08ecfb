"""When drivers brake: reaction times to a braking leader and to an intruder, inverse TTC at onset.

Brake onset is the first decision to slow by more than the engine's drag, plus the time a foot
takes to the pedal (``FOOT_S``); the driving model has no feet.
"""

from __future__ import annotations

import numpy as np

from hdsim.core import seeds
from hdsim.core.state import Bools, Floats, Ints
from hdsim.road.strips import Strip, build, line
from hdsim.run.kinematic import KinematicLoop
from hdsim.study.finding import Finding, Mark, Rule, Target
from hdsim.study.scene import (
    APART_M,
    BRAKE_MPS2,
    FOOT_S,
    MPH,
    PEDAL_LAG_S,
    G,
    following_loop,
    gap_ahead,
    preset,
)
from hdsim.study.statistics import bootstrap

# Leader brakes at a moment that nobody can expect [s], and this hard [m/s^2] [P].
_ONSET_S = (12.0, 20.0)
_SPEED = 20.0
_LEAD_BRAKES = 0.4 * G
_LONGEST_S = 6.0

# CAMP: own and lead speed [mph], lead deceleration [g], 1/TTC at "normal" brake onset [1/s].
CAMP = (
    (30, 30, 0.15, 0.140), (30, 30, 0.28, 0.165), (30, 30, 0.39, 0.195),
    (45, 45, 0.15, 0.110), (45, 45, 0.28, 0.130), (45, 45, 0.39, 0.150),
    (60, 60, 0.15, 0.100), (60, 60, 0.28, 0.108), (60, 60, 0.39, 0.132),
    (30, 0, 0.0, 0.250), (45, 0, 0.0, 0.225), (60, 0, 0.0, 0.192),
)  # fmt: skip
_CAMP_SOURCE = "CAMP, Kiefer et al. 1999, as fitted by Markkula (HFES2014ModelsAndFigs)"
_CAMP_TOLERANCE = 0.25
_STANDING_AHEAD_M = 260.0


class _Onsets:
    """Waits for the first brake of every driver after a cue.

    Args:
        n: Number of drivers.
        cue: Time of the cue [s]; may be set later, inf until then.
    """

    def __init__(self, n: int, cue: Floats) -> None:
        self.cue = cue
        self.at = np.full(n, np.inf)
        self.spoilt: Bools = np.zeros(n, dtype=np.bool_)  # braking already when the cue came
        self.eyes_off: Bools = np.zeros(n, dtype=np.bool_)

    def look(self, loop: KinematicLoop) -> Bools:
        """One tick; which drivers brake for the first time now."""
        assert loop.thought is not None
        then = (loop.frame - 1) * loop.step_s  # the time that was thought about
        accel = loop.thought.decisions.accel[: len(self.at)]
        due = then >= self.cue
        at_cue = due & (then < self.cue + loop.step_s)
        self.spoilt |= at_cue & (accel < -0.5 * BRAKE_MPS2)
        waiting = due & ~np.isfinite(self.at)
        away = loop.drivers.perceiver.trace().looking_away[: len(self.at)]
        self.eyes_off |= waiting & away
        now = waiting & (accel < -BRAKE_MPS2)
        self.at[now] = then
        return np.asarray(now)

    def times(self) -> Floats:
        """Brake reaction times [s]; NaN for spoilt trials and those without a reaction."""
        times = self.at + FOOT_S - self.cue
        good = np.isfinite(times) & ~self.spoilt & (times < _LONGEST_S)
        return np.where(good, times, np.nan)


def lead_brakes(seed: int, n: int = 120) -> tuple[Floats, Bools]:
    """Brake reaction times to a leader that brakes unexpectedly [s], shape (n,).

    Returns:
        Times, and whether the eyes were off the road at some moment of the reaction.
    """
    u = seeds.uniform(seeds.key(seed, "lead brakes"), np.arange(n))
    onset = np.round(_ONSET_S[0] + u * (_ONSET_S[1] - _ONSET_S[0]), 2)
    loop = following_loop(
        n,
        ["normal"] * n,
        {"normal": preset("normal")},
        np.full(n, _SPEED),
        np.full(n, 1.6 * _SPEED),
        lambda loop: np.where(loop.time > onset, -_LEAD_BRAKES, 0.0),
        seed,
        length=700.0,
    )
    onsets = _Onsets(n, onset)
    loop.run(_ONSET_S[1] + _LONGEST_S, onsets.look)
    return onsets.times(), onsets.eyes_off


def camp(seed: int, each: int = 10) -> Floats:
    """Inverse TTC at brake onset in the CAMP cases [1/s], shape (cases, each)."""
    own, lead, decel, _ = (np.repeat(column, each) for column in np.array(CAMP, dtype=float).T)
    n, v = len(own), own * MPH
    standing = lead == 0.0
    gap = np.where(standing, _STANDING_AHEAD_M, 1.6 * v)
    onset = np.where(standing, 0.0, 12.0)
    speed = v.copy()
    loop = following_loop(
        n,
        ["normal"] * n,
        {"normal": preset("normal")},
        speed,
        gap,
        lambda loop: np.where(~standing & (loop.time > onset), -decel * G, 0.0),
        seed,
        length=900.0,
        limit=np.where(standing, v, 1.3 * v),
    )
    loop.speed[n:] = np.where(standing, 0.0, v)
    leaders = loop.scripts[0][1]
    leaders.speed = loop.speed[n:].copy()  # type: ignore[attr-defined]
    # Towards a standing car the onset may come at any time: what counts is the first one.
    onsets = _Onsets(n, onset)
    inverse_ttc = np.full(n, np.nan)
    pending = np.full(n, np.inf)

    def look(loop: KinematicLoop) -> None:
        now = onsets.look(loop)
        pending[now] = loop.time + FOOT_S
        due = loop.time >= pending
        closing = loop.speed[:n] - loop.speed[n:]
        value = closing / np.maximum(gap_ahead(loop, n), 0.1)
        inverse_ttc[due] = value[due]
        pending[due] = np.inf

    loop.run(26.0, look)
    inverse_ttc[onsets.spoilt | (inverse_ttc <= 0.0)] = np.nan
    return inverse_ttc.reshape(len(CAMP), each)


def intruder(seed: int, n: int = 40, speed: float = 18.0, seconds_away: float = 3.0) -> Floats:
    """Brake reaction times to a car that pulls out from between parked ones [s].

    The clock starts when the intruder moves and can be seen.
    """
    cross, parked = 400.0, 6
    strips: dict[str, Strip] = {}
    for i in range(n):
        y = i * APART_M
        strips[f"{i}"] = Strip(*line(0.0, y, 800.0, y), limit=speed)
        strips[f"{i}-kerb"] = Strip(*line(cross - 60.0, y - 3.3, cross, y - 3.3), limit=speed)
        strips[f"{i}-drive"] = Strip(*line(cross, y - 14.0, cross, y + 4.0), limit=speed)
    graph, index = build("drives", strips)
    main = np.array([index[f"{i}"] for i in range(n)])
    kerb = np.repeat([index[f"{i}-kerb"] for i in range(n)], parked)
    drive = np.array([index[f"{i}-drive"] for i in range(n)])
    start = cross - speed * (10.0 + 4.0 * seeds.uniform(seeds.key(seed, "intruder"), np.arange(n)))
    out = np.full(n, 14.0 - 4.5)  # its nose is level with the outer side of the parked cars
    parked_s = np.tile(60.0 - 4.5 - 5.2 * np.arange(parked), n)

    def parked_cars(_: KinematicLoop) -> tuple[Ints, Floats, Floats]:
        return kerb, parked_s, np.zeros(n * parked)

    def intruders(loop: KinematicLoop) -> tuple[Ints, Floats, Floats]:
        go = loop.x[:n] > cross - speed * seconds_away - 5.0
        moving = go & (out < 13.0)
        out[moving] += 3.5 * loop.step_s
        return drive, out, np.where(moving, 3.5, 0.0)

    names = [f"{kind}-{i:03d}" for kind, m in (("driver", n), ("intruder", n)) for i in range(m)]
    names += [f"parked-{i:03d}" for i in range(n * parked)]
    rows = np.arange(n)
    loop = KinematicLoop(
        graph,
        names,
        ["normal"] * n + [""] * (n + n * parked),
        np.concatenate([main, drive, kerb]),
        np.concatenate([start, out, parked_s]),
        np.concatenate([np.full(n, speed), np.zeros(n + n * parked)]),
        {"normal": preset("normal")},
        seed=seed,
        scripts=[(rows + n, intruders), (np.arange(2 * n, len(names)), parked_cars)],
        pedal_lag=PEDAL_LAG_S,
    )
    onsets = _Onsets(n, np.full(n, np.inf))

    def look(loop: KinematicLoop) -> None:
        assert loop.thought is not None
        objects = loop.thought.observation.objects
        there = objects.seen & (objects.row == rows[:, None] + n) & (objects.speed > 0.0)
        seen = there.any(axis=1)
        first = seen & ~np.isfinite(onsets.cue)
        onsets.cue[first] = (loop.frame - 1) * loop.step_s
        onsets.look(loop)

    loop.run(16.0, look)
    return onsets.times()


def run(seed: int, size: float = 1.0) -> list[Finding]:
    """The findings of this module."""
    times, eyes_off = lead_brakes(seed, round(120 * size))
    name = "brake reaction"
    found = []
    expected = np.where(eyes_off, np.nan, times)
    value, low, high = bootstrap(expected, np.median)
    found.append(
        Finding(
            name, "leader brakes, eyes on it all the time: median", "s", value, low, high,
            int(np.isfinite(expected).sum()),
            Target(0.70, 1.25, "0.70-0.75 expected, 1.25 unexpected", "Green 2000", Mark.LOOKED_UP),
        )
    )  # fmt: skip
    value, low, high = bootstrap(times)
    n = int(np.isfinite(times).sum())
    found.append(
        Finding(
            name, "leader brakes unexpectedly: mean", "s", value, low, high, n,
            Target(1.15, 1.40, "1.25 (Green), 1.25 +- 0.46, 1.31 +- 0.61",
                   "Green 2000; Ergonomics 1993:391; Taoka 1989", Mark.LOOKED_UP),
        )
    )  # fmt: skip
    value, low, high = bootstrap(times, np.std)
    found.append(
        Finding(
            name, "leader brakes unexpectedly: SD over trials", "s", value, low, high, n,
            Target(0.40, 0.65, "0.46 to 0.61", "Ergonomics 1993:391; Taoka 1989", Mark.LOOKED_UP),
        )
    )  # fmt: skip
    for share, published in ((15, 0.75), (50, 1.19), (85, 1.88), (95, 2.46)):
        value, low, high = bootstrap(times, lambda x, q=share: float(np.percentile(x, q)))
        found.append(
            Finding(
                name, f"leader brakes unexpectedly: p{share}", "s", value, low, high, n,
                Target(0.8 * published, 1.2 * published, f"{published} (within 20 %)",
                       "Taoka 1989, lognormal", Mark.DERIVED),
            )
        )  # fmt: skip
    surprise = intruder(seed, round(40 * size))
    value, low, high = bootstrap(surprise)
    found.append(
        Finding(
            name, "car pulls out from between parked ones: mean", "s", value, low, high,
            int(np.isfinite(surprise).sum()),
            Target(1.3, 1.7, "1.5 (Green); 1.5 +- 0.4 (Lerner)", "Green 2000; Lerner 1993",
                   Mark.LOOKED_UP),
        )
    )  # fmt: skip
    for case, values in zip(CAMP, camp(seed, max(4, round(30 * size))), strict=True):
        own, lead, decel, published = case
        value, low, high = bootstrap(values)
        how = f"lead brakes at {decel:g} g" if lead else "lead stands"
        found.append(
            Finding(
                "brake onset", f"{own}/{lead} mph, {how}: 1/TTC", "1/s", value, low, high,
                int(np.isfinite(values).sum()),
                Target(published * (1 - _CAMP_TOLERANCE), published * (1 + _CAMP_TOLERANCE),
                       f"{published:.3f} (within 25 %)", _CAMP_SOURCE, Mark.LOOKED_UP),
                Rule.INSIDE,
            )
        )  # fmt: skip
    return found
