"""The perceived scene along the perceived path: what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.control.parameters import ParameterTable
from hdsim.core.compiled import compiled
from hdsim.core.percept import Percepts
from hdsim.core.planar import nearest_point, sincos
from hdsim.core.state import Bools, Floats, Ints
from hdsim.road.lanes import LaneGraph


@dataclass(frozen=True, slots=True)
class OnPath:
    """Objects in the frame of each driver's path, shape (D, K) each.

    Attributes:
        gap: Bumper to bumper along the path [m], inf for what is not seen.
        cos: Cosine of the heading relative to the path, 0 for what is not seen.
        blocking: True for what stands or moves on the way ahead, or is about to cut in.
        clears: Time after which somebody who crosses on foot has left the path [s], inf for others.
    """

    gap: Floats
    cos: Floats
    blocking: Bools
    clears: Floats


# Relative headings: cosine beyond which an object goes with or against the path.
ALONG = 0.7
AGAINST = -0.5
# An object counts as ahead when its centre is beyond the own centre: of two side by side who get in
# each other's way one is, and gives way [m].
_AHEAD_M = 0.0
# A crossing object that leaves the path this long before the own arrival is let go [s].
_CLEARS_S = 0.5
# Slower than this stands [m/s].
_STANDS = 0.5
# Sideways motion slower than this does not cross the path [m/s].
_CROSSING_SPEED = 1.0
# Somebody on foot: no longer and no wider than this [m]; walks faster than this [m/s]; and steps
# out within this time, or else it is too early to tell [s].
PERSON_M, _WALKS, _STEPS_OUT_S = 1.2, 0.3, 6.0
# Vehicles that differ by more than this in height are on different levels of the road [m].
_LEVEL_M = 3.0
# The corners of a vehicle are looked for on so many points of the path around its centre.
_AROUND = 6
# Nearer than this the own front counts as well, which swings out in a bend beyond what the centre
# does: by length^2 / 8 times the curvature, up to the sharpest bend [m, 1/m].
_SWEPT_M, _SHARPEST = 8.0, 0.15
# How much farther over to the path a corner may reach than the box alone says: where the path bends
# away from beside the centre [m].
_BEND_M = 1.5


def project(percepts: Percepts, graph: LaneGraph, parameters: ParameterTable) -> OnPath:
    """Place the perceived objects on the perceived paths.

    What is above or below on a bridge is not in the way; heights are those of the lanes.
    """
    own, obj, path = percepts.own, percepts.objects, percepts.paths
    gap, cos, blocking, clears = _project(
        obj.seen,
        obj.x,
        obj.y,
        obj.yaw,
        obj.speed,
        obj.length,
        obj.width,
        obj.lane,
        obj.s,
        own.speed,
        own.length,
        own.width,
        own.d,
        own.x,
        own.y,
        path.x,
        path.y,
        path.yaw,
        path.curvature,
        path.s,
        path.lane,
        path.lane_s,
        graph.first,
        graph.length,
        graph.z,
        parameters,
    )
    return OnPath(gap, cos, blocking, clears)


@compiled
def _project(
    seen: Bools,
    x: Floats,
    y: Floats,
    yaw: Floats,
    speed: Floats,
    length: Floats,
    width: Floats,
    lane: Ints,
    lane_s: Floats,
    own_speed: Floats,
    own_length: Floats,
    own_width: Floats,
    own_d: Floats,
    own_x: Floats,
    own_y: Floats,
    path_x: Floats,
    path_y: Floats,
    path_yaw: Floats,
    path_curvature: Floats,
    path_s: Floats,
    path_lane: Ints,
    path_lane_s: Floats,
    lane_first: Ints,
    lane_length: Floats,
    lane_z: Floats,
    parameters: ParameterTable,
) -> tuple[Floats, Floats, Bools, Floats]:
    """``(gap, cos, blocking, clears)`` of ``OnPath`` from the fields of percepts and lane graph."""
    p = parameters[0]
    gaps, cosines = np.full(seen.shape, np.inf), np.zeros(seen.shape)
    blocking, leaves = np.zeros(seen.shape, dtype=np.bool_), np.full(seen.shape, np.inf)
    points = path_s.shape[1]
    for d in range(seen.shape[0]):
        last_step = path_s[d, points - 1] - path_s[d, points - 2]
        # A driver who is wrong about its place in the lane goes beside its path by as much, and
        # sees the others from there.
        sn, c = sincos(path_yaw[d, 0])
        ox, oy = own_x[d] - path_x[d, 0], own_y[d] - path_y[d, 0]
        wrong = oy * c - ox * sn - own_d[d]
        for k in range(seen.shape[1]):
            if not seen[d, k]:
                continue
            near = nearest_point(path_x[d], path_y[d], x[d, k], y[d, k])
            sn, c = sincos(path_yaw[d, near])
            ox, oy = x[d, k] - path_x[d, near], y[d, k] - path_y[d, near]
            along, lateral = ox * c + oy * sn, oy * c - ox * sn - wrong
            s = path_s[d, near] + along
            sin, cos = sincos(yaw[d, k] - path_yaw[d, near])
            half_along = 0.5 * (abs(cos) * length[d, k] + abs(sin) * width[d, k])
            gap = s - half_along - 0.5 * own_length[d]
            gaps[d, k], cosines[d, k] = gap, cos
            if not s > _AHEAD_M or not (near < points - 1 or along < last_step):
                continue
            with_us, against = cos > ALONG, cos < AGAINST
            person = is_person(length[d, k], width[d, k])
            # Whoever comes towards holds its own lane; one who stands is passed like the others.
            comes = against and speed[d, k] > _CROSSING_SPEED
            sideways = speed[d, k] * sin
            steps_out = person and sideways * lateral < -_WALKS * abs(lateral)
            # Two who stand before each other squeeze by where there is any room.
            squeezes = own_speed[d] < _STANDS and speed[d, k] < _STANDS and not with_us
            margin = 0.0 if (comes or squeezes) and not person else p.lateral_margin
            # Who keeps to the pavement is passed like a thing that stands there.
            if person and (steps_out or lane[d, k] >= 0):
                margin = p.person_margin
            half_own = 0.5 * own_width[d] + margin
            beside = 0.0
            if gap < _SWEPT_M:
                beside = own_d[d]
                bend = 0.0
                for i in range(min(near + 3, points)):
                    bend = max(bend, abs(path_curvature[d, i]))
                half_own += 0.125 * own_length[d] ** 2 * min(bend, _SHARPEST)
            drift = sideways * p.cut_in_horizon if with_us else 0.0
            half_across = 0.5 * (abs(sin) * length[d, k] + abs(cos) * width[d, k])
            reach = half_own + half_across
            arrives = (gap - p.stop_margin if person else gap) / max(own_speed[d], 1.0)
            if steps_out:
                # Who is about to step on the path is let go first; where that would take hard
                # braking, only who comes before the own rear is past.
                steps = (abs(lateral) - reach) / abs(sideways)
                if own_speed[d] ** 2 < 2.0 * p.comfort_decel * gap:
                    lets = arrives + p.person_slack
                else:
                    lets = arrives + own_length[d] / max(own_speed[d], 1.0)
                if steps < min(lets, _STEPS_OUT_S):
                    drift = -lateral
            half_diagonal = 0.5 * np.hypot(length[d, k], width[d, k])
            if not abs(lateral) < half_own + half_diagonal + abs(drift) + abs(beside) + _BEND_M:
                continue
            pose = x[d, k], y[d, k], yaw[d, k], length[d, k], width[d, k]
            right, left = _extent(path_x[d], path_y[d], path_yaw[d], near, pose)
            # Crossing the path between now and then counts too.
            right, left = right - wrong + min(drift, 0.0), left - wrong + max(drift, 0.0)
            if not (right < half_own + max(beside, 0.0) and left > min(beside, 0.0) - half_own):
                continue
            crosses = abs(sideways) > (_WALKS if person else _CROSSING_SPEED)
            if not (with_us or against) and crosses:
                clears = (reach - np.sign(sideways) * lateral) / abs(sideways)
                if clears + _CLEARS_S < arrives:
                    continue
                if person:
                    leaves[d, k] = max(clears, 0.0) + _CLEARS_S
            blocking[d, k] = True
            if lane[d, k] >= 0:
                here = path_lane[d, near]
                below = _height(lane_first, lane_length, lane_z, here, path_lane_s[d, near])
                other = _height(lane_first, lane_length, lane_z, lane[d, k], lane_s[d, k])
                blocking[d, k] = abs(other - below) < _LEVEL_M
    return gaps, cosines, blocking, leaves


@compiled
def is_person(length: float, width: float) -> bool:
    """Whether something of this size [m] is somebody on foot."""
    return length <= PERSON_M and width <= PERSON_M


@compiled
def _extent(
    path_x: Floats,
    path_y: Floats,
    path_yaw: Floats,
    near: int,
    pose: tuple[float, float, float, float, float],
) -> tuple[float, float]:
    """How far a box reaches over to either side of a path: offsets of its outermost corners [m].

    Each corner is measured from the point of the path nearest to it, for a path that bends or moves
    over comes nearer to one end of a vehicle than to its middle.

    Args:
        path_x: Points of the path [m], shape (P,).
        path_y: As path_x.
        path_yaw: Their heading [rad].
        near: Index of the point nearest to the centre.
        pose: ``(x, y, yaw, length, width)`` of the box.
    """
    x, y, yaw, length, width = pose
    s, c = sincos(yaw)
    first, last = max(near - _AROUND, 0), min(near + _AROUND, len(path_x) - 1)
    around_x, around_y = path_x[first : last + 1], path_y[first : last + 1]
    right, left = np.inf, -np.inf
    for corner in range(4):
        u = 0.5 * length if corner < 2 else -0.5 * length
        v = 0.5 * width if corner % 2 == 0 else -0.5 * width
        cx, cy = x + u * c - v * s, y + u * s + v * c
        best = first + nearest_point(around_x, around_y, cx, cy)
        dx, dy = cx - path_x[best], cy - path_y[best]
        sn, cs = sincos(path_yaw[best])
        aside = dy * cs - dx * sn
        right, left = min(right, aside), max(left, aside)
    return right, left


@compiled
def _height(first: Ints, length: Floats, z: Floats, lane: int, s: float) -> float:
    """Elevation of the road at a place on a lane [m], to the nearest sample."""
    along = min(max(s / length[lane], 0.0), 1.0)
    return float(z[first[lane] + int(np.rint(along * (first[lane + 1] - 1 - first[lane])))])


@compiled
def rivals(
    seen: Bools, lane: Ints, length: Floats, width: Floats, blocking: Bools, cos: Floats
) -> Bools:
    """Vehicles that may want the same stretch of road as a driver: seen, on a lane, not followed.

    Shape (D, K), as the fields of ``Objects`` and ``OnPath``.
    """
    found = np.zeros(seen.shape, np.bool_)
    for d in range(seen.shape[0]):
        for k in range(seen.shape[1]):
            if seen[d, k] and lane[d, k] >= 0 and not is_person(length[d, k], width[d, k]):
                found[d, k] = not (blocking[d, k] and cos[d, k] > ALONG)
    return found


def height(graph: LaneGraph, lane: Ints, s: Floats) -> Floats:
    """Elevation of the road at places on lanes [m], to the nearest sample."""
    first, last = graph.first[lane], graph.first[lane + 1] - 1
    along = np.clip(s / graph.length[lane], 0.0, 1.0)
    return np.asarray(graph.z[first + np.rint(along * (last - first)).astype(np.int64)])
