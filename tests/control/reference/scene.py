"""The perceived scene along the perceived path: where every object stands on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.control.parameters import Parameters
from hdsim.core.percept import Objects, Paths, Percepts
from hdsim.core.state import Bools, Floats, Ints
from hdsim.road.lanes import LaneGraph


@dataclass(frozen=True, slots=True)
class OnPath:
    """Objects in the frame of each driver's path, shape (D, K) each.

    Attributes:
        s: Distance of the centre along the path from the own centre [m]; negative behind.
        lateral: Offset of the centre from the path, left positive [m].
        cos: Cosine of the heading relative to the path.
        sin: Sine of it.
        half_along: Half of the extent along the path [m].
        half_across: Half of the extent across it [m].
        gap: Bumper to bumper along the path [m].
        blocking: True for what stands or moves on the way ahead, or is about to cut in.
    """

    s: Floats
    lateral: Floats
    cos: Floats
    sin: Floats
    half_along: Floats
    half_across: Floats
    gap: Floats
    blocking: Bools


# Relative headings: cosine beyond which an object goes with or against the path.
ALONG = 0.7
AGAINST = -0.5
# An object counts as ahead when its centre is this far beyond the own centre [m].
_AHEAD_M = 0.0
# A crossing object that leaves the path this long before the own arrival is let go [s].
_CLEARS_S = 0.5


# Vehicles that differ by more than this in height are on different levels of the road [m].
_LEVEL_M = 3.0
# Every so many points of the path are searched first.
_COARSE = 3
_AROUND, _BEND_M = 6, 1.5
_FINE = np.arange(1 - _COARSE, _COARSE)


def project(percepts: Percepts, graph: LaneGraph, p: Parameters) -> OnPath:
    """Place the perceived objects on the perceived paths.

    What is above or below on a bridge is not in the way; heights are those of the lanes.
    """
    own, obj, path = percepts.own, percepts.objects, percepts.paths
    near = _nearest(path, obj.x, obj.y)
    points = path.x.shape[1]
    point = near + np.arange(0, path.x.size, points)[:, None]
    yaw = path.yaw.take(point)
    c, sn = np.cos(yaw), np.sin(yaw)
    ox, oy = obj.x - path.x.take(point), obj.y - path.y.take(point)
    along = ox * c + oy * sn
    c0, sn0 = np.cos(path.yaw[:, 0]), np.sin(path.yaw[:, 0])
    wrong = (own.y - path.y[:, 0]) * c0 - (own.x - path.x[:, 0]) * sn0 - own.d
    lateral = oy * c - ox * sn - wrong[:, None]
    s = path.s.take(point) + along
    turn = obj.yaw - yaw
    cos, sin = np.cos(turn), np.sin(turn)
    abs_cos, abs_sin = np.abs(cos), np.abs(sin)
    half_along = 0.5 * (abs_cos * obj.length + abs_sin * obj.width)
    half_across = 0.5 * (abs_sin * obj.length + abs_cos * obj.width)
    gap = s - half_along - 0.5 * own.length[:, None]
    with_us = cos > ALONG
    against = cos < AGAINST
    person = people(obj)
    margin = np.where(
        person, p.person_margin, np.where(against & (obj.speed > 1.0), 0.0, p.lateral_margin)
    )
    half_own = 0.5 * own.width[:, None] + margin
    bend = np.maximum.accumulate(np.abs(path.curvature), axis=1)
    bend = np.take_along_axis(bend, np.minimum(near + 2, points - 1), axis=1)
    swing = 0.125 * own.length[:, None] ** 2 * np.minimum(bend, 0.15)
    half_own = half_own + np.where(gap < 8.0, swing, 0.0)
    beside = np.where(gap < 8.0, own.d[:, None], 0.0)
    reach = half_across + half_own
    sideways = obj.speed * sin
    drift = np.where(with_us, sideways * p.cut_in_horizon, 0.0)
    arrives = gap / np.maximum(own.speed, 1.0)[:, None]
    comes = (np.abs(lateral) - reach) / np.maximum(np.abs(sideways), 1e-9)
    steps = person & (sideways * lateral < -0.3 * np.abs(lateral))
    steps &= comes < np.minimum(arrives + p.person_slack, 6.0)
    drift = np.where(steps, -lateral, drift)
    half_diagonal = 0.5 * np.hypot(obj.length, obj.width)
    right, left = (edge - wrong[:, None] for edge in _extent(percepts, near))
    # Crossing the path between now and then counts too.
    inside = right + np.minimum(drift, 0.0) < half_own + np.maximum(beside, 0.0)
    inside &= left + np.maximum(drift, 0.0) > np.minimum(beside, 0.0) - half_own
    near_by = half_own + half_diagonal + np.abs(drift) + np.abs(beside) + _BEND_M
    inside &= np.abs(lateral) < near_by
    clears = (reach - np.sign(sideways) * lateral) / np.maximum(np.abs(sideways), 0.1)
    crosses = np.abs(sideways) > np.where(person, 0.3, 1.0)
    crosses_first = ~(with_us | against) & crosses & (clears + _CLEARS_S < arrives)
    on_window = (near < points - 1) | (along < path.s[:, -1:] - path.s[:, -2:-1])
    blocking = obj.seen & inside & (s > _AHEAD_M) & ~crosses_first & on_window
    # Few are left whose height matters.
    at = (blocking & (obj.lane >= 0)).ravel().nonzero()[0]
    here = point.take(at)
    below = height(graph, path.lane.take(here), path.lane_s.take(here))
    other = height(graph, obj.lane.take(at), obj.s.take(at))
    blocking.ravel()[at] = np.abs(other - below) < _LEVEL_M
    return OnPath(s, lateral, cos, sin, half_along, half_across, gap, blocking)


def _extent(percepts: Percepts, near: Ints) -> tuple[Floats, Floats]:
    """Offsets from the path of the corners farthest to either side, shape (D, K)."""
    obj, path = percepts.objects, percepts.paths
    c, s = np.cos(obj.yaw), np.sin(obj.yaw)
    right, left = np.full(near.shape, np.inf), np.full(near.shape, -np.inf)
    around = near[:, :, None] + np.arange(-_AROUND, _AROUND + 1)
    around = np.clip(around, 0, path.x.shape[1] - 1)
    d = np.arange(len(near))[:, None, None]
    for u, v in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        cx = obj.x + 0.5 * (u * obj.length * c - v * obj.width * s)
        cy = obj.y + 0.5 * (u * obj.length * s + v * obj.width * c)
        dx, dy = cx[:, :, None] - path.x[d, around], cy[:, :, None] - path.y[d, around]
        best = np.argmin(dx * dx + dy * dy, axis=2)[:, :, None]
        yaw = np.take_along_axis(path.yaw[d, around], best, 2)[:, :, 0]
        dx = np.take_along_axis(dx, best, 2)[:, :, 0]
        dy = np.take_along_axis(dy, best, 2)[:, :, 0]
        aside = dy * np.cos(yaw) - dx * np.sin(yaw)
        right, left = np.minimum(right, aside), np.maximum(left, aside)
    return right, left


def _nearest(path: Paths, x: Floats, y: Floats) -> Ints:
    """Index of the path point nearest to each position, shape (D, K): coarse, then fine."""
    dx = x[:, :, None] - path.x[:, None, ::_COARSE]
    dy = y[:, :, None] - path.y[:, None, ::_COARSE]
    dx *= dx
    dy *= dy
    dx += dy
    coarse = _COARSE * np.argmin(dx, axis=2)
    points = path.x.shape[1]
    fine = coarse[:, :, None] + _FINE
    np.minimum(np.maximum(fine, 0, out=fine), points - 1, out=fine)
    at = fine + np.arange(0, path.x.size, points)[:, None, None]
    dx, dy = x[:, :, None] - path.x.take(at), y[:, :, None] - path.y.take(at)
    best = np.argmin(dx * dx + dy * dy, axis=2)
    best += np.arange(0, best.size * len(_FINE), len(_FINE)).reshape(best.shape)
    return np.asarray(fine.take(best))


def people(obj: Objects) -> Bools:
    """Which objects are taken for somebody on foot, shape (D, K)."""
    return np.asarray((obj.length <= 1.2) & (obj.width <= 1.2))


def height(graph: LaneGraph, lane: Ints, s: Floats) -> Floats:
    """Elevation of the road at places on lanes [m], to the nearest sample."""
    first, last = graph.first[lane], graph.first[lane + 1] - 1
    along = np.clip(s / graph.length[lane], 0.0, 1.0)
    return np.asarray(graph.z[first + np.rint(along * (last - first)).astype(np.int64)])
