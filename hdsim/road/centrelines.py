"""Lane centrelines sampled through the ``carla`` map parser, turned into the right-handed frame.

CARLA's frame is left-handed (y to the right, yaw clockwise, degrees): ``y -> -y`` and
``yaw -> -radians(yaw)`` give ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import uniform_filter1d

from hdsim.core.errors import InputError
from hdsim.core.state import Floats

# Spacing of the raw samples along the road reference line and of the final points [m].
SAMPLE_M = 0.25
POINT_M = 1.0
# Heading is differentiated over this stretch to give curvature [m]: clothoids of CARLA's towns are
# longer, float32 noise of the parser (about 1e-5 m) is far below it.
CURVATURE_WINDOW_M = 3.0
# How far inside a lane section its end samples are taken [m]: exactly on the border the parser
# answers with either section.
_INSIDE_M = 2e-4

LaneKey = tuple[int, int, int]
"""(road id, section number, lane id) of OpenDRIVE."""


@dataclass(frozen=True, slots=True)
class Centreline:
    """One lane in driving direction.

    Attributes:
        x: Points at even spacing, about 1 m [m], shape (n,), n >= 2.
        y: As x.
        z: Elevation [m].
        yaw: Driving direction [rad].
        curvature: Left positive [1/m].
        width: [m].
        s: Distance along the centreline in the plane [m], from 0.
        forward: True where the lane runs along increasing s of its road.
        change_left: Share of the lane over which markings allow a change to the left.
        change_right: As change_left.
    """

    x: Floats
    y: Floats
    z: Floats
    yaw: Floats
    curvature: Floats
    width: Floats
    s: Floats
    forward: bool
    change_left: float
    change_right: float


@dataclass(frozen=True, slots=True)
class LaneSpan:
    """A lane of the file: its key, its stretch of road s [m] and the road's junction."""

    key: LaneKey
    s_from: float
    s_to: float
    junction: int


def driving_lanes(root: Any) -> Iterator[LaneSpan]:
    """Every lane of type ``driving`` in an OpenDRIVE tree, in file order."""
    return lanes_of_type(root, "driving")


def lanes_of_type(root: Any, *types: str) -> Iterator[LaneSpan]:
    """Every lane of some types in an OpenDRIVE tree, in file order."""
    for road in root.iterfind("road"):
        sections = sorted(road.iterfind("lanes/laneSection"), key=lambda e: float(e.get("s")))
        starts = [float(e.get("s")) for e in sections] + [float(road.get("length"))]
        for i, section in enumerate(sections):
            for lane in section.iterfind("*/lane"):
                if lane.get("type") in types:
                    key = (int(road.get("id")), i, int(lane.get("id")))
                    yield LaneSpan(key, starts[i], starts[i + 1], int(road.get("junction", "-1")))


def sample(world_map: Any, span: LaneSpan) -> Centreline | None:
    """Sample a lane; None when the parser does not know it or it is shorter than 1 cm.

    Args:
        world_map: A ``carla.Map``.
        span: The lane.

    Raises:
        InputError: If the parser finds no finite place for it.
    """
    import carla  # here, because a cached graph must not cost loading the client

    road, _, lane = span.key
    n = max(2, math.ceil((span.s_to - span.s_from) / SAMPLE_M)) + 1
    inside = min(_INSIDE_M, (span.s_to - span.s_from) / 10.0)
    stations = np.linspace(span.s_from + inside, span.s_to - inside, n)
    found = [world_map.get_waypoint_xodr(road, lane, float(s)) for s in stations]
    if any(w is None for w in found):
        return None
    poses = [w.transform for w in found]
    raw = np.array(
        [(p.location.x, -p.location.y, p.location.z, -math.radians(p.rotation.yaw)) for p in poses]
    )
    width = np.array([w.lane_width for w in found])
    x, y, z, yaw = raw.T
    # The parser's yaw already is the driving direction, whichever side of the road traffic keeps.
    along = (x[-1] - x[0]) * np.cos(yaw[n // 2]) + (y[-1] - y[0]) * np.sin(yaw[n // 2])
    forward = bool(along > 0.0)
    if not forward:
        x, y, z, yaw, width = x[::-1], y[::-1], z[::-1], yaw[::-1], width[::-1]
    s = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    if not np.isfinite([*x, *y, *z, *yaw, *width]).all():
        raise InputError(world_map.name, f"road {road}", None, "a shape the map parser can follow")
    if s[-1] < 0.01:
        return None
    allowed = [int(w.lane_change) for w in found]
    left, right = int(carla.LaneChange.Left), int(carla.LaneChange.Right)
    even = np.linspace(0.0, s[-1], max(2, round(s[-1] / POINT_M) + 1))
    unwrapped = np.unwrap(yaw)
    return Centreline(
        x=np.interp(even, s, x),
        y=np.interp(even, s, y),
        z=np.interp(even, s, z),
        yaw=np.arctan2(np.sin(h := np.interp(even, s, unwrapped)), np.cos(h)),
        curvature=np.interp(even, s, _slope(s, unwrapped)),
        width=np.interp(even, s, width),
        s=even,
        forward=forward,
        change_left=float(np.mean([a & left != 0 for a in allowed])),
        change_right=float(np.mean([a & right != 0 for a in allowed])),
    )


def _slope(s: Floats, yaw: Floats) -> Floats:
    """Slope of yaw along s [1/m], averaged over ``CURVATURE_WINDOW_M``."""
    raw = np.diff(yaw) / np.maximum(np.diff(s), 1e-6)
    window = min(max(1, round(CURVATURE_WINDOW_M / SAMPLE_M)), len(raw))
    smooth = uniform_filter1d(raw, window, mode="nearest")
    return np.interp(s, (s[1:] + s[:-1]) / 2.0, smooth)


def total_turn(line: Centreline) -> float:
    """Heading change from the lane's start to its end [rad], left positive, not wrapped."""
    h = np.unwrap(line.yaw)
    return float(h[-1] - h[0])
