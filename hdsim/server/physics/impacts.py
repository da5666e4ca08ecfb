"""What a collision does: impulses that conserve linear and angular momentum.

Rigid bodies in the plane struck at one point (Brach and Brach 2011, Vehicle Accident Analysis and
Reconstruction Methods, 2nd ed., chapter 6, planar impact mechanics): an impulse along the contact
normal with restitution, then one along the tangent that friction limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.core.compiled import compiled
from hdsim.core.state import Bools, Floats, Ints
from hdsim.server.physics.collisions import Contacts, RigidBodies


@dataclass(frozen=True, slots=True)
class Response:
    """State of all bodies after the blows, and the blows themselves.

    Attributes:
        x: Centre, pushed out of what it overlapped [m], shape (n,).
        y: As x.
        vx: Velocity in the world frame [m/s], shape (n,).
        vy: As vx.
        yaw_rate: [rad/s], shape (n,).
        struck: Whether a blow changed the body's motion, shape (n,).
        impulse_x: Impulse on the second body of each contact [N s], shape (k,); the first one
            takes the opposite.
        impulse_y: As impulse_x.
    """

    x: Floats
    y: Floats
    vx: Floats
    vy: Floats
    yaw_rate: Floats
    struck: Bools
    impulse_x: Floats
    impulse_y: Floats


def resolve(b: RigidBodies, pairs: Contacts, restitution: float, friction: float) -> Response:
    """Pushes touching bodies apart and lets them strike each other.

    Pairs are taken in order, each with the motion that the ones before it left. An impulse acts
    on both bodies at one point, so that linear momentum and angular momentum about any point are
    conserved and energy never grows, at the places where the bodies met. The push apart is along
    the normal, in inverse proportion to the masses, and keeps the common centre of mass. A body
    that does not move is a wall.

    Args:
        b: RigidBodies.
        pairs: Their contacts.
        restitution: Normal speed of the contact point after over before the blow, 0 to 1.
        friction: Largest tangential over normal impulse, >= 0.
    """
    x, y, vx, vy = b.x.copy(), b.y.copy(), b.vx.copy(), b.vy.copy()
    yaw_rate = b.yaw_rate.copy()
    struck = np.zeros(len(b), dtype=np.bool_)
    light, turns = np.where(b.moves, 1.0 / b.mass, 0.0), np.where(b.moves, 1.0 / b.inertia, 0.0)
    impulse_x, impulse_y = _strike(
        pairs.first, pairs.second, pairs.nx, pairs.ny, pairs.depth, pairs.x, pairs.y,
        b.x, b.y, light, turns, restitution, friction, x, y, vx, vy, yaw_rate, struck,
    )  # fmt: skip
    return Response(x, y, vx, vy, yaw_rate, struck, impulse_x, impulse_y)


@compiled
def _strike(
    first: Ints,
    second: Ints,
    normal_x: Floats,
    normal_y: Floats,
    depth: Floats,
    point_x: Floats,
    point_y: Floats,
    centre_x: Floats,
    centre_y: Floats,
    light: Floats,
    turns: Floats,
    restitution: float,
    friction: float,
    x: Floats,
    y: Floats,
    vx: Floats,
    vy: Floats,
    yaw_rate: Floats,
    struck: Bools,
) -> tuple[Floats, Floats]:
    """The blows of all pairs; changes the last six in place and returns the impulses."""
    count = len(first)
    impulse_x, impulse_y = np.zeros(count), np.zeros(count)
    for k in range(count):
        a, b, nx, ny = first[k], second[k], normal_x[k], normal_y[k]
        give = light[a] + light[b]
        if give == 0.0:
            continue
        x[a] -= nx * depth[k] * light[a] / give
        y[a] -= ny * depth[k] * light[a] / give
        x[b] += nx * depth[k] * light[b] / give
        y[b] += ny * depth[k] * light[b] / give
        ax, ay = point_x[k] - centre_x[a], point_y[k] - centre_y[a]
        bx, by = point_x[k] - centre_x[b], point_y[k] - centre_y[b]
        normal = 0.0
        for tangential in range(2):
            ux, uy = (-ny, nx) if tangential else (nx, ny)
            arm_a, arm_b = ax * uy - ay * ux, bx * uy - by * ux
            closing = (vx[a] - vx[b]) * ux + (vy[a] - vy[b]) * uy
            closing += yaw_rate[a] * arm_a - yaw_rate[b] * arm_b
            impulse = closing / (give + turns[a] * arm_a**2 + turns[b] * arm_b**2)
            if tangential:
                impulse = min(max(impulse, -friction * normal), friction * normal)
            elif closing <= 0.0:
                break
            else:
                impulse *= 1.0 + restitution
                normal = impulse
                struck[a], struck[b] = struck[a] or light[a] > 0.0, struck[b] or light[b] > 0.0
            vx[a] -= impulse * light[a] * ux
            vy[a] -= impulse * light[a] * uy
            vx[b] += impulse * light[b] * ux
            vy[b] += impulse * light[b] * uy
            yaw_rate[a] -= impulse * turns[a] * arm_a
            yaw_rate[b] += impulse * turns[b] * arm_b
            impulse_x[k] += impulse * ux
            impulse_y[k] += impulse * uy
    return impulse_x, impulse_y
