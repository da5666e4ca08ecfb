"""Poses and velocities to whole states: what follows from two frames and the lane graph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hdsim.core.state import Bools, Floats, Ints, State, wrap_angle
from hdsim.road.lanes import LaneGraph


class StateBuilder:
    """Adds speeds along the heading, accelerations, yaw rates and lane coordinates, frame by frame.

    Live snapshots and recorded trajectories go through the same arithmetic, so a state built from
    a log equals the one that was driven on, bit for bit.

    Args:
        graph: The lane graph.
        step_s: Length of a tick [s].
        walkers: Rows of people on foot.
    """

    def __init__(self, graph: LaneGraph, step_s: float, walkers: Ints | None = None) -> None:
        self._graph = graph
        self._step_s = step_s
        self._walkers: Ints = np.zeros(0, dtype=np.int64) if walkers is None else walkers
        self.previous: State | None = None

    def build(
        self,
        frame: int,
        time: float,
        x: Floats,
        y: Floats,
        yaw: Floats,
        vx: Floats,
        vy: Floats,
        present: Bools,
        signals: NDArray[np.uint8],
        moved: Bools | None = None,
    ) -> State:
        """The state of one frame; frames must come in order, without gaps.

        Args:
            frame: Simulator frame number.
            time: Scenario time [s].
            x: See ``State``, as all that follow.
            y: See ``State``.
            yaw: See ``State``.
            vx: See ``State``.
            vy: See ``State``.
            present: See ``State``.
            signals: See ``State``.
            moved: Rows teleported since the last frame, shape (n,); their accelerations and yaw
                rates are zero instead of a jump.
        """
        before = self.previous
        speed = vx * np.cos(yaw) + vy * np.sin(yaw)
        accel, yaw_rate = np.zeros_like(speed), np.zeros_like(speed)
        if before is not None:
            steady = present & before.present
            if moved is not None:
                steady &= ~moved
            accel = np.where(steady, (speed - before.speed) / self._step_s, 0.0)
            yaw_rate = np.where(steady, wrap_angle(yaw - before.yaw) / self._step_s, 0.0)
        lane, s, d, lane_yaw = self._graph.locate(x, y, yaw)
        if len(on_foot := self._walkers):
            # Vehicles have a lane that they go by; people are on the road or beside it.
            under = self._graph.surface(x[on_foot], y[on_foot], yaw[on_foot])
            lane[on_foot], s[on_foot], d[on_foot], lane_yaw[on_foot] = under
        self.previous = State(
            frame=frame,
            time=time,
            x=x,
            y=y,
            yaw=yaw,
            vx=vx,
            vy=vy,
            speed=speed,
            accel=accel,
            yaw_rate=yaw_rate,
            present=present,
            lane=lane,
            s=s,
            d=d,
            lane_yaw=lane_yaw,
            signals=signals,
        )
        return self.previous
