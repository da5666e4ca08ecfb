"""What drivers do when the light turns yellow, and how often they run the red that follows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hdsim.core import seeds
from hdsim.core.state import Bools, Floats, SignalState
from hdsim.run.kinematic import LENGTH, KinematicLoop
from hdsim.study.finding import Finding, Mark, Target
from hdsim.study.scene import MPH, PEDAL_LAG_S, population, preset, roads
from hdsim.study.statistics import bootstrap, logit_fit, wilson

_SPEED = 35.0 * MPH
_LINE_M = 260.0
# ITE: perception-reaction time of 1 s, then 3.05 m/s^2.
_YELLOW_S = 1.0 + _SPEED / (2.0 * 3.05)
_FIRST_S, _LAST_S = 1.0, 7.5
_SETTLE_S = 4.0
# Bounds of the type II dilemma zone [s to the line].
_ZONE_S = (2.5, 5.5)


def approaches(seed: int, n: int, mixed: bool) -> tuple[Floats, Bools, Bools]:
    """Drivers who approach a signal alone and see it turn yellow.

    Args:
        seed: Of noise and of when the light turns.
        n: How many.
        mixed: A mixed population instead of normal drivers.

    Returns:
        Time to the line at the onset of yellow [s], whether the driver stopped, and whether it
        crossed the line on red; shape (n,) each.
    """
    wanted = _FIRST_S + (_LAST_S - _FIRST_S) * seeds.uniform(
        seeds.key(seed, "yellow"), np.arange(n)
    )
    graph, first = roads(n, _LINE_M + 150.0, _SPEED, signal_at=_LINE_M)
    styles, schedules = (
        population(n, seed) if mixed else (["normal"] * n, {"normal": preset("normal")})
    )
    onset, at_onset = np.full(n, np.inf), np.full(n, np.nan)
    crossed = np.full(n, np.inf)

    def signals(time: float) -> NDArray[np.uint8]:
        out = np.full(n, SignalState.GREEN, dtype=np.uint8)
        out[time >= onset] = SignalState.YELLOW
        out[time >= onset + _YELLOW_S] = SignalState.RED
        return out

    loop = KinematicLoop(
        graph,
        [f"driver-{i:03d}" for i in range(n)],
        styles,
        first[:, 0],
        _LINE_M - LENGTH / 2 - _SPEED * (wanted + _SETTLE_S),
        np.full(n, _SPEED),
        schedules,
        seed=seed,
        signals=signals,
        pedal_lag=PEDAL_LAG_S,
    )

    def look(loop: KinematicLoop) -> None:
        to_line = _LINE_M - loop.x - LENGTH / 2
        left = to_line / np.maximum(loop.speed, 0.1)
        turn = ~np.isfinite(onset) & (left <= wanted)
        onset[turn], at_onset[turn] = loop.time, left[turn]
        over = ~np.isfinite(crossed) & (to_line < 0.0)
        crossed[over] = loop.time

    loop.run(_SETTLE_S + _LAST_S + 6.0, look)
    return at_onset, ~np.isfinite(crossed), np.isfinite(crossed) & (crossed > onset + _YELLOW_S)


def _fit(rows: Floats, share: float | None = None) -> float:
    centre, slope = logit_fit(rows[:, 0], rows[:, 1] > 0.5)
    return centre if share is None else centre + float(np.log(share / (1 - share))) / slope


def run(seed: int, size: float = 1.0) -> list[Finding]:
    """The findings of this module."""
    n = round(260 * size)
    tti, stopped, ran_red = approaches(seed, n, mixed=True)
    good = np.isfinite(tti)
    rows = np.stack([tti[good], stopped[good]], axis=1).astype(np.float64)
    found = []
    for words, share, low, high, text, mark in (
        ("time to the line where half stop", None, 3.5, 4.5, "4.0", Mark.DERIVED),
        ("time to the line where 10 % stop", 0.1, 2.0, 3.0, "2.5, begin of the type II zone",
         Mark.LOOKED_UP),
        ("time to the line where 90 % stop", 0.9, 5.0, 6.0, "5.5, end of the type II zone",
         Mark.LOOKED_UP),
    ):  # fmt: skip
        value = bootstrap(rows, lambda r, q=share: _fit(r, q), resamples=200)
        target = Target(
            low, high, f"{text} (within 0.5 s)", "type II zone 2.5-5.5 s, Wavetronix", mark
        )
        found.append(Finding("yellow", words, "s", *value, len(rows), target))
    zone = good & (tti >= _ZONE_S[0]) & (tti <= _ZONE_S[1])
    hits, trials = int(ran_red[zone].sum()), int(zone.sum())
    share, low, high = (100.0 * x for x in wilson(hits, trials))
    found.append(
        Finding(
            "yellow", "ran red, of those in the decision zone", "%",
            share, low, high, trials,
            Target(0.9, 2.0, "0.9-2.0 %, nine US sites", "US signal study, Table 6.4",
                   Mark.LOOKED_UP),
        )
    )  # fmt: skip
    return found
