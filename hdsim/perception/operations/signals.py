"""Perceived traffic signals: changes noticed late, states taken for others, kept while away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hdsim.core import seeds
from hdsim.core.compiled import compiled
from hdsim.core.percept import SignalAhead
from hdsim.core.state import Bools, Floats, Ints, SignalState
from hdsim.perception.compile import Columns

States = NDArray[np.uint8]
Keys = NDArray[np.uint64]
# Longest delay of the catalogue [s].
_LONGEST_S = 5.0
_LATE_STREAM = np.uint64(2)
_OFF = np.uint8(SignalState.OFF)


class SignalSense:
    """What drivers believe about the signal ahead; remembers approaches and recent states.

    An approach is the time during which one signal is the next. Chances and delays are drawn once
    per approach, keyed by the tick at which it began.

    Args:
        drivers: Number of drivers.
        signal_keys: One key per signal of the map, shape (m,).
        step_s: Length of a tick [s].
    """

    def __init__(self, drivers: int, signal_keys: NDArray[np.uint64], step_s: float) -> None:
        self._keys, self._step_s = signal_keys, step_s
        self._depth = int(np.ceil(_LONGEST_S / step_s)) + 1
        self._shown = np.full((self._depth, drivers), SignalState.OFF, dtype=np.uint8)
        self._index: Ints = np.full(drivers, -1, dtype=np.int64)
        self._since: Ints = np.zeros(drivers, dtype=np.int64)
        self._known: Ints = np.full(drivers, -1, dtype=np.int64)
        self._known_state = np.full(drivers, SignalState.OFF, dtype=np.uint8)
        self._last_tick = -1
        self._draws: Floats = np.zeros((drivers, 0))
        self._lateness: Floats = np.zeros((drivers, 0))
        self._draw_key: Keys = np.zeros((drivers, 0), dtype=np.uint64)
        self._stale = True

    def perceive(
        self, tick: int, signal: SignalAhead, misread: Columns | None, away: Bools | None
    ) -> SignalAhead:
        """The signal as believed.

        Args:
            tick: Number of this tick.
            signal: The signal as shown.
            misread: Slots of ``misread_signal`` if any acts.
            away: Drivers whose eyes are off the road, shape (D,), or None.
        """
        # After a pause in which nothing acted on signals the ring holds old states.
        paused, self._last_tick = self._last_tick != tick - 1, tick
        self._stale |= _approach(
            self._shown[tick % self._depth], signal.state, signal.index, self._index, self._since,
            tick, paused,
        )  # fmt: skip
        state = signal.state if misread is None else self._misread(tick, signal, misread)
        if away is None:
            self._known, self._known_state = signal.index, state
            return SignalAhead(index=signal.index, state=state, distance=signal.distance)
        # Both are kept from tick to tick, and the former may be somebody else's.
        self._known, self._known_state = self._known.copy(), self._known_state.copy()
        index, state, distance = _while_away(
            away, signal.index, state, signal.distance, self._known, self._known_state
        )
        return SignalAhead(index=index, state=state, distance=distance)

    def begin_anew(self, drivers: Ints) -> None:
        """Forget these drivers' approaches."""
        self._index[drivers], self._known[drivers] = -1, -1

    def _misread(self, tick: int, signal: SignalAhead, misread: Columns) -> States:
        if len(self._keys):
            self._draw(signal, misread.key)
        elif self._draws.shape != misread.used.shape:
            self._draws = np.ones(misread.used.shape)
            self._lateness = np.zeros(misread.used.shape)
        delay = misread.value["delay_s"] * np.exp(misread.raw["delay_sigma"] * self._lateness)
        believed: States = _believe(
            self._shown, tick, self._since, signal.index, signal.distance, misread.near,
            misread.far, delay, self._step_s, misread.value["probability"], self._draws,
            misread.raw["actual"].astype(np.uint8), misread.raw["seen"].astype(np.uint8),
        )  # fmt: skip
        return believed

    def _draw(self, signal: SignalAhead, key: Keys) -> None:
        """The draws of every approach and column; they last as long as the approach."""
        if not self._stale and np.array_equal(self._draw_key, key):
            return
        name = self._keys[np.maximum(signal.index, 0)]
        approach = seeds.combine(key, name[:, None])
        self._draws = seeds.uniform(approach, self._since[:, None])
        self._lateness = seeds.normal(seeds.combine(approach, _LATE_STREAM), self._since[:, None])
        self._draw_key, self._stale = key.copy(), False


@compiled
def _approach(
    shown: States, state: States, index: Ints, before: Ints, since: Ints, tick: int, paused: bool
) -> bool:
    """Note what is shown and since when each signal has been the next; whether any is a new one.

    ``shown``, ``before`` and ``since``, shape (D,), are brought up to date.
    """
    fresh = False
    for i in range(len(index)):
        shown[i] = state[i]
        if paused or index[i] != before[i]:
            before[i], since[i], fresh = index[i], tick, True
    return fresh


@compiled
def _while_away(
    away: Bools, index: Ints, state: States, distance: Floats, known: Ints, known_state: States
) -> tuple[Ints, States, Floats]:
    """What is believed of the signals, shape (D,): of those away, what they knew of it.

    ``known`` and ``known_state``, the signals last looked at, are brought up to date.
    """
    index, state, distance = index.copy(), state.copy(), distance.copy()
    for i in range(len(index)):
        if not away[i]:
            known[i], known_state[i] = index[i], state[i]
        elif known[i] == index[i]:
            state[i] = known_state[i]
        else:
            index[i], state[i], distance[i] = -1, _OFF, np.inf
    return index, state, distance


@compiled
def _believe(
    shown: States,
    tick: int,
    since: Ints,
    index: Ints,
    distance: Floats,
    near: Floats,
    far: Floats,
    delay: Floats,
    step_s: float,
    probability: Floats,
    draws: Floats,
    actual: States,
    seen: States,
) -> States:
    """States as seen late and taken for others, shape (D,).

    Args:
        shown: Ring of the states shown, by tick and driver.
        tick: Number of this tick.
        since: Tick at which each driver's approach began, shape (D,).
        index: Signal ahead, -1 for none, shape (D,).
        distance: To its stop line [m], shape (D,).
        near: Nearest selected distance [m], shape (D, M); as are the rest but the step.
        far: Farthest [m].
        delay: How late changes are noticed [s].
        step_s: Length of a tick [s].
        probability: Chance of an approach to be misread.
        draws: Uniform draws of this approach.
        actual: The state that is misread.
        seen: What it is taken for.
    """
    states = np.empty(len(index), np.uint8)
    for i in range(len(index)):
        at, late = max(distance[i], 0.0), 0.0
        for m in range(near.shape[1]):
            if near[i, m] <= at <= far[i, m]:
                late += delay[i, m]
        ticks = min(int(np.rint(late / step_s)), tick - since[i], len(shown) - 1)
        was = states[i] = shown[(tick - ticks) % len(shown), i]
        if index[i] < 0:
            continue
        for m in range(near.shape[1]):
            chosen = near[i, m] <= at <= far[i, m] and was == actual[i, m]
            if chosen and draws[i, m] < probability[i, m]:
                states[i] = seen[i, m]
    return states
