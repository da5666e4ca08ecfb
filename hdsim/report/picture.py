"""A failure seen from above: what was, and what the drivers involved believed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from hdsim.core.errors import InputError
from hdsim.core.state import Floats
from hdsim.events.geometry import Boxes
from hdsim.record.run import Run
from hdsim.road.lanes import LaneGraph

_BEFORE_S = 5.0
_MARGIN_M = 18.0
_EGO, _OTHERS = "#1f6fd1", ("#d1451f", "#8a3fc0", "#2a8f5a", "#b8860b")
_BYSTANDER, _ROAD = "#9aa0a6", "#e8eaed"


def picture(run: Run, failure: str, path: str | Path, graph: LaneGraph | None = None) -> None:
    """Draws a failure: boxes at its moment, tracks of the 5 s before, and beliefs dashed.

    Args:
        run: The run.
        failure: Its id, or a part of it that no other has.
        path: Where the picture goes; the ending says the format.
        graph: Lanes to draw beneath, if wanted.

    Raises:
        InputError: If the run has no such failure, or no log of its scenario.
    """
    record = run.failure(failure)
    scenario, tick = record["scenario"], record["tick"]
    step_s = float(run.task(scenario).get("step_s", 0.05))
    first = max(0, tick - round(_BEFORE_S / step_s))
    rows = run.trajectory(scenario, (first, tick)).to_pylist()
    tracks: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        tracks.setdefault(row["actor"], []).append(row)
    involved = [a["name"] for a in record["actors"]]
    if not tracks or any(name not in tracks for name in involved):
        raise InputError(str(run.path), "failure", record["id"], "a log of the actors involved")
    figure = Figure(figsize=(8.0, 6.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    colours = dict(zip([n for n in involved if n != "ego"], _OTHERS, strict=False))
    colours["ego"] = _EGO
    view = _view([tracks[name] for name in involved])
    if graph is not None:
        _lanes(axes, graph, view)
    sizes = {a["name"]: (a["length_m"], a["width_m"]) for a in record["actors"]}
    for name, track in tracks.items():
        now = track[-1]
        if now["tick"] != tick or not now["present"] or not _inside(now, view):
            continue
        colour = colours.get(name, _BYSTANDER)
        length, width = sizes.get(name, (4.5, 1.9))
        _box(axes, now["x_m"], now["y_m"], now["yaw_rad"], length, width, colour)
        if name in colours:
            past = [r for r in track if r["present"]]
            axes.plot([r["x_m"] for r in past], [r["y_m"] for r in past], color=colour, lw=1.5)
    _beliefs(axes, run, record, colours)
    _legend(axes, record, colours)
    axes.set_xlim(view[0], view[1])
    axes.set_ylim(view[2], view[3])
    axes.set_aspect("equal")
    axes.set_xlabel("x [m]")
    axes.set_ylabel("y [m]")
    verdict = f": {record['verdict']} ({record['because']})" if record["verdict"] else ""
    axes.set_title(
        f"{record['kind']} at {record['time_s']:.2f} s{verdict}".replace("_", " "), loc="left"
    )
    figure.savefig(path, dpi=140)


def _view(tracks: list[list[dict[str, Any]]]) -> tuple[float, float, float, float]:
    """Limits around the last second and a half of the tracks: ``x_min, x_max, y_min, y_max``."""
    x = np.array([r["x_m"] for t in tracks for r in t[-30:]])
    y = np.array([r["y_m"] for t in tracks for r in t[-30:]])
    m = _MARGIN_M
    return (
        float(x.min() - m),
        float(x.max() + m),
        float(y.min() - m),
        float(y.max() + m),
    )


def _inside(row: Mapping[str, Any], view: tuple[float, float, float, float]) -> bool:
    return bool(view[0] <= row["x_m"] <= view[1] and view[2] <= row["y_m"] <= view[3])


def _lanes(axes: Axes, graph: LaneGraph, view: tuple[float, float, float, float]) -> None:
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


def _box(
    axes: Axes,
    x: float,
    y: float,
    yaw: float,
    length: float,
    width: float,
    colour: str,
    dashed: bool = False,
) -> None:
    box = Boxes(*(np.array(v) for v in (x, y, yaw, length, width)))
    axes.add_patch(
        Polygon(
            box.corners(),
            closed=True,
            facecolor="none" if dashed else colour,
            edgecolor=colour,
            linestyle="--" if dashed else "-",
            alpha=1.0 if dashed else 0.55,
            linewidth=1.6,
            zorder=4 if dashed else 3,
        )
    )
    if not dashed:
        nose = 0.5 * length
        axes.plot(
            [x, x + nose * np.cos(yaw)], [y, y + nose * np.sin(yaw)], color=colour, lw=1, zorder=4
        )


def _beliefs(axes: Axes, run: Run, record: Mapping[str, Any], colours: Mapping[str, str]) -> None:
    """Where each driver involved believed the others involved to be: dashed, in its own colour."""
    percepts = run.percepts(record["scenario"], (record["tick"], record["tick"]))
    involved = pa.array(list(colours), pa.string())
    mask = pc.and_(
        pc.is_in(percepts["driver"].cast("string"), value_set=involved),
        pc.is_in(percepts["object"].cast("string"), value_set=involved),
    )
    for row in percepts.filter(mask).to_pylist():
        if row["registered"]:
            _box(
                axes,
                row["believed_x_m"],
                row["believed_y_m"],
                row["believed_yaw_rad"],
                row["believed_length_m"],
                row["believed_width_m"],
                colours[row["driver"]],
                dashed=True,
            )


def _legend(axes: Axes, record: Mapping[str, Any], colours: Mapping[str, str]) -> None:
    for actor in record["actors"]:
        style = f" ({actor['style']})" if actor["style"] else ""
        axes.plot([], [], color=colours[actor["name"]], lw=4, label=f"{actor['name']}{style}")
    for actor in record["actors"]:
        if actor["style"]:
            label = f"where {actor['name']} believed the others"
            axes.plot([], [], color=colours[actor["name"]], lw=1.6, ls="--", label=label)
    axes.legend(loc="upper right", fontsize=8, framealpha=0.9)
