"""Poses, and road shapes of straights and arcs between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from scenariogeneration import xodr

# A curvature below this is a straight [1/m].
_STRAIGHT = 1e-9


class Pose(NamedTuple):
    """A place and a heading: x, y [m], heading [rad]."""

    x: float
    y: float
    heading: float

    def moved(self, ahead: float, left: float = 0.0, turn: float = 0.0) -> Pose:
        """The pose ``ahead`` and to the ``left`` of this one [m], turned [rad]."""
        c, s = math.cos(self.heading), math.sin(self.heading)
        return Pose(
            self.x + ahead * c - left * s, self.y + ahead * s + left * c, self.heading + turn
        )


class Stretch(NamedTuple):
    """A straight or an arc: length [m] and curvature, left positive [1/m]."""

    length: float
    curvature: float = 0.0


def end_of(start: Pose, shape: Sequence[Stretch]) -> Pose:
    """Where a shape that begins at ``start`` ends."""
    pose = start
    for length, curvature in shape:
        if abs(curvature) < _STRAIGHT:
            pose = pose.moved(length)
        else:
            turn, radius = length * curvature, 1.0 / curvature
            pose = pose.moved(radius * math.sin(turn), radius * (1.0 - math.cos(turn)), turn)
    return pose


def length_of(shape: Sequence[Stretch]) -> float:
    """Length of a shape [m]."""
    return sum(stretch.length for stretch in shape)


def biarc(start: Pose, end: Pose) -> list[Stretch]:
    """Two arcs that leave ``start`` and arrive at ``end`` with its heading, meeting smoothly.

    Both tangent lengths are equal, which is the usual choice: with chord v, unit tangents t1 and
    t2 and t = t1 + t2, the tangent length d solves 2 d^2 (1 - t1.t2) + 2 d v.t = v.v
    (Bolton 1975, Computer-Aided Design 7, 89). Between poses on one line both are straight.

    Raises:
        ValueError: If ``end`` is not ahead of ``start``.
    """
    vx, vy = end.x - start.x, end.y - start.y
    t1x, t1y = math.cos(start.heading), math.sin(start.heading)
    t2x, t2y = math.cos(end.heading), math.sin(end.heading)
    v_t = vx * (t1x + t2x) + vy * (t1y + t2y)
    v_v, t1_t2 = vx * vx + vy * vy, t1x * t2x + t1y * t2y
    if v_t <= 0.0:
        raise ValueError(f"no smooth way from {start} ahead to {end}")
    # Of the two roots the one that stays finite for parallel tangents.
    d = v_v / (v_t + math.sqrt(v_t * v_t + 2.0 * v_v * (1.0 - t1_t2)))
    middle_x = start.x + end.x + d * (t1x - t2x)
    middle_y = start.y + end.y + d * (t1y - t2y)
    joint = (middle_x / 2.0, middle_y / 2.0)
    first = _arc(start, joint)
    at = end_of(start, [first])
    return [first, _arc(at, (end.x, end.y))]


def _arc(start: Pose, to: tuple[float, float]) -> Stretch:
    """The arc that leaves ``start`` and passes through a point."""
    dx, dy = to[0] - start.x, to[1] - start.y
    ahead = dx * math.cos(start.heading) + dy * math.sin(start.heading)
    left = dy * math.cos(start.heading) - dx * math.sin(start.heading)
    chord = math.hypot(dx, dy)
    curvature = 2.0 * left / chord**2
    turn = 2.0 * math.atan2(left, ahead)
    if abs(turn) < 1e-9:
        return Stretch(chord)
    return Stretch(turn / curvature, curvature)


def plan_view(start: Pose, shape: Sequence[Stretch]) -> xodr.PlanView:
    """The shape as OpenDRIVE geometries."""
    plan = xodr.PlanView(*start)
    for length, curvature in shape:
        bent = abs(curvature) >= _STRAIGHT
        plan.add_geometry(xodr.Arc(curvature, length=length) if bent else xodr.Line(length))
    plan.adjust_geometries()
    return plan
