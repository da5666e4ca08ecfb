"""A failure seen from above: what those involved were most wrong about, and what came of it."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from hdsim.core.errors import InputError
from hdsim.core.state import Floats
from hdsim.events.geometry import Boxes
from hdsim.record.run import Run
from hdsim.report.misbelief import greatest_misbelief, in_words, percepts_of_involved
from hdsim.road.lanes import LaneGraph

_BEFORE_S = 5.0
_MARGIN_M = 5.0
_LEAST_M = 16.0  # of a panel, either way
_ROOM_IN = 9.1  # for panels side by side
_LEAST_WIDE_IN, _MOST_HIGH_IN = 2.4, 5.0  # of a panel
_AXIS_IN, _LEGEND_IN, _LINE_IN = 0.45, 0.3, 0.17
_LETTERS_PER_INCH = 14.5
_EGO, _OTHERS = "#1f6fd1", ("#d1451f", "#8a3fc0", "#2a8f5a", "#b8860b")
_BYSTANDER, _ROAD = "#9aa0a6", "#e8eaed"

_Limits = tuple[float, float, float, float]  # x_min, x_max, y_min, y_max [m]
_Pose = tuple[float, float, float, float, float]  # x, y, yaw, length, width [m, rad]


@dataclass(frozen=True)
class _Panel:
    """One moment: boxes at ``tick``, tracks of the 5 s before it, beliefs of those involved."""

    title: str
    tick: int
    tracks: Mapping[str, Sequence[Mapping[str, Any]]]
    percepts: Sequence[Mapping[str, Any]]


def picture(run: Run, failure: str, path: str | Path, graph: LaneGraph | None = None) -> None:
    """Draws a failure: left, how wrong a driver was in the 5 s before it; right, its moment.

    The left panel shows the moment at which a driver involved believed another one farthest from
    where it was, or did not register it in sight. Where no one involved has percepts, or all
    beliefs were about right, there is the right panel only. Solid boxes are what was so, dashed
    ones what the driver of that colour believed; people on foot are dots. Both panels have one
    scale; map frame [m].

    Args:
        run: The run.
        failure: Its id, or a part of it that no other has.
        path: Where the picture goes; the ending says the format.
        graph: Lanes to draw beneath, if wanted.

    Raises:
        InputError: If the run has no such failure, or no log of its scenario.
    """
    record = run.failure(failure)
    panels = _panels(run, record)
    boxes, inch_per_m = _same_scale([_crop(_involved_corners(record, p)) for p in panels])
    widths = [inch_per_m * (box[1] - box[0]) for box in boxes]
    height = inch_per_m * (boxes[0][3] - boxes[0][2])
    titles = [
        wrap(p.title, int(_LETTERS_PER_INCH * w)) for p, w in zip(panels, widths, strict=True)
    ]
    wide = sum(widths) + _AXIS_IN * len(panels)
    few = wide < _ROOM_IN  # legend in two rows
    lines = max(len(title) for title in titles)
    high = height + _AXIS_IN + _LEGEND_IN * (2 if few else 1) + _LINE_IN * lines
    figure = Figure(figsize=(wide, high), layout="constrained")
    FigureCanvasAgg(figure)
    row = figure.subplots(1, len(panels), squeeze=False, width_ratios=widths)[0]
    colours = dict(zip([n for n in _names(record) if n != "ego"], _OTHERS, strict=False))
    colours["ego"] = _EGO
    roster = run.roster(record["scenario"])
    sizes = dict(zip(roster.names, zip(roster.length, roster.width, strict=True), strict=True))
    on_foot = {roster.names[row] for row in roster.walkers}
    for axes, panel, box, title in zip(row, panels, boxes, titles, strict=True):
        if graph is not None:
            _lanes(axes, graph, box)
        _draw(axes, panel, colours, sizes, on_foot)
        axes.set(xlim=box[:2], ylim=box[2:], aspect="equal")
        axes.tick_params(labelsize=8)
        axes.set_title("\n".join(title), loc="left", fontsize=9)
        axes.set_xlabel("x [m]", fontsize=8)
    row[0].set_ylabel("y [m]", fontsize=8)
    _legend(figure, record, colours, panels, columns=2 if few else 4)
    figure.savefig(path, dpi=200)


def _panels(run: Run, record: Mapping[str, Any]) -> list[_Panel]:
    scenario, tick = record["scenario"], record["tick"]
    step_s = float(run.task(scenario).get("step_s", 0.05))
    window = round(_BEFORE_S / step_s)
    rows = run.trajectory(scenario, (max(0, tick - 2 * window), tick)).to_pylist()
    percepts = percepts_of_involved(run, record, (max(0, tick - window), tick))

    def at(then: int, title: str) -> _Panel:
        tracks: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            if then - window <= row["tick"] <= then:
                tracks.setdefault(row["actor"], []).append(row)
        return _Panel(title, then, tracks, [p for p in percepts if p["tick"] == then])

    verdict = f": {record['verdict']} ({record['because']})" if record["verdict"] else ""
    title = f"{record['kind']} at {record['time_s']:.2f}\u00a0s{verdict}".replace("_", " ")
    moment = at(tick, title)
    if any(name not in moment.tracks for name in _names(record)):
        raise InputError(str(run.path), "failure", record["id"], "a log of the actors involved")
    found = greatest_misbelief(percepts)
    if found is None:
        return [moment]
    before = at(found.tick, "")
    driver = before.tracks[found.percept["driver"]][-1]
    pose = driver["x_m"], driver["y_m"], driver["yaw_rad"]
    words = in_words(found, (tick - found.tick) * step_s, *pose)
    return [_Panel(words, before.tick, before.tracks, before.percepts), moment]


def _names(record: Mapping[str, Any]) -> list[str]:
    return [actor["name"] for actor in record["actors"]]


def _involved_corners(record: Mapping[str, Any], panel: _Panel) -> Floats:
    """Corners of the boxes of those involved and of what they believed, shape (n, 2) [m]."""
    sizes = {a["name"]: (a["length_m"], a["width_m"]) for a in record["actors"]}
    now = [panel.tracks[name][-1] for name in sizes]
    poses = [(r["x_m"], r["y_m"], r["yaw_rad"], *sizes[r["actor"]]) for r in now]
    poses += [_believed(p) for p in panel.percepts if p["registered"]]
    return Boxes(*np.array(poses, dtype=float).T).corners().reshape(-1, 2)


def _believed(percept: Mapping[str, Any]) -> _Pose:
    x, y, yaw, length, width = (
        float(percept[f"believed_{name}"])
        for name in ("x_m", "y_m", "yaw_rad", "length_m", "width_m")
    )
    return x, y, yaw, length, width


def _crop(points: Floats) -> _Limits:
    """Limits around some points."""
    low, high = points.min(axis=0) - _MARGIN_M, points.max(axis=0) + _MARGIN_M
    return _widened((low[0], high[0], low[1], high[1]), _LEAST_M, _LEAST_M)


def _widened(box: _Limits, width: float, height: float) -> _Limits:
    """The same, at least so wide and so high [m]."""
    x = max(width - (box[1] - box[0]), 0.0) / 2
    y = max(height - (box[3] - box[2]), 0.0) / 2
    return float(box[0] - x), float(box[1] + x), float(box[2] - y), float(box[3] + y)


def _same_scale(boxes: Sequence[_Limits]) -> tuple[list[_Limits], float]:
    """Limits that fill panels of one height at one scale, and that scale [inch/m]."""
    height = max(box[3] - box[2] for box in boxes)
    widths = np.array([box[1] - box[0] for box in boxes])
    scale = _ROOM_IN / float(widths.sum())
    narrow = widths * scale < _LEAST_WIDE_IN
    if narrow.any() and not narrow.all():
        scale = (_ROOM_IN - _LEAST_WIDE_IN * int(narrow.sum())) / float(widths[~narrow].sum())
    scale = min(scale, _MOST_HIGH_IN / height)
    return [_widened(box, _LEAST_WIDE_IN / scale, height) for box in boxes], scale


def _draw(
    axes: Axes,
    panel: _Panel,
    colours: Mapping[str, str],
    sizes: Mapping[str, tuple[float, float]],
    on_foot: Container[str],
) -> None:
    for name, track in panel.tracks.items():
        now = track[-1]
        if now["tick"] != panel.tick or not now["present"]:
            continue
        colour = colours.get(name, _BYSTANDER)
        shape = _dot if name in on_foot else _box
        shape(axes, (now["x_m"], now["y_m"], now["yaw_rad"], *sizes[name]), colour)
        if name in colours:
            past = [r for r in track if r["present"]]
            axes.plot([r["x_m"] for r in past], [r["y_m"] for r in past], color=colour, lw=1.5)
    for percept in panel.percepts:
        if not percept["registered"]:
            continue
        believed, colour = _believed(percept), colours[percept["driver"]]
        shape = _dot if percept["object"] in on_foot else _box
        shape(axes, believed, colour, dashed=True)
        if percept["seen"] and np.hypot(
            percept["x_m"] - believed[0], percept["y_m"] - believed[1]
        ) > float(believed[3]):
            axes.annotate(
                "",
                xy=(believed[0], believed[1]),
                xytext=(percept["x_m"], percept["y_m"]),
                arrowprops={"arrowstyle": "->", "color": colour, "lw": 1.0, "ls": ":"},
            )


def _lanes(axes: Axes, graph: LaneGraph, view: _Limits) -> None:
    near = (
        (graph.x > view[0] - 10)
        & (graph.x < view[1] + 10)
        & (graph.y > view[2] - 10)
        & (graph.y < view[3] + 10)
    )
    for lane in range(len(graph)):
        points = slice(int(graph.first[lane]), int(graph.first[lane + 1]))
        if near[points].any():
            edges = _edges(graph, points)
            axes.fill(edges[:, 0], edges[:, 1], color=_ROAD, lw=0, zorder=0)
            axes.plot(graph.x[points], graph.y[points], color="white", lw=0.8, ls=":", zorder=1)


def _edges(graph: LaneGraph, points: slice) -> Floats:
    x, y, yaw = graph.x[points], graph.y[points], graph.yaw[points]
    nx, ny = -np.sin(yaw) * graph.width[points] / 2, np.cos(yaw) * graph.width[points] / 2
    left, right = np.column_stack([x + nx, y + ny]), np.column_stack([x - nx, y - ny])
    return np.concatenate([left, right[::-1]])


def _box(axes: Axes, pose: _Pose, colour: str, dashed: bool = False) -> None:
    x, y, yaw, length, _ = pose
    axes.add_patch(
        Polygon(
            Boxes(*(np.array(v) for v in pose)).corners(),
            closed=True,
            facecolor="none" if dashed else colour,
            edgecolor=colour,
            linestyle="--" if dashed else "-",
            alpha=1.0 if dashed else 0.55,
            linewidth=1.4,
            zorder=4 if dashed else 3,
        )
    )
    if not dashed:
        nose = 0.5 * length
        axes.plot(
            [x, x + nose * np.cos(yaw)], [y, y + nose * np.sin(yaw)], color=colour, lw=1, zorder=4
        )


def _dot(axes: Axes, pose: _Pose, colour: str, dashed: bool = False) -> None:
    """Somebody on foot, large enough to be seen; a ring for what is believed."""
    inside = "none" if dashed else colour
    axes.plot(*pose[:2], "o", ms=5.0, mfc=inside, mec=colour, zorder=4 if dashed else 3)


def _legend(
    figure: Figure,
    record: Mapping[str, Any],
    colours: Mapping[str, str],
    panels: Sequence[_Panel],
    columns: int,
) -> None:
    """One for all panels, beneath them."""
    axes = figure.axes[0]
    for actor in record["actors"]:
        kind = "on foot" if actor["role"] == "walker" else actor["style"]
        style = f" ({kind})" if kind else ""
        axes.plot([], [], color=colours[actor["name"]], lw=4, label=f"{actor['name']}{style}")
    believers = {p["driver"]: p["object"] for panel in panels for p in panel.percepts}
    for driver, believed in believers.items():
        label = f"where {driver} believed {'the ego' if believed == 'ego' else believed}"
        axes.plot([], [], color=colours[driver], lw=1.4, ls="--", label=label)
    axes.plot([], [], color=_BYSTANDER, lw=4, label="others")
    figure.legend(loc="outside lower center", ncols=columns, fontsize=8.5, frameon=False)
