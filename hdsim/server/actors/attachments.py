"""Actors without a body: where they are when what they ride on has moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hdsim.core.state import Floats, Ints
from hdsim.server.actors.records import Actor
from hdsim.server.wire.shapes import Pose

_POSE = ("x", "y", "z", "pitch", "yaw", "roll")


class Carriers(Protocol):
    """Arrays of poses with a row for each actor id."""

    row: dict[int, int]

    def __len__(self) -> int: ...


def rotation(pitch: Floats, yaw: Floats, roll: Floats) -> Floats:
    """Rotation matrices of attitudes, shape (n, 3, 3): body axes as columns.

    The frame is right-handed with x ahead and z up; pitch is up, roll to the right positive.
    """
    cp, sp, cy, sy = np.cos(pitch), np.sin(pitch), np.cos(yaw), np.sin(yaw)
    cr, sr = np.cos(roll), np.sin(roll)
    turn = np.empty((len(pitch), 3, 3))
    turn[:, 0, 0], turn[:, 1, 0], turn[:, 2, 0] = cy * cp, sy * cp, sp
    turn[:, 0, 1], turn[:, 1, 1] = -sy * cr - cy * sp * sr, cy * cr - sy * sp * sr
    turn[:, 0, 2], turn[:, 1, 2] = sy * sr - cy * sp * cr, -cy * sr - sy * sp * cr
    turn[:, 2, 1], turn[:, 2, 2] = cp * sr, cp * cr
    return turn


def attitude(matrix: Floats) -> tuple[Floats, Floats, Floats]:
    """Pitch, yaw and roll of rotation matrices, shape (n,) each; the inverse of ``rotation``."""
    pitch = np.arcsin(np.clip(matrix[..., 2, 0], -1.0, 1.0))
    yaw = np.arctan2(matrix[..., 1, 0], matrix[..., 0, 0])
    return pitch, yaw, np.arctan2(matrix[..., 2, 1], matrix[..., 2, 2])


@dataclass(frozen=True, slots=True)
class Attachments:
    """Who rides on what, until the population next changes.

    A sensor that stands free rides on the world.

    Attributes:
        ids: Actor ids of the riders, parents before their own riders.
        parents: Place of each parent among vehicles, walkers, props and riders, in that order; -1
            for the world.
        mounts: Pose of each rider in its parent's frame, shape (k, 6): x, y, z, pitch, yaw, roll.
        on_bodies: Riders that are not at their parent's own pose and ride on a body or the world.
        on_riders: Riders that ride on a rider.
    """

    ids: list[int]
    parents: Ints
    mounts: Floats
    on_bodies: Ints
    on_riders: list[int]

    def __len__(self) -> int:
        return len(self.ids)

    def poses(self, carriers: Sequence[Carriers]) -> Floats:
        """World poses of the riders, shape (k, 6), columns as in ``mounts``.

        Args:
            carriers: Vehicles, walkers and props as they were counted.
        """
        count = sum(map(len, carriers))
        bodies = np.zeros((count + 1, 6))  # the last one is the world
        start = 0
        for group in carriers:
            if len(group):
                end = start + len(group)
                for column, name in enumerate(_POSE):
                    values = getattr(group, name, None)
                    if values is not None:
                        bodies[start:end, column] = values
                start = end
        poses = bodies[np.where(self.parents < count, self.parents, -1)]
        if len(self.on_bodies):
            some = self.on_bodies
            poses[some] = _mounted(poses[some], self.mounts[some])
        for k in self.on_riders:  # rare
            parent = int(self.parents[k]) - count
            poses[k] = _mounted(poses[parent : parent + 1], self.mounts[k : k + 1])[0]
        return poses


def _mounted(parent: Floats, mount: Floats) -> Floats:
    """Poses in the world of mounts on parents, shape (k, 6) each."""
    turn = rotation(parent[:, 3], parent[:, 4], parent[:, 5])
    poses = parent.copy()
    poses[:, :3] += (turn @ mount[:, :3, None])[:, :, 0]
    turned = mount[:, 3:].any(axis=1)
    if turned.any():
        both = turn[turned] @ rotation(*mount[turned, 3:].T)
        poses[turned, 3:] = np.column_stack(attitude(both))
    return poses


def attachments(actors: Mapping[int, Actor], carriers: Sequence[Carriers]) -> Attachments:
    """The riders among actors, in order of spawning.

    Args:
        actors: All actors by id.
        carriers: Vehicles, walkers and props.
    """
    place: dict[int, int] = {}
    for group in carriers:
        start = len(place)
        place.update({actor: start + row for actor, row in group.row.items()})
    count = len(place)
    riders = [a for a in actors.values() if a.parent or a.stream or a.placed]
    place.update({a.id: count + k for k, a in enumerate(riders)})
    mounts = np.array([_numbers(a.mount) for a in riders], dtype=np.float64).reshape(-1, 6)
    parents = np.array([place.get(a.parent, -1) for a in riders], dtype=np.int64)
    return Attachments(
        [a.id for a in riders],
        parents,
        mounts,
        np.flatnonzero((parents < count) & mounts.any(axis=1)),
        np.flatnonzero(parents >= count).tolist(),
    )


def _numbers(pose: Pose) -> list[float]:
    return [pose.x, pose.y, pose.z, pose.pitch, pose.yaw, pose.roll]
