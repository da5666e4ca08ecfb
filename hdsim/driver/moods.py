"""Anger and hurry: states that come from what drivers perceive in the drive.

A driver is angered by what it believes it sees: a vehicle in front that holds it up, another that
cuts in. It hurries when it believes itself late. Nothing here reads the world: only percepts, once
a second, all drivers at once. The same percepts give the same moods, so that they can be worked
out again from a log.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hdsim.core.percept import Objects, Percepts, Relation
from hdsim.core.state import Bools, Floats, Ints, SignalState
from hdsim.driver.evaluate import factors, humans
from hdsim.driver.profile import DriverProfile

# All [P] but for the direction: no published time constants.
RISE_S = 60.0  # being held up wholly drives anger towards its most with this time constant [s]
CUT_IN_SHARE = 0.5  # of what is left to full anger, times reactivity, at one cut-in
FULL_HURRY_S = 60.0  # lateness at which hurry is complete [s]
HELD_UP_BELOW = 0.8  # of the limit believed in; slower behind another is being held up
HELD_UP_GAP_S, HELD_UP_GAP_M = 3.0, 15.0  # how near the vehicle in front is then
CUT_IN_GAP_S = 1.0  # closer than this in front of a moving driver [s]
MOVING_MPS = 3.0
SIGNAL_M = 150.0  # a queue at a red light within this distance angers nobody


class Moods:
    """Moods of several drivers through a drive; every array has shape (D,).

    Args:
        profiles: The drivers, in the order of the percepts.
        way_m: Length of the route to the goal, nan for those who roam [m].

    Attributes:
        anger: 0 to 1.
        hurry: 0 to 1.
    """

    def __init__(self, profiles: Sequence[DriverProfile], way_m: Floats | None = None) -> None:
        self._human = humans(profiles)
        anger = [p.physiology.anger for p in profiles]
        hurry = [p.physiology.hurry for p in profiles]
        self._reactivity = factors(profiles)["anger_reactivity"]
        self._at_start = np.where(self._human, [a.level for a in anger], 0.0)
        self._decay_s = np.array([a.decay_s for a in anger])
        self._level = np.where(self._human, [h.level for h in hurry], 0.0)
        self._allowed = np.array([h.time_allowed or np.nan for h in hurry])
        self._deadline_s = np.array([h.deadline_s or np.nan for h in hurry])
        self.anger: Floats = self._at_start.copy()
        self.hurry: Floats = self._level.copy()
        self._left_m = np.full(len(profiles), np.nan) if way_m is None else way_m.copy()
        self._behind: Floats = np.zeros(len(profiles))
        self._lead: Ints = np.full(len(profiles), -1, dtype=np.int64)
        self._beside: tuple[Ints, Bools] | None = None

    def begin_anew(self, drivers: Ints) -> None:
        """These drivers have been put elsewhere: they are as at the start of a drive."""
        self.anger[drivers] = self._at_start[drivers]
        self.hurry[drivers] = self._level[drivers]
        self._behind[drivers] = 0.0
        self._lead[drivers] = -1

    def notice(self, percepts: Percepts, elapsed_s: float) -> None:
        """Take in what drivers believe now.

        Args:
            percepts: The subjective scenes.
            elapsed_s: Since the last call [s].
        """
        own, objects = percepts.own, percepts.objects
        limit = np.maximum(percepts.paths.limit[:, 0] * own.limit_factor, 1.0)
        lead, gap = _lead(objects, own.x, own.y, own.length)
        late = self._late(percepts, limit, elapsed_s)
        self.hurry = np.clip(self._level + np.maximum(late, 0.0) / FULL_HURRY_S, 0.0, 1.0)
        self.hurry[~self._human] = 0.0

        waiting = np.isin(percepts.signal.state, (SignalState.RED, SignalState.YELLOW)) & (
            percepts.signal.distance < SIGNAL_M
        )
        near = gap < np.maximum(HELD_UP_GAP_S * own.speed, HELD_UP_GAP_M)
        slow = np.clip(1.0 - own.speed / (HELD_UP_BELOW * limit), 0.0, 1.0)
        held_up = np.where(near & ~waiting, slow, 0.0)
        rise = self._reactivity * held_up * (1.0 - self.anger) / RISE_S
        self.anger += elapsed_s * (rise - self.anger / self._decay_s)
        cut_in = self._cut_in(objects, lead, gap, own.speed)
        self.anger += cut_in * CUT_IN_SHARE * self._reactivity * (1.0 - self.anger)
        self.anger = np.clip(self.anger, 0.0, 1.0)

    def _late(self, percepts: Percepts, limit: Floats, elapsed_s: float) -> Floats:
        """Lateness by the own plan, or against the deadline, whichever is more [s]."""
        done_m = percepts.own.speed * elapsed_s
        planned = np.where(np.isnan(self._allowed), elapsed_s, self._allowed * done_m / limit)
        self._behind += elapsed_s - planned
        self._left_m -= done_m
        expected = percepts.time + np.maximum(self._left_m, 0.0) / limit - self._deadline_s
        return np.asarray(np.fmax(self._behind, expected))

    def _cut_in(self, objects: Objects, lead: Ints, gap: Floats, speed: Floats) -> Bools:
        """Who has just been cut in on: the vehicle in front was beside at the last look."""
        came = np.zeros(len(lead), dtype=np.bool_)
        if self._beside is not None:
            row, beside = self._beside
            came = ((row == lead[:, None]) & beside).any(axis=1)
        came &= (lead >= 0) & (lead != self._lead) & (speed > MOVING_MPS)
        self._lead = lead
        self._beside = (
            objects.row.copy(),
            objects.seen & (objects.row >= 0) & (objects.relation == Relation.BESIDE),
        )
        return np.asarray(came & (gap < CUT_IN_GAP_S * speed))


def _lead(objects: Objects, x: Floats, y: Floats, length: Floats) -> tuple[Ints, Floats]:
    """Row of the vehicle believed in front, -1 for none, and the gap to it [m]."""
    ahead = objects.seen & (objects.row >= 0) & (objects.relation == Relation.LEAD)
    apart = np.hypot(objects.x - x[:, None], objects.y - y[:, None])
    gap = apart - 0.5 * (objects.length + length[:, None])
    gap = np.where(ahead, np.maximum(gap, 0.0), np.inf)
    if gap.shape[1] == 0:
        return np.full(len(x), -1, dtype=np.int64), np.full(len(x), np.inf)
    slot = gap.argmin(axis=1)
    everyone = np.arange(len(x))
    nearest = gap[everyone, slot]
    return np.where(np.isfinite(nearest), objects.row[everyone, slot], -1), nearest
