"""Every route of a Traffic Manager ego is first driven in an empty town.

A route that the adapter or the Traffic Manager cannot follow there says nothing about the ego in
traffic: its scenarios are named with the cause and get no score. The answer depends on map, route,
car and client version only and is kept in the cache folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hdsim import __version__
from hdsim.core.errors import InputError
from hdsim.record.schema import Status
from hdsim.road.cache import cache_dir
from hdsim.road.maps import find_map
from hdsim.run.pool import Heartbeat, Job, heartbeat_path, run_jobs
from hdsim.run.worker import Address, run_task, server_name
from hdsim.scenario.task import RoamRoute, ScenarioTask

# Raise it when the ego adapter changes what routes it can follow.
ADAPTER_VERSION = 3


@dataclass(frozen=True, slots=True)
class Fitness:
    """Why a route cannot be used.

    Attributes:
        status: What the scenarios on it are recorded as.
        cause: In words.
    """

    status: Status
    cause: str


def preflight_all(
    tasks: Sequence[ScenarioTask],
    live: Path,
    workers: int,
    stall_s: float,
    address: Address,
    on_progress: Callable[[Mapping[str, Mapping[str, Any]]], None],
) -> dict[str, Fitness]:
    """Scenarios that cannot be run, by id, each with the cause.

    Args:
        tasks: All scenarios of a batch.
        live: Folder of heartbeats.
        workers: Processes at a time.
        stall_s: As for scenarios [s].
        address: As for scenarios.
        on_progress: Called with heartbeats.
    """
    by_key: dict[str, list[ScenarioTask]] = {}
    unfit: dict[str, Fitness] = {}
    for task in tasks:
        if task.agent != "traffic_manager" or isinstance(task.route, RoamRoute):
            continue
        try:
            by_key.setdefault(_key(task, address), []).append(task)
        except InputError as error:
            unfit[task.id] = Fitness(Status.BAD_INPUT, str(error))
    verdicts = {key: _known(key) for key in by_key}
    jobs = [
        _job(f"empty town: {by_key[key][0].id}", _alone(by_key[key][0]), key, live, address)
        for key, verdict in verdicts.items()
        if verdict is None
    ]
    names = {job.name: job.args[1] for job in jobs}
    for end in run_jobs(jobs, live, workers, stall_s, on_progress):
        if end.kind == "done" and end.value is not None:
            verdicts[names[end.job.name]] = end.value
            _remember(names[end.job.name], end.value)
        # A failure of the infrastructure says nothing of the route: the scenarios run, and record
        # it themselves if it comes again.
    for key, verdict in verdicts.items():
        if verdict is not None and verdict["ended"] != "arrived":
            cause = (
                f"in an empty town this ego ends with {verdict['ended']} after "
                f"{verdict['route_completion_pct']:.0f} % of the route"
            )
            for task in by_key[key]:
                unfit[task.id] = Fitness(Status.ROUTE_UNFIT, cause)
    return unfit


def _job(
    name: str, task: ScenarioTask, key: str, live: Path, address: Address
) -> Job[dict[str, Any]]:
    arguments = (task, key, heartbeat_path(live, name), address)
    return Job(name, try_route, arguments, live / f"{key}.log")


def try_route(task: ScenarioTask, key: str, beat: Path, address: Address) -> dict[str, Any]:
    """Drives a route in an empty town: how it ended and how far it came."""
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder)
        run_task(task, {}, run_dir, "preflight", Heartbeat(beat), address)
        part = next((run_dir / "parts").glob("*.json"))
        row = json.loads(part.read_text(encoding="utf-8"))["row"]
    return {"ended": row["status_detail"], "route_completion_pct": row["route_completion_pct"]}


def _alone(task: ScenarioTask) -> ScenarioTask:
    nobody = task.traffic.model_copy(update={"vehicles": 0, "cyclists": 0, "walkers": 0})
    return task.model_copy(update={"traffic": nobody, "drivers": ()})


def _key(task: ScenarioTask, address: Address) -> str:
    facts = {
        "hdsim": __version__,
        "adapter": ADAPTER_VERSION,
        "map": hashlib.sha256(find_map(task.map, task.source).xodr.encode()).hexdigest(),
        "route": task.route.model_dump(mode="json"),
        "blueprint": task.blueprint,
        "step_s": task.step_s,
        "server": server_name(address),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _file(key: str) -> Path:
    return cache_dir() / "routes" / f"{key}.json"


def _known(key: str) -> dict[str, Any] | None:
    try:
        found = json.loads(_file(key).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return None
    return (
        found
        if isinstance(found, dict) and {"ended", "route_completion_pct"} <= set(found)
        else None
    )


def _remember(key: str, verdict: Mapping[str, Any]) -> None:
    path = _file(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(verdict), encoding="utf-8")
    os.replace(draft, path)
