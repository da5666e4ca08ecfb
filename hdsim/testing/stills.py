"""States and paths made by hand, without a simulator or a driving model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hdsim.core.percept import Paths
from hdsim.core.state import Floats, Ints, Roster, SignalState, State
from hdsim.road.lanes import LaneGraph
from hdsim.road.strips import LANE_WIDTH
from hdsim.testing.scenes import straight

LENGTH, WIDTH, WHEELBASE = 4.5, 1.8, 2.7


def roster_of(names: Sequence[str], drivers: Sequence[int]) -> Roster:
    """A roster of cars of one size."""
    n = len(names)
    return Roster(
        names=tuple(names),
        styles=tuple("" for _ in names),
        length=np.full(n, LENGTH),
        width=np.full(n, WIDTH),
        wheelbase=np.full(n, WHEELBASE),
        drivers=np.array(drivers, dtype=np.int64),
    )


def state_of(
    graph: LaneGraph,
    x: Sequence[float] | Floats,
    y: Sequence[float] | Floats,
    yaw: Sequence[float] | Floats | float = 0.0,
    speed: Sequence[float] | Floats | float = 0.0,
    *,
    time: float = 0.0,
    step_s: float = 0.05,
    signals: Sequence[SignalState] = (),
) -> State:
    """A state with lane coordinates looked up in the graph; signals are green unless given."""
    px, py = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    heading = np.broadcast_to(np.asarray(yaw, dtype=np.float64), px.shape).copy()
    v = np.broadcast_to(np.asarray(speed, dtype=np.float64), px.shape).copy()
    lane, s, d, lane_yaw = graph.locate(px, py, heading)
    shown = list(signals) or [SignalState.GREEN] * len(graph.signals)
    return State(
        frame=round(time / step_s),
        time=time,
        x=px,
        y=py,
        yaw=heading,
        vx=v * np.cos(heading),
        vy=v * np.sin(heading),
        speed=v,
        accel=np.zeros_like(px),
        yaw_rate=np.zeros_like(px),
        present=np.ones(px.shape, dtype=np.bool_),
        lane=lane,
        s=s,
        d=d,
        lane_yaw=lane_yaw,
        signals=np.array(shown, dtype=np.uint8),
    )


def paths_along(
    graph: LaneGraph, lanes: Sequence[int], own_s: Sequence[float] | Floats, spacing: float = 2.0
) -> Paths:
    """Windows of 64 points along one lane sequence, from each driver's distance on it.

    Args:
        graph: The lane graph.
        lanes: Lanes in order of travel.
        own_s: Distance of each driver's projection along the sequence [m].
        spacing: Distance between points [m]; they lie at whole multiples of it.
    """
    begin = np.concatenate([[0.0], np.cumsum(graph.length[list(lanes)])])
    own = np.asarray(own_s, dtype=np.float64)[:, None]
    along = np.floor(own / spacing) * spacing + spacing * np.arange(64)
    inside = np.minimum(along, begin[-1])
    i = np.clip(np.searchsorted(begin, inside, side="right") - 1, 0, len(lanes) - 1)
    lane: Ints = np.array(lanes, dtype=np.int64)[i]
    lane_s = inside - begin[i]
    x, y, yaw = graph.at(lane, lane_s)
    n = graph.first[lane + 1] - graph.first[lane]
    k = graph.first[lane] + np.rint(lane_s / graph.length[lane] * (n - 1)).astype(np.int64)
    beyond = along - inside
    return Paths(
        x=x + beyond * np.cos(yaw),
        y=y + beyond * np.sin(yaw),
        yaw=yaw,
        curvature=graph.curvature[k],
        s=along - own,
        limit=graph.limit[lane],
        width=np.full(along.shape, LANE_WIDTH),
        lane=lane,
        lane_s=lane_s,
        end_s=np.full(len(own), np.inf),
    )


def joined(parts: Sequence[Paths]) -> Paths:
    """Paths of several drivers as one value."""
    return Paths(
        **{name: np.concatenate([getattr(p, name) for p in parts]) for name in Paths.__slots__}
    )


class Column:
    """Cars in columns on a straight road, moving at slightly different constant speeds.

    Actor 0 is the ego; all others are drivers.
    """

    def __init__(self, actors: int, lanes: int = 4, gap_m: float = 25.0) -> None:
        rows = -(-actors // lanes)
        self.graph, _ = straight(gap_m * rows + 2000.0, lanes=lanes)
        names = ["ego", *(f"npc-{i:02d}" for i in range(actors - 1))]
        self.roster = roster_of(names, range(1, actors))
        i = np.arange(actors)
        self._lane: Ints = i % lanes
        self._y: Floats = np.asarray(LANE_WIDTH * self._lane, dtype=np.float64)
        self._x = 100.0 + gap_m * (i // lanes) + 3.0 * self._lane
        self._speed: Floats = np.asarray(10.0 + 0.5 * np.sin(i), dtype=np.float64)

    def at(self, time: float) -> tuple[State, Paths]:
        """State and the drivers' paths at a time [s]."""
        x = self._x + self._speed * time
        state = state_of(self.graph, x, self._y, 0.0, self._speed, time=time)
        places = zip(self._lane[1:], x[1:], strict=True)
        return state, joined([paths_along(self.graph, [int(i)], [at]) for i, at in places])
