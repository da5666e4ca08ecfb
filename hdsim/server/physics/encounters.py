"""Contacts of a step: what they do to vehicles and walkers, and what collision sensors notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hdsim.core.state import Floats
from hdsim.server.actors.records import Actor
from hdsim.server.physics import impacts, walkers
from hdsim.server.physics.collisions import Contacts, RigidBodies
from hdsim.server.physics.profiles import BLOWS
from hdsim.server.wire.shapes import Pose, vector_wire

if TYPE_CHECKING:
    from hdsim.server.simulation import Simulation

SENSOR = "sensor.other.collision"


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


def collide(sim: Simulation, bodies: RigidBodies, pairs: Contacts) -> list[Collision]:
    """Carries out contacts.

    Args:
        sim: The world; its ``collided`` becomes the ids of those that touch.
        bodies: Vehicles, then walkers, then props.
        pairs: Their contacts.
    """
    pairs, impulses = _strike(sim, bodies, pairs)
    ids = np.concatenate([sim.vehicles.id, sim.walkers.id, sim.props.id])
    first, second = ids[pairs.first].tolist(), ids[pairs.second].tolist()
    sim.collided = list(zip(first, second, strict=True))
    listening: dict[int, list[int]] = {}
    for sensor in sim.actors.values():
        if sensor.type == SENSOR:
            listening.setdefault(sensor.parent, []).append(sensor.stream)
    noticed = []
    for (a, b), (x, y) in zip(sim.collided, impulses.tolist(), strict=True):
        for own, other, sign in ((a, b, -1.0), (b, a, 1.0)):
            impulse = vector_wire(sign * x, sign * y, 0.0)
            noticed += [
                Collision(stream, sim.actors[own], sim.actors[other], impulse, sim.pose(own))
                for stream in listening.get(own, ())
            ]
    return noticed


def _strike(sim: Simulation, bodies: RigidBodies, pairs: Contacts) -> tuple[Contacts, Floats]:
    """What contacts do to motion; those that count, and the impulse of each [N s], shape (k, 2)."""
    v, w = sim.vehicles, sim.walkers
    if not len(w):
        response = impacts.resolve(bodies, pairs, *BLOWS[sim.physics])
        v.take(response)
        return pairs, np.column_stack([response.impulse_x, response.impulse_y])
    pairs = walkers.without_each_other(pairs, len(v), len(w))
    for row in walkers.knocked_down(pairs, bodies, w, len(v)).tolist():
        w.die(row)
    aside = walkers.brushes(pairs, w, len(v))
    response = impacts.resolve(bodies, walkers.kept(pairs, ~aside), *BLOWS[sim.physics])
    v.take(response)
    w.take(response, len(v))
    walkers.step_aside(w, walkers.kept(pairs, aside), len(v))
    impulses = np.zeros((len(pairs), 2))
    impulses[~aside] = np.column_stack([response.impulse_x, response.impulse_y])
    return pairs, impulses
