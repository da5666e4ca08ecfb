"""Stop and yield signs: who waits at them, as CARLA's server has it.

CARLA tells a vehicle at such a sign a red light that belongs to no traffic light, which is to the
Traffic Manager an unsignalised junction: it stops, stands for a while, and goes when its turn
comes. At a stop sign the red is shown to everybody, at a yield sign only while somebody is on a
lane of the junction that crosses or joins (``UStopSignComponent`` and ``UYieldSignComponent``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hdsim.core.state import Bools, Floats, SignalState
from hdsim.road.furniture import Sign
from hdsim.road.lanes import LaneGraph
from hdsim.road.signs import GIVE_WAY, SignKind
from hdsim.server.lights import Approaches
from hdsim.server.physics.vehicles import Vehicles

# How long a vehicle stands at a stop sign [s]: CARLA's delay from the touch of the sign's box.
STOP_S = 2.0
_STANDING_MPS = 0.1
# Lanes after the line that are looked through for the junction.
_LANES_TO_JUNCTION = 3


class GiveWay:
    """The lines of a map's stop and yield signs, and whom they make wait.

    Args:
        graph: The lanes.
        signs: The map's signs. Where a traffic light holds a lane, its sign does not count.
    """

    def __init__(self, graph: LaneGraph, signs: Sequence[Sign]) -> None:
        line = np.full(len(graph), -1, dtype=np.int64)
        line_s = np.full(len(graph), np.inf)
        stops: list[bool] = []
        watched: list[Bools] = []
        for sign in signs:
            for lane, s in sign.places if sign.kind in GIVE_WAY else ():
                if graph.signal[lane] >= 0:
                    continue
                if line[lane] < 0:
                    line[lane], line_s[lane] = len(stops), s
                    stops.append(False)
                    watched.append(_crossed(graph, lane))
                stops[line[lane]] |= sign.kind is SignKind.STOP
        self._stops = np.array(stops, dtype=np.bool_)
        self._watched = np.array(watched, dtype=np.bool_).reshape(len(stops), len(graph))
        self._approaches = Approaches(graph, line, line_s)

    def report(self, v: Vehicles, d: Floats, width: Floats, lane_yaw: Floats, dt: float) -> None:
        """Shows red to those who have to wait; after the lights have been reported.

        Args:
            v: Vehicles, with lane and lane_s up to date.
            d: Offset from the lane's centreline [m].
            width: Lane width [m].
            lane_yaw: Heading of the lane [rad].
            dt: Step [s].
        """
        if not len(self._stops):
            return
        distance = self._approaches.concern(v, d, width, lane_yaw)
        at = np.isfinite(distance) & ~v.has_light
        standing = at & (np.abs(v.speed) < _STANDING_MPS)
        v.stood_s = np.where(at, v.stood_s + dt * standing, 0.0)
        line = self._approaches.signal[v.lane]
        taken = np.bincount(v.lane[v.lane >= 0], minlength=self._watched.shape[1]) > 0
        busy: Bools = np.any(self._watched & taken, axis=1)
        wait = at & (busy[line] | (self._stops[line] & (v.stood_s < STOP_S)))
        v.light_state = np.where(wait, SignalState.RED, v.light_state).astype(np.uint8)


def _crossed(graph: LaneGraph, lane: int) -> Bools:
    """Lanes that cross or join those of the junction after a lane, shape (L,)."""
    lanes, ahead = {lane}, {lane}
    for _ in range(_LANES_TO_JUNCTION):
        lanes = {j for i in lanes if graph.junction[i] < 0 for j in graph.successors[i]}
        ahead |= lanes
    crossed = np.zeros(len(graph), dtype=np.bool_)
    for i in ahead:
        entries = slice(int(graph.conflicts.start[i]), int(graph.conflicts.start[i + 1]))
        crossed[graph.conflicts.other[entries]] = True
    return crossed
