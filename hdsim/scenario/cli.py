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
from hdsim.scenario.expand import expand, load_scenario
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
    """Checks scenario files and the route files they name."""
    wrong: list[InputError] = []
    for path in files:
        try:
            batch = expand(path)
        except InputError as error:
            wrong.append(error)
            typer.echo(str(error), err=True)
        else:
            typer.echo(f"{path}: ok, {len(batch.tasks)} scenarios")
    if wrong:
        raise typer.Exit(InputError.exit_code)


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
