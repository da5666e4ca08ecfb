"""A lane graph as a picture, for a person to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hdsim.road.lanes import LaneGraph
from hdsim.road.routes import Route

_TURN_COLOURS = {-1: "tab:orange", 0: "tab:grey", 1: "tab:green", 2: "tab:purple"}


def draw_lane_graph(graph: LaneGraph, path: str | Path, route: Route | None = None) -> None:
    """Write a PNG: lanes with their direction, turns by colour, stop lines, signals, conflicts.

    Outside junctions lanes are black, dotted blue where a change to a neighbour is allowed. In
    junctions right turns are orange, straight lanes grey, left turns green. Stop lines and the
    signal heads they belong to are red; conflict zones are drawn faintly pink.

    Args:
        graph: The map.
        path: PNG file to write.
        route: Drawn on top, blue.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    spread_x, spread_y = np.ptp(graph.x) + 20.0, np.ptp(graph.y) + 20.0
    scale = 14.0 / max(spread_x, spread_y)
    figure = Figure(figsize=(spread_x * scale + 1.0, spread_y * scale + 1.0), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for i in range(len(graph)):
        points = slice(int(graph.first[i]), int(graph.first[i + 1]))
        inside = graph.junction[i] >= 0
        colour = _TURN_COLOURS[int(graph.turn[i])] if inside else "black"
        axes.plot(graph.x[points], graph.y[points], "-", color=colour, lw=0.6)
        if not inside and max(graph.left[i], graph.right[i]) >= 0:
            axes.plot(graph.x[points], graph.y[points], ":", color="tab:blue", lw=1.2)
    middle = graph.length / 2.0
    x, y, yaw = graph.at(np.arange(len(graph)), middle)
    axes.quiver(
        x, y, np.cos(yaw), np.sin(yaw), angles="xy", scale_units="xy", scale=0.3, width=0.001
    )

    c = graph.conflicts
    own = np.repeat(np.arange(len(graph)), np.diff(c.start))
    zx, zy, _ = graph.at(own, (c.own_from + c.own_to) / 2.0)
    axes.plot(zx, zy, ".", color="pink", ms=2.0, zorder=0)

    held = np.flatnonzero(graph.signal >= 0)
    sx, sy, syaw = graph.at(held, graph.stop_s[held])
    across = 1.5 * np.array([-np.sin(syaw), np.cos(syaw)])
    axes.plot([sx - across[0], sx + across[0]], [sy - across[1], sy + across[1]], "r-", lw=1.5)
    for i, k in enumerate(held):
        signal = graph.signals[int(graph.signal[k])]
        axes.plot([sx[i], signal.x], [sy[i], signal.y], "r-", lw=0.3)
    if route is not None:
        axes.plot(route.x, route.y, "-", color="blue", lw=1.5, alpha=0.6)
        axes.plot(route.x[:1], route.y[:1], "o", color="blue")
    axes.set_aspect("equal")
    axes.set_title(f"{graph.name}: {len(graph)} lanes, {len(graph.signals)} signals")
    axes.set_xlabel("x [m]")
    axes.set_ylabel("y [m]")
    figure.tight_layout()
    figure.savefig(path)
