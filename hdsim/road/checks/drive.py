"""What drives badly on a map, seen on its lane graph."""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx
import numpy as np

from hdsim.core.state import wrap_angle
from hdsim.road.checks.findings import Finding, Severity
from hdsim.road.furniture import RoadFurniture
from hdsim.road.lanes import LaneGraph

# Between a lane's end and the next lane's start. Proposals: CARLA's towns stay below a centimetre
# and half a degree; half a metre and 10 degrees are felt as a jerk at the wheel.
_GAP_M, _KINK = 0.5, np.radians(10.0)
# A lane that cannot be placed on the road by its neighbours is named at most so often.
_MOST = 20


def check_drive(graph: LaneGraph, furniture: RoadFurniture) -> list[Finding]:
    """Warnings about dead ends, gaps, lanes out of reach, and signs and lights for nobody."""
    found = [*_ends(graph), *_reach(graph), *_gaps(graph)]
    found += [
        _warning(f"sign {sign.id}: lanes", "none", "at least one driving lane")
        for sign in furniture.signs
        if not sign.lanes
    ]
    inferred = sum(s.controller.startswith("inferred") for s in graph.signals)
    if inferred:
        found.append(
            _warning("controllers", "none", f"some for {inferred} signals; phases were inferred")
        )
    return found


def _warning(key: str, value: object, expected: str) -> Finding:
    return Finding(Severity.WARNING, 0, key, value, expected)


def _name(graph: LaneGraph, lane: int) -> str:
    return f"road {graph.road[lane]} lane {graph.lane_id[lane]}"


def _ends(graph: LaneGraph) -> Iterator[Finding]:
    dead = [i for i, after in enumerate(graph.successors) if not after]
    for i in dead[:_MOST]:
        yield _warning(f"{_name(graph, i)}: successor", "none", "a lane that follows on")
    if len(dead) > _MOST:
        yield _warning("successors", "none", f"some for {len(dead) - _MOST} further lanes")


def _reach(graph: LaneGraph) -> Iterator[Finding]:
    parts = sorted(nx.strongly_connected_components(graph.digraph), key=lambda p: (-len(p), min(p)))
    apart = sorted(i for part in parts[1:] for i in part)
    if apart:
        names = ", ".join(_name(graph, i) for i in apart[:3])
        yield _warning(
            "lanes", len(apart),
            f"0 that cannot be reached from, or cannot reach, the rest (such as {names})",
        )  # fmt: skip


def _gaps(graph: LaneGraph) -> Iterator[Finding]:
    pairs = [(i, j) for i, after in enumerate(graph.successors) for j in after]
    if not pairs:
        return
    before, after = np.array(pairs).T
    end, start = graph.first[before + 1] - 1, graph.first[after]
    gap = np.hypot(graph.x[end] - graph.x[start], graph.y[end] - graph.y[start])
    kink = np.abs(wrap_angle(graph.yaw[end] - graph.yaw[start]))
    for k in np.flatnonzero((gap > _GAP_M) | (kink > _KINK))[:_MOST].tolist():
        link = f"{_name(graph, int(before[k]))} to {_name(graph, int(after[k]))}"
        if gap[k] > _GAP_M:
            yield _warning(f"{link}: gap", round(float(gap[k]), 2), f"at most {_GAP_M} m")
        else:
            yield _warning(
                f"{link}: kink", f"{np.degrees(kink[k]):.0f} degrees", "at most 10 degrees"
            )
