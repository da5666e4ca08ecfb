"""A map as a picture, for a person to look at."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np

from hdsim.core.state import Floats
from hdsim.road.furniture import NO_FURNITURE, RoadFurniture, Sidewalk
from hdsim.road.lanes import LaneGraph
from hdsim.road.routes import Route
from hdsim.road.signs import SignKind

_GROUND, _ASPHALT, _JUNCTION, _PAVED = "#eceae4", "#6b7077", "#8d939a", "#cfc4ae"
_EDGE, _ARROW, _SPAWN, _STOP_LINE, _ROUTE = "#f7f7f7", "#ffd84d", "#27b3c9", "#d22f27", "#3262e0"
_SIGNS = {
    SignKind.STOP: ("8", _STOP_LINE, "white", "stop sign"),
    SignKind.YIELD: ("v", "white", _STOP_LINE, "yield sign"),
    SignKind.SPEED_LIMIT: ("o", "white", _STOP_LINE, "speed limit [km/h]"),
}
# Longest side of the picture [inch], and the size on the map of what must stay visible on big maps,
# as a share of the map's longest side.
_PICTURE_IN, _SMALLEST = 14.0, 1.0 / 220.0
_LEGEND_PT = 5.0  # least size of a marker there


def draw_map(
    graph: LaneGraph,
    path: str | Path,
    furniture: RoadFurniture = NO_FURNITURE,
    spawn_points: Floats | None = None,
    route: Route | None = None,
) -> None:
    """Write a picture of a map, by the ending of ``path`` as PNG, SVG or PDF.

    Lanes are grey (paler in junctions) with yellow arrows in driving direction, white lines where
    they meet; stop lines and what they belong to are red. Higher roads cover lower ones. The text
    of speed signs is km/h.

    Args:
        graph: The map.
        path: File to write.
        furniture: Its signs, crosswalks and sidewalks.
        spawn_points: x, y, z, yaw as ``spawn_points`` gives, drawn as dots.
        route: Drawn on top, blue.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    margin = max(20.0, 0.025 * float(max(np.ptp(graph.x), np.ptp(graph.y))))
    spread_x, spread_y = np.ptp(graph.x) + 2.0 * margin, np.ptp(graph.y) + 2.0 * margin
    longest = float(max(spread_x, spread_y))
    scale = _PICTURE_IN / longest
    size = (spread_x * scale + 1.0, spread_y * scale + 1.6)
    figure = Figure(figsize=size, dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(facecolor=_GROUND)
    axes.set_aspect("equal")
    axes.set_xlim(graph.x.min() - margin, graph.x.max() + margin)
    axes.set_ylim(graph.y.min() - margin, graph.y.max() + margin)
    point = 72.0 * scale  # size of a metre [pt]
    smallest = max(longest * _SMALLEST * point, 2.0)

    _areas(axes, graph, furniture)
    _arrows(axes, graph, longest)
    if spawn_points is not None and len(spawn_points):
        x, y = spawn_points[:, 0], spawn_points[:, 1]
        dot = min(max(1.6 * point, 1.0), 3.0)
        axes.plot(x, y, "o", color=_SPAWN, mew=0.0, ms=dot, zorder=4.5, label="spawn point")
    _signals(axes, graph, smallest)
    _posts(axes, furniture, smallest)
    if route is not None:
        axes.plot(route.x, route.y, "-", color=_ROUTE, lw=2.0, alpha=0.7, zorder=9, label="route")
        axes.plot(route.x[:1], route.y[:1], "o", color=_ROUTE, zorder=9)
    kilometres = float(graph.length.sum()) / 1000.0
    axes.set_title(f"{graph.name}: {kilometres:.1f} km of lanes, {len(graph.signals)} signals")
    axes.set_xlabel("x [m]")
    axes.set_ylabel("y [m]; CARLA's is the negative")
    if axes.get_legend_handles_labels()[0]:
        legend = figure.legend(loc="outside lower center", ncols=7, frameon=False, markerscale=1.5)
        for handle in legend.legend_handles:
            if isinstance(handle, Line2D):
                handle.set_markersize(max(handle.get_markersize(), _LEGEND_PT))
    figure.savefig(path, metadata={"Date": None} if str(path).endswith(".svg") else None)


def _areas(axes: Any, graph: LaneGraph, furniture: RoadFurniture) -> None:
    from matplotlib.collections import PolyCollection

    half = 0.5 * graph.width
    ox, oy = -np.sin(graph.yaw) * half, np.cos(graph.yaw) * half
    left = np.column_stack([graph.x + ox, graph.y + oy])
    right = np.column_stack([graph.x - ox, graph.y - oy])
    rings = [
        np.concatenate([left[a:b], right[a:b][::-1]]) for a, b in itertools.pairwise(graph.first)
    ]
    height = np.array([graph.z[a:b].mean() for a, b in itertools.pairwise(graph.first)])
    inside = graph.junction >= 0
    colours = np.where(inside, _JUNCTION, _ASPHALT)
    edges = np.where(inside, "none", _EDGE)
    # Junction lanes overlap each other: they go under the streets of their level.
    order = np.lexsort((~inside, np.round(height))) if len(graph) else np.zeros(0, dtype=np.int64)
    lanes = PolyCollection(
        [rings[i] for i in order], facecolors=colours[order].tolist(),
        edgecolors=edges[order].tolist(), linewidths=0.3, zorder=2,
    )  # fmt: skip
    walks = PolyCollection(
        [_flat(w) for w in furniture.sidewalks], facecolors=_PAVED, edgecolors="none", zorder=1,
        label="sidewalk",
    )  # fmt: skip
    zebras = PolyCollection(
        [c.outline[:, :2] for c in furniture.crosswalks], facecolors="white", hatch="||||",
        edgecolors="#444444", linewidths=0.3, zorder=4, label="crosswalk",
    )  # fmt: skip
    axes.add_collection(lanes)
    for collection, things in ((walks, furniture.sidewalks), (zebras, furniture.crosswalks)):
        if things:
            axes.add_collection(collection)


def _flat(walk: Sidewalk) -> Floats:
    return walk.outline[:, :2]


def _arrows(axes: Any, graph: LaneGraph, longest: float) -> None:
    """Arrows outside junctions; on maps too big for one on every lane, on the outermost lane."""
    size = max(2.5, longest / 110.0)
    lanes = np.flatnonzero(graph.junction < 0)
    if size > 5.0:
        lanes = lanes[graph.right[lanes] < 0]
    lanes = lanes[graph.length[lanes] > 1.2 * size]
    count = np.maximum(1, (graph.length[lanes] / (9.0 * size)).astype(np.int64))
    lane = np.repeat(lanes, count)
    k = np.concatenate([np.arange(n) for n in count]) if len(count) else np.zeros(0)
    s = graph.length[lane] * (k + 0.5) / np.repeat(count, count)
    x, y, yaw = graph.at(lane, s)
    dx, dy = size * np.cos(yaw), size * np.sin(yaw)
    axes.quiver(
        x, y, dx, dy, angles="xy", scale_units="xy", scale=1.0, pivot="mid", units="xy",
        width=0.16 * size, headwidth=4.0, headlength=4.0, headaxislength=3.4, color=_ARROW,
        edgecolor="#333333", linewidth=0.2, zorder=5,
    )  # fmt: skip


def _signals(axes: Any, graph: LaneGraph, smallest: float) -> None:
    held = np.flatnonzero(graph.signal >= 0)
    x, y, yaw = graph.at(held, graph.stop_s[held])
    half = 0.5 * graph.width[graph.first[held]]
    ox, oy = -np.sin(yaw) * half, np.cos(yaw) * half
    axes.plot([x - ox, x + ox], [y - oy, y + oy], "-", color=_STOP_LINE, lw=1.5, zorder=6)
    heads = [graph.signals[int(graph.signal[k])] for k in held]
    for px, py, head in zip(x, y, heads, strict=True):
        axes.plot([px, head.x], [py, head.y], "-", color=_STOP_LINE, lw=0.4, alpha=0.6, zorder=6)
    if graph.signals:
        axes.plot(
            [s.x for s in graph.signals], [s.y for s in graph.signals], "P", color="#1f9d55",
            mec="black", mew=0.5, ms=smallest + 2.0, ls="", zorder=8, label="traffic light",
        )  # fmt: skip


def _posts(axes: Any, furniture: RoadFurniture, smallest: float) -> None:
    for kind, (marker, fill, edge, label) in _SIGNS.items():
        signs = [s for s in furniture.signs if s.kind is kind]
        if not signs:
            continue
        number = kind is SignKind.SPEED_LIMIT
        axes.plot(
            [s.x for s in signs], [s.y for s in signs], marker, ls="", color=fill, mec=edge,
            mew=1.0, ms=smallest + (6.0 if number else 4.0), zorder=7, label=label,
        )  # fmt: skip
        for sign in signs if number else ():
            axes.text(
                sign.x, sign.y, f"{3.6 * sign.limit:.0f}", ha="center", va="center_baseline",
                fontsize=0.45 * (smallest + 6.0), zorder=7.5, clip_on=True,
            )  # fmt: skip
