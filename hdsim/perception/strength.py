"""How strongly each operation acts now: its time course times its gain on the driver's state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdsim.core import seeds
from hdsim.core.compiled import compiled
from hdsim.core.state import Bools, Floats, Ints
from hdsim.perception.catalogue import STATE_NAMES, Episodic, Operation, Ramp

_NO_GAIN = -1


@dataclass(slots=True)
class _Uses:
    """What any slot uses: kinds of course, states (by index), the earliest next onset."""

    ramps: bool
    episodes: bool
    states: list[int]
    next_onset: float = -np.inf


class Strengths:
    """Courses and gains of (driver, operation) slots.

    Episodes are a Poisson process whose gaps and lengths are keyed by (seed, driver, layer) and
    counted from scenario time 0: a function of time alone. Operations of one layer with the same
    rate therefore share their episodes, as one distraction has several effects.
    """

    def __init__(self, drivers: int, operations: int) -> None:
        shape = (drivers, operations)
        self.ramp: Bools = np.zeros(shape, dtype=np.bool_)
        self.start: Floats = np.zeros(shape)
        self.rise: Floats = np.ones(shape)
        self.episodic: Bools = np.zeros(shape, dtype=np.bool_)
        self.rate: Floats = np.ones(shape)
        self.median: Floats = np.ones(shape)
        self.sigma: Floats = np.zeros(shape)
        self.key: NDArray[np.uint64] = np.zeros(shape, dtype=np.uint64)
        self.onset: Floats = np.full(shape, np.inf)
        self.count: Ints = np.zeros(shape, dtype=np.int64)
        self.until: Floats = np.full(shape, -np.inf)
        self.state: Ints = np.full(shape, _NO_GAIN, dtype=np.int64)
        self.at_zero: Floats = np.ones(shape)
        self.slope: Floats = np.zeros(shape)
        self._arrays = [v for v in vars(self).values() if isinstance(v, np.ndarray)]
        self._states: Floats = np.zeros((len(STATE_NAMES), drivers))
        self._uses: _Uses | None = None

    @property
    def varies(self) -> bool:
        """Whether any strength can change from tick to tick."""
        uses = self._used()
        return bool(uses.ramps or uses.episodes or uses.states)

    def copy_from(self, other: Strengths, to: int, start: int, n: int) -> None:
        """Take over ``n`` columns of another table, from ``start`` there to ``to`` here."""
        for mine, theirs in zip(self._arrays, other._arrays, strict=True):
            mine[:, to : to + n] = theirs[:, start : start + n]
        self._uses = None

    def set(self, d: int, m: int, operation: Operation, key: np.uint64) -> None:
        """Write one slot; ``key`` is that of the layer's episodes."""
        course, gain = operation.course, operation.gain
        self._uses = None
        self.ramp[d, m] = isinstance(course, Ramp)
        if isinstance(course, Ramp):
            self.start[d, m], self.rise[d, m] = course.start_s, course.rise_s
        if isinstance(course, Episodic):
            same = self.episodic[d, m] and (
                self.key[d, m] == key
                and self.rate[d, m] == course.rate_per_s
                and self.median[d, m] == course.duration_median_s
                and self.sigma[d, m] == course.duration_sigma
            )
            if not same:
                self.key[d, m], self.rate[d, m] = key, course.rate_per_s
                self.median[d, m], self.sigma[d, m] = (
                    course.duration_median_s,
                    course.duration_sigma,
                )
                self.count[d, m], self.until[d, m] = 0, -np.inf
                self.onset[d, m] = -np.log(seeds.uniform(key, 0)) / course.rate_per_s
        else:
            self.onset[d, m] = np.inf
        self.episodic[d, m] = isinstance(course, Episodic)
        self.state[d, m] = _NO_GAIN if gain is None else STATE_NAMES.index(gain.state)
        self.at_zero[d, m], self.slope[d, m] = (
            (1.0, 0.0) if gain is None else (gain.at_zero, gain.slope)
        )

    def at(self, time: float, states: Mapping[str, Floats]) -> Floats:
        """Strength of every slot, shape (D, M), 0 to 1.

        Raises:
            ValueError: If a gain names a state that is not in ``states``.
        """
        uses = self._used()
        if uses.episodes and time >= uses.next_onset:
            self._begin_episodes(time)
            uses.next_onset = float(self.onset.min())
        for index in uses.states:
            name = STATE_NAMES[index]
            if name not in states:
                raise ValueError(f"a gain uses the state {name!r}, which was not given")
            self._states[index] = states[name]
        strength: Floats = _at(
            time, self.ramp, self.start, self.rise, self.episodic, self.until,
            self.state, self.at_zero, self.slope, self._states,
        )  # fmt: skip
        return strength

    def _used(self) -> _Uses:
        """What is in use at all; looked up again when a slot has changed."""
        if self._uses is None:
            self._uses = _Uses(
                ramps=bool(self.ramp.any()),
                episodes=bool(self.episodic.any()),
                states=[int(i) for i in np.unique(self.state) if i != _NO_GAIN],
            )
        return self._uses

    def _begin_episodes(self, time: float) -> None:
        due = np.flatnonzero(self.onset <= time)
        onset, count, until = self.onset.ravel(), self.count.ravel(), self.until.ravel()
        key, rate = self.key.ravel(), self.rate.ravel()
        median, sigma = self.median.ravel(), self.sigma.ravel()
        while due.size:
            length = seeds.lognormal(
                seeds.combine(key[due], np.uint64(1)), median[due], sigma[due], count[due]
            )
            until[due] = np.maximum(until[due], onset[due] + length)
            count[due] += 1
            onset[due] -= np.log(seeds.uniform(key[due], count[due])) / rate[due]
            due = due[onset[due] <= time]


@compiled
def _at(
    time: float,
    ramp: Bools,
    start: Floats,
    rise: Floats,
    episodic: Bools,
    until: Floats,
    state: Ints,
    at_zero: Floats,
    slope: Floats,
    states: Floats,
) -> Floats:
    """Strengths, shape (D, M); the arguments are the slots' but ``states``, shape (S, D)."""
    strength = np.ones(ramp.shape)
    for d in range(ramp.shape[0]):
        for m in range(ramp.shape[1]):
            if ramp[d, m]:
                strength[d, m] = min(max((time - start[d, m]) / rise[d, m], 0.0), 1.0)
            elif episodic[d, m]:
                strength[d, m] = 1.0 if time < until[d, m] else 0.0
            if state[d, m] >= 0:
                gain = at_zero[d, m] + slope[d, m] * states[state[d, m], d]
                strength[d, m] *= min(max(gain, 0.0), 1.0)
    return strength
