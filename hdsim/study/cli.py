"""``hdsim study``: published experiments, run again with HDSim's drivers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hdsim.core.errors import InputError
from hdsim.study.experiments import EXPERIMENTS, chosen, conduct, write
from hdsim.study.finding import Finding

app = typer.Typer(no_args_is_help=True, help="Published experiments, run with HDSim's drivers.")
OutFlag = Annotated[Path, typer.Option("--out", help="Folder for the result (JSON, Parquet).")]
SeedsFlag = Annotated[str, typer.Option(help="Seeds, such as 1 or 1,2,3.")]
_FOLDER = Path("runs/study")


@app.command(name="driver-science")
def driver_science(
    only: Annotated[str, typer.Option(help="Experiments, separated by commas.")] = "",
    list_: Annotated[bool, typer.Option("--list", help="List the experiments and end.")] = False,
    seeds: SeedsFlag = "1",
    size: Annotated[
        float, typer.Option(min=0.05, max=20.0, help="Factor on the numbers of replications.")
    ] = 1.0,
    folder: OutFlag = _FOLDER,
) -> None:
    """Simulated outcomes beside published ones, with intervals: pass or miss."""
    out = Console(width=None if sys.stdout.isatty() else 150)
    if list_:
        for name, run in EXPERIMENTS.items():
            doc = (sys.modules[run.__module__].__doc__ or "").strip().splitlines()[0]
            out.print(f"{name}: {doc}", markup=False)
        return
    names = chosen([part.strip() for part in only.split(",") if part.strip()])
    found: list[Finding] = []
    for name, seconds, findings in conduct(names, numbers(seeds), size):
        found += findings
        out.print(_table(f"{name} ({seconds:.0f} s)", findings))
    passed = sum(f.verdict == "pass" for f in found)
    missed = sum(f.verdict == "MISS" for f in found)
    out.print(f"{passed} pass, {missed} miss, {len(found) - passed - missed} without a target")
    command = " ".join(["hdsim", *sys.argv[1:]])
    about = {"command": command, "seeds": numbers(seeds), "size": size}
    for path in write(folder, "driver-science", [f.row() for f in found], about):
        out.print(f"written: {path}", markup=False)


def numbers(text: str) -> list[int]:
    """Seeds from a flag.

    Raises:
        InputError: If they are not whole numbers.
    """
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError("--seeds", value=text, expected="whole numbers: 1 or 1,2,3") from None


def _table(title: str, findings: list[Finding]) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in ("outcome", "simulated", "95 %", "n", "published", "source", ""):
        table.add_column(heading)
    for f in findings:
        unit = "" if f.unit == "1" else f" {f.unit}"
        source = f"{f.target.source} [{f.target.mark}]" if f.target else ""
        table.add_row(
            f.outcome + (" (validation)" if f.validation else ""),
            f"{f.value:.3g}{unit}",
            f"{f.low:.3g} to {f.high:.3g}",
            str(f.n),
            f.target.text if f.target else "",
            source,
            f.verdict,
            style="red" if f.verdict == "MISS" else None,
        )
    return table
