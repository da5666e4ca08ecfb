"""How the slow states of a driver evolve over a drive: fatigue and alcohol.

Both are functions of scenario time alone, so they need no memory and can be looked up for any time
and for all drivers at once. Anger and hurry, which depend on what happens, are in
``hdsim.driver.moods``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from hdsim.core.state import Floats
from hdsim.driver.profile import Alcohol, DriverProfile, Fatigue

# The two-process model (Daan, Beersma & Borbely 1984, Am. J. Physiol. 246: R161): sleep pressure
# rises from 0.17 after a full night towards 1 with a time constant of 18.2 h; the circadian process
# has an amplitude of 0.1.
PRESSURE_RESTED, PRESSURE_RISE_H, CIRCADIAN = 0.17, 18.2, 0.1
# Lowest alertness of the day [h], in the dip of 3 to 5 in the morning; the hour within it [P].
DIP_CLOCK_H = 4.5
# Usual time of getting up, which the published anchors assume [h]; 6 to 8 in the studies below.
UP_AT_H = 7.0
# Drowsiness that an hour at the wheel adds: line crossings in the last hour of night drives of 2, 4
# and 8 h that end at the same time are 6.0, 15.4 and 24.3 times those of the evening (Sagaspe et
# al. 2008, PLoS ONE 3(10): e3493). With a Gaussian lane position and 0.85 m of room that is an SDLP
# of 0.223, 0.240 and 0.249 m, 0.026 m for 6 h: worth 0.05 of fatigue an hour.
TASK_PER_H = 0.0124
# Fatigue counts what a BAC of 0.10 g/100 ml does as 1. Anchors, in hours awake when got up at 7:
# 17.5 h like 0.05 and 24 h like 0.10 (Williamson & Feyer 2000: 16.9 to 18.6 h like 0.05; Dawson &
# Reid 1997: 24 h like 0.10).
LIKE_005_H, LIKE_010_H = 17.5, 24.0
MOST_FATIGUE = 1.5
# Widmark: a standard drink holds 14 g of alcohol; it spreads over 0.62 of the body weight (mean of
# 0.68 for men and 0.55 for women).
DRINK_G, WIDMARK = 14.0, 0.62


def drowsiness(hours_awake: Any, clock_h: Any, time_on_task_h: Any = 0.0) -> Floats:
    """Sleep pressure plus circadian process plus time on task; no unit, about 0.1 to 1.1.

    Args:
        hours_awake: [h].
        clock_h: Time of day [h].
        time_on_task_h: Hours at the wheel [h].
    """
    rise = np.exp(-np.asarray(hours_awake) / PRESSURE_RISE_H)
    circadian = np.cos(2.0 * np.pi * (np.asarray(clock_h) - DIP_CLOCK_H) / 24.0)
    pressure = 1.0 - (1.0 - PRESSURE_RESTED) * rise
    return np.asarray(pressure + CIRCADIAN * circadian + TASK_PER_H * np.asarray(time_on_task_h))


def _got_up_at_seven(hours_awake: Any) -> Floats:
    return drowsiness(hours_awake, UP_AT_H + np.asarray(hours_awake))


def fatigue_level(
    hours_awake: Any, clock_h: Any, time_on_task_h: Any = 0.0, threshold_h: Any = 16.0
) -> Floats:
    """Fatigue, 0 to ``MOST_FATIGUE``: 0.5 does what a BAC of 0.05 g/100 ml does, 1 what 0.10 does.

    Nothing up to the drowsiness that ``threshold_h`` hours awake bring on an ordinary day (the
    paper's cognitive threshold); from there through the published anchors, linear between and
    beyond them. Another threshold shifts the anchors with it.

    Args:
        hours_awake: [h].
        clock_h: Time of day [h].
        time_on_task_h: Hours at the wheel [h].
        threshold_h: [h].
    """
    excess = drowsiness(hours_awake, clock_h, time_on_task_h) - _got_up_at_seven(threshold_h)
    first = float(_got_up_at_seven(LIKE_005_H) - _got_up_at_seven(16.0))
    second = float(_got_up_at_seven(LIKE_010_H) - _got_up_at_seven(LIKE_005_H))
    level = np.where(excess < first, 0.5 * excess / first, 0.5 + 0.5 * (excess - first) / second)
    return np.asarray(np.clip(level, 0.0, MOST_FATIGUE))


def widmark_bac(drinks: Any, weight_kg: Any) -> Floats:
    """BAC that drinks would give if absorbed at once [g/100 ml] (Widmark 1932)."""
    return np.asarray(np.asarray(drinks) * DRINK_G / (10.0 * WIDMARK * np.asarray(weight_kg)))


def blood_alcohol(
    bac: Any, elimination_per_h: Any, t_h: Any, absorbing: Any = 0.0, absorption_per_h: Any = 3.0
) -> Floats:
    """BAC after ``t_h`` hours [g/100 ml], never negative.

    First-order absorption of what is still in the stomach, zero-order elimination (Widmark 1932):
    bac + absorbing (1 - exp(-k t)) - beta t.

    Args:
        bac: In the blood at the start [g/100 ml].
        elimination_per_h: beta [g/100 ml/h].
        t_h: [h].
        absorbing: What the rest would add [g/100 ml].
        absorption_per_h: k [1/h].
    """
    taken_up = np.asarray(absorbing) * (1.0 - np.exp(-np.asarray(absorption_per_h) * t_h))
    return np.asarray(
        np.maximum(0.0, np.asarray(bac) + taken_up - np.asarray(elimination_per_h) * t_h)
    )


def alcohol_at_start(alcohol: Alcohol) -> tuple[float, float]:
    """In the blood, and still to be absorbed, when the scenario begins [g/100 ml]."""
    dose = float(widmark_bac(alcohol.drinks, alcohol.weight_kg))
    since, k = alcohol.since_drinking_h, alcohol.absorption_per_h
    in_blood = float(blood_alcohol(0.0, alcohol.elimination_per_h, since, dose, k))
    return alcohol.bac + in_blood, alcohol.absorbing + dose * float(np.exp(-k * since))


def clock_at_start(fatigue: Fatigue) -> float:
    """Time of day when the scenario begins [h]; as given, or as for one who got up at 7."""
    return fatigue.clock_h if fatigue.clock_h is not None else (UP_AT_H + fatigue.hours_awake) % 24


@dataclass(frozen=True, slots=True)
class DriverStates:
    """The slow states of several drivers as functions of time; every array has shape (D,).

    Attributes:
        hours_awake: At scenario time 0 [h].
        clock_h: Time of day then [h].
        time_on_task_h: Then [h].
        threshold_h: Where fatigue begins to act [h].
        bac: At scenario time 0 [g/100 ml].
        absorbing: Then still to be absorbed [g/100 ml].
        absorption_per_h: [1/h].
        elimination_per_h: [g/100 ml/h].
    """

    hours_awake: Floats
    clock_h: Floats
    time_on_task_h: Floats
    threshold_h: Floats
    bac: Floats
    absorbing: Floats
    absorption_per_h: Floats
    elimination_per_h: Floats

    @classmethod
    def of(cls, profiles: Sequence[DriverProfile]) -> DriverStates:
        """States of drivers in the given order."""
        rows = [_slow(p) for p in profiles]
        return cls(*(np.array([r[f.name] for r in rows], dtype=np.float64) for f in fields(cls)))

    def at(self, t_s: float | Floats) -> dict[str, Floats]:
        """The named states ``elapsed_s``, ``fatigue`` and ``alcohol``, shape (D,).

        Args:
            t_s: Scenario time [s], one for all or one per driver.
        """
        t_h = t_s / 3600.0
        return {
            "elapsed_s": np.full(len(self.bac), t_s),
            "fatigue": fatigue_level(
                self.hours_awake + t_h,
                self.clock_h + t_h,
                self.time_on_task_h + t_h,
                self.threshold_h,
            ),
            "alcohol": blood_alcohol(
                self.bac, self.elimination_per_h, t_h, self.absorbing, self.absorption_per_h
            ),
        }


def _slow(profile: DriverProfile) -> dict[str, float]:
    fatigue, alcohol = profile.physiology.fatigue, profile.physiology.alcohol
    bac, absorbing = alcohol_at_start(alcohol)
    return {
        "hours_awake": fatigue.hours_awake,
        "clock_h": clock_at_start(fatigue),
        "time_on_task_h": fatigue.time_on_task_h,
        "threshold_h": fatigue.threshold_h,
        "bac": bac,
        "absorbing": absorbing,
        "absorption_per_h": alcohol.absorption_per_h,
        "elimination_per_h": alcohol.elimination_per_h,
    }


def layer_state(profile: DriverProfile, t_s: float) -> dict[str, float]:
    """The slow named states of one driver at a scenario time."""
    return {name: float(value[0]) for name, value in DriverStates.of([profile]).at(t_s).items()}
