"""Small roads of strips: a straight road, a bend, a crossing.

They are for tests and experiments that want a road whose every number is known.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hdsim.core.state import Floats, Ints
from hdsim.road.lanes import LaneGraph
from hdsim.road.strips import LANE_WIDTH, Strip, arc, build, line


def straight(
    length: float = 500.0, lanes: int = 1, limit: float = 13.9
) -> tuple[LaneGraph, dict[str, int]]:
    """A straight road along +x; lane ``"0"`` is the rightmost, at y = 0."""
    strips = {}
    for k in range(lanes):
        x, y = line(0.0, k * LANE_WIDTH, length, k * LANE_WIDTH)
        strips[str(k)] = Strip(
            x,
            y,
            left=str(k + 1) if k + 1 < lanes else "",
            right=str(k - 1) if k else "",
            limit=limit,
        )
    return build("straight", strips)


def two_way(length: float = 500.0, limit: float = 13.9) -> tuple[LaneGraph, dict[str, int]]:
    """A road with a lane ``"east"`` along +x at y = 0 and a lane ``"west"`` against it."""
    x, y = line(0.0, 0.0, length, 0.0)
    back_x, back_y = line(length, LANE_WIDTH, 0.0, LANE_WIDTH)
    strips = {"east": Strip(x, y, limit=limit), "west": Strip(back_x, back_y, limit=limit)}
    return build("two way", strips)


def bend(
    radius: float, angle: float = np.pi / 2, limit: float = 25.0, run: float = 120.0
) -> tuple[LaneGraph, dict[str, int]]:
    """A straight ``"in"``, an arc ``"arc"`` (left positive angle) and a straight ``"out"``."""
    x0, y0 = line(-run, 0.0, 0.0, 0.0)
    x1, y1 = arc(0.0, 0.0, 0.0, radius, angle)
    ex, ey, c, s = float(x1[-1]), float(y1[-1]), float(np.cos(angle)), float(np.sin(angle))
    x2, y2 = line(ex, ey, ex + run * c, ey + run * s)
    turn = int(np.sign(angle))
    return build(
        "bend",
        {
            "in": Strip(x0, y0, limit=limit),
            "arc": Strip(x1, y1, follows=("in",), limit=limit, turn=turn),
            "out": Strip(x2, y2, follows=("arc",), limit=limit),
        },
    )


def crossing(
    arm: float = 120.0, signals: bool = False, major: str = "", limit: float = 13.9, stop: str = ""
) -> tuple[LaneGraph, dict[str, int]]:
    """One crossing; arguments as in ``crossing_strips``."""
    return build("crossing", crossing_strips(arm, signals, major, limit, stop=stop))


def crossing_strips(
    arm: float = 120.0,
    signals: bool = False,
    major: str = "",
    limit: float = 13.9,
    prefix: str = "",
    junction: int = 1,
    x: float = 0.0,
    stop: str = "",
) -> dict[str, Strip]:
    """Four arms with one lane in and one out each.

    Lanes are ``"in-w"`` (comes from the west, heads east), ``"out-e"`` (leaves to the east) and
    the connections ``"w-e"``, ``"w-n"``, ``"w-s"`` and so on; box 20 m wide.

    Args:
        arm: Length of the arms [m].
        signals: Put a signal at the end of every arm.
        major: Letters of the arms with right of way, such as ``"we"``.
        limit: Speed limit [m/s].
        prefix: Put before all names.
        junction: Junction id.
        x: Where the middle lies [m].
        stop: Letters of the arms with a stop sign.
    """
    half, off = 10.0, LANE_WIDTH / 2
    strips: dict[str, Strip] = {}
    compass = "wsen"  # counter-clockwise by origin: coming from w heads 0, s heads 90 deg, ...
    for k, origin in enumerate(compass):
        yaw = k * np.pi / 2
        rank = 1 if origin in major else 0
        into = Strip(
            *_turned(*line(-half - arm, -off, -half, -off), yaw),
            limit=limit,
            signal=signals,
            rank=rank,
        )
        strips[f"in-{origin}"] = into
        exit_to = compass[(k + 2) % 4]
        px, py = _turned(*line(half, -off, half + arm, -off), yaw)
        strips[f"out-{exit_to}"] = Strip(px, py, limit=limit)
        ahead = replace(into, follows=(f"{prefix}in-{origin}",), junction=junction, signal=False)
        ahead = replace(ahead, stop=origin in stop)
        for turn, name in ((0, exit_to), (1, compass[(k + 3) % 4]), (-1, compass[(k + 1) % 4])):
            if turn == 0:
                px, py = line(-half, -off, half, -off)
            else:
                radius = half + turn * off
                px, py = arc(-half, -off, 0.0, radius, turn * np.pi / 2)
            px, py = _turned(px, py, yaw)
            strips[f"{origin}-{name}"] = replace(ahead, x=px, y=py, turn=turn)
    for key, strip in list(strips.items()):
        if key.startswith("out-"):
            strips[key] = replace(
                strip, follows=tuple(f"{prefix}{o}-{key[4:]}" for o in compass if o != key[4:])
            )
    return {prefix + key: replace(strip, x=strip.x + x) for key, strip in strips.items()}


def _turned(x: Floats, y: Floats, yaw: float) -> tuple[Floats, Floats]:
    c, s = np.cos(yaw), np.sin(yaw)
    return x * c - y * s, x * s + y * c


def lane_names(index: dict[str, int], lanes: Ints) -> list[str]:
    """The names of lane indices, for readable assertions."""
    names = {i: key for key, i in index.items()}
    return [names.get(int(i), "") for i in lanes]
