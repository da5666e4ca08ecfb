"""The sensors of an episode: carried along with what they ride on, read when somebody listens."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import assert_never

import numpy as np

from hdsim.core.state import Floats
from hdsim.road.lanes import LaneGraph
from hdsim.server.actors.attachments import rotation
from hdsim.server.actors.records import Actor
from hdsim.server.sensors import messages, obstacle, rays
from hdsim.server.sensors.cameras import StubCamera
from hdsim.server.sensors.catalogue import SENSORS, Settings
from hdsim.server.sensors.gnss import GeoReference, Gnss, geo_reference
from hdsim.server.sensors.ground import Ground, road_ground
from hdsim.server.sensors.imu import GRAVITY, Imu, acceleration
from hdsim.server.sensors.lidar import Lidar, Pattern
from hdsim.server.sensors.obstacle import Obstacle
from hdsim.server.sensors.radar import Radar
from hdsim.server.sensors.scene import Scene
from hdsim.server.wire.streams import framed, header

_log = logging.getLogger(__name__)
# A sensor whose tick is a multiple of the step must not miss one for the last bits of a sum [s].
_SLACK_S = 1e-6


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor that this server computes.

    Attributes:
        actor: Its actor.
        index: Number of its kind on the wire.
        settings: What it was set to.
        tick_s: Simulated time between two readings, 0 for one every frame [s].
        frame: The frame after which it was spawned.
        time_s: The time of that frame.
    """

    actor: Actor
    index: int
    settings: Settings
    tick_s: float
    frame: int
    time_s: float


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame, as far as sensors must know it.

    Attributes:
        frame: Its number.
        time_s: Its time [s].
        step_s: Length of the step that led to it [s].
        scene: Makes what rays can hit; asked once a frame, and only if a sensor needs it.
        turn_rate: Turn rate of an actor by id in the world frame, shape (3,) [rad/s].
        actor: An actor by id.
    """

    frame: int
    time_s: float
    step_s: float
    scene: Callable[[Ground], Scene]
    turn_rate: Callable[[int], Floats]
    actor: Callable[[int], Actor]


class Rack:
    """All computed sensors of an episode on one map.

    A reading follows from the world and the frames since the sensor was spawned, whether or not
    somebody listened before: who subscribes late sees what others see.

    Args:
        graph: Lanes of the map.
        xodr: Its OpenDRIVE text.

    Attributes:
        gravity: What accelerometers of IMUs feel at rest [m/s^2].
    """

    def __init__(self, graph: LaneGraph, xodr: str) -> None:
        self._graph, self._xodr = graph, xodr
        self.gravity = GRAVITY
        self._sensors: dict[int, Sensor] = {}
        self._place: dict[int, int] = {}
        self._ids: list[int] = []
        self._warned: set[str] = set()
        self._poses = np.zeros((0, 6))
        self._past = [np.zeros((0, 3))] * 3

    def __len__(self) -> int:
        return len(self._sensors)

    @cached_property
    def _reference(self) -> GeoReference:
        return geo_reference(self._xodr)

    @cached_property
    def ground(self) -> Ground:
        """The road surface; made when the first sensor that looks at it comes."""
        return road_ground(self._graph)

    def add(
        self, actor: Actor, settings: Settings, tick_s: float, frame: int, time_s: float
    ) -> None:
        """Takes in a sensor.

        Args:
            actor: Its actor.
            settings: What its attributes say.
            tick_s: Simulated time between two readings, 0 for one every frame [s].
            frame: The present frame.
            time_s: The present time [s].
        """
        kind = SENSORS[actor.type]
        self._sensors[actor.id] = Sensor(actor, kind.index, settings, tick_s, frame, time_s)
        if kind.looks:  # now, and not while a client waits for a frame
            rays.warm_up()
            obstacle.warm_up()
            len(self.ground)
        if isinstance(settings, StubCamera) and actor.type not in self._warned:
            self._warned.add(actor.type)
            _log.warning("%s sends blank frames: nothing is rendered", actor.type)

    def remove(self, actor: int) -> None:
        """Takes out a sensor, if it is one of these."""
        self._sensors.pop(actor, None)

    def follow(self, ids: list[int], poses: Floats) -> None:
        """Notes where everything that rides or stands is after a step.

        Args:
            ids: Actors; the same list object as long as they are the same.
            poses: x, y, z, pitch, yaw, roll of each, shape (k, 6) [m, rad].
        """
        if ids is not self._ids:
            old, self._place = self._place, {a: k for k, a in enumerate(ids)}
            past = [np.full((len(ids), 3), np.nan) for _ in self._past]
            kept = [a for a in ids if a in old]
            to, source = [self._place[a] for a in kept], [old[a] for a in kept]
            for new, was in zip(past, self._past, strict=True):
                new[to] = was[source]
            self._ids, self._past = ids, past
        self._poses = poses
        self._past = [poses[:, :3], *self._past[:2]]

    def readings(self, now: Moment, wanted: Container[int]) -> Iterator[tuple[int, bytes]]:
        """Messages of the sensors whose tick has come, as stream and bytes.

        Args:
            now: The frame.
            wanted: Streams that somebody listens to.
        """
        scene: Scene | None = None
        for s in self._sensors.values():
            if s.actor.stream not in wanted or not _is_due(s, now):
                continue
            if scene is None and isinstance(s.settings, Lidar | Pattern | Radar | Obstacle):
                scene = now.scene(self.ground)
            payload = self._read(s, now, scene)
            if payload is not None:
                pose = _wire(self._poses[self._place[s.actor.id]])
                head = header(s.index, now.frame, now.time_s, pose)
                yield s.actor.stream, framed(head, payload)

    def _read(self, s: Sensor, now: Moment, scene: Scene | None) -> bytes | None:
        """One reading, or None where there is nothing to report."""
        k = self._place[s.actor.id]
        position, attitude = self._poses[k, :3], self._poses[k : k + 1, 3:]
        turn = rotation(attitude[:, 0], attitude[:, 1], attitude[:, 2])[0]
        tick = now.frame - s.frame
        elapsed = now.time_s - now.step_s - s.time_s
        match s.settings:
            case StubCamera():
                return s.settings.measure()
            case Gnss():
                return messages.packed(s.settings.measure(self._reference, position, tick))
            case Imu():
                now_at, before, long_before = (p[k] for p in self._past)
                felt = acceleration(now_at, before, long_before, now.step_s)
                known = np.nan_to_num(felt)  # nothing is felt until three positions are known
                rate = now.turn_rate(s.actor.parent)
                return messages.packed(s.settings.measure(known, rate, turn, tick, self.gravity))
        assert scene is not None
        match s.settings:
            case Obstacle():
                met = s.settings.measure(scene, position, turn, s.actor.parent)
                if met is None:
                    return None
                return messages.packed([s.actor.record, now.actor(met[0]).record, met[1]])
            case Radar():
                velocity = np.nan_to_num(self._past[0][k] - self._past[1][k]) / now.step_s
                found = s.settings.measure(scene, position, turn, velocity, now.step_s, tick)
                return messages.radar(found)
            case Pattern():
                scan = s.settings.scan(scene, position, turn, elapsed, now.step_s)
                return messages.semantic_lidar(scan)
            case Lidar():
                some = s.settings.measure(scene, position, turn, elapsed, now.step_s, tick)
                return messages.lidar(*some)
        assert_never(s.settings)


def _is_due(s: Sensor, now: Moment) -> bool:
    """Whether a sensor's tick has come: in its first frame, and then once every ``tick_s``."""
    if now.frame <= s.frame:
        return False  # spawned after the frame was made
    if s.tick_s <= 0.0:
        return True
    since = now.time_s - now.step_s - s.time_s  # since its first frame, were steps all alike
    if now.frame == s.frame + 1:
        return True
    before = since - now.step_s
    return math.floor((since + _SLACK_S) / s.tick_s) > math.floor((before + _SLACK_S) / s.tick_s)


def _wire(pose: Floats) -> tuple[float, float, float, float, float, float]:
    x, y, z, pitch, yaw, roll = pose.tolist()
    return (x, -y, z, math.degrees(pitch), -math.degrees(yaw), math.degrees(roll))
