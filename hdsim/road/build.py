"""OpenDRIVE text to ``LaneGraph``."""

from __future__ import annotations

import numpy as np
from lxml import etree

from hdsim.core.errors import InputError
from hdsim.road.centrelines import driving_lanes, sample
from hdsim.road.conflicts import find_conflicts
from hdsim.road.lanes import LaneGraph
from hdsim.road.limits import speed_limits
from hdsim.road.signals import find_signals, lanes_under
from hdsim.road.signs import GIVE_WAY, SignKind
from hdsim.road.topology import (
    approach_breadth,
    lane_index,
    neighbours,
    reverse,
    successors_of,
    turn_classes,
)


def lane_graph(name: str, xodr: str) -> LaneGraph:
    """Build the lane graph of a map; ``load_lane_graph`` does so through the cache.

    Args:
        name: Map name, kept in the graph and used in messages.
        xodr: OpenDRIVE text.

    Raises:
        InputError: If the text is not XML, the map parser refuses it or finds no place for a lane,
            or no lane can be driven.
    """
    import carla  # here, because a cached graph must not cost loading the client

    try:
        root = etree.fromstring(xodr.encode())
        world_map = carla.Map(name, xodr)
    except (etree.XMLSyntaxError, RuntimeError) as error:
        raise InputError(name, expected=f"an OpenDRIVE map ({error})") from error
    sampled = [(span, sample(world_map, span)) for span in driving_lanes(root)]
    spans = [span for span, line in sampled if line is not None]
    lines = [line for _, line in sampled if line is not None]
    if not spans:
        raise InputError(name, expected="an OpenDRIVE map with at least one driving lane")
    index = lane_index(spans)
    successors = successors_of(world_map, index)
    predecessors = reverse(successors)

    junction = np.array([span.junction for span in spans], dtype=np.int64)
    turn = turn_classes(spans, lines, successors, predecessors)
    found = find_signals(root, world_map, spans, lines, predecessors, successors)
    first = np.concatenate([[0], np.cumsum([len(line.s) for line in lines])]).astype(np.int64)
    x = np.concatenate([line.x for line in lines])
    y = np.concatenate([line.y for line in lines])
    keys = np.array([span.key for span in spans], dtype=np.int64)
    left, right = neighbours(spans, lines, index)
    under = {
        kind: np.array(lanes_under(kind, world_map, spans, lines, successors)) for kind in GIVE_WAY
    }
    return LaneGraph(
        name=name,
        road=keys[:, 0].copy(),
        section=keys[:, 1].copy(),
        lane_id=keys[:, 2].copy(),
        length=np.array([line.s[-1] for line in lines]),
        junction=junction,
        turn=turn,
        left=left,
        right=right,
        limit=np.array(speed_limits(root, world_map, spans, lines, predecessors, successors)),
        signal=np.array(found.of_lane, dtype=np.int64),
        stop_s=np.array(found.stop_s),
        first=first,
        x=x,
        y=y,
        z=np.concatenate([line.z for line in lines]),
        yaw=np.concatenate([line.yaw for line in lines]),
        curvature=np.concatenate([line.curvature for line in lines]),
        width=np.concatenate([line.width for line in lines]),
        s=np.concatenate([line.s for line in lines]),
        successors=tuple(tuple(a) for a in successors),
        predecessors=tuple(tuple(a) for a in predecessors),
        signals=found.signals,
        conflicts=find_conflicts(
            first,
            x,
            y,
            junction,
            turn,
            np.any([*under.values()], axis=0).tolist(),
            approach_breadth(spans, predecessors),
            successors,
            predecessors,
            right_hand=all(r.get("rule", "RHT") != "LHT" for r in root.iterfind("road")),
        ),
        stop_sign=under[SignKind.STOP] & (junction >= 0),
    )
