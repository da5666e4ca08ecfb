"""``hdsim scenarios``: look at scenario files without running them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hdsim.core.data import data_dir
from hdsim.core.errors import InputError
from hdsim.driver.load import load_profile
from hdsim.driver.mix import load_mix
from hdsim.road.maps import find_map
from hdsim.scenario.expand import Batch, expand, load_scenario
from hdsim.scenario.schema import Scenario

app = typer.Typer(help="Scenario files: list, check, schema, expand.", no_args_is_help=True)


@app.command("list")
def list_scenarios() -> None:
    """The scenario files that come with HDSim."""
    table = Table("file", "map", "ego", "description")
    for path in sorted(data_dir("scenarios").glob("*.yaml")):
        scenario = load_scenario(path)
        table.add_row(path.name, scenario.map, scenario.ego.agent, scenario.description)
    Console().print(table)


@app.command()
def check(files: list[Path]) -> None:
    """Checks scenario files with the maps, routes, mixes and profiles they name."""
    wrong: list[InputError] = []
    for path in files:
        try:
            batch = expand(path)
            _check_names(batch, path.resolve().parent)
        except InputError as error:
            wrong.append(error)
            typer.echo(str(error), err=True)
        else:
            typer.echo(f"{path}: ok, {len(batch.tasks)} scenarios")
    if wrong:
        raise typer.Exit(InputError.exit_code)


def _check_names(batch: Batch, beside: Path) -> None:
    """Looks up every map, mix and profile of a batch once."""
    for name in dict.fromkeys(task.map for task in batch.tasks):
        find_map(name, batch.document.where("map"))
    for agent in dict.fromkeys(task.agent for task in batch.tasks):
        if agent.startswith("hdsim:"):
            load_profile(agent.removeprefix("hdsim:"), beside)
    for task in {task.mix_label: task for task in batch.tasks}.values():
        if isinstance(task.traffic.mix, str):
            load_mix(task.traffic.mix, beside)
        else:
            for profile in task.traffic.mix:
                load_profile(profile, beside)


@app.command()
def schema() -> None:
    """JSON Schema of a scenario file, for editors."""
    typer.echo(json.dumps(Scenario.model_json_schema(by_alias=True), indent=2))


@app.command("expand")
def expand_file(
    path: Path,
    full: Annotated[bool, typer.Option(help="Whole tasks as JSON lines, not their ids.")] = False,
) -> None:
    """The concrete scenarios of a file, one a line."""
    for task in expand(path).tasks:
        typer.echo(task.model_dump_json() if full else task.id)
