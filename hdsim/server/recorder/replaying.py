"""Playing a recording back: actors move as they did, whatever physics and clients say.

Replayed actors have their physics off while they are replayed; others are simulated and can run
into them. Between two recorded frames places are interpolated. An actor of the recording that is
still there, with the same id and type, is taken; others are spawned, also where something stands.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hdsim.core.state import Floats, wrap_angle
from hdsim.server.errors import CallError
from hdsim.server.recorder.recording import Created, Frame, frames_of
from hdsim.server.wire.shapes import Description, Pose

if TYPE_CHECKING:
    from hdsim.server.simulation import Simulation

_HERO = "hero"
# Where CARLA's follower sits: 10 m behind and 8 m above, looking down 25 degrees
# (CarlaReplayer.cpp).
_BEHIND = Pose(-10.0, 0.0, 8.0, pitch=-math.radians(25.0))
_ANGLES = (3, 4, 5)
_SPAWNED = ("vehicle.", "walker.", "static.prop.")


@dataclass(frozen=True, slots=True)
class Options:
    """How recordings are played back; kept from one to the next, as in CARLA.

    Attributes:
        time_factor: Recorded seconds that pass in a simulated one, > 0.
        ignore_hero: Leave vehicles and walkers of role ``hero`` out.
        ignore_spectator: Leave the spectator where it is.
    """

    time_factor: float = 1.0
    ignore_hero: bool = False
    ignore_spectator: bool = True


def total_time(path: Path) -> tuple[str, float]:
    """The map of a recording and how long it is [s]; raises ``CallError``."""
    map_name, frames = frames_of(path)
    first = last = None
    for frame in frames:
        first, last = first or frame, frame
    if first is None or last is None:
        raise CallError(f"{path.name} has no frames")
    return map_name, last.time_s - first.time_s


class Replayer:
    """A recording being played.

    Args:
        path: The recording.
        start_s: Where to begin, from its beginning [s].
        end_s: Where to end.
        follow: Recorded id of an actor that the spectator follows, 0 for none.
        offset: Where the spectator sits in its frame; None for CARLA's place.
        sensors: Spawn the recorded sensors too.

    Attributes:
        actors: Actor of each recorded id that is replayed.
        finished: Whether the end is reached.
    """

    def __init__(
        self,
        path: Path,
        start_s: float,
        end_s: float,
        follow: int = 0,
        offset: Pose | None = None,
        sensors: bool = False,
    ) -> None:
        _, self._frames = frames_of(path)
        self._end_s, self._now_s = end_s, start_s
        self._follow, self._offset, self._sensors = follow, offset or _BEHIND, sensors
        self.actors: dict[int, int] = {}
        self.finished = False
        self._last: Frame | None = None
        self._next: Frame | None = None
        self._begin_s = 0.0

    def begin(self, sim: Simulation, options: Options) -> None:
        """Brings in the actors that are there where the replay begins, and places them."""
        self._take(self._read(), sim, options)
        self._last = self._next
        if self._last is not None:
            self._begin_s = self._last.time_s
        self._advance(sim, options, self._now_s)
        self._show(sim, options, self._now_s)

    def step(self, sim: Simulation, options: Options) -> None:
        """Moves the replayed actors on by a step; ends where the recording or the request does."""
        self._now_s += sim.step_s * options.time_factor
        now = min(self._now_s, self._end_s)
        self._advance(sim, options, now)
        self._show(sim, options, now)
        self.finished = self._now_s >= self._end_s - 1e-9 or self._next is None

    def release(self, sim: Simulation, keep_actors: bool) -> None:
        """Gives the replayed actors back to physics, or takes them away."""
        for actor in self.actors.values():
            if actor not in sim.actors:
                continue
            if keep_actors:
                _set_physics(sim, actor, True)
            else:
                sim.destroy(actor)

    def _read(self) -> Frame | None:
        """The next frame; none where the file ends, or goes wrong since it was looked through."""
        try:
            return next(self._frames, None)
        except CallError:
            return None

    def _take(self, frame: Frame | None, sim: Simulation, options: Options) -> None:
        """Makes a frame the next one, with the actors that come and go in it."""
        self._last, self._next = self._next, frame
        if frame is None:
            return
        for gone in frame.destroyed:
            actor = self.actors.pop(gone, None)
            if actor in sim.actors:
                sim.destroy(actor)
        for new in frame.created:
            self._bring(new, sim, options)

    def _bring(self, new: Created, sim: Simulation, options: Options) -> None:
        if options.ignore_hero and new.attributes.get("role_name") == _HERO:
            return
        body = new.type.startswith(_SPAWNED)
        if not body and not (self._sensors and (new.parent in self.actors or not new.parent)):
            return
        known = sim.actors.get(new.id)
        if known is not None and known.type == new.type and new.id not in self.actors.values():
            actor = new.id
        else:
            wanted = Description(new.type, new.attributes)
            parent = self.actors.get(new.parent, 0)
            try:
                actor = sim.spawn(wanted, new.pose, parent, squeeze=True).id
            except CallError:
                return  # a sensor that this server does not serve
        self.actors[new.id] = actor
        _set_physics(sim, actor, False)

    def _advance(self, sim: Simulation, options: Options, now_s: float) -> None:
        """Reads on until the next frame is not before ``now_s``."""
        while self._next is not None and self._next.time_s - self._begin_s < now_s - 1e-9:
            self._take(self._read(), sim, options)

    def _show(self, sim: Simulation, options: Options, now_s: float) -> None:
        before, after = self._last or self._next, self._next or self._last
        if before is None or after is None:
            return
        span = after.time_s - before.time_s
        share = 1.0 if span <= 0.0 else (now_s + self._begin_s - before.time_s) / span
        share = min(max(share, 0.0), 1.0)
        self._show_vehicles(sim, before, after, share)
        self._show_walkers(sim, before, after, share)
        self._show_props(sim, after)
        lights = after.tables["lights"]
        if len(lights.ids) == len(sim.lights):
            sim.lights.state = np.clip(lights.values[:, 0], 0, 4).astype(np.uint8)
            sim.lights.elapsed = lights.values[:, 1].copy()
        self._show_spectator(sim, options, after)

    def _rows(
        self, name: str, before: Frame, after: Frame, share: float
    ) -> Iterator[tuple[int, Floats]]:
        """Actor and interpolated columns of every replayed actor of a kind."""
        old, new = before.tables[name], after.tables[name]
        places = {actor: k for k, actor in enumerate(old.ids.tolist())}
        for k, recorded in enumerate(new.ids.tolist()):
            actor = self.actors.get(recorded)
            if actor is None:
                continue
            row = new.values[k]
            if recorded in places and share < 1.0:
                row = _between(old.values[places[recorded]], row, share)
            yield actor, row

    def _show_vehicles(self, sim: Simulation, before: Frame, after: Frame, share: float) -> None:
        v = sim.vehicles
        for actor, row in self._rows("vehicles", before, after, share):
            k = v.row.get(actor)
            if k is None:
                continue
            v.x[k], v.y[k], v.z[k], v.pitch[k], v.yaw[k] = row[:5]
            v.vx[k], v.vy[k], v.yaw_rate[k], v.throttle[k], v.steer[k], v.brake[k] = row[5:11]
            v.hand_brake[k], v.reverse[k] = bool(row[11]), bool(row[12])
            v.gear[k] = min(max(int(row[13]), -1), 100)
            v.flags[k] = int(row[14]) & 0xFFFFFFFF
            v.speed[k] = row[5] * math.cos(row[4]) + row[6] * math.sin(row[4])

    def _show_walkers(self, sim: Simulation, before: Frame, after: Frame, share: float) -> None:
        w = sim.walkers
        for actor, row in self._rows("walkers", before, after, share):
            k = w.row.get(actor)
            if k is None:
                continue
            w.place(k, Pose(*row[:6].tolist()))
            w.vx[k], w.vy[k], w.vz[k] = row[6:9]
            w.direction_x[k], w.direction_y[k], w.direction_z[k], w.control_speed[k] = row[9:13]

    def _show_props(self, sim: Simulation, after: Frame) -> None:
        for actor, row in self._rows("props", after, after, 1.0):
            if actor in sim.props.row:
                sim.place(actor, Pose(*row.tolist()))

    def _show_spectator(self, sim: Simulation, options: Options, after: Frame) -> None:
        followed = self.actors.get(self._follow)
        if followed is not None and followed in sim.actors:
            sim.place(sim.spectator.id, _seen_from(sim.pose(followed), self._offset))
        elif not options.ignore_spectator:
            sim.place(sim.spectator.id, after.spectator)


def _set_physics(sim: Simulation, actor: int, on: bool) -> None:
    for group in (sim.vehicles, sim.walkers):
        if actor in group.row:
            group.physics[group.row[actor]] = on


def _between(old: Floats, new: Floats, share: float) -> Floats:
    """Columns between two frames; angles the short way round, switches as in the later one."""
    row = old + share * (new - old)
    for k in _ANGLES[: 2 if len(old) == 15 else 3]:
        row[k] = float(wrap_angle(old[k] + share * float(wrap_angle(new[k] - old[k]))))
    if len(old) == 15:  # a vehicle: hand brake, reverse, gear, lights
        row[11:] = new[11:]
    return row


def _seen_from(pose: Pose, offset: Pose) -> Pose:
    c, s = math.cos(pose.yaw), math.sin(pose.yaw)
    return Pose(
        pose.x + offset.x * c - offset.y * s,
        pose.y + offset.x * s + offset.y * c,
        pose.z + offset.z,
        offset.pitch,
        pose.yaw + offset.yaw,
    )
