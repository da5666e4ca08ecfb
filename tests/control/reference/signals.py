"""Traffic signals: stop at red, decide once at yellow."""

from __future__ import annotations

import numpy as np

from hdsim.control.parameters import Parameters
from hdsim.core.percept import Percepts
from hdsim.core.state import Bools, Floats, Ints, SignalState

# Beyond the line by this much the signal is behind [m].
_PASSED_M = 0.0


class SignalRule:
    """Remembers, for each driver, the signal it has decided to pass.

    Args:
        drivers: Number of drivers D.
        p: Parameters.
    """

    def __init__(self, drivers: int, p: Parameters) -> None:
        self._p = p
        self._passing: Ints = np.full(drivers, -1)
        self._stopping: Ints = np.full(drivers, -1)

    def stop_distance(self, percepts: Percepts) -> Floats:
        """Distance from the front bumper to where it must stop [m], inf where it need not.

        At the first sight of yellow the driver stops if ``yellow_decel`` is enough and else goes
        on; the decision holds for the approach. Red stops, unless the car physically cannot.

        Source: Gazis, Herman & Maradudin 1960 for the dilemma; ITE's deceleration.
        """
        p, signal, speed = self._p, percepts.signal, percepts.own.speed
        state = signal.state
        ahead = (signal.index >= 0) & (signal.distance > _PASSED_M)
        yellow = ahead & (state == SignalState.YELLOW)
        red = ahead & ((state == SignalState.RED) | (state == SignalState.UNKNOWN))
        room = signal.distance - np.where(yellow, p.stop_margin + p.brake_time * speed, 0.0)
        needed = speed**2 / (2.0 * np.maximum(room, 0.1))
        forget = ~(yellow | red)
        self._passing[forget] = -1
        self._stopping[forget] = -1
        fresh = (self._passing != signal.index) & (self._stopping != signal.index)
        go = (yellow & fresh & (needed > p.yellow_decel)) | (red & fresh & (needed > p.red_decel))
        self._passing = np.where(go, signal.index, self._passing)
        stop = (yellow | red) & (self._passing != signal.index)
        self._stopping = np.where(stop, signal.index, self._stopping)
        return np.where(stop, np.maximum(signal.distance - p.stop_margin, 0.0), np.inf)

    def open(self, percepts: Percepts) -> Bools:
        """Drivers who believe that the signal ahead lets them go."""
        signal = percepts.signal
        green = (signal.state == SignalState.GREEN) | (self._passing == signal.index)
        return np.asarray((signal.index >= 0) & green)
