"""Stop signs: come to a stand before the line, then go by the right of way."""

from __future__ import annotations

import numpy as np

from hdsim.control.parameters import Parameters, ParameterTable, parameter_table
from hdsim.core.compiled import compiled
from hdsim.core.percept import Percepts
from hdsim.core.state import Bools, Floats, Ints
from hdsim.road.lanes import LaneGraph

# Standing: slower than this [m/s] with the front bumper no farther than this from the line [m].
_STANDING, _AT_LINE_M = 0.1, 4.0
_NOWHERE = -1


class StopSigns:
    """Remembers at which junction each driver has stopped.

    Args:
        graph: The lane graph; it knows the signs.
        drivers: Number of drivers D.
        p: Parameters.
    """

    def __init__(self, graph: LaneGraph, drivers: int, p: Parameters) -> None:
        self._graph, self._parameters = graph, parameter_table(p)
        self._any = bool(graph.stop_sign.any())
        self._stopped: Ints = np.full(drivers, _NOWHERE)

    def begin_anew(self, drivers: Ints) -> None:
        """Forget where these drivers have stopped."""
        self._stopped[drivers] = _NOWHERE

    def stop_distance(self, percepts: Percepts) -> Floats:
        """Front bumper to where a sign makes each driver stop [m], inf where none does.

        Source: Vienna Convention on Road Signs and Signals 1968, sign B,2: stop before entering,
        then give way.
        """
        own, path = percepts.own, percepts.paths
        if not self._any:
            return np.full(len(own.speed), np.inf)
        return _stop_distance(
            own.speed,
            own.length,
            path.s,
            path.lane,
            path.lane_s,
            self._graph.junction,
            self._graph.stop_sign,
            self._stopped,
            self._parameters,
        )


@compiled
def _stop_distance(
    speed: Floats,
    length: Floats,
    path_s: Floats,
    path_lane: Ints,
    path_lane_s: Floats,
    junction: Ints,
    sign: Bools,
    stopped: Ints,
    parameters: ParameterTable,
) -> Floats:
    """The rule above; keeps ``stopped``, the junction stopped at, in place."""
    p = parameters[0]
    out = np.full(len(speed), np.inf)
    for d in range(len(speed)):
        for k in range(path_s.shape[1]):
            lane = path_lane[d, k]
            if junction[lane] < 0:
                continue
            line = path_s[d, k] - path_lane_s[d, k] - 0.5 * length[d]
            if line < 0.0 or not sign[lane]:
                if line > _AT_LINE_M:
                    stopped[d] = _NOWHERE
                break
            if speed[d] < _STANDING and line < _AT_LINE_M:
                stopped[d] = junction[lane]
            if stopped[d] != junction[lane]:
                out[d] = max(line - p.stop_margin, 0.0)
            break
    return out
