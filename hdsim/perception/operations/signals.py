"""Perceived traffic signals: changes noticed late, states taken for others, kept while away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hdsim.core import seeds
from hdsim.core.percept import SignalAhead
from hdsim.core.state import Bools, Floats, Ints, SignalState
from hdsim.perception.compile import Columns

States = NDArray[np.uint8]
Keys = NDArray[np.uint64]
# Longest delay of the catalogue [s].
_LONGEST_S = 5.0


class SignalSense:
    """What drivers believe about the signal ahead; remembers approaches and recent states.

    An approach is the time during which one signal is the next. Chances are drawn once per
    approach, keyed by the tick at which it began.

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
        self._row = np.arange(drivers)
        self._last_tick = -1
        self._draws: list[Floats] = []
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
        self._shown[tick % self._depth] = signal.state
        # After a pause in which nothing acted on signals the ring holds old states.
        new = (signal.index != self._index) | (self._last_tick != tick - 1)
        self._last_tick = tick
        if new.any():
            self._since = np.where(new, tick, self._since)
            self._stale = True
        self._index = signal.index
        state = signal.state if misread is None else self._misread(tick, signal, misread)
        if away is None:
            self._known, self._known_state = signal.index, state
            return SignalAhead(index=signal.index, state=state, distance=signal.distance)
        remembered = away & (self._known == signal.index)
        unknown = away & ~remembered
        state = np.where(remembered, self._known_state, state)
        index = np.where(unknown, -1, signal.index)
        state = np.where(unknown, np.uint8(SignalState.OFF), state)
        distance = np.where(unknown, np.inf, signal.distance)
        self._known = np.where(away, self._known, index)
        self._known_state = np.where(away, self._known_state, state)
        return SignalAhead(index=index, state=state, distance=distance)

    def _misread(self, tick: int, signal: SignalAhead, misread: Columns) -> States:
        near, far = misread.near, misread.far
        distance = np.maximum(signal.distance, 0.0)[:, None]
        chosen = (distance >= near) & (distance <= far)
        late = np.where(chosen, misread.value["delay_s"], 0.0).sum(axis=1)
        ticks = np.rint(late / self._step_s).astype(np.int64)
        ticks = np.minimum(ticks, np.minimum(tick - self._since, self._depth - 1))
        state: States = self._shown[(tick - ticks) % self._depth, self._row]
        if not len(self._keys):
            return state
        self._draw(signal, misread.key)
        actual = state
        for m in range(misread.count):
            chance: Floats = misread.value["probability"][:, m]
            wrong = chosen[:, m] & (signal.index >= 0) & (actual == misread.raw["actual"][:, m])
            if not (wrong & (chance > 0.0)).any():
                continue
            seen = misread.raw["seen"][:, m].astype(np.uint8)
            state = np.where(wrong & (self._draws[m] < chance), seen, state)
        return state

    def _draw(self, signal: SignalAhead, key: Keys) -> None:
        """The draws of every approach and column; they last as long as the approach."""
        if not self._stale and np.array_equal(self._draw_key, key):
            return
        name = self._keys[np.maximum(signal.index, 0)]
        self._draws = [seeds.uniform(seeds.combine(k, name), self._since) for k in key.T]
        self._draw_key, self._stale = key.copy(), False
