"""``hdsim guidance rehearse`` and ``record-scenes``: the dry run, and what it is run on."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from hdsim.guidance.compile import check_mode, schedule_of
from hdsim.record.run import Run
from hdsim.run.rehearsal.percepts import Audience
from hdsim.run.rehearsal.record import SCENE_S, record
from hdsim.run.rehearsal.rehearse import Rehearsed, problems, rehearse
from hdsim.run.rehearsal.scenes import OWN_SCENES, load, save


def rehearse_command(
    profile: Annotated[str, typer.Argument(help="Profile, or schedule file (.json).")],
    scenes: Annotated[Path, typer.Option(help="Recorded scenes; left out: HDSim's.")] = OWN_SCENES,
    guidance: Annotated[str, typer.Option(help="offline | cached | live")] = "offline",
) -> None:
    """Try a driver's programs out on recorded scenes and a simple route, as a model's have to be.

    Ends with 1 if nobody could drive by them.
    """
    audience = Audience(load(scenes))
    schedule = schedule_of(profile, check_mode(guidance), rehearse=problems)
    cases = list(product(schedule.physiology, schedule.attention))
    programs = [(schedule.personality, *case) for case in cases]
    table = _table(schedule.name)
    wrong = []
    for number, result in enumerate(rehearse(schedule.driver, programs, audience)):
        slow, pool = divmod(number, len(schedule.attention))
        table.add_row(f"state {slow}, episode {pool}", *_cells(result))
        wrong += result.problems
    console = Console()
    console.print(table)
    for problem in dict.fromkeys(wrong):
        console.print(problem, markup=False)
    if wrong:
        raise typer.Exit(1)


def record_scenes_command(
    run: Annotated[Path, typer.Argument(help="Run directory.")],
    scenario: Annotated[str, typer.Argument(help="Id of a scenario of the run.")],
    at: Annotated[list[float], typer.Option("--at", help="When a scene begins [s]; repeat it.")],
    out: Annotated[Path, typer.Option(help="The file (.npz).")],
) -> None:
    """Cut scenes out of a recorded run, for `hdsim guidance rehearse --scenes`."""
    scenes = record(Run.open(run), scenario, at)
    save(scenes, out)
    typer.echo(f"{out}: {len(scenes)} scenes of {SCENE_S:g} s, {len(scenes.names)} vehicles")


def _table(name: str) -> Table:
    table = Table(title=f"Dry run of {name}", box=SIMPLE)
    table.add_column("programs")
    for title in ("gap seen / true", "leaders seen", "reds lost", "route, s", "verdict"):
        table.add_column(title, justify="right")
    return table


def _cells(result: Rehearsed) -> tuple[str, ...]:
    least, median, most = result.seen.ratio
    times = ", ".join(
        f"{d.seconds:.0f}" if np.isfinite(d.seconds) else "not there" for d in result.drives
    )
    return (
        f"{median:.2f} ({least:.2f}-{most:.2f})",
        f"{result.seen.noticed_share:.0%}",
        f"{result.seen.lost_share:.0%}",
        times,
        "no" if result.problems else "good",
    )
