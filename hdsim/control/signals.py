"""Traffic signals: stop at red, decide once at yellow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hdsim.control.parameters import Parameters, ParameterTable, parameter_table
from hdsim.core.compiled import compiled
from hdsim.core.percept import Percepts
from hdsim.core.state import Bools, Floats, Ints, SignalState

_COLOURS = (
    int(SignalState.RED),
    int(SignalState.YELLOW),
    int(SignalState.UNKNOWN),
    int(SignalState.GREEN),
)
# Beyond the line by this much the signal is behind [m].
_PASSED_M = 0.0


class SignalRule:
    """Remembers, for each driver, the signal it has decided to pass.

    Args:
        drivers: Number of drivers D.
        p: Parameters.
    """

    def __init__(self, drivers: int, p: Parameters) -> None:
        self._parameters = parameter_table(p)
        self._passing: Ints = np.full(drivers, -1)
        self._stopping: Ints = np.full(drivers, -1)

    def begin_anew(self, drivers: Ints) -> None:
        """Forget what these drivers had decided."""
        self._passing[drivers] = self._stopping[drivers] = -1

    def judge(self, percepts: Percepts) -> tuple[Floats, Bools]:
        """Distance from the front bumper to where it must stop [m], inf where it need not.

        And who believes that the signal ahead lets them go; shape (D,) each.

        At the first sight of yellow the driver stops if ``yellow_decel`` is enough, from the moment
        the foot is on the brake to the place of the stop, and else goes on; the decision holds for
        the approach. Red stops, unless the car physically cannot.

        Source: Gazis, Herman & Maradudin 1960 for the dilemma; ITE's deceleration.
        """
        signal = percepts.signal
        distance, opens = _judge(
            percepts.own.speed,
            signal.index,
            signal.state,
            signal.distance,
            self._passing,
            self._stopping,
            _COLOURS,
            self._parameters,
        )
        return distance, opens


@compiled
def _judge(
    speed: Floats,
    index: Ints,
    state: NDArray[np.uint8],
    distance: Floats,
    passing: Ints,
    stopping: Ints,
    colours: tuple[int, int, int, int],
    parameters: ParameterTable,
) -> tuple[Floats, Bools]:
    """The rule of ``SignalRule.judge``; keeps ``passing`` and ``stopping`` in place."""
    p = parameters[0]
    red_state, yellow_state, unknown_state, green_state = colours
    out, opens = np.full(len(speed), np.inf), np.zeros(len(speed), np.bool_)
    for d in range(len(speed)):
        ahead = index[d] >= 0 and distance[d] > _PASSED_M
        yellow = ahead and state[d] == yellow_state
        red = ahead and (state[d] == red_state or state[d] == unknown_state)
        if not (yellow or red):
            passing[d] = stopping[d] = -1
            opens[d] = index[d] >= 0 and state[d] == green_state
            continue
        room = distance[d]
        if yellow:
            room -= p.stop_margin + p.brake_time * speed[d]
        needed = speed[d] ** 2 / (2.0 * max(room, 0.1))
        fresh = passing[d] != index[d] and stopping[d] != index[d]
        if fresh and needed > (p.yellow_decel if yellow else p.red_decel):
            passing[d] = index[d]
        opens[d] = passing[d] == index[d]
        if passing[d] != index[d]:
            stopping[d] = index[d]
            out[d] = max(distance[d] - p.stop_margin, 0.0)
    return out, opens
