"""The world that the remote calls act on: one map, its actors, and time."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hdsim.core.state import Floats, Ints
from hdsim.server import frames, lights
from hdsim.server.actors import spawning
from hdsim.server.actors.attachments import attachments
from hdsim.server.actors.map_actors import (
    light_actor,
    light_pose,
    sign_actor,
    sign_pose,
)
from hdsim.server.actors.records import Actor, spectator_actor
from hdsim.server.actors.triggers import Triggers
from hdsim.server.errors import CallError
from hdsim.server.give_way import GiveWay
from hdsim.server.physics import collisions, dynamics, walkers
from hdsim.server.physics.ackermann import Ackermann
from hdsim.server.physics.bodies import Bodies, bodies
from hdsim.server.physics.encounters import Collision, collide
from hdsim.server.physics.forces import Forces
from hdsim.server.physics.profiles import Physics, road_grip
from hdsim.server.physics.props import Props
from hdsim.server.physics.surface import Surface
from hdsim.server.physics.vehicles import Vehicles
from hdsim.server.physics.walkers import Walkers
from hdsim.server.recorder.recording import Recorder
from hdsim.server.recorder.replaying import Options, Replayer
from hdsim.server.sensors.ground import Ground
from hdsim.server.sensors.rack import Moment, Rack
from hdsim.server.sensors.scene import Scene, body_scene
from hdsim.server.town import Town
from hdsim.server.wire.shapes import Description, Pose, Settings
from hdsim.server.wire.streams import SENSOR_WORLD, WORLD_STREAM, framed, header

DEFAULT_STEP_S = 0.05
# Signs have ids of their own range, so that those of vehicles do not depend on how many there are.
_SIGN_IDS = 1 << 20
# CARLA's default weather: the 14 numbers of WeatherParameters.
DEFAULT_WEATHER = [5.0, 0.0, 0.0, 10.0, -1.0, 45.0, 2.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0]


class Simulation:
    """State between two remote calls.

    Same calls, same state: nothing depends on wall time but the platform time in the snapshot
    header. Loading a map restarts ids, actor order, light phases and the episode's time; frame
    numbers and episode ids go on.
    """

    def __init__(
        self,
        town: Town,
        find_town: Callable[[str], Town],
        stream_port: int,
        physics: Physics = Physics.CARLA,
    ) -> None:
        self.physics = physics
        self.find_town = find_town
        self.stream_port = stream_port
        self.settings = Settings()
        self.frame = 0
        self.episode = 0
        self.uploaded: Town | None = None
        self.recordings: Path | None = None
        self.recorder: Recorder | None = None
        self.replayer: Replayer | None = None
        self.replay_options = Options()
        self.stub_cameras = False
        self.navigation = True
        self._load(town)
        # Compiles what the first collision of a session would have to wait for.
        collide(self, self.rigid(), collisions.contacts(self.rigid()))

    def load(self, town: Town, reset_settings: bool) -> None:
        """Starts a new episode on a map."""
        if reset_settings:
            self.settings = Settings()
        self._load(town)

    def _load(self, town: Town) -> None:
        self.stop_recorder()
        self.replayer = None
        self.town = town
        self.episode += 1
        self.time_s = 0.0
        self.weather = list(DEFAULT_WEATHER)
        graph = town.graph
        self.surface = Surface(graph)
        self.lights = lights.Lights(graph.signals)
        self._approaches = lights.Approaches(graph, graph.signal, graph.stop_s)
        self._give_way = GiveWay(graph, town.furniture.signs)
        self.vehicles, self.walkers, self.props = Vehicles(self.physics), Walkers(), Props()
        self.rack = Rack(graph, town.xodr)
        self.ackermann, self.forces = Ackermann(), Forces()
        self.triggers = Triggers()
        self.physics_records: dict[int, list[Any]] = {}
        self.next_id = 1
        self._next_stream = WORLD_STREAM + 1
        self.actors: dict[int, Actor] = {}
        self.light_poses = poses = [light_pose(graph, s) for s in graph.signals]
        for signal, pose in zip(graph.signals, poses, strict=True):
            self.register(light_actor(self.new_id(), graph, signal, pose))
        self.light_ids = np.arange(1, len(poses) + 1, dtype=np.int64)
        names = [s.id for s in graph.signals]
        self._light_records = frames.light_records(self.light_ids.tolist(), names, poses)
        self.spectator = self.register(spectator_actor(self.new_id()))
        self._spectator_pose = Pose(0.0, 0.0, 10.0)
        signs = town.furniture.signs
        self.sign_ids = [_SIGN_IDS + k for k in range(len(signs))]
        for actor, sign in zip(self.sign_ids, signs, strict=True):
            self.register(sign_actor(actor, graph, sign))
        self._sign_bytes = frames.sign_records(
            self.sign_ids, [s.id for s in signs], [sign_pose(s) for s in signs]
        ).tobytes()
        self.map_ids = frozenset(self.actors)
        self.collided: list[tuple[int, int]] = []

    def new_id(self) -> int:
        """The next actor id, taken."""
        self.next_id += 1
        return self.next_id - 1

    def new_stream(self) -> int:
        """The next stream of a sensor, taken."""
        self._next_stream += 1
        return self._next_stream - 1

    def register(self, actor: Actor) -> Actor:
        """Makes an actor known."""
        self.actors[actor.id] = actor
        self._note_population()
        return actor

    def unregister(self, actor: int) -> None:
        """Forgets an actor."""
        del self.actors[actor]
        self._note_population()

    def _note_population(self) -> None:
        """Notes what depends on who is there, after a change of it."""
        self._carriers = (self.vehicles, self.walkers, self.props)
        self._riders = attachments(self.actors, self._carriers)
        self._rider_poses: Floats | None = None

    def rigid(self) -> collisions.RigidBodies:
        """Everything that can collide: vehicles, then walkers, then props."""
        v, w, p = self._carriers
        if not len(w) and not len(p):
            return v.rigid()
        return collisions.join(v.rigid(), w.rigid(), p.rigid())

    def bodies(self) -> Bodies:
        """Everything that has a body, for rays."""
        return bodies(self.vehicles, self.walkers, self.props)

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

    def spawn(
        self, wanted: Description, pose: Pose, parent: int = 0, squeeze: bool = False
    ) -> Actor:
        """A new actor; as ``spawning.spawn``, and raises ``CallError`` as that does."""
        return spawning.spawn(self, wanted, pose, parent, squeeze)

    def destroy(self, actor: int) -> bool:
        """Takes out an actor; raises ``CallError`` as ``spawning.destroy``."""
        return spawning.destroy(self, actor)

    def walker_row(self, actor: int) -> int:
        """Row of a walker.

        Raises:
            CallError: If the id is not a walker's.
        """
        row = self.walkers.row.get(actor)
        if row is None:
            raise CallError(f"actor {actor} is not a walker of this episode")
        return row

    def control(self, rows: Ints, actors: Sequence[int], controls: Floats) -> None:
        """Applies vehicle controls, which end Ackermann control.

        Args:
            rows: Rows of the vehicles, shape (k,).
            actors: Their ids.
            controls: As for ``Vehicles.control``, shape (k, 7).
        """
        self.vehicles.control(rows, controls)
        if len(self.ackermann):
            for actor in actors:
                self.ackermann.release(actor)

    def stop_recorder(self) -> None:
        """Ends the recording, if one runs."""
        if self.recorder is not None:
            self.recorder.close()
            self.recorder = None

    def replay(self, replayer: Replayer) -> None:
        """Plays a recording back from the next step on; one that plays is ended."""
        self.stop_replayer(keep_actors=False)
        self.replayer = replayer
        replayer.begin(self, self.replay_options)

    def stop_replayer(self, keep_actors: bool) -> None:
        """Ends a replay; its actors stay where they are, or go."""
        if self.replayer is not None:
            self.replayer.release(self, keep_actors)
            self.replayer = None

    def place(self, actor: int, pose: Pose) -> None:
        """Teleports a vehicle, a walker, a prop or the spectator, or mounts a sensor elsewhere.

        Args:
            actor: Its id.
            pose: In the world; a sensor's in the frame of what it is attached to, as in CARLA.

        Raises:
            CallError: If the actor cannot be moved.
        """
        if actor == self.spectator.id:
            self._spectator_pose = pose
            return
        for group in self._carriers:
            if actor in group.row:
                group.place(group.row[actor], pose)
                return
        found = self.actor(actor)
        if not (found.stream or found.placed):
            raise CallError(f"actor {actor} cannot be moved")
        self.actors[actor] = replace(found, mount=pose)
        self._note_population()

    def pose(self, actor: int) -> Pose:
        """Where a vehicle, a walker, a prop or the spectator is, or how a sensor is mounted.

        Raises:
            CallError: If the actor is none of these.
        """
        if actor == self.spectator.id:
            return self._spectator_pose
        for group in self._carriers:
            if actor in group.row:
                return group.pose(group.row[actor])
        found = self.actor(actor)
        if not (found.stream or found.placed):
            raise CallError(f"actor {actor} has no place of its own")
        return found.mount

    def step(self) -> list[Collision]:
        """One step of time; returns what the collision sensors noticed."""
        dt, v = self.step_s, self.vehicles
        self.frame += 1
        self.time_s += dt
        vx, vy, places = v.vx, v.vy, (v.x, v.y, v.yaw)
        if len(self.ackermann):
            self.ackermann.step(v, dt)
        self.forces.before(v, dt)
        for actor in self.triggers.ids():
            self.triggers.act(actor, self.actors[actor].mount, v)
        dynamics.step(v, dt, road_grip(self.weather))
        self.forces.after(v, places, dt)
        if len(self.walkers):
            self._walk(dt)
        everything = self.rigid()
        touching = collisions.contacts(everything)
        self.collided = []
        noticed = collide(self, everything, touching) if len(touching) else []
        v.ax, v.ay = (v.vx - vx) / dt, (v.vy - vy) / dt
        self.lights.advance(dt)
        if self.replayer is not None:
            self.replayer.step(self, self.replay_options)
            if self.replayer.finished:
                self.stop_replayer(keep_actors=True)
        self._look_up_road()
        if self.recorder is not None:
            self.recorder.note(self)
        self._rider_poses = self._riders.poses(self._carriers) if len(self._riders) else None
        if len(self.rack) and self._rider_poses is not None:
            self.rack.follow(self._riders.ids, self._rider_poses)
        return noticed

    def _walk(self, dt: float) -> None:
        w = self.walkers
        walkers.step(w, self.surface, dt)
        for actor in w.id[w.dead_s > walkers.AFTERLIFE_S].tolist():
            self.destroy(actor)

    def _look_up_road(self) -> None:
        f = self.surface.settle(self.vehicles)
        v = self.vehicles
        distance = self._approaches.concern(v, f.d, f.width, f.yaw)
        lights.report(v, self.lights, self._approaches, distance, self.light_ids)
        self._give_way.report(v, f.d, f.width, f.yaw, self.step_s)

    def readings(self, wanted: Container[int]) -> Iterator[tuple[int, bytes]]:
        """Messages of the sensors that measure in the present frame, as stream and bytes.

        Args:
            wanted: Streams that somebody listens to.
        """
        now = Moment(self.frame, self.time_s, self.step_s, self._scene, self._turn_rate, self.actor)
        return self.rack.readings(now, wanted)

    def scene(self) -> Scene:
        """What rays of clients hit."""
        return self._scene(self.rack.ground)

    def _scene(self, ground: Ground) -> Scene:
        w = self.walkers
        v = self.vehicles
        velocities = np.column_stack([
            np.concatenate([v.vx, w.vx]), np.concatenate([v.vy, w.vy]),
            np.concatenate([np.zeros(len(v)), w.vz]),
        ])  # fmt: skip
        return body_scene(self.bodies(), velocities, ground)

    def _turn_rate(self, actor: int) -> Floats:
        """Turn rate of what carries an actor, about the three axes of the world [rad/s]."""
        while actor and self.actors[actor].parent:
            actor = self.actors[actor].parent
        row = self.vehicles.row.get(actor)
        return np.array([0.0, 0.0, 0.0 if row is None else float(self.vehicles.yaw_rate[row])])

    def frame_message(self) -> bytes:
        """The present step as the message of the world stream."""
        frames.show_lights(self._light_records, self.lights)
        parts = [
            header(SENSOR_WORLD, self.frame, self.time_s, (0.0,) * 6),
            frames.observer_header(self.episode, time.time(), self.step_s),
            self._light_records.tobytes(),
            self._sign_bytes,
            frames.plain_records([self.spectator.id], [self._spectator_pose]).tobytes(),
            frames.vehicle_records(self.vehicles).tobytes(),
        ]
        if len(self.walkers):
            parts.append(frames.walker_records(self.walkers).tobytes())
        if len(self.props):
            parts.append(frames.prop_records(self.props).tobytes())
        if self._rider_poses is not None:
            parts.append(frames.posed_records(self._riders.ids, self._rider_poses).tobytes())
        return framed(*parts)
