"""How the states of a driver evolve over a drive.

Physiology is a function of scenario time alone, so it needs no memory and can be looked up for any
time and for all drivers at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdsim.core.state import Floats
from hdsim.driver.profile import DriverProfile

# Hours awake that do what a BAC of 0.10 g/100 ml does: 24 h (Dawson & Reid 1997).
FULL_FATIGUE_H = 24.0
# [P] One hour at the wheel counts as one more hour awake. Direction: line crossings in the last
# hour of 2, 4 and 8 h night drives are 6.0, 15.4 and 24.3 times those of the evening
# (Sagaspe et al. 2008, PLoS ONE 3(10): e3493); no published exchange rate.
TASK_WEIGHT = 1.0


def fatigue_level(hours_awake: Any, time_on_task_h: Any, threshold_h: Any) -> Floats:
    """Fatigue in [0, 1]: 0 up to the threshold, 1 where it equals a BAC of 0.10 g/100 ml.

    Linear between the threshold and ``FULL_FATIGUE_H`` (one hour above the threshold where that
    lies later) in equivalent hours awake, ``hours_awake + TASK_WEIGHT * time_on_task_h``.
    Published anchors: 16.9 to 18.6 h awake perform like 0.05 g/100 ml, 17.7 to 19.7 h like 0.10 on
    the most sensitive tasks (Williamson & Feyer 2000), 24 h like 0.10 (Dawson & Reid 1997).
    """
    equivalent = np.asarray(hours_awake) + TASK_WEIGHT * np.asarray(time_on_task_h)
    full = np.maximum(FULL_FATIGUE_H, np.asarray(threshold_h) + 1.0)
    return np.asarray(np.clip((equivalent - threshold_h) / (full - threshold_h), 0.0, 1.0))


def blood_alcohol(bac: Any, elimination_per_h: Any, t_h: Any) -> Floats:
    """BAC after ``t_h`` hours [g/100 ml]: zero-order elimination (Widmark), never negative."""
    return np.asarray(np.maximum(0.0, np.asarray(bac) - np.asarray(elimination_per_h) * t_h))


@dataclass(frozen=True, slots=True)
class DriverStates:
    """The slow states of several drivers as functions of time; every array has shape (D,).

    Attributes:
        hours_awake: At scenario time 0 [h].
        time_on_task_h: At scenario time 0 [h].
        threshold_h: Where fatigue begins to act [h].
        bac: At scenario time 0 [g/100 ml].
        elimination_per_h: [g/100 ml/h].
    """

    hours_awake: Floats
    time_on_task_h: Floats
    threshold_h: Floats
    bac: Floats
    elimination_per_h: Floats

    @classmethod
    def of(cls, profiles: Sequence[DriverProfile]) -> DriverStates:
        """States of drivers in the given order."""
        fatigue = [p.physiology.fatigue for p in profiles]
        alcohol = [p.physiology.alcohol for p in profiles]
        return cls(
            hours_awake=np.array([f.hours_awake for f in fatigue], dtype=np.float64),
            time_on_task_h=np.array([f.time_on_task_h for f in fatigue], dtype=np.float64),
            threshold_h=np.array([f.threshold_h for f in fatigue], dtype=np.float64),
            bac=np.array([a.bac for a in alcohol], dtype=np.float64),
            elimination_per_h=np.array([a.elimination_per_h for a in alcohol], dtype=np.float64),
        )

    def at(self, t_s: float | Floats) -> dict[str, Floats]:
        """The named states ``elapsed_s``, ``fatigue`` and ``alcohol``, shape (D,).

        Args:
            t_s: Scenario time [s], one for all or one per driver.
        """
        t_h = t_s / 3600.0
        return {
            "elapsed_s": np.full(len(self.bac), t_s),
            "fatigue": fatigue_level(
                self.hours_awake + t_h, self.time_on_task_h + t_h, self.threshold_h
            ),
            "alcohol": blood_alcohol(self.bac, self.elimination_per_h, t_h),
        }


def layer_state(profile: DriverProfile, t_s: float) -> dict[str, float]:
    """The named states of one driver at a scenario time."""
    return {name: float(value[0]) for name, value in DriverStates.of([profile]).at(t_s).items()}
