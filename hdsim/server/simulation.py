"""The world that the remote calls act on: one map, its actors, and time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hdsim.server import collisions, dynamics, frames, lights
from hdsim.server.actors import (
    Actor,
    light_actor,
    light_pose,
    sensor_actor,
    spectator_actor,
    vehicle_actor,
)
from hdsim.server.blueprints import library
from hdsim.server.shapes import Description, Pose, Settings, vector_wire
from hdsim.server.streams import SENSOR_WORLD, WORLD_STREAM, framed, header, token
from hdsim.server.surface import Surface
from hdsim.server.town import Town
from hdsim.server.vehicles import Vehicles

DEFAULT_STEP_S = 0.05
# CARLA's default weather: the 14 numbers of WeatherParameters.
DEFAULT_WEATHER = [5.0, 0.0, 0.0, 10.0, -1.0, 45.0, 2.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0]


class CallError(Exception):
    """A remote call that cannot be done; its text reaches the client as a ``RuntimeError``."""


@dataclass(frozen=True, slots=True)
class Collision:
    """One side of a contact.

    Attributes:
        stream: Stream of the collision sensor that noticed it.
        own: The actor that carries the sensor.
        other: The actor it touches.
        impulse: Normal impulse on the own actor, on the wire's terms [N s].
        pose: Pose of the own actor.
    """

    stream: int
    own: Actor
    other: Actor
    impulse: list[float]
    pose: Pose


class Simulation:
    """State between two remote calls.

    Same calls, same state: nothing depends on wall time but the platform time in the snapshot
    header. Loading a map restarts ids, actor order, light phases and the episode's time; frame
    numbers and episode ids go on.
    """

    def __init__(self, town: Town, find_town: Callable[[str], Town], stream_port: int) -> None:
        self.find_town = find_town
        self.stream_port = stream_port
        self.settings = Settings()
        self.frame = 0
        self.episode = 0
        self.uploaded: Town | None = None
        self._load(town)

    def load(self, town: Town, reset_settings: bool) -> None:
        """Starts a new episode on a map."""
        if reset_settings:
            self.settings = Settings()
        self._load(town)

    def _load(self, town: Town) -> None:
        self.town = town
        self.episode += 1
        self.time_s = 0.0
        self.weather = list(DEFAULT_WEATHER)
        graph = town.graph
        self.surface = Surface(graph)
        self.lights = lights.Lights(graph.signals)
        self._approaches = lights.Approaches(graph)
        self.vehicles = Vehicles()
        self._next_id = 1
        self._next_stream = WORLD_STREAM + 1
        self.actors: dict[int, Actor] = {}
        poses = [light_pose(graph, s) for s in graph.signals]
        for signal, pose in zip(graph.signals, poses, strict=True):
            self._register(light_actor(self._new_id(), graph, signal, pose))
        self.light_ids = np.arange(1, len(poses) + 1, dtype=np.int64)
        names = [s.id for s in graph.signals]
        self._light_records = frames.light_records(self.light_ids.tolist(), names, poses)
        self.spectator = self._register(spectator_actor(self._new_id()))
        self._spectator_pose = Pose(0.0, 0.0, 10.0)
        self._note_riding()

    def _note_riding(self) -> None:
        """Notes which sensors ride on which rows, after a change of either."""
        sensors = [a for a in self.actors.values() if a.parent]
        rows = [self.vehicles.row[a.parent] for a in sensors]
        self._riding = [a.id for a in sensors], rows

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def _register(self, actor: Actor) -> Actor:
        self.actors[actor.id] = actor
        return actor

    @property
    def step_s(self) -> float:
        """Length of a step [s]: the fixed one, else 0.05 s."""
        return self.settings.fixed_delta_s or DEFAULT_STEP_S

    def actor(self, actor: int) -> Actor:
        """An actor of the present episode.

        Raises:
            CallError: If there is none of that id.
        """
        found = self.actors.get(actor)
        if found is None:
            raise CallError(f"unknown actor {actor}")
        return found

    def vehicle_row(self, actor: int) -> int:
        """Row of a vehicle.

        Raises:
            CallError: If the id is not a vehicle's.
        """
        row = self.vehicles.row.get(actor)
        if row is None:
            raise CallError(f"actor {actor} is not a vehicle of this episode")
        return row

    def signal(self, actor: int) -> int:
        """Index of a traffic light's signal.

        Raises:
            CallError: If the id is not a traffic light's.
        """
        if not 1 <= actor <= len(self.light_ids):
            raise CallError(f"actor {actor} is not a traffic light")
        return actor - 1

    def spawn(self, wanted: Description, pose: Pose, parent: int = 0) -> Actor:
        """A new vehicle or sensor.

        Raises:
            CallError: If it cannot be spawned: unknown or refused blueprint, something in the
                way, or no vehicle to ride on.
        """
        blueprint = library().get(wanted.id)
        if blueprint is None:
            raise CallError(f"no blueprint {wanted.id!r}")
        if blueprint.refusal:
            raise CallError(f"cannot spawn {wanted.id}: {blueprint.refusal}")
        if blueprint.vehicle is not None:
            if parent:
                raise CallError(f"cannot attach {wanted.id} to an actor")
            row = self.vehicles.add(self._next_id, blueprint.vehicle, pose)
            if collisions.touches(self.vehicles, row):
                self.vehicles.remove(self._next_id)
                raise CallError("Spawn failed because of collision at spawn position")
            made = vehicle_actor(self._new_id(), blueprint, blueprint.vehicle, wanted)
            self.surface.settle(self.vehicles)
            return self._register(made)
        if parent not in self.vehicles.row:
            raise CallError(f"{wanted.id} must be attached to a vehicle")
        stream = self._next_stream
        self._next_stream += 1
        ticket = token(stream, self.stream_port)
        made = sensor_actor(self._new_id(), blueprint, wanted, parent, stream, ticket)
        self._register(made)
        self._note_riding()
        return made

    def destroy(self, actor: int) -> bool:
        """Takes out a vehicle with its sensors, or a sensor; False if there is no such actor.

        Raises:
            CallError: If the actor belongs to the map.
        """
        found = self.actors.get(actor)
        if found is None:
            return False
        if actor <= self.spectator.id:
            raise CallError(f"actor {actor} ({found.type}) belongs to the map")
        if actor in self.vehicles.row:
            for child in [a.id for a in self.actors.values() if a.parent == actor]:
                del self.actors[child]
            self.vehicles.remove(actor)
        del self.actors[actor]
        self._note_riding()
        return True

    def place(self, actor: int, pose: Pose) -> None:
        """Teleports a vehicle or the spectator.

        Raises:
            CallError: If the actor cannot be moved.
        """
        if actor == self.spectator.id:
            self._spectator_pose = pose
        else:
            self.vehicles.place(self.vehicle_row(actor), pose)

    def step(self) -> list[Collision]:
        """One step of time; returns what the collision sensors noticed."""
        dt, v = self.step_s, self.vehicles
        self.frame += 1
        self.time_s += dt
        vx, vy = v.vx, v.vy
        dynamics.step(v, dt)
        touching = collisions.contacts(v)
        noticed = self._collide(touching) if len(touching.first) else []
        v.ax, v.ay = (v.vx - vx) / dt, (v.vy - vy) / dt
        self.lights.advance(dt)
        self._look_up_road()
        return noticed

    def _look_up_road(self) -> None:
        f = self.surface.settle(self.vehicles)
        inside = self._approaches.concern(self.vehicles, f.d, f.width, f.yaw)
        lights.report(self.vehicles, self.lights, self._approaches, inside, self.light_ids)

    def _collide(self, pairs: collisions.Contacts) -> list[Collision]:
        v = self.vehicles
        impulses = collisions.resolve(v, pairs)
        noticed = []
        for k, (a, b) in enumerate(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)):
            push = float(impulses[k])
            x, y = push * float(pairs.nx[k]), push * float(pairs.ny[k])
            for own, other, sign in ((a, b, -1.0), (b, a, 1.0)):
                own_id, other_id = int(v.id[own]), int(v.id[other])
                impulse = vector_wire(sign * x, sign * y, 0.0)
                noticed += [
                    Collision(s.stream, self.actors[own_id], self.actors[other_id], impulse,
                              v.pose(own))
                    for s in self.actors.values()
                    if s.parent == own_id and s.type == "sensor.other.collision"
                ]  # fmt: skip
        return noticed

    def frame_message(self) -> bytes:
        """The present step as the message of the world stream."""
        v = self.vehicles
        frames.show_lights(self._light_records, self.lights)
        riding, rows = self._riding
        return framed(
            header(SENSOR_WORLD, self.frame, self.time_s, (0.0,) * 6),
            frames.observer_header(self.episode, time.time(), self.step_s),
            self._light_records.tobytes(),
            frames.plain_records([self.spectator.id], [self._spectator_pose]).tobytes(),
            frames.vehicle_records(v).tobytes(),
            frames.attached_records(riding, v, rows).tobytes(),
        )
