"""Actors without a body: where they are when what they ride on has moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hdsim.core.state import Floats, Ints
from hdsim.server.actors import Actor
from hdsim.server.shapes import Pose

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
    return np.stack([
        np.stack([cy * cp, -sy * cr - cy * sp * sr, sy * sr - cy * sp * cr], axis=-1),
        np.stack([sy * cp, cy * cr - sy * sp * sr, -cy * sr - sy * sp * cr], axis=-1),
        np.stack([sp, cp * sr, cp * cr], axis=-1),
    ], axis=-2)  # fmt: skip


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
    """

    ids: list[int]
    parents: Ints
    mounts: Floats

    def __len__(self) -> int:
        return len(self.ids)

    def poses(self, carriers: Sequence[Carriers]) -> Floats:
        """World poses of the riders, shape (k, 6), columns as in ``mounts``.

        Args:
            carriers: Vehicles, walkers and props as they were counted.
        """
        count = sum(map(len, carriers))
        known = np.zeros((count + len(self.ids) + 1, 6))  # the last one is the world
        start = 0
        for group in carriers:
            if len(group):
                known[start : start + len(group)] = _poses(group)
            start += len(group)
        direct = np.flatnonzero(self.parents < count)
        known[count + direct] = _mounted(known[self.parents[direct]], self.mounts[direct])
        for k in np.flatnonzero(self.parents >= count).tolist():  # a rider on a rider is rare
            parent = known[self.parents[k : k + 1]]
            known[count + k] = _mounted(parent, self.mounts[k : k + 1])[0]
        return known[count:-1]


def _poses(group: Carriers) -> Floats:
    columns = [getattr(group, name, None) for name in _POSE]
    flat = np.zeros(len(group))
    return np.column_stack([flat if c is None else c for c in columns])


def _mounted(parent: Floats, mount: Floats) -> Floats:
    """Poses in the world of mounts on parents, shape (k, 6) each."""
    turn = rotation(parent[:, 3], parent[:, 4], parent[:, 5])
    place = parent[:, :3] + np.einsum("kij,kj->ki", turn, mount[:, :3])
    both = turn @ rotation(mount[:, 3], mount[:, 4], mount[:, 5])
    return np.column_stack([place, *attitude(both)])


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
    riders = [a for a in actors.values() if a.parent or a.stream]
    place.update({a.id: count + k for k, a in enumerate(riders)})
    mounts = [_numbers(a.mount) for a in riders]
    return Attachments(
        [a.id for a in riders],
        np.array([place.get(a.parent, -1) for a in riders], dtype=np.int64),
        np.array(mounts, dtype=np.float64).reshape(-1, 6),
    )


def _numbers(pose: Pose) -> list[float]:
    return [pose.x, pose.y, pose.z, pose.pitch, pose.yaw, pose.roll]
