"""What a worker process does: one scenario, from a bare server to a finished log."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hdsim.events.event import Kind
from hdsim.events.watch import Watch
from hdsim.guidance.schedule import Schedule
from hdsim.record.log import ScenarioLog
from hdsim.record.schema import Status
from hdsim.road.cache import load_lane_graph
from hdsim.road.maps import MapSource, find_map
from hdsim.run.loop import Drive, drive
from hdsim.run.pool import Heartbeat
from hdsim.run.stage import Stage, build
from hdsim.scenario.task import ScenarioTask
from hdsim.world.embedded import embedded_server
from hdsim.world.session import Session, open_session

Address = tuple[str, int] | None


def server_name(address: Address) -> str:
    """What records call a server."""
    return "embedded" if address is None else f"{address[0]}:{address[1]}"


@contextlib.contextmanager
def session_for(task: ScenarioTask, source: MapSource, address: Address) -> Iterator[Session]:
    """A session on a given server, or on a fresh embedded one of its own."""
    with contextlib.ExitStack() as stack:
        if address is None:
            where = str(source.path) if source.path else source.name
            navigation = task.traffic.walkers > 0
            host, port = stack.enter_context(embedded_server(where, navigation))
        else:
            host, port = address
        yield stack.enter_context(open_session(host, port, source, task.step_s))


def run_task(
    task: ScenarioTask,
    schedules: Mapping[str, Schedule],
    run_dir: Path,
    run: str,
    heart: Heartbeat,
    address: Address = None,
    last_tick: int | None = None,
) -> None:
    """Runs one scenario and leaves its finished log in ``run_dir``.

    Args:
        task: What to run.
        schedules: Compiled guidance by profile name.
        run_dir: The run directory.
        run: What replay commands call the run.
        heart: Where progress is reported.
        address: A running server; ``None`` starts an embedded one.
        last_tick: Stop after this tick even if the drive goes on.

    Raises:
        InputError: If the scenario does not fit the map.
        InfrastructureError: If the server fails.
    """
    began = time.perf_counter()
    heart.beat(phase="setting the stage")
    source = find_map(task.map, task.source)
    graph = load_lane_graph(source.name, source.xodr)
    with session_for(task, source, address) as session:
        stage = build(session, task, graph, schedules)
        watch = Watch(
            stage.roster,
            graph,
            stage.route,
            task.detectors,
            task.step_s,
            stage.timeout_s,
            task.end.on_collision,
        )
        signal_ids = tuple(signal.id for signal in graph.signals)
        with ScenarioLog(run_dir, task.id, stage.roster, task.step_s, signal_ids) as log:
            result = drive(
                stage,
                watch,
                log,
                task.id,
                run,
                lambda t, failures: heart.beat(
                    phase="driving", time_s=t, of_s=stage.timeout_s, failures=failures
                ),
                last_tick,
            )
            log.finish(
                scenario_row(task, stage, watch, result, time.perf_counter() - began),
                result.failures,
            )


def scenario_row(
    task: ScenarioTask, stage: Stage, watch: Watch, result: Drive, wall_s: float
) -> dict[str, Any]:
    """The scenario's row of ``scenarios.parquet``."""
    scores = watch.scores()
    verdicts = [f["verdict"] for f in result.failures if f["kind"] == Kind.COLLISION]
    events = watch.counts()
    return {
        "map": task.map,
        "route": task.route_label,
        "mix": task.mix_label,
        "agent": task.agent,
        "seed": task.seed,
        "status": str(Status.COMPLETED if result.ended is Kind.ARRIVED else Status.FAILED),
        "status_detail": str(result.ended or "stopped"),
        "ticks": result.ticks,
        "sim_time_s": result.time,
        "wall_time_s": wall_s,
        "route_length_m": stage.route.length if stage.route is not None else None,
        "distance_m": watch.progress.distance_m,
        "route_completion_pct": scores.route_completion_pct,
        "infraction_penalty": scores.infraction_penalty,
        "driving_score": scores.driving_score,
        "collisions_pedestrian": scores.collisions_pedestrian,
        "collisions_vehicle": scores.collisions_vehicle,
        "collisions_static": scores.collisions_static,
        "collisions_ego_at_fault": verdicts.count("ego_at_fault"),
        "collisions_npc_at_fault": verdicts.count("npc_at_fault"),
        "collisions_shared": verdicts.count("shared"),
        "collisions_unclear": verdicts.count("unclear"),
        "near_misses": events[Kind.NEAR_MISS],
        "red_lights": scores.red_lights,
        "off_road_share": scores.off_road_share,
        "npc_collisions": events[Kind.COLLISION] - len(verdicts),
        "failures": len(result.failures),
        "tick_ms_median": _median(result.laps.ms["whole"]),
        "hdsim_ms_median": _median(result.laps.ms.get("think", ())),
    }


def _median(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if values else None
