"""Oriented boxes: overlap, and time to collision at constant velocity, on arrays of pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hdsim.core.state import Bools, Floats, Ints, Roster, State
from hdsim.road.lanes import LaneGraph


@dataclass(frozen=True, slots=True)
class Boxes:
    """Oriented boxes of one shape (broadcastable fields).

    Attributes:
        x: Centre [m].
        y: As x.
        yaw: [rad].
        length: Full [m].
        width: Full [m].
    """

    x: Floats
    y: Floats
    yaw: Floats
    length: Floats
    width: Floats

    @classmethod
    def of(cls, state: State, roster: Roster, rows: Any) -> Boxes:
        """The boxes of some actors."""
        return cls(
            state.x[rows], state.y[rows], state.yaw[rows], roster.length[rows], roster.width[rows]
        )

    def corners(self) -> Floats:
        """Corner points counter-clockwise from front left, shape (..., 4, 2)."""
        u = 0.5 * np.asarray(self.length)[..., None] * np.array([1, -1, -1, 1])
        v = 0.5 * np.asarray(self.width)[..., None] * np.array([1, 1, -1, -1])
        c, s = np.cos(self.yaw)[..., None], np.sin(self.yaw)[..., None]
        x = np.asarray(self.x)[..., None] + u * c - v * s
        y = np.asarray(self.y)[..., None] + u * s + v * c
        return np.stack([x, y], axis=-1)


def _separations(a: Boxes, b: Boxes) -> tuple[Floats, Floats, Floats, Floats]:
    """Along the four box axes: centre offset, reach (half extents), and the axis directions."""
    axis = np.stack(np.broadcast_arrays(a.yaw, a.yaw + np.pi / 2, b.yaw, b.yaw + np.pi / 2), axis=0)
    c, s = np.cos(axis), np.sin(axis)
    offset = (b.x - a.x) * c + (b.y - a.y) * s
    reach = np.zeros_like(offset)
    for box in (a, b):
        turn = axis - box.yaw
        reach = reach + 0.5 * (box.length * np.abs(np.cos(turn)) + box.width * np.abs(np.sin(turn)))
    return offset, reach, c, s


def overlap(a: Boxes, b: Boxes) -> Bools:
    """Whether boxes overlap, by separating axes; touching counts, up to rounding."""
    offset, reach, _, _ = _separations(a, b)
    return np.asarray((np.abs(offset) <= reach).all(axis=0))


def time_to_collision(a: Boxes, b: Boxes, vx: Any, vy: Any) -> Floats:
    """Time until boxes touch if both keep velocity and heading.

    Separating axes with motion: along each axis the projections overlap during an interval of
    time; the boxes touch where all four intervals meet.

    Args:
        a: Boxes.
        b: Other boxes.
        vx: Velocity of ``b`` relative to ``a`` [m/s].
        vy: As vx.

    Returns:
        [s]; 0 where they overlap now, inf where they never touch.
    """
    offset, reach, c, s = _separations(a, b)
    rate = vx * c + vy * s
    still = np.abs(rate) < 1e-9
    rate = np.where(still, 1.0, rate)
    t1, t2 = (-reach - offset) / rate, (reach - offset) / rate
    inside = np.abs(offset) <= reach
    enter = np.where(still, np.where(inside, -np.inf, np.inf), np.minimum(t1, t2)).max(axis=0)
    leave = np.where(still, np.where(inside, np.inf, -np.inf), np.maximum(t1, t2)).min(axis=0)
    return np.where((enter <= leave) & (leave >= 0.0), np.maximum(enter, 0.0), np.inf)


def coast(state: State, roster: Roster, rows: Any, ahead_s: Any) -> Boxes:
    """Boxes after ``ahead_s`` at constant speed and yaw rate."""
    v = np.hypot(state.vx[rows], state.vy[rows])
    course = np.where(v > 1e-3, np.arctan2(state.vy[rows], state.vx[rows]), state.yaw[rows])
    turn = state.yaw_rate[rows] * ahead_s
    # Chord of the arc: v t sinc(turn / 2) in the direction half the turn ahead.
    chord = v * ahead_s * np.sinc(0.5 * turn / np.pi)
    return Boxes(
        state.x[rows] + chord * np.cos(course + 0.5 * turn),
        state.y[rows] + chord * np.sin(course + 0.5 * turn),
        state.yaw[rows] + turn,
        roster.length[rows],
        roster.width[rows],
    )


def lane_point(graph: LaneGraph, lane: Any, s: Any) -> Ints:
    """Index of the lane point nearest to ``s`` [m] on each lane (points are evenly spaced)."""
    lane = np.asarray(lane, dtype=np.int64)
    gaps = graph.first[lane + 1] - graph.first[lane] - 1
    share = np.clip(s / graph.length[lane], 0.0, 1.0)
    return np.asarray(graph.first[lane] + np.round(share * gaps), dtype=np.int64)


def elevation(graph: LaneGraph, state: State, rows: Ints) -> Floats:
    """Height of the lane under actors [m]; NaN off the network.

    States are flat; the lane tells a bridge from the road below.
    """
    lane = state.lane[rows]
    z = graph.z[lane_point(graph, np.maximum(lane, 0), state.s[rows])]
    return np.where(lane >= 0, z, np.nan)


def same_level(graph: LaneGraph, state: State, a: Ints, b: Ints) -> Bools:
    """False where lanes tell that one passes over the other (3 m apart or more)."""
    apart = np.abs(elevation(graph, state, a) - elevation(graph, state, b))
    return np.asarray(~(apart >= 3.0))
