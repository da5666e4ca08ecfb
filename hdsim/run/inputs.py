"""A scenario's inputs made complete: who drives what, and by which programs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from hdsim.core.errors import InputError
from hdsim.driver.load import find, folders, is_path, load_profile
from hdsim.driver.mix import Mix, assign, load_mix
from hdsim.driver.profile import DriverProfile
from hdsim.guidance.compile import LONGEST_DRIVE_S, compile_schedules
from hdsim.guidance.schedule import Mode, Schedule
from hdsim.record.run import Run
from hdsim.road.maps import find_map
from hdsim.run.rehearsal.rehearse import problems
from hdsim.run.stage import ego_profile
from hdsim.scenario.task import ScenarioTask

# Profile of whoever rides a bicycle: the mix is of car drivers.
_CYCLIST = "normal"


def resolve(task: ScenarioTask, mode: Mode | None = None) -> ScenarioTask:
    """The task with its mix dealt out to drivers.

    Args:
        task: As expanded from a file.
        mode: Replaces the file's guidance mode.

    Raises:
        InputError: If the mix or one of its profiles is wrong.
    """
    count = task.traffic.vehicles
    drivers = assign(_mix(task), count, task.seed) if count else ()
    drivers += (_CYCLIST,) * task.traffic.cyclists
    return task.model_copy(update={"drivers": drivers, "guidance": mode or task.guidance})


def styles(task: ScenarioTask) -> list[str]:
    """Names of the profiles that drive in a resolved task, sorted."""
    ego = ego_profile(task)
    return sorted({*task.drivers, *([ego] if ego else [])})


def compile_guidance(tasks: Sequence[ScenarioTask]) -> dict[str, Schedule]:
    """The schedule of every profile that resolved tasks use, by name.

    Raises:
        InputError: If a profile is wrong, or one name means different things in two tasks.
        InfrastructureError: If a language model was asked for and cannot be reached.
    """
    wanted: dict[str, tuple[DriverProfile, Mode]] = {}
    seen: set[tuple[str, Path, Mode]] = set()
    for task in tasks:
        for name in styles(task):
            asked = (name, Path(task.source).parent, task.guidance)
            if asked in seen:
                continue
            seen.add(asked)
            profile, mode = _profile(task, name), _mode(task, name)
            if wanted.setdefault(name, (profile, mode)) != (profile, mode):
                raise InputError(
                    task.source, value=name, expected="one profile and guidance of this name"
                )
    schedules: dict[str, Schedule] = {}
    for mode in dict.fromkeys(mode for _, mode in wanted.values()):
        names = [name for name, (_, own) in wanted.items() if own == mode]
        profiles = [wanted[name][0] for name in names]
        made = compile_schedules(profiles, mode, LONGEST_DRIVE_S, rehearse=problems)
        schedules |= dict(zip(names, made, strict=True))
    return {name: schedules[name] for name in wanted}


def _mode(task: ScenarioTask, name: str) -> Mode:
    """The task's guidance mode; a profile that only sets parameters needs no model."""
    perceives = task.traffic.driven_by == "hdsim" or name == ego_profile(task)
    return task.guidance if perceives else "offline"


def recorded_guidance(run: Run, task: ScenarioTask) -> dict[str, Schedule]:
    """The schedules that a run recorded for a task: replays ask no model and read no profile.

    Raises:
        InputError: If the run lacks one.
    """
    return {
        name: Schedule.from_json(run.schedule_json(name), f"{run.path}/guidance/{name}.json")
        for name in styles(task)
    }


def map_digest(task: ScenarioTask) -> str:
    """SHA-256 of the OpenDRIVE text of a task's map.

    Raises:
        InputError: If the map is missing or wrong.
    """
    return hashlib.sha256(find_map(task.map, task.source).xodr.encode()).hexdigest()


def _profile(task: ScenarioTask, name: str) -> DriverProfile:
    """A profile by name, or from the file that the scenario names instead of a mix."""
    wanted, near = task.traffic.mix, Path(task.source).parent
    if isinstance(wanted, str) and is_path(wanted) and find(name, folders(near)) is None:
        return load_profile(wanted, near)
    return load_profile(name, near)


def _mix(task: ScenarioTask) -> Mix:
    wanted = task.traffic.mix
    near = Path(task.source).parent
    if isinstance(wanted, str):
        return load_mix(wanted, near)
    for name in wanted:
        load_profile(name, near)
    return Mix(name=task.mix_label, shares=dict(wanted))
