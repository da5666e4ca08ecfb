"""The last seconds before an event: what a verdict looks at."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hdsim.core.state import Bools, Roster, State
from hdsim.events.rules import StopLines
from hdsim.events.thresholds import Thresholds
from hdsim.road.lanes import LaneGraph

LENGTH_S = 10.0


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive states up to an event.

    Attributes:
        states: Oldest first; the last one is the tick of the event.
        tick: Tick of the last state.
        step_s: Time between states [s].
        roster: Who takes part.
        graph: The lane graph.
        limits: What counts as off the road and the wrong way.
        stops: The map's stop lines.
    """

    states: Sequence[State]
    tick: int
    step_s: float
    roster: Roster
    graph: LaneGraph
    limits: Thresholds
    stops: StopLines

    def back(self, seconds: float) -> State:
        """The state ``seconds`` before the event, or the oldest."""
        return self.states[max(0, len(self.states) - 1 - round(seconds / self.step_s))]

    def last(self, seconds: float) -> range:
        """Indices into ``states`` of the last ``seconds``."""
        n = len(self.states)
        return range(max(0, n - 1 - round(seconds / self.step_s)), n)

    def tick_of(self, index: int) -> int:
        """Tick of ``states[index]``."""
        return self.tick - (len(self.states) - 1 - index)


class History:
    """Keeps the last 10 s of states; by reference, nobody may change them in place.

    Args:
        roster: Who takes part.
        graph: The lane graph.
        thresholds: See ``Window.limits``.
        step_s: Length of a tick [s].
    """

    def __init__(
        self, roster: Roster, graph: LaneGraph, thresholds: Thresholds, step_s: float
    ) -> None:
        self._roster, self._graph, self._limits = roster, graph, thresholds
        self._step_s = step_s
        self._stops = StopLines.of(graph)
        self._states: deque[State] = deque(maxlen=round(LENGTH_S / step_s) + 1)
        self._moved_at = np.full(len(roster), -1, dtype=np.int64)
        self._tick = -1

    def append(self, tick: int, state: State, moved: Bools | None = None) -> None:
        """Takes in one tick."""
        self._states.append(state)
        self._tick = tick
        if moved is not None:
            self._moved_at[moved] = tick

    def window(self, *rows: int) -> Window:
        """Up to now; no further back than the last time one of ``rows`` was put elsewhere."""
        states = list(self._states)
        since = max((int(self._moved_at[r]) for r in rows if r >= 0), default=-1)
        oldest = self._tick - len(states) + 1
        states = states[max(0, since - oldest) :]
        return Window(
            states, self._tick, self._step_s, self._roster, self._graph, self._limits, self._stops
        )
