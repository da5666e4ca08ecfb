"""One driver's path: lanes laid end to end as samples exactly 1 m apart.

Tracks are built and changed on rare events (a new lane, a lane change); per tick the router reads
their samples as one array over all drivers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hdsim.core.compiled import compiled
from hdsim.core.planar import wrap
from hdsim.core.state import Floats, Ints
from hdsim.road.lanes import LaneGraph

SPACING_M = 1.0
# Back from going around something a driver takes at least so much way [m].
_BACK_M = 12.0
# Columns of a sample.
X, Y, YAW, CURVATURE, LIMIT, WIDTH, LANE_S = range(7)
COLUMNS = 7


def sample_lane(graph: LaneGraph, lane: int, s: Floats) -> Floats:
    """Samples of a lane at distances ``s`` along it, shape (len(s), COLUMNS); yaw is unwrapped."""
    lo, hi = int(graph.first[lane]), int(graph.first[lane + 1])
    at = graph.s[lo:hi]
    out = np.empty((len(s), COLUMNS))
    out[:, X] = np.interp(s, at, graph.x[lo:hi])
    out[:, Y] = np.interp(s, at, graph.y[lo:hi])
    out[:, YAW] = np.interp(s, at, np.unwrap(graph.yaw[lo:hi]))
    out[:, CURVATURE] = np.interp(s, at, graph.curvature[lo:hi])
    out[:, LIMIT] = graph.limit[lane]
    out[:, WIDTH] = np.interp(s, at, graph.width[lo:hi])
    out[:, LANE_S] = s
    return out


@compiled
def smoothstep(u: Floats) -> Floats:
    """Quintic from 0 to 1 with zero slope and curvature at both ends."""
    u = np.minimum(np.maximum(u, 0.0), 1.0)
    return u * u * u * (10.0 + u * (6.0 * u - 15.0))


@compiled
def led_aside(way: Floats, offset: float, begin: float, end: float) -> Floats:
    """How far aside a path is that swings out from distance 0 on and comes back [m].

    Args:
        way: Distances along the path [m].
        offset: Its full offset, left positive [m].
        begin: Where it has that [m].
        end: Where it begins to come back [m]; inf for never.
    """
    out = smoothstep(way / max(begin, SPACING_M))
    return offset * out * (1.0 - smoothstep((way - end) / back_within(begin)))


@compiled
def back_within(begin: float) -> float:
    """Way that a path takes to come back which had its full offset after ``begin`` [m]."""
    return max(begin, _BACK_M)


class Track:
    """Samples of one path from path distance 0, growing lane by lane.

    Attributes:
        samples: Shape (count, COLUMNS).
        lane: Lane of each sample, shape (count,).
        end: Path distance of the end of the last lane [m].
        last: The last lane laid.
    """

    def __init__(self, graph: LaneGraph, lane: int, s: float, goal_s: float | None = None) -> None:
        self._graph = graph
        self.samples: Floats = np.empty((0, COLUMNS))
        self.lane: Ints = np.empty(0, dtype=np.int64)
        self.end = 0.0
        self.last = lane
        self._lay(lane, s, goal_s)

    def _lay(self, lane: int, start: float, stop: float | None = None) -> None:
        """Append the samples of a lane from ``start`` to its end (or ``stop``)."""
        stop = float(self._graph.length[lane]) if stop is None else stop
        stop = max(stop, start)
        n = len(self.lane)
        until = self.end + (stop - start)
        k = np.arange(n, int(np.floor(until / SPACING_M)) + 1)
        new = sample_lane(self._graph, lane, np.asarray(k * SPACING_M - self.end + start))
        if n and len(new):
            turns = np.round((new[0, YAW] - self.samples[-1, YAW]) / (2 * np.pi))
            new[:, YAW] -= 2 * np.pi * turns
        self.samples = np.concatenate([self.samples, new])
        self.lane = np.concatenate([self.lane, np.full(len(k), lane)])
        self.end, self.last = until, lane

    def follow(self, lane: int, stop: float | None = None) -> None:
        """Lay a successor of the last lane."""
        self._lay(lane, 0.0, stop)

    def move_over(self, lanes: Sequence[int], length: float) -> None:
        """Move from the last lane over to its neighbours ``lanes``, one by one, before its end.

        Args:
            lanes: The neighbours in order.
            length: Way wanted for each change [m]; less where the lane is too short.
        """
        a = self.last
        others = np.flatnonzero(self.lane != a)
        on_last = len(self.lane) - (int(others[-1]) + 1 if len(others) else 0)
        room = min(on_last * SPACING_M, float(self._graph.length[a]))
        each = min(length, room / len(lanes))
        at = self.end - each * len(lanes)
        for b in lanes:
            i = int(np.ceil(at / SPACING_M))
            k = np.arange(i, len(self.lane))
            scale = self._graph.length[b] / self._graph.length[self.last]
            target = sample_lane(self._graph, b, self.samples[k, LANE_S] * scale)
            way = np.asarray((k * SPACING_M - at) / max(each, 1e-6))
            self._blend(i, target, np.full(len(k), b), way)
            self.last, at = b, at + each

    def switch(self, s: float, other: Track, length: float) -> None:
        """Leave this path at path distance ``s`` and move over to ``other`` within ``length``.

        Args:
            s: Where the change begins [m].
            other: A path whose distance 0 is beside ``s``.
            length: Way of the change [m].
        """
        i = int(np.ceil(s / SPACING_M))
        shift = (i * SPACING_M - s) / SPACING_M
        n = len(other.lane) - 1
        at = np.arange(n) + shift
        lower = np.floor(at).astype(np.int64)
        f = (at - lower)[:, None]
        lower = np.minimum(lower, n - 1)
        target = other.samples[lower] * (1 - f) + other.samples[lower + 1] * f
        lanes = other.lane[lower]
        # Distances along a lane do not interpolate across its end.
        same = lanes == other.lane[lower + 1]
        target[~same, LANE_S] = (other.samples[lower, LANE_S] + f[:, 0])[~same]
        keep = min(len(self.lane), i + n)
        old = self.samples[i:keep]
        pad = n - len(old)
        self.samples = np.concatenate([self.samples[:i], old, target[n - pad :]])
        self.lane = np.concatenate([self.lane[:keep], lanes[n - pad :]])
        self._blend(i, target, lanes, np.asarray((np.arange(n) + shift) * SPACING_M / length))
        self.samples = self.samples[: i + n]
        self.lane = self.lane[: i + n]
        self.end, self.last = s + other.end, other.last

    def swerve(self, s: float, begin: float, end: float, offset: float) -> None:
        """Lead the path aside, left positive, and back in the lane afterwards.

        Args:
            s: Where it begins to leave its line [m].
            begin: Where it has its full offset [m].
            end: Where it begins to come back [m].
            offset: How far aside [m].
        """
        i = int(np.ceil(s / SPACING_M))
        way: Floats = np.arange(i, len(self.lane), dtype=np.float64) * SPACING_M - s
        begin, end = begin - s, end - s
        rows = slice(i, i + int(np.searchsorted(way, end + back_within(begin))))
        aside = led_aside(way[: rows.stop - i], offset, begin, end)
        if len(aside) < 3:
            return
        old = self.samples[rows, YAW].copy()
        self.samples[rows, X] -= aside * np.sin(old)
        self.samples[rows, Y] += aside * np.cos(old)
        turn = np.arctan(np.gradient(aside, SPACING_M))
        self.samples[rows, YAW] = old + turn
        self.samples[rows, CURVATURE] += np.gradient(turn, SPACING_M)

    def _blend(self, i: int, target: Floats, lanes: Ints, u: Floats) -> None:
        """Mix the samples from ``i`` on with ``target`` by the fraction ``u`` of the way."""
        n = len(u)
        rows = slice(i, i + n)
        old, w = self.samples[rows], smoothstep(u)
        turns = np.round((target[:, YAW] - old[:, YAW]) / (2 * np.pi))
        mixed = target.copy()
        mixed[:, YAW] -= 2 * np.pi * turns
        mixed[:, X] = old[:, X] + w * (target[:, X] - old[:, X])
        mixed[:, Y] = old[:, Y] + w * (target[:, Y] - old[:, Y])
        moving = u < 1.0
        # While moving over the heading follows from the positions.
        edge = max(i - 1, 0)
        x = np.concatenate([self.samples[edge:i, X], mixed[:, X]])
        y = np.concatenate([self.samples[edge:i, Y], mixed[:, Y]])
        if len(x) > 2:
            heading = np.unwrap(np.arctan2(np.gradient(y), np.gradient(x)))
            bend = np.gradient(heading, SPACING_M)[len(x) - n :]
            heading = heading[len(x) - n :]
            heading += 2 * np.pi * np.round((mixed[0, YAW] - heading[0]) / (2 * np.pi))
            mixed[moving, YAW] = heading[moving]
            mixed[moving, CURVATURE] = bend[moving]
        late = w >= 0.5
        mixed[~late, LIMIT] = old[~late, LIMIT]
        mixed[~late, LANE_S] = old[~late, LANE_S]
        self.samples[rows] = mixed
        # A path that has been round a block counts the turns; the one it moves over to does not.
        self.samples[edge:, YAW] = np.unwrap(self.samples[edge:, YAW])
        self.lane[rows] = np.where(late, lanes, self.lane[rows])

    def forget(self, count: int) -> None:
        """Drop the first ``count`` samples; path distances shift by as much."""
        self.samples, self.lane = self.samples[count:], self.lane[count:]
        self.end -= count * SPACING_M


# Above this speed the points of a window lie farther apart [m/s].
GRID_SPEED = 14.0
# Samples around the last projection among which the next one is looked for.
_BEFORE, _AFTER = 4, 8
# This far along the path a projection may be off its sample without counting as away [m].
_SLACK_M = 2.0


@compiled
def advance(
    samples: Floats, count: Ints, before: Floats, x: Floats, y: Floats
) -> tuple[Floats, Floats]:
    """Path distances of the projections near the last ones, and how far off the path they are.

    Args:
        samples: Samples of every path, shape (D, N, COLUMNS).
        count: How many of them there are, shape (D,).
        before: Path distances at the last frame [m], shape (D,).
        x: Positions [m], shape (D,).
        y: As x.
    """
    way, away = np.empty(len(x)), np.empty(len(x))
    for d in range(len(x)):
        last = max(count[d] - 1, 0)
        i = min(int(before[d]), max(count[d] - 2, 0))
        k, nearest = 0, np.inf
        for offset in range(-_BEFORE, _AFTER):
            j = min(max(i + offset, 0), last)
            dx, dy = x[d] - samples[d, j, X], y[d] - samples[d, j, Y]
            distance = dx * dx + dy * dy
            if distance < nearest:
                k, nearest = j, distance
        dx, dy = x[d] - samples[d, k, X], y[d] - samples[d, k, Y]
        c, s = np.cos(samples[d, k, YAW]), np.sin(samples[d, k, YAW])
        along, across = dx * c + dy * s, dy * c - dx * s
        # On the inside of a bend the path is longer than the tangent by 1 / (1 - kappa d).
        stretch = max(1.0 - samples[d, k, CURVATURE] * across, 0.5)
        way[d] = min(max(k * SPACING_M + along / stretch, 0.0), last * SPACING_M)
        away[d] = np.hypot(max(abs(along) - _SLACK_M, 0.0), across)
    return way, away


@compiled
def window(
    samples: Floats,
    lanes: Ints,
    count: Ints,
    begin: Floats,
    ahead: Floats,
    speed: Floats,
    length: Floats,
) -> tuple[Floats, Ints]:
    """Paths interpolated at distances ahead; past the end of the road they go straight on.

    Args:
        samples: Samples of every path, shape (D, N, COLUMNS).
        lanes: Lane of each sample, shape (D, N).
        count: How many of them there are, shape (D,).
        begin: Path distances the windows begin at [m], shape (D,).
        ahead: Distances of the window's points from there [m], shape (P,); farther apart, up to
            twice as far, for whoever is faster than ``GRID_SPEED``.
        speed: Own speeds [m/s], >= 0, shape (D,).
        length: Lengths of the graph's lanes [m].

    Returns:
        ``(x, y, yaw, curvature, s, limit, width, lane_s)`` as in ``Paths``, shape (8, D, P), and
        ``lane``, shape (D, P).
    """
    shape = len(count), len(ahead)
    fields, lane = np.empty((8, *shape)), np.empty(shape, dtype=np.int64)
    x, y, yaw, curvature = fields[0], fields[1], fields[2], fields[3]
    s, limit, width, lane_s = fields[4], fields[5], fields[6], fields[7]
    for d in range(shape[0]):
        last, path = max(count[d] - 1, 0), samples[d]
        stretch = min(max(speed[d] / GRID_SPEED, 1.0), 2.0)
        for j in range(shape[1]):
            at = begin[d] + ahead[j] * stretch
            u = at / SPACING_M
            k = min(int(u), max(last - 1, 0))
            f, n = min(u - k, 1.0), min(k + 1, last)
            heading = path[k, YAW] + (path[n, YAW] - path[k, YAW]) * f
            x[d, j] = path[k, X] + (path[n, X] - path[k, X]) * f
            y[d, j] = path[k, Y] + (path[n, Y] - path[k, Y]) * f
            if u > last:
                beyond = (u - last) * SPACING_M
                x[d, j] += beyond * np.cos(heading)
                y[d, j] += beyond * np.sin(heading)
            yaw[d, j] = wrap(heading)
            curvature[d, j] = path[k, CURVATURE] + (path[n, CURVATURE] - path[k, CURVATURE]) * f
            s[d, j] = at - begin[d]
            limit[d, j] = path[k, LIMIT]
            width[d, j] = path[k, WIDTH] + (path[n, WIDTH] - path[k, WIDTH]) * f
            lane[d, j] = lanes[d, k]
            lane_s[d, j] = min(path[k, LANE_S] + f * SPACING_M, length[lane[d, j]])
    return fields, lane
