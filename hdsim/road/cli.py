"""``hdsim maps``: which maps there are, what is wrong with one, and what it looks like."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from hdsim.core.errors import InputError
from hdsim.road.cache import load_furniture, load_lane_graph
from hdsim.road.checks import Finding, Severity, check_map
from hdsim.road.checks.drive import check_drive
from hdsim.road.draw import draw_map
from hdsim.road.maps import MapSource, find_map, known_maps, read_map
from hdsim.road.signs import GIVE_WAY
from hdsim.road.spawn import spawn_points

app = typer.Typer(help="Maps: list, check, draw.", no_args_is_help=True)
# Files and pipes get tables wide enough not to fold.
out = Console(width=None if sys.stdout.isatty() else 140)

MapArguments = Annotated[list[str], typer.Argument(help="Towns, .xodr files or built-in maps.")]
_PICTURES = (".png", ".svg", ".pdf")


@app.command("list")
def list_maps() -> None:
    """The built-in maps and the towns found in HDSIM_MAPS and CARLA_ROOT."""
    table = Table("map", "from")
    for column in ("lanes [km]", "junctions", "signals", "give-way signs", "crosswalks", "spawn"):
        table.add_column(column, justify="right")
    for name in known_maps():
        try:
            source = find_map(name)
            table.add_row(name, _origin(source), *_sizes(source))
        except InputError as error:
            table.add_row(name, f"not usable: {error}")
    out.print(table)


def _origin(source: MapSource) -> str:
    return "built in" if source.path is None else str(source.path.parent)


def _sizes(source: MapSource) -> list[str]:
    graph = load_lane_graph(source.name, source.xodr)
    furniture = load_furniture(source.xodr, graph)
    return [
        f"{float(graph.length.sum()) / 1000.0:.1f}",
        str(len(np.unique(graph.junction[graph.junction >= 0]))),
        str(len(graph.signals)),
        str(sum(sign.kind in GIVE_WAY for sign in furniture.signs)),
        str(len(furniture.crosswalks)),
        str(len(spawn_points(graph))),
    ]


@app.command()
def check(maps: MapArguments) -> None:
    """Errors and warnings of map files, with their lines; ends with 2 if one has an error."""
    wrong = False
    for name in maps:
        try:
            source = read_map(name, "maps check")
            where = source.name if source.path is None else str(source.path)
            found = check_map(source.xodr, where)
            if all(f.severity is Severity.WARNING for f in found):
                graph = load_lane_graph(source.name, source.xodr)
                found += check_drive(graph, load_furniture(source.xodr, graph))
        except InputError as error:
            wrong = True
            out.print(f"error: {error}", markup=False, soft_wrap=True, highlight=False)
            continue
        wrong |= any(f.severity is Severity.ERROR for f in found)
        _print_findings(found, where)
    if wrong:
        raise typer.Exit(InputError.exit_code)


def _print_findings(found: list[Finding], where: str) -> None:
    for finding in found:
        text = f"{finding.severity}: {finding.as_error(where)}"
        out.print(text, markup=False, soft_wrap=True, highlight=False)
    errors = sum(f.severity is Severity.ERROR for f in found)
    counts = f"{errors} errors, {len(found) - errors} warnings" if found else "ok"
    out.print(f"{where}: {counts}", markup=False, soft_wrap=True, highlight=False)


@app.command()
def show(
    map_: Annotated[str, typer.Argument(metavar="MAP", help="Town, .xodr file or built-in map.")],
    picture: Annotated[Path, typer.Option("--out", help="Picture: .png, .svg or .pdf.")],
) -> None:
    """Draw a map: lanes with directions, signals, signs, crosswalks, spawn points."""
    if picture.suffix not in (".png", ".svg", ".pdf"):
        raise InputError(
            "--out", value=str(picture), expected="a name ending in .png, .svg or .pdf"
        )
    if not picture.parent.is_dir():
        raise InputError("--out", value=str(picture), expected="a folder that exists")
    source = find_map(map_, "maps show")
    graph = load_lane_graph(source.name, source.xodr)
    draw_map(graph, picture, load_furniture(source.xodr, graph), spawn_points(graph))
    out.print(f"{picture}", markup=False, highlight=False)
