"""The command line: ``hdsim run | report | replay | verify | drivers | scenarios | ...``."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from hdsim import __version__
from hdsim.core.errors import HdsimError, InfrastructureError, InputError
from hdsim.driver.cli import app as drivers_app
from hdsim.guidance.cli import app as guidance_app
from hdsim.guidance.compile import check_mode
from hdsim.guidance.notes import notes
from hdsim.guidance.schedule import Schedule
from hdsim.live import LiveDisplay
from hdsim.record.run import Run
from hdsim.record.schema import Status
from hdsim.report.tables import tables
from hdsim.road.cache import load_lane_graph
from hdsim.road.cli import app as maps_app
from hdsim.road.maps import find_map
from hdsim.run import control_arm
from hdsim.run.batch import Options, run_batch
from hdsim.run.rehearsal.cli import record_scenes_command, rehearse_command
from hdsim.run.replay import replay_failure
from hdsim.run.replay import verify as verify_run
from hdsim.run.worker import Address
from hdsim.scenario.cli import app as scenarios_app
from hdsim.scenario.expand import expand
from hdsim.server.physics.profiles import Physics
from hdsim.server.serve import Watch, serve
from hdsim.study.cli import app as study_app

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Human-like traffic for CARLA that finds out where an autopilot fails, and why.",
)
app.add_typer(drivers_app, name="drivers")
guidance_app.command(name="rehearse")(rehearse_command)
guidance_app.command(name="record-scenes")(record_scenes_command)
app.add_typer(guidance_app, name="guidance")
app.add_typer(scenarios_app, name="scenarios")
app.add_typer(maps_app, name="maps")
app.add_typer(study_app, name="study")
# Files and pipes get tables wide enough not to fold.
out = Console(width=None if sys.stdout.isatty() else 140)

CarlaFlag = Annotated[
    str, typer.Option("--carla", help="HOST:PORT of a running CARLA; left out: embedded servers.")
]
# A scenario keeps two cores busy, one for the client and one for its server: more workers than half
# the cores take turns on them and finish no sooner.
WORKERS = max(1, (os.cpu_count() or 2) // 2)
WorkersFlag = Annotated[
    int,
    typer.Option(min=1, help="Scenarios at a time; default: half the cores.", show_default=False),
]
RunArgument = Annotated[Path, typer.Argument(help="A run directory.")]


@app.command()
def run(
    scenario: Annotated[Path, typer.Argument(help="Scenario file.")],
    folder: Annotated[
        Path | None, typer.Option("--out", help="Run directory; default runs/NAME.")
    ] = None,
    carla: CarlaFlag = "",
    workers: WorkersFlag = WORKERS,
    guidance: Annotated[str, typer.Option(help="offline, cached or live.")] = "",
    only: Annotated[str, typer.Option(help="Run scenarios whose id contains this.")] = "",
    stall: Annotated[float, typer.Option(help="Kill a scenario stuck so long [s].")] = 120.0,
    force: Annotated[bool, typer.Option(help="Replace the run directory.")] = False,
) -> None:
    """Run a batch of scenarios and log where the ego fails.

    Ends with 2 if a scenario had bad input, with 3 if one gave no result for another reason.
    """
    batch = expand(scenario)
    if only:
        batch = batch.only(only)
    options = Options(
        workers=1 if carla else workers,
        stall_s=stall,
        address=address(carla),
        guidance=check_mode(guidance) if guidance else None,
        command=" ".join(["hdsim", *sys.argv[1:]]),
    )
    folder = folder or Path("runs") / batch.name
    if force:
        remove_run(folder)
    with LiveDisplay(out, [task.id for task in batch.tasks]) as live:
        run_batch(batch, folder, options, live.update)
    finished = Run.open(folder)
    print_report(finished)
    raise typer.Exit(exit_code(finished))


@app.command()
def report(
    folder: RunArgument,
    failures: Annotated[int, typer.Option(help="How many failures to list.")] = 20,
) -> None:
    """Print the tables of a run: scores, failures, what gave no result."""
    print_report(Run.open(folder), failures)


@app.command()
def replay(
    folder: RunArgument,
    failure: Annotated[str, typer.Option(help="Id of the failure, or enough of it.")],
    carla: CarlaFlag = "",
    keep: Annotated[
        Path | None, typer.Option("--out", help="Keep the replay's own run directory here.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Write a bird's-eye picture of the failure (PNG).")
    ] = None,
) -> None:
    """Run a failure's scenario again and check that it fails at the same tick."""
    recorded = Run.open(folder)
    with tempfile.TemporaryDirectory() as scratch:
        place = keep or Path(scratch) / "replay"
        scenario = recorded.failure(failure)["scenario"]
        with LiveDisplay(out, [scenario]) as live:
            again = replay_failure(recorded, failure, place, address(carla), live.update)
        if picture is not None and again.again is not None:
            from hdsim.report.picture import picture as draw

            source = find_map(recorded.task(scenario)["map"])
            lanes = load_lane_graph(source.name, source.xodr)
            draw(Run.open(place), again.again["id"], picture, lanes)
    was = again.failure
    if again.same:
        out.print(f"the same: {was['kind']} at tick {was['tick']} ({was['time_s']:.2f} s)")
        return
    now = f"at tick {again.again['tick']}" if again.again else "did not happen"
    out.print(f"DIFFERENT: {was['kind']} was at tick {was['tick']}, now {now}")
    raise typer.Exit(1)


@app.command()
def explain(
    folder: RunArgument,
    failure: Annotated[str, typer.Option(help="Id of a failure, or enough of it.")] = "",
    before: Annotated[float, typer.Option(help="So long before the failure [s].")] = 0.0,
    scenario: Annotated[str, typer.Option(help="Instead of a failure: a scenario ...")] = "",
    tick: Annotated[int, typer.Option(help="... and a tick of it.")] = -1,
    driver: Annotated[
        list[str] | None, typer.Option(help="Only these drivers; those involved by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As data.")] = False,
) -> None:
    """What drivers believed beside what was so, and which operation and trait caused each error.

    Worked out from the log alone, without a server.
    """
    from hdsim.report.beliefs import beliefs_text
    from hdsim.run.explain import beliefs_at

    recorded = Run.open(folder)
    names = list(driver or [])
    if failure:
        found = recorded.failure(failure)
        scenario = found["scenario"]
        tick = max(0, found["tick"] - round(before / recorded.task(scenario)["step_s"]))
        driven = {a["name"] for a in found["actors"] if a["style"]}
        names = names or sorted(driven)
        if not names:
            raise InputError(str(folder), "failure", found["id"], "one that an HDSim driver is in")
    elif not scenario or tick < 0:
        raise InputError("hdsim explain", expected="--failure ID, or --scenario ID and --tick N")
    beliefs = beliefs_at(recorded, scenario, tick, names)
    if as_json:
        out.print_json(data=beliefs)
        return
    out.print(f"{scenario}, tick {tick}", markup=False)
    for record in beliefs:
        for line in beliefs_text(record):
            out.print(line, markup=False)


@app.command()
def verify(
    folder: RunArgument,
    scenario: Annotated[list[str] | None, typer.Option(help="Only these; all by default.")] = None,
    carla: CarlaFlag = "",
    workers: WorkersFlag = WORKERS,
) -> None:
    """Run a batch again and name the first tick and actor that differ, if any."""
    recorded = Run.open(folder)
    different = 0
    names = scenario or [r["scenario"] for r in recorded.scenarios.to_pylist() if r["hash"]]
    with LiveDisplay(out, names) as live:
        for name, difference in verify_run(
            recorded, scenario or [], workers, address(carla), live.update
        ):
            different += difference is not None
            live.console.print(f"{name}: {difference or 'the same'}", markup=False)
    out.print(f"{len(names) - different} of {len(names)} the same")
    if different:
        raise typer.Exit(1)


@app.command()
def server(
    town: Annotated[str, typer.Option("--map", help="Town, .xodr file or built-in map.")] = "grid",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 2000,
    stub_cameras: Annotated[
        bool, typer.Option("--stub-cameras", help="Let cameras be spawned: they send blank frames.")
    ] = False,
    physics: Annotated[
        Physics, typer.Option(help="Very grippy cars as CARLA's, or published limits.")
    ] = Physics.CARLA,
    recordings: Annotated[
        Path | None, typer.Option(help="Folder for what clients record with start_recorder.")
    ] = None,
    navigation: Annotated[
        bool, typer.Option(help="Serve the navigation mesh that AI walkers walk on.")
    ] = True,
    record_wire: Annotated[
        Path | None, typer.Option(help="Write all that is sent to this file.")
    ] = None,
    profile: Annotated[
        Path | None, typer.Option(help="Write where the time goes to this file.")
    ] = None,
) -> None:
    """Serve a map to any CARLA client: no Unreal, no GPU."""
    watch = Watch(record_wire, profile)
    serve(
        town, host, port, watch=watch, stub_cameras=stub_cameras, physics=physics,
        recordings=recordings, navigation=navigation,
    )  # fmt: skip


def version(wanted: bool) -> None:
    """Prints the version and ends."""
    if wanted:
        out.print(f"hdsim {__version__}")
        raise typer.Exit()


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Human-like traffic for CARLA that finds out where an autopilot fails, and why."""


def address(text: str) -> Address:
    """``HOST:PORT`` to an address; an empty text means the embedded server.

    Raises:
        InputError: If it is neither.
    """
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise InputError("--carla", value=text, expected="HOST:PORT")
    return host, int(port)


def remove_run(folder: Path) -> None:
    """Removes a run directory, and nothing that is not one.

    Raises:
        InputError: If the folder holds something else.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not (folder / "run.json").is_file():
        raise InputError("--force", value=str(folder), expected="a run directory to replace")
    shutil.rmtree(folder)


def exit_code(finished: Run) -> int:
    """0 when every scenario that could be run gave a result, 2 for bad input, 3 otherwise."""
    statuses = {Status(row["status"]) for row in finished.scenarios.to_pylist()}
    missing = {s for s in statuses if not s.is_result} - {Status.ROUTE_UNFIT}
    if not missing:
        return 0
    return InputError.exit_code if missing == {Status.BAD_INPUT} else InfrastructureError.exit_code


def print_report(recorded: Run, failures: int = 20) -> None:
    """The tables, and how to replay the first failure."""
    for table in tables(recorded, failures, out.width):
        out.print(table)
    for path in sorted((recorded.path / "guidance").glob("*.json")):
        for note in notes(Schedule.load(path)):
            out.print(note, markup=False, soft_wrap=True)
    for note in control_arm.notes(recorded):
        out.print(note, markup=False, soft_wrap=True)
    found: list[dict[str, Any]] = recorded.failures
    if found:
        out.print(f"failures in {recorded.path}: {len(found)}; replay one with", markup=False)
        # Called by its path from an environment that is not active, the command keeps that path.
        command = "hdsim" if shutil.which("hdsim") else sys.argv[0]
        line = found[0]["replay"].replace("hdsim", command, 1)
        out.print(f"  {line}", markup=False, soft_wrap=True)
    else:
        out.print(f"no failures in {recorded.path}", markup=False)


def main() -> None:
    """Entry point: errors of users and of the infrastructure become one line and an exit code."""
    try:
        app()
    except HdsimError as error:
        Console(stderr=True).print(f"error: {error}", markup=False, soft_wrap=True, style="red")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
