"""A profile to its schedule, before the drive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from pathlib import Path
from typing import get_args

from hdsim.core.errors import InputError, did_you_mean
from hdsim.driver.layers import layer_state
from hdsim.driver.load import load_profile
from hdsim.driver.profile import DriverProfile
from hdsim.guidance import offline
from hdsim.guidance.ask import Asker
from hdsim.guidance.author import Author, ModelAuthor, Rehearse, Situation, TableAuthor
from hdsim.guidance.cache import AnswerCache, default_folder
from hdsim.guidance.checks import BadAnswer, check_together
from hdsim.guidance.endpoint import Chat, Endpoint
from hdsim.guidance.limits import Spending
from hdsim.guidance.lock import Lock, read_lock
from hdsim.guidance.schedule import Mode, Policies, Provenance, Schedule
from hdsim.guidance.settings import configured_endpoint, load_settings, model_name, prompt_size
from hdsim.guidance.uncertainty.decision import Rule
from hdsim.perception.catalogue import Layer, PerceptionProgram

# States are rounded to these steps before they are translated: a new program only for a change
# that matters, and one question to a model instead of one for every period.
FATIGUE_STEP = 0.05
BAC_STEP_G_PER_100ML = 0.005
_PROGRAMS = get_args(Layer)  # how the names of the stages begin that write programs
# A route's length is not known before its map is read: runs and locks are compiled for this long.
LONGEST_DRIVE_S = 1800.0


def check_mode(mode: str) -> Mode:
    """A guidance mode from a flag.

    Raises:
        InputError: If there is no such mode.
    """
    modes = get_args(Mode)
    if mode not in modes:
        expected = " | ".join(modes) + did_you_mean(mode, modes)
        raise InputError("--guidance", value=mode, expected=expected)
    return mode  # type: ignore[return-value]


def compile_schedule(
    profile: DriverProfile,
    mode: Mode = "offline",
    duration_s: float = 600.0,
    *,
    cache: AnswerCache | None = None,
    endpoint: Endpoint | None = None,
    authenticate: bool = True,
    rule: Rule | None = None,
    rehearse: Rehearse | None = None,
) -> Schedule:
    """Everything guidance says about a profile for a drive; see ``compile_schedules``."""
    (schedule,) = compile_schedules(
        [profile],
        mode,
        duration_s,
        cache=cache,
        endpoint=endpoint,
        authenticate=authenticate,
        rule=rule,
        rehearse=rehearse,
    )
    return schedule


def schedule_of(
    ref: str, mode: Mode = "offline", duration_s: float = 600.0, *, rehearse: Rehearse | None = None
) -> Schedule:
    """The schedule that a reference names: that of a ``.json`` file, or of a profile, compiled.

    Raises:
        InputError: If there is no such file or profile, or it is wrong.
    """
    if ref.endswith(".json"):
        return Schedule.load(Path(ref))
    return compile_schedule(load_profile(ref), mode, duration_s, rehearse=rehearse)


def compile_schedules(
    profiles: Sequence[DriverProfile],
    mode: Mode = "offline",
    duration_s: float = 600.0,
    *,
    cache: AnswerCache | None = None,
    endpoint: Endpoint | None = None,
    authenticate: bool = True,
    spending: Spending | None = None,
    lock: Lock | None = None,
    rule: Rule | None = None,
    rehearse: Rehearse | None = None,
    on_done: Callable[[Schedule], None] | None = None,
) -> list[Schedule]:
    """Everything guidance says about profiles for a drive, one schedule each, in their order.

    Args:
        profiles: The drivers. With ``baseline: none`` one is an ideal observer plus its traits and
            always compiled from the tables, as a control arm has to be.
        mode: ``offline``: tables. ``live``: a model, or its earlier answer. ``cached``: earlier
            answers only.
        duration_s: Longest time the drive can take [s]; later times use the last period.
        cache: Where answers are kept; the default folder if left out.
        endpoint: The model; as configured (``guidance.settings``) if left out.
        authenticate: Whether a model's answers must be authentic; see ``guidance.authenticate``.
        spending: Where calls and tokens are counted.
        lock: Schedules that are not compiled anew; those of the settings' lock file if left out.
        rule: How many answers a program may have and when one is good enough; that of the settings
            if left out.
        rehearse: The dry run that a model's programs have to pass beside the checks
            (``hdsim.run.rehearsal.rehearse.problems``, which the command line and runs use);
            none if left out.
        on_done: Called with each schedule when it is ready, from any thread.

    Raises:
        InputError: For a setting that is missing or wrong; in ``cached`` mode for a missing answer.
        InfrastructureError: If the model cannot be reached at all or refuses key or model.
    """
    if not 0.0 < duration_s < float("inf"):
        raise InputError("duration_s", value=duration_s, expected="a finite time above 0 (s)")
    if lock is None:
        named = load_settings().lock
        lock = read_lock(Path(named)) if named else Lock()
    locked = [lock.find(profile, mode) for profile in profiles]
    tables = TableAuthor()
    author: Author = tables
    workers = 1
    if mode != "offline" and any(
        known is None and profile.baseline != "none"
        for profile, known in zip(profiles, locked, strict=True)
    ):
        cache = cache or AnswerCache(default_folder())
        rule = rule or load_settings().uncertainty.rule
        chat = None
        if mode == "live":
            endpoint = endpoint or configured_endpoint()
            chat, workers = Chat(endpoint, spending), endpoint.concurrency
        model = endpoint.model if endpoint else model_name()
        size = endpoint.prompts if endpoint else prompt_size()
        asker = Asker(model, cache, chat, authenticate=authenticate, size=size)
        author = ModelAuthor(asker, rule, rehearse)

    def one(profile: DriverProfile, known: Schedule | None) -> Schedule:
        own = tables if profile.baseline == "none" else author
        schedule = known or _compile(profile, mode, duration_s, own)
        if known is None and own is not tables:
            schedule = _going_together(schedule, duration_s, rehearse)
        if on_done:
            on_done(schedule)
        return schedule

    if workers == 1:
        return [one(*pair) for pair in zip(profiles, locked, strict=True)]
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(one, *pair) for pair in zip(profiles, locked, strict=True)]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _compile(profile: DriverProfile, mode: Mode, duration_s: float, author: Author) -> Schedule:
    written_as = profile
    found, estimated = author.traits(profile)
    if found:
        profile = found.applied_to(profile)
    start = Situation("start", _state(profile, 0.0, 0.0))
    description, described = author.describe(profile, start)
    policies, stated = author.policies(profile, start, description)
    personality, written = author.program(
        profile, "personality", Situation("personality", {}), description, policies
    )
    physiology, cells, slow = _physiology(
        profile, duration_s, author, description, policies, personality
    )
    beside = [(personality, program) for program in physiology]
    pool = [
        author.program(
            profile,
            "attention",
            Situation(f"attention[{i}]", {}, name),
            description,
            policies,
            beside,
        )
        for i, name in enumerate(offline.variants(profile))
    ]
    return Schedule(
        profile=written_as,
        mode=mode,
        description=description,
        policies=policies,
        period_s=profile.physiology.period_s,
        blocked_edges_s=(offline.BLOCKED_AFTER_S,),
        personality=personality,
        physiology=physiology,
        cells=cells,
        moods=offline.mood_program(profile),
        slot_s=profile.physiology.period_s,
        attention=tuple(program for program, _ in pool),
        provenance=(
            *((estimated,) if estimated else ()),
            *(described, stated, written, *slow),
            *(origin for _, origin in pool),
        ),
        estimate=found,
    )


def _going_together(schedule: Schedule, duration_s: float, rehearse: Rehearse | None) -> Schedule:
    """A model's schedule; the tables' where their stand-ins do not go with its other programs.

    A model's own programs have been checked against each other when they were written.
    """
    origins = {p.origin for p in schedule.provenance if p.stage.startswith(_PROGRAMS)}
    if origins != {"model", "fallback"}:
        return schedule
    cases = [
        (schedule.personality, physiology, attention)
        for physiology in schedule.physiology
        for attention in schedule.attention
    ]
    try:
        for programs in cases:
            check_together(programs[:2])
            check_together(programs)
        if rehearse and (problems := rehearse(schedule.driver, cases[:1] + cases[1:][-1:])):
            raise BadAnswer("; ".join(problems))
    except BadAnswer as problem:
        tables = _compile(schedule.driver, "offline", duration_s, TableAuthor())
        reason = f"the tables' programs do not go with the model's others: {problem}"
        fallen = {"origin": "fallback", "reason": reason, "repaired": False}
        return schedule.model_copy(
            update={
                "personality": tables.personality,
                "physiology": tables.physiology,
                "cells": tables.cells,
                "attention": tables.attention,
                "provenance": tuple(
                    p.model_copy(update=fallen) if _is_models_program(p) else p
                    for p in schedule.provenance
                ),
            }
        )
    return schedule


def _is_models_program(stage: Provenance) -> bool:
    return stage.origin == "model" and stage.stage.startswith(_PROGRAMS)


def _physiology(
    profile: DriverProfile,
    duration_s: float,
    author: Author,
    description: str,
    policies: Policies,
    personality: PerceptionProgram,
) -> tuple[tuple[PerceptionProgram, ...], tuple[tuple[int, ...], ...], list[Provenance]]:
    """Distinct programs, the table of cells into them, and the provenance of each state."""
    programs: list[PerceptionProgram] = []
    origins: list[Provenance] = []
    known: dict[tuple[tuple[str, float], ...], int] = {}
    cells = []
    for period in range(max(1, ceil(duration_s / profile.physiology.period_s))):
        row = []
        for blocked_s in (0.0, offline.BLOCKED_AFTER_S):
            state = _state(profile, period * profile.physiology.period_s, blocked_s)
            asked = tuple(sorted(state.items()))
            if asked not in known:
                said = ", ".join(f"{name} {value:g}" for name, value in state.items())
                program, origin = author.program(
                    profile,
                    "physiology",
                    Situation(f"physiology[{said}]", state),
                    description,
                    policies,
                    [(personality,)],
                )
                if program not in programs:
                    programs.append(program)
                known[asked] = programs.index(program)
                origins.append(origin)
            row.append(known[asked])
        cells.append(tuple(row))
    return tuple(programs), tuple(cells), origins


def _state(profile: DriverProfile, t_s: float, blocked_s: float) -> dict[str, float]:
    state = layer_state(profile, t_s)
    return {
        "fatigue": round(round(state["fatigue"] / FATIGUE_STEP) * FATIGUE_STEP, 6),
        "alcohol": round(round(state["alcohol"] / BAC_STEP_G_PER_100ML) * BAC_STEP_G_PER_100ML, 6),
        "blocked_s": blocked_s,
    }
