"""``hdsim study``: published experiments, run again with HDSim's drivers."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from hdsim.core.errors import InputError
from hdsim.run.batch import Options, run_batch
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
    about = {"command": _command(), "seeds": numbers(seeds), "size": size}
    for path in write(folder, "driver-science", [f.row() for f in found], about):
        out.print(f"written: {path}", markup=False)


@app.command()
def styles(
    trajectories: Annotated[
        int, typer.Option(min=30, help="Trajectories of each style, at least.")
    ] = 900,
    seconds: Annotated[float, typer.Option(min=10.0, help="Length of one [s].")] = 300.0,
    each: Annotated[int, typer.Option(min=1, help="Trajectories of a driver.")] = 1,
    seeds: Annotated[int, typer.Option(help="First seed; the drives take the following ones.")] = 1,
    traffic_manager: Annotated[
        int, typer.Option(min=0, help="Drives of the Traffic Manager arm; 0 for none.")
    ] = 60,
    workers: Annotated[int, typer.Option(min=1, help="Drives at a time.")] = 1,
    folder: OutFlag = _FOLDER,
) -> None:
    """Recognise styles from trajectories (Table 3 of the HDSim paper, in kind)."""
    from hdsim.study import styles as own
    from hdsim.study import tm_styles

    if 0 < traffic_manager < own.LEAST_DRIVES:
        raise InputError(
            "--traffic-manager", value=traffic_manager,
            expected=f"0, or {own.LEAST_DRIVES} and more: every third drive is for the test",
        )  # fmt: skip
    out = Console(width=None if sys.stdout.isatty() else 150)
    count = max(own.LEAST_DRIVES, -(-trajectories // (each * (own.CARS // len(own.STYLES)))))
    total, lengths = each * seconds, (seconds, seconds / own.SHORTER)
    parts, errors = [], []
    for part, error in own.drives(range(seeds, seeds + count), total, lengths, workers):
        parts.append(part)
        errors.append(error)
        out.print(f"{len(parts)} of {count} drives")
    data, short = (own.Trajectories.joined(of_length) for of_length in zip(*parts, strict=True))
    percept = dict(zip(own.STYLES, np.mean(errors, axis=0).tolist(), strict=True))
    rows = own.judged("hdsim", data, own.STYLES, percept)
    four = own.without(data, own.STYLES.index("normal"))
    rows += own.judged("hdsim, the paper's four", four, own.STYLES[:4], percept)
    rows += own.judged(f"hdsim, {lengths[1]:g} s", short, own.STYLES, percept)
    about = {
        "command": _command(), "seconds": seconds, "drives": count, "percept_error": percept,
        "features": own.importance(data), "traffic_manager_drives": 0,
    }  # fmt: skip
    out.print(_styles_table([row for row in rows if row["classifier"] == "mean"]))
    write(folder, "styles", rows, about)  # kept, whatever becomes of the control arm
    if traffic_manager:
        run = folder / "styles-tm"
        remove_run(run)
        batch = tm_styles.batch(range(seeds, seeds + traffic_manager), total)
        run_batch(batch, run, Options(workers=workers, command=_command()))
        arm = own.Trajectories.joined([d.cut(seconds) for d in tm_styles.drives(run, total)])
        control = own.judged("traffic manager", arm, tm_styles.STYLES)
        out.print(_styles_table([row for row in control if row["classifier"] == "mean"]))
        rows, about = rows + control, {**about, "traffic_manager_drives": traffic_manager}
    for path in write(folder, "styles", rows, about):
        out.print(f"written: {path}", markup=False)


@app.command()
def ego(
    routes: Annotated[str, typer.Option(help="Ids of routes, such as 1,4; all by default.")] = "",
    seeds: SeedsFlag = "1",
    workers: Annotated[int, typer.Option(min=1, help="Scenarios at a time.")] = 1,
    folder: OutFlag = _FOLDER,
) -> None:
    """Let stylised drivers drive the ego's routes (Table 4 of the HDSim paper, in kind)."""
    from hdsim.study import ego as own

    out = Console(width=None if sys.stdout.isatty() else 150)
    ids = [part.strip() for part in routes.split(",") if part.strip()]
    batch = own.batch(numbers(seeds), ids)
    run = folder / "ego"
    remove_run(run)

    def told(_: Mapping[str, Mapping[str, Any]], row: Mapping[str, Any] | None) -> None:
        if row is not None:
            out.print(
                f"{row['scenario']}: {row['status']}, score {row['driving_score']}, "
                f"completion {row['route_completion_pct']}",
                markup=False,
            )

    run_batch(batch, run, Options(workers=workers, command=_command()), told)
    rows = own.results(run)
    table = Table(title="stylised drivers as ego, normal traffic, Town01", title_justify="left")
    for heading in ("profile", "score", "drop", "95 %", "completion %", "n", "paper's drop", ""):
        table.add_column(heading)
    for r in rows:
        table.add_row(
            r["profile"], f"{r['driving_score']:.1f}", f"{r['drop']:.1f}",
            f"{r['low']:.1f} to {r['high']:.1f}", f"{r['route_completion_pct']:.1f}",
            str(r["n"]), f"{r['paper_drop']:.1f}", r["verdict"],
        )  # fmt: skip
    out.print(table)
    for path in write(folder, "ego", rows, {"command": _command(), "routes": ids or "all"}):
        out.print(f"written: {path}", markup=False)


@app.command(name="guidance-uncertainty")
def guidance_uncertainty(
    recordings: Annotated[
        list[Path] | None,
        typer.Argument(help="From hdsim guidance record; default: those with HDSim."),
    ] = None,
) -> None:
    """How well doubt tells wrong guidance, on recorded answers with known right ones."""
    from hdsim.guidance.uncertainty.calibration import RECORDINGS, lines
    from hdsim.guidance.uncertainty.recording import read_recording

    for path in recordings or sorted(RECORDINGS.glob("*.jsonl.gz")):
        for line in lines(read_recording(path)):
            typer.echo(line)
        typer.echo()


def _command() -> str:
    """What was called, but for where its results went."""
    words = ["hdsim", *(word for word in sys.argv[1:] if not word.startswith("--out="))]
    if "--out" in words:
        del words[(at := words.index("--out")) : at + 2]
    return " ".join(words)


def remove_run(folder: Path) -> None:
    """Makes room for a run of a study's own."""
    if (folder / "run.json").is_file():
        shutil.rmtree(folder)


def _styles_table(rows: list[dict[str, Any]]) -> Table:
    title = "F1 of styles recognised from trajectories, mean of three classifiers, held out"
    table = Table(title=title, title_justify="left")
    for heading in ("arm", "style", "F1 %", "95 %", "train / test", "aim", "percept error", ""):
        table.add_column(heading)
    for r in rows:
        error = "" if r["percept_error"] is None else f"{100.0 * r['percept_error']:.1f} %"
        table.add_row(
            r["arm"], r["style"], f"{r['f1_pct']:.1f}", f"{r['low']:.1f} to {r['high']:.1f}",
            f"{r['train']} / {r['test']}", "" if r["aim_pct"] is None else f"{r['aim_pct']:g}",
            error, r["verdict"], style="red" if r["verdict"] == "MISS" else None,
        )  # fmt: skip
    return table


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
