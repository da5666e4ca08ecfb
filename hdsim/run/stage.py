"""Sets the stage of one scenario: map, route, ego, traffic, drivers, ready for the first tick."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from hdsim.control.model import DrivingModel
from hdsim.control.protocol import ControlFactory
from hdsim.core import seeds
from hdsim.core.clock import Clock
from hdsim.core.errors import InputError
from hdsim.core.importing import load_callable
from hdsim.core.state import Floats, Roster
from hdsim.events import leaderboard
from hdsim.guidance.schedule import Schedule
from hdsim.road.lanes import LaneGraph
from hdsim.road.routes import Route, plan, through
from hdsim.run.control_arm import traffic_manager_parameters
from hdsim.run.crowd import Crowd, spawn_pedestrians
from hdsim.run.drivers import Drivers
from hdsim.run.traffic import Area, Poses, Renewal, candidate_poses, choose_poses
from hdsim.scenario.task import RoamRoute, ScenarioTask, SpawnRoute
from hdsim.scenario.weather import WeatherFields
from hdsim.world.actuation import Actuator
from hdsim.world.contacts import ContactSensor
from hdsim.world.egos import CallableEgo, Ego, PassiveEgo, load_ego
from hdsim.world.frames import to_carla
from hdsim.world.session import Session, SpawnRequest, Vehicle
from hdsim.world.snapshot import SnapshotReader
from hdsim.world.spawning import bicycle_blueprints, car_blueprints, roster_of
from hdsim.world.tm_ego import TrafficManagerEgo
from hdsim.world.tm_traffic import hand_over
from hdsim.world.weather import ambient_of, set_weather

EGO = "ego"
DROP_M = 0.5  # vehicles are put this far above the road [m] and settle


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything one closed loop needs.

    Attributes:
        session: The connection.
        clock: Fixed steps.
        graph: The lane graph.
        roster: Who takes part; the ego is row 0, walkers come last.
        vehicles: CARLA actors of the vehicles, in roster order.
        route: The ego's route; ``None`` when it roams.
        timeout_s: Time allowed [s].
        reader: Snapshots to states.
        drivers: HDSim's drivers; ``None`` when there are none.
        actuator: Their hands and feet.
        ego: Who drives the ego.
        contacts: The ego's collision sensor.
        renewal: The life cycle of NPCs; ``None`` when it is off.
        poses: Where NPCs can begin.
        crowd: What leads the walkers; ``None`` when there are none.
    """

    session: Session
    clock: Clock
    graph: LaneGraph
    roster: Roster
    vehicles: tuple[Vehicle, ...]
    route: Route | None
    timeout_s: float
    reader: SnapshotReader
    drivers: Drivers | None
    actuator: Actuator | None
    ego: Ego
    contacts: ContactSensor
    renewal: Renewal | None
    poses: Poses
    crowd: Crowd | None


def ego_profile(task: ScenarioTask) -> str | None:
    """Profile of an HDSim driver as ego, ``None`` for other egos."""
    return task.agent.partition(":")[2] if task.agent.startswith("hdsim:") else None


def control_of(task: ScenarioTask) -> ControlFactory:
    """What builds the driving model of HDSim's drivers.

    Raises:
        InputError: If the scenario names one that cannot be imported.
    """
    if task.driving_model == "hdsim":
        return DrivingModel
    factory = load_callable(task.driving_model, task.source, "driving_model")
    return cast("ControlFactory", factory)


def route_of(
    task: ScenarioTask, graph: LaneGraph, spawn_points: Sequence[tuple[float, float, float]]
) -> Route | None:
    """The ego's route on the lane graph; ``None`` when it roams.

    Args:
        task: The scenario.
        graph: The lane graph.
        spawn_points: The map's spawn points, ``(x, y, yaw)`` [m, m, rad].

    Raises:
        InputError: If the route leaves the map or cannot be driven.
    """
    wanted = task.route
    if isinstance(wanted, RoamRoute):
        return None
    if isinstance(wanted, SpawnRoute):
        places = []
        for key, index in (("from", wanted.start), ("to", wanted.goal)):
            if index >= len(spawn_points):
                raise InputError(
                    task.source,
                    f"ego.route.{key}",
                    index,
                    f"a spawn point of {task.map}: 0 to {len(spawn_points) - 1}",
                )
            lane, s, _, _ = graph.locate(*spawn_points[index])
            places.append((int(lane), float(s)))
        return plan(graph, places[0], places[1], f"{task.source}: ego.route")
    points = [(x, y, yaw) for x, y, _, yaw in wanted.points]
    return through(graph, points, f"{wanted.file}: route {wanted.id}")


def timeout_of(task: ScenarioTask, route: Route | None) -> float:
    """Time allowed [s]: as given, or the Leaderboard v1 rule for the route's length."""
    if isinstance(task.route, RoamRoute):
        return task.route.duration_s
    if task.end.timeout != "leaderboard":
        return float(task.end.timeout)
    assert route is not None
    return leaderboard.timeout_s(route.length)


def build(
    session: Session, task: ScenarioTask, graph: LaneGraph, schedules: Mapping[str, Schedule]
) -> Stage:
    """Spawns everybody and connects the rooms.

    Raises:
        InputError: If something in the scenario does not fit the map.
        InfrastructureError: If the server refuses.
    """
    clock = Clock(task.step_s)
    set_weather(session.world, weather_of(task))
    route = route_of(task, graph, session.spawn_points())
    poses = candidate_poses(graph)
    start = _start(task, graph, poses, route)
    area = Area(task, _path(route, start), start[:2], roams=route is None)
    requests, styles = _cast(session, task, poses, start, area)
    vehicles = session.spawn(requests)
    people = spawn_pedestrians(session, task, area)
    actors = [*vehicles, *people.actors]
    profile = ego_profile(task)
    roster = roster_of(
        vehicles,
        people.actors,
        (*(r.name for r in requests), *people.names),
        (profile or "", *styles),
        _driven_by_hdsim(task, len(vehicles)),
        range(1 + task.traffic.vehicles, len(vehicles)),
    )
    crowd = Crowd(session, people, task, roster.walkers) if people.names else None
    driven = [actors[row] for row in roster.drivers]
    routes = {EGO: route} if route is not None else {}
    life = task.traffic.respawn
    if styles and task.traffic.driven_by == "traffic_manager":
        parameters = [traffic_manager_parameters(schedules[name].profile) for name in styles]
        hand_over(session, vehicles[1:], parameters, task.seed, free_port())
    return Stage(
        session=session,
        clock=clock,
        graph=graph,
        roster=roster,
        vehicles=tuple(vehicles),
        route=route,
        timeout_s=timeout_of(task, route),
        reader=SnapshotReader(session.world, actors, graph, clock.step_s, roster.walkers),
        drivers=Drivers(
            roster,
            graph,
            schedules,
            clock,
            task.seed,
            routes,
            control_of(task),
            ambient_of(weather_of(task)),
        )
        if driven
        else None,
        actuator=Actuator(driven, roster.drivers, clock.step_s) if driven else None,
        ego=_ego(session, task, vehicles[0], graph, route),
        contacts=ContactSensor(session, vehicles[0], actors),
        renewal=Renewal(roster, graph, poses, life, task.seed) if life.enabled else None,
        poses=poses,
        crowd=crowd,
    )


def _driven_by_hdsim(task: ScenarioTask, actors: int) -> range:
    """Rows of HDSim's drivers: the ego is row 0, then come the NPCs."""
    first = 0 if ego_profile(task) is not None else 1
    return range(first, actors if task.traffic.driven_by == "hdsim" else 1)


def _start(
    task: ScenarioTask, graph: LaneGraph, poses: Poses, route: Route | None
) -> tuple[float, float, float, float]:
    """Where the ego begins: ``(x, y, z, yaw)`` [m, rad]."""
    if route is not None:
        return float(route.x[0]), float(route.y[0]), _height(graph, route), float(route.yaw[0])
    free = np.ones(len(poses.x), dtype=bool)
    pick = int(choose_poses(poses, free, (EGO,), task.seed, (np.zeros(0), np.zeros(0)))[0])
    return (*poses.at(pick), float(poses.yaw[pick]))


def _path(route: Route | None, start: tuple[float, float, float, float]) -> tuple[Floats, Floats]:
    """What traffic begins near: the ego's route, or where it starts when it roams."""
    if route is not None:
        return route.x, route.y
    return np.array([start[0]]), np.array([start[1]])


def _cast(
    session: Session,
    task: ScenarioTask,
    poses: Poses,
    start: tuple[float, float, float, float],
    area: Area,
) -> tuple[list[SpawnRequest], tuple[str, ...]]:
    """Spawn requests of the vehicles, the ego first, and the NPCs' styles."""
    cars = tuple(f"npc-{i:02d}" for i in range(task.traffic.vehicles))
    bicycles = tuple(f"cyclist-{i:02d}" for i in range(task.traffic.cyclists))
    names = cars + bicycles
    x, y, z, yaw = start
    requests = [SpawnRequest(EGO, task.blueprint, to_carla(x, y, z + DROP_M, yaw), "hero")]
    if not names:
        return requests, ()
    chosen = area.choose(poses, names, "traffic.vehicles")
    models = (
        (cars, car_blueprints(session.world, task.traffic.blueprints, task.source) if cars else ()),
        (bicycles, bicycle_blueprints(session.world, task.source) if bicycles else ()),
    )
    ids = [of[int(u * len(of))] for group, of in models for u in _draws(task, group)]
    for name, pose, blueprint in zip(names, chosen, ids, strict=True):
        at = to_carla(poses.x[pose], poses.y[pose], poses.z[pose] + DROP_M, poses.yaw[pose])
        requests.append(SpawnRequest(name, blueprint, at, "npc"))
    return requests, task.drivers


def _draws(task: ScenarioTask, names: tuple[str, ...]) -> Floats:
    """The draw of each name's blueprint."""
    return seeds.uniform(seeds.keys(task.seed, names, "blueprint"))


def _height(graph: LaneGraph, route: Route) -> float:
    lane = int(route.lane[0])
    points = slice(int(graph.first[lane]), int(graph.first[lane + 1]))
    return float(np.interp(route.lane_s[0], graph.s[points], graph.z[points]))


def _ego(
    session: Session,
    task: ScenarioTask,
    actor: Vehicle,
    graph: LaneGraph,
    route: Route | None,
) -> Ego:
    if ego_profile(task) is not None:
        return PassiveEgo()
    if task.agent == "traffic_manager":
        return TrafficManagerEgo(session, actor, graph, route, task.seed, free_port())
    return CallableEgo(load_ego(task.agent, task.source), session, actor, route)


def free_port() -> int:
    """A TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def weather_of(task: ScenarioTask) -> str | dict[str, float]:
    """The weather as the client side takes it: a preset's name or fields."""
    if isinstance(task.weather, WeatherFields):
        return task.weather.model_dump(exclude_none=True)
    return task.weather
