"""Everything that has a body, as oriented boxes: for rays and for collisions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.core.state import Bools, Floats, Ints
from hdsim.server.physics.props import Props
from hdsim.server.physics.vehicles import Vehicles
from hdsim.server.physics.walkers import Walkers

LABEL_PEDESTRIAN = 12  # CARLA's CityObjectLabel


@dataclass(frozen=True, slots=True)
class Bodies:
    """Upright oriented boxes, shape (n,) each: vehicles, then walkers, then props.

    Attributes:
        id: Actor id.
        label: CARLA's semantic label.
        x: Centre of the box [m].
        y: As x.
        z: As x; half way up, not at the foot.
        yaw: [rad].
        half_length: Half sizes [m].
        half_width: As half_length.
        half_height: As half_length.
        collides: False where collisions were switched off; rays see the body all the same.
        moves: False for props.
    """

    id: Ints
    label: Ints
    x: Floats
    y: Floats
    z: Floats
    yaw: Floats
    half_length: Floats
    half_width: Floats
    half_height: Floats
    collides: Bools
    moves: Bools

    def __len__(self) -> int:
        return len(self.id)


def bodies(v: Vehicles, w: Walkers, p: Props) -> Bodies:
    """All bodies as they stand."""

    def joined(name: str) -> Floats:
        return np.concatenate([getattr(v, name), getattr(w, name), getattr(p, name)])

    return Bodies(
        id=np.concatenate([v.id, w.id, p.id]),
        label=np.concatenate([v.label, np.full(len(w), LABEL_PEDESTRIAN), p.label]),
        x=joined("x"),
        y=joined("y"),
        z=np.concatenate([v.z + v.half_height, w.z, p.z + p.half_height]),
        yaw=joined("yaw"),
        half_length=joined("half_length"),
        half_width=joined("half_width"),
        half_height=joined("half_height"),
        collides=np.concatenate([v.collides, w.collides, p.collides]),
        moves=np.arange(len(v) + len(w) + len(p)) < len(v) + len(w),
    )
