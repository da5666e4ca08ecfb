"""``hdsim guidance``: look at compiled guidance, or write it to files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hdsim.driver.load import load_profile
from hdsim.guidance.compile import check_mode, compile_schedule
from hdsim.guidance.render import origin, schedule_view
from hdsim.guidance.schedule import Schedule

app = typer.Typer(
    no_args_is_help=True, help="Guidance: from a driver's style to what it perceives."
)

Guidance = Annotated[str, typer.Option("--guidance", help="offline | cached | live")]
Duration = Annotated[float, typer.Option("--duration", help="Longest drive it is for [s].")]


@app.command()
def show(
    profile: Annotated[str, typer.Argument(help="Name or file of a driver profile.")],
    guidance: Guidance = "offline",
    duration: Duration = 600.0,
    json: Annotated[bool, typer.Option("--json", help="The schedule as JSON.")] = False,
) -> None:
    """Print the guidance of one profile: words, programs, sources, origin."""
    schedule = compile_schedule(load_profile(profile), check_mode(guidance), duration)
    if json:
        typer.echo(schedule.to_json())
    else:
        Console().print(schedule_view(schedule))


@app.command(name="compile")
def compile_(
    profiles: Annotated[list[str], typer.Argument(help="Names or files of driver profiles.")],
    out: Annotated[Path, typer.Option(help="Folder for one JSON file a profile.")],
    guidance: Guidance = "offline",
    duration: Duration = 600.0,
) -> None:
    """Compile profiles to schedule files; with `--guidance live` this also fills the cache."""
    mode = check_mode(guidance)
    loaded = [load_profile(name) for name in profiles]
    out.mkdir(parents=True, exist_ok=True)
    for profile in loaded:
        schedule = compile_schedule(profile, mode, duration)
        path = out / f"{profile.name}.json"
        path.write_text(schedule.to_json() + "\n", encoding="utf-8")
        typer.echo(f"{path}: {_summary(schedule)}")


def _summary(schedule: Schedule) -> str:
    bad = [p for p in schedule.provenance if p.origin == "fallback"]
    text = (
        f"{1 + len(schedule.physiology) + len(schedule.attention)} programs, "
        f"{sum(p.repaired for p in schedule.provenance)} answers repaired, {len(bad)} fallbacks"
    )
    return "\n  ".join([text, *(f"{p.stage}: {origin(p)}" for p in bad)])
