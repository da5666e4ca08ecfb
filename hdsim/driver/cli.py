"""``hdsim drivers``: list, show and check driver profiles and traffic mixes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hdsim.core.errors import InputError, did_you_mean
from hdsim.driver.hierarchy import load_hierarchy
from hdsim.driver.layers import layer_state
from hdsim.driver.load import folders, load_profile, names
from hdsim.driver.mix import Mix, load_mix, mix_profiles
from hdsim.driver.new import new_profile
from hdsim.driver.profile import DriverProfile, ProfileFile
from hdsim.driver.show import as_data, edges_table, view
from hdsim.guidance.compile import check_mode, compile_schedule
from hdsim.guidance.notes import notes, unheard_description
from hdsim.guidance.render import schedule_view
from hdsim.preview.page import preview as write_preview
from hdsim.run.rehearsal.rehearse import problems

app = typer.Typer(no_args_is_help=True, help="Driver profiles and traffic mixes.")


@app.command(name="list")
def list_() -> None:
    """List every profile and mix that a scenario can name."""
    table = Table()
    for heading in ("profile", "personality", "physiology", "attention"):
        table.add_column(heading, no_wrap=heading == "profile")
    for name in names(folders()):
        profile = load_profile(name)
        table.add_row(*(Text(text) for text in (name, *_layers(profile))))
    console = Console()
    console.print(table)
    for name in names(folders(inside="mixes")):
        mix = load_mix(name)
        parts = ", ".join(f"{k} {v:g}" for k, v in (mix.shares or mix.counts).items())
        console.print(Text(f"mix {name}: {parts}"))


def _layers(profile: DriverProfile) -> tuple[str, str, str]:
    """The three layers in words: what differs from an ordinary driver."""
    traits = profile.personality.model_dump(exclude_defaults=True)
    if profile.baseline == "none":
        traits["baseline"] = "none"
    state = {k: v for k, v in layer_state(profile, 0.0).items() if k != "elapsed_s" and v > 0.0}
    physiology = profile.physiology
    state |= {k: v for k in ("anger", "hurry") if (v := getattr(physiology, k).level) > 0.0}
    if physiology.hurry.time_allowed is not None or physiology.hurry.deadline_s is not None:
        state.setdefault("hurry when late", 1.0)
    distraction = profile.attention.distraction
    return (
        ", ".join(f"{k} {v}" for k, v in traits.items()) or "normal",
        ", ".join(f"{k} {v:.3g}" for k, v in state.items()) or "normal",
        f"{distraction.kind}, {distraction.episodes_per_s:g}/s" if distraction else "normal",
    )


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name or file of a profile.")],
    task: Annotated[
        str, typer.Option(help="While busy with this secondary task, such as text or talk.")
    ] = "",
    programs: Annotated[
        bool, typer.Option("--programs/--no-programs", help="Also what becomes of perception.")
    ] = True,
    guidance: Annotated[
        str, typer.Option("--guidance", help="offline | cached | live: traits from words too.")
    ] = "offline",
    as_json: Annotated[bool, typer.Option("--json", help="The quantities as JSON.")] = False,
) -> None:
    """Show a driver's quantities by layer: value, normal, equation, source; then its programs."""
    schedule = compile_schedule(load_profile(name), check_mode(guidance), rehearse=problems)
    profile = schedule.driver
    doing = _task(task)
    if as_json:
        typer.echo(json.dumps(as_data(profile, doing), indent=1))
        return
    console = Console()
    console.print(view(profile, doing))
    if programs:
        console.print(schedule_view(schedule))
    for note in notes(schedule):
        console.print(Text(note, style="yellow"))


def _task(name: str) -> str | None:
    known = tuple(load_hierarchy().tasks)
    if name and name not in known:
        raise InputError(
            "--task", value=name, expected=f"{' | '.join(known)}{did_you_mean(name, known)}"
        )
    return name or None


@app.command()
def hierarchy() -> None:
    """List every edge of the hierarchy: what moves what, by which equation, from which source."""
    Console().print(edges_table())


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Profile or mix files.")],
) -> None:
    """Check files; prints every complaint and exits with 2 if there is any."""
    wrong = 0
    for path in files:
        try:
            mix = load_mix(_as_path(path))
            if mix.profiles != (path.stem,):  # else it is a profile, loaded already
                mix_profiles(mix, _home(path))
            else:
                _say_what_is_unheard(path)
        except InputError as error:
            typer.echo(str(error), err=True)
            wrong += 1
        else:
            typer.echo(f"{path}: ok")
    if wrong:
        raise typer.Exit(InputError.exit_code)


def _say_what_is_unheard(path: Path) -> None:
    if note := unheard_description(load_profile(_as_path(path))):
        typer.echo(f"{path}: {note}")


def _home(path: Path) -> Path:
    """The folder whose ``drivers/`` the file is in, else the file's own."""
    drivers = [folder for folder in path.resolve().parents if folder.name == "drivers"]
    return drivers[0].parent if drivers else path.parent


def _as_path(path: Path) -> str:
    return str(path) if "/" in str(path) else f"./{path}"


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Of the new profile.")],
    extends: Annotated[str, typer.Option("--from", help="Profile to start from.")] = "normal",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Value by dotted key: physiology.alcohol.bac=0.05; repeatable."),
    ] = None,
    description: Annotated[str, typer.Option(help="The driver in plain words.")] = "",
    folder: Annotated[Path, typer.Option(help="Where to put it.")] = Path("drivers"),
) -> None:
    """Start a profile from a preset, with completion in editors that know JSON Schema."""
    values = {}
    for setting in settings or []:
        key, equals, value = setting.partition("=")
        if not (key and equals and value):
            raise InputError("--set", value=setting, expected="KEY=VALUE")
        values[key] = value
    path = new_profile(name, extends, values, description, folder)
    typer.echo(f"{path}: written; `hdsim drivers show {path}` shows what it does")


@app.command()
def preview(
    name: Annotated[str, typer.Argument(help="Name or file of a profile.")],
    out: Annotated[Path | None, typer.Option(help="The page; NAME.html when left out.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of every draw.")] = 1,
    drivers: Annotated[int, typer.Option(min=5, max=200, help="In the standard drive.")] = 30,
) -> None:
    """Drive a profile and write a page: what it perceives, how it drives, a clip from above."""
    profile = load_profile(name)
    path = out or Path(f"{profile.name}.html")
    if not path.parent.is_dir():
        raise InputError("--out", value=str(path), expected="a file in an existing folder")
    with Console(stderr=True).status(f"driving {profile.name} beside normal drivers"):
        write_preview(profile, path, seed, drivers)
    typer.echo(f"{path}: written; open it in a browser")


@app.command()
def schema(
    mix: Annotated[bool, typer.Option("--mix", help="Of traffic mixes instead.")] = False,
) -> None:
    """Print the JSON Schema of profile files, for editors."""
    typer.echo(json.dumps((Mix if mix else ProfileFile).model_json_schema(), indent=1))
