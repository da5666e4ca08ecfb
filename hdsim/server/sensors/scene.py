"""What sensors look at: the bodies of the present frame and the road."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hdsim.core.state import Bools, Floats, Ints
from hdsim.server.sensors.ground import Ground
from hdsim.server.sensors.rays import Boxes, Hits, cast

if TYPE_CHECKING:
    from hdsim.server.physics.bodies import Bodies

LABEL_ROAD = 1  # CARLA's CityObjectLabel


@dataclass(frozen=True, slots=True)
class Scene:
    """Bodies and road of one frame.

    Attributes:
        boxes: The bodies, m of them.
        ids: Actor ids, shape (m,).
        labels: CARLA's semantic labels, shape (m,).
        velocity: In the world frame, shape (m, 3) [m/s].
        moves: False for what never moves by itself, shape (m,).
        ground: Road surface.
    """

    boxes: Boxes
    ids: Ints
    labels: Ints
    velocity: Floats
    moves: Bools
    ground: Ground

    def cast(self, origin: Floats, directions: Floats, reach: Floats) -> Hits:
        """What rays hit; see ``rays.cast``."""
        return cast(origin, directions, reach, self.boxes, self.ground)

    def of_hits(self, hits: Hits) -> tuple[Ints, Ints, Floats]:
        """Actor ids (0 for the road), labels and velocities of what was hit.

        Shapes (n,), (n,) and (n, 3); what hit nothing counts as road.
        """
        road = np.array([0]), np.array([LABEL_ROAD]), np.zeros((1, 3))
        both = [
            np.concatenate([a, b])
            for a, b in zip((self.ids, self.labels, self.velocity), road, strict=True)
        ]
        index = np.where(hits.what >= 0, hits.what, len(self.ids))
        return both[0][index], both[1][index], both[2][index]


def body_scene(bodies: Bodies, velocity: Floats, ground: Ground) -> Scene:
    """The scene of all bodies.

    Args:
        bodies: Vehicles, walkers and props, in that order.
        velocity: Of the first of them, shape (k, 3) [m/s]; those after them stand.
        ground: Road surface.
    """
    boxes = Boxes(
        bodies.x, bodies.y, bodies.z, bodies.yaw,
        bodies.half_length, bodies.half_width, bodies.half_height,
    )  # fmt: skip
    all_velocities = np.zeros((len(bodies), 3))
    all_velocities[: len(velocity)] = velocity
    return Scene(boxes, bodies.id, bodies.label, all_velocities, bodies.moves, ground)
