"""Static props: boxes that stand where they were put, to be hit and to be seen by rays."""

from __future__ import annotations

import numpy as np

from hdsim.core.state import Bools, Floats, Ints
from hdsim.server.actors.blueprints import PropModel
from hdsim.server.physics.collisions import RigidBodies
from hdsim.server.wire.shapes import Pose

_FLOATS = ("x", "y", "z", "pitch", "yaw", "roll", "half_length", "half_width", "half_height")


class Props:
    """Arrays over props, shape (n,) each; right-handed frame, SI, radians.

    Attributes:
        id: Actor id.
        label: Semantic label.
        x: Position of the middle of the underside [m].
        y: As x.
        z: As x.
        pitch: As given [rad]; boxes are taken as upright.
        yaw: [rad].
        roll: As pitch.
        half_length: Half sizes of the box [m].
        half_width: As half_length.
        half_height: As half_length.
        collides: False for a prop whose collisions were switched off.
    """

    id: Ints
    label: Ints
    x: Floats
    y: Floats
    z: Floats
    pitch: Floats
    yaw: Floats
    roll: Floats
    half_length: Floats
    half_width: Floats
    half_height: Floats
    collides: Bools

    def __init__(self) -> None:
        self.id, self.label = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        for name in _FLOATS:
            setattr(self, name, np.zeros(0))
        self.collides = np.zeros(0, dtype=np.bool_)
        self.row: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.id)

    def add(self, actor: int, model: PropModel, pose: Pose) -> int:
        """A prop; returns its row."""
        values = {
            "id": actor, "label": model.label, "x": pose.x, "y": pose.y, "z": pose.z,
            "pitch": pose.pitch, "yaw": pose.yaw, "roll": pose.roll,
            "half_length": model.length / 2, "half_width": model.width / 2,
            "half_height": model.height / 2, "collides": True,
        }  # fmt: skip
        for name in ("id", "label", *_FLOATS, "collides"):
            array = getattr(self, name)
            grown = np.append(array, np.asarray(values[name], dtype=array.dtype))
            setattr(self, name, grown)
        self.row[actor] = len(self.id) - 1
        return self.row[actor]

    def remove(self, actor: int) -> None:
        """Takes a prop out; the rows after it move up."""
        row = self.row[actor]
        for name in ("id", "label", *_FLOATS, "collides"):
            setattr(self, name, np.delete(getattr(self, name), row))
        self.row = {int(a): i for i, a in enumerate(self.id)}

    def rigid(self) -> RigidBodies:
        """The props as bodies that can be run into and never move."""
        still, fixed = np.zeros(len(self)), np.full(len(self), np.inf)
        return RigidBodies(
            self.x, self.y, self.z, self.yaw, self.half_length, self.half_width,
            self.half_height, still, still, still, fixed, fixed,
            np.zeros(len(self), dtype=np.bool_), self.collides,
        )  # fmt: skip

    def pose(self, row: int) -> Pose:
        """Where a prop is."""
        at = (self.x, self.y, self.z, self.pitch, self.yaw, self.roll)
        return Pose(*(float(a[row]) for a in at))

    def place(self, row: int, pose: Pose) -> None:
        """Moves a prop."""
        self.x[row], self.y[row], self.z[row] = pose.x, pose.y, pose.z
        self.pitch[row], self.yaw[row], self.roll[row] = pose.pitch, pose.yaw, pose.roll
