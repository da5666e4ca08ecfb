"""The map as two raster layers, drawn once: road surface and lane marks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.control.bev.draw import Raster, draw_lanes
from hdsim.control.bev.layout import BROKEN_LINE, FULL
from hdsim.road.lanes import LaneGraph

_MARGIN_M = 5.0
_MARK_WIDTH_M = 0.2


@dataclass(frozen=True, slots=True)
class Ground:
    """A map's layers in the world frame.

    Attributes:
        layers: Road and lane marks, shape (2, height, width), rows along y.
        origin: World position of the corner of the first pixel [m].
    """

    layers: Raster
    origin: tuple[float, float]


def draw_ground(graph: LaneGraph, pixels_per_m: float) -> Ground:
    """Lanes as road; their edges outside junctions as marks, broken where a change is allowed."""
    x0, y0 = float(graph.x.min()) - _MARGIN_M, float(graph.y.min()) - _MARGIN_M
    width = int(np.ceil((graph.x.max() + _MARGIN_M - x0) * pixels_per_m))
    height = int(np.ceil((graph.y.max() + _MARGIN_M - y0) * pixels_per_m))
    layers = np.zeros((2, height, width), dtype=np.uint8)
    draw_lanes(
        layers, x0, y0, pixels_per_m, graph.first, graph.x, graph.y, graph.yaw, graph.width,
        graph.junction, graph.left, graph.right, (FULL, BROKEN_LINE), _MARK_WIDTH_M,
    )  # fmt: skip
    return Ground(layers, (x0, y0))
