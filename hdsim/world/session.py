"""One connection to a CARLA server, left as it was found on every way out."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

import carla

from hdsim.core.errors import InfrastructureError
from hdsim.road.maps import MapSource
from hdsim.world.frames import from_carla

# More stream threads than cores: with as many as cores, sensor callbacks that wait for the
# interpreter can starve the thread that delivers the frame, and the tick times out.
_STREAM_THREADS = 6
_KNOCK_S = 5.0

Vehicle = carla.Vehicle
"""A vehicle's actor, for rooms that only hand it on."""


@dataclass(frozen=True, slots=True)
class SpawnRequest:
    """A vehicle to spawn.

    Attributes:
        name: Stable name, for messages and noise keys.
        blueprint: CARLA vehicle id.
        transform: Where, in CARLA's frame.
        role_name: CARLA role; ``hero`` keeps the Traffic Manager from removing a stuck vehicle.
        color: ``r,g,b`` or empty for the blueprint's default.
    """

    name: str
    blueprint: str
    transform: carla.Transform
    role_name: str
    color: str = ""


class Session:
    """A client, its world in synchronous mode, and everything it spawned.

    Use ``open_session``; it guarantees the clean-up.
    """

    def __init__(self, client: carla.Client, world: carla.World) -> None:
        self.client = client
        self.world = world
        self.actors: list[carla.Actor] = []
        self.sensors: list[carla.Sensor] = []
        self.controllers: list[carla.WalkerAIController] = []
        self._traffic_managers: list[carla.TrafficManager] = []

    def spawn_points(self) -> list[tuple[float, float, float]]:
        """The map's spawn points, ``(x, y, yaw)`` [m, m, rad], in the right-handed frame."""
        return [from_carla(point) for point in self.world.get_map().get_spawn_points()]

    def traffic_manager(self, port: int, seed: int) -> carla.TrafficManager:
        """A synchronous, seeded Traffic Manager of this client on ``port``.

        Ticks once: a new Traffic Manager runs its cycles freely, and only the first tick it takes
        part in makes sure that none of them is still on its way, to drive a vehicle handed over
        meanwhile one step too early.
        """
        tm = self.client.get_trafficmanager(port)
        tm.set_synchronous_mode(True)
        tm.set_random_device_seed(seed)
        self.world.tick()
        self._traffic_managers.append(tm)
        return tm

    def spawn(self, requests: Sequence[SpawnRequest]) -> list[carla.Actor]:
        """Spawns all in one batch and ticks once, so that every actor is alive.

        Raises:
            InfrastructureError: If the server refuses one; the others are destroyed on exit.
        """
        library = self.world.get_blueprint_library()
        commands = []
        for request in requests:
            blueprint = library.find(request.blueprint)
            blueprint.set_attribute("role_name", request.role_name)
            if request.color and blueprint.has_attribute("color"):
                blueprint.set_attribute("color", request.color)
            commands.append(carla.command.SpawnActor(blueprint, request.transform))
        answers = self.client.apply_batch_sync(commands)
        refused = [
            f"{request.name} ({request.blueprint}): {answer.error}"
            for request, answer in zip(requests, answers, strict=True)
            if answer.has_error()
        ]
        spawned = self._alive(answers)
        self.actors.extend(spawned.values())
        if refused:
            raise InfrastructureError("the server refused to spawn " + "; ".join(refused))
        return [spawned[answer.actor_id] for answer in answers]

    def spawn_where_possible(
        self, commands: Sequence[carla.command.SpawnActor]
    ) -> list[carla.Actor | None]:
        """As ``spawn``; ``None`` in place of each actor that the server refuses."""
        answers = self.client.apply_batch_sync(commands)
        spawned = self._alive(answers)
        self.actors.extend(spawned.values())
        return [None if a.has_error() else spawned[a.actor_id] for a in answers]

    def walker_controllers(self, walkers: Sequence[carla.Actor]) -> list[carla.WalkerAIController]:
        """An AI controller for each walker, not started yet.

        Raises:
            InfrastructureError: If the server refuses one.
        """
        blueprint = self.world.get_blueprint_library().find("controller.ai.walker")
        answers = self.client.apply_batch_sync(
            [carla.command.SpawnActor(blueprint, carla.Transform(), walker) for walker in walkers]
        )
        spawned = self._alive(answers)
        self.controllers.extend(spawned.values())
        refused = [answer.error for answer in answers if answer.has_error()]
        if refused:
            raise InfrastructureError("the server refused a walker's controller: " + refused[0])
        return [spawned[answer.actor_id] for answer in answers]

    def _alive(self, answers: Sequence[carla.command.Response]) -> dict[int, carla.Actor]:
        """The actors of a batch by id, a tick after they were spawned."""
        ids = [answer.actor_id for answer in answers if not answer.has_error()]
        self.world.tick()
        return {actor.id: actor for actor in self.world.get_actors(ids)}

    def collision_sensor(self, parent: carla.Actor, callback: Any) -> carla.Sensor:
        """Attaches a collision sensor; ``callback`` runs on a client thread."""
        blueprint = self.world.get_blueprint_library().find("sensor.other.collision")
        sensor = self.world.spawn_actor(blueprint, carla.Transform(), attach_to=parent)
        self.sensors.append(sensor)
        sensor.listen(callback)
        return sensor

    def clean_up(self) -> None:
        """Stops sensors and walkers, gives up Traffic Managers, destroys what was spawned."""
        for one in (*self.sensors, *self.controllers):
            with contextlib.suppress(RuntimeError):
                one.stop()
        for tm in self._traffic_managers:
            with contextlib.suppress(RuntimeError):
                tm.set_synchronous_mode(False)
        doomed = [*self.sensors, *self.controllers, *self.actors]
        with contextlib.suppress(RuntimeError):
            self.client.apply_batch_sync([carla.command.DestroyActor(a.id) for a in doomed], False)
        for tm in self._traffic_managers:
            with contextlib.suppress(RuntimeError):
                tm.shut_down()
        self.sensors.clear()
        self.controllers.clear()
        self.actors.clear()
        self._traffic_managers.clear()


def check_server(host: str, port: int) -> None:
    """Whether anybody listens there; answers at once where the client would wait its time-out.

    Raises:
        InfrastructureError: If nobody does.
    """
    try:
        socket.create_connection((host, port), timeout=_KNOCK_S).close()
    except OSError as error:
        raise InfrastructureError(f"no CARLA server at {host}:{port}: {error}") from error


def _connect(host: str, port: int, timeout_s: float) -> carla.Client:
    check_server(host, port)
    client = carla.Client(host, port, worker_threads=_STREAM_THREADS)
    client.set_timeout(timeout_s)
    try:
        version = client.get_server_version()
    except RuntimeError as error:
        raise InfrastructureError(f"no CARLA server at {host}:{port}: {error}") from error
    if version != client.get_client_version():
        raise InfrastructureError(
            f"the server at {host}:{port} is CARLA {version}, "
            f"the client library {client.get_client_version()}"
        )
    return client


def _load(client: carla.Client, source: MapSource) -> carla.World:
    """The world with the wanted map: as it is, by name, or generated from the OpenDRIVE text."""
    world = client.get_world()
    if world.get_map().name.rsplit("/", 1)[-1] == source.name:
        return world
    if any(name.rsplit("/", 1)[-1] == source.name for name in client.get_available_maps()):
        return client.load_world(source.name)
    return client.generate_opendrive_world(source.xodr)


@contextlib.contextmanager
def open_session(
    host: str, port: int, source: MapSource, step_s: float, timeout_s: float = 60.0
) -> Iterator[Session]:
    """A synchronous session on ``source``'s map; restores the server's settings on every way out.

    SIGTERM becomes ``KeyboardInterrupt`` meanwhile, so that a stopped worker also cleans up.

    Args:
        host: Server address.
        port: Server RPC port.
        source: The wanted map.
        step_s: Fixed time step [s].
        timeout_s: How long a call may take [s].

    Raises:
        InfrastructureError: If the server cannot be reached or does not fit.
    """
    client = _connect(host, port, timeout_s)
    try:
        world = _load(client, source)
        before = world.get_settings()
        settings = world.get_settings()
        settings.synchronous_mode = True
        settings.fixed_delta_seconds = step_s
        settings.no_rendering_mode = True
        world.apply_settings(settings)
    except RuntimeError as error:
        raise InfrastructureError(f"{host}:{port}: {error}") from error
    session = Session(client, world)
    with _sigterm_interrupts():
        try:
            yield session
        finally:
            session.clean_up()
            with contextlib.suppress(RuntimeError):
                world.apply_settings(before)


@contextlib.contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
