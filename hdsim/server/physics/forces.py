"""What clients do to the motion of a body: blows, forces, and velocities held or set.

A vehicle stays on the road: vertical parts, and turning about any but the vertical axis, are left
out. A walker on its feet goes where its control says, so only one that was knocked down, or whose
control is to stand, is moved by a blow until its next step.
"""

from __future__ import annotations

import math

from hdsim.core.state import Floats, wrap_angle
from hdsim.server.physics.vehicles import Vehicles
from hdsim.server.physics.walkers import Walkers

Vector = tuple[float, float, float]
# What a vehicle does by its weight on its wheels.
_OF_WHEELS = ("rolling", "grip", "full_throttle", "full_brake", "full_hand_brake")


def push(v: Vehicles, row: int, impulse: Vector, at: Vector | None = None) -> None:
    """A blow on a vehicle.

    Args:
        v: Vehicles.
        row: Row of the vehicle.
        impulse: World frame [N s].
        at: Where it acts, in the world [m]; None for the centre.
    """
    mass = float(v.mass[row])
    v.set_velocity(row, float(v.vx[row]) + impulse[0] / mass, float(v.vy[row]) + impulse[1] / mass)
    if at is not None:
        x, y = at[0] - float(v.x[row]), at[1] - float(v.y[row])
        twist(v, row, x * impulse[1] - y * impulse[0])


def twist(v: Vehicles, row: int, impulse: float) -> None:
    """An angular blow on a vehicle about the vertical [N m s], left positive."""
    turn_at(v, row, float(v.yaw_rate[row]) + impulse / float(v.inertia[row]))


def turn_at(v: Vehicles, row: int, yaw_rate: float) -> None:
    """Gives a vehicle a yaw rate [rad/s]: what its wheels do not make is spin, which dies out."""
    v.spin[row] += yaw_rate - float(v.yaw_rate[row])
    v.yaw_rate[row] = yaw_rate


def push_walker(w: Walkers, row: int, impulse: Vector) -> None:
    """A blow on a walker [N s], world frame."""
    mass = float(w.mass[row])
    w.vx[row] += impulse[0] / mass
    w.vy[row] += impulse[1] / mass


class Forces:
    """Forces that act over the next step, and velocities that are held until told otherwise."""

    def __init__(self) -> None:
        self._forces: list[tuple[int, Vector, Vector | None]] = []
        self._torques: list[tuple[int, float]] = []
        self._held: dict[int, tuple[float, float]] = {}
        self._aloft: dict[int, tuple[float, ...]] = {}

    def force(self, actor: int, force: Vector, at: Vector | None = None) -> None:
        """A force on a vehicle over the next step [N], world frame."""
        self._forces.append((actor, force, at))

    def torque(self, actor: int, torque: float) -> None:
        """A torque about the vertical over the next step [N m], left positive."""
        self._torques.append((actor, torque))

    def hold(self, actor: int, ahead: float, left: float) -> None:
        """Holds a vehicle's velocity in its own frame [m/s], whatever its pedals say."""
        self._held[actor] = (ahead, left)

    def let_go(self, actor: int) -> None:
        """Ends it."""
        self._held.pop(actor, None)

    def weight(self, actor: int, on: bool) -> None:
        """Takes a vehicle's weight off its wheels, which then have nothing to hold on to."""
        if on:
            self._aloft.pop(actor, None)
        else:
            self._aloft[actor] = ()

    def forget(self, actor: int) -> None:
        """Drops a vehicle that is gone."""
        self.let_go(actor)
        self.weight(actor, True)
        self._forces = [f for f in self._forces if f[0] != actor]
        self._torques = [t for t in self._torques if t[0] != actor]

    def before(self, v: Vehicles, dt: float) -> None:
        """What acts at the start of a step; forces change a velocity by their impulse."""
        for actor, force, at in self._forces:
            fx, fy, fz = force
            push(v, v.row[actor], (fx * dt, fy * dt, fz * dt), at)
        for actor, torque in self._torques:
            twist(v, v.row[actor], torque * dt)
        self._forces, self._torques = [], []
        for actor in self._aloft:
            row = v.row[actor]
            self._aloft[actor] = tuple(float(getattr(v, name)[row]) for name in _OF_WHEELS)
            for name in _OF_WHEELS:
                getattr(v, name)[row] = 0.0

    def after(self, v: Vehicles, places: tuple[Floats, Floats, Floats], dt: float) -> None:
        """Gives vehicles their held velocities, and the way that these make.

        Args:
            v: Vehicles after the step.
            places: Their x, y and yaw before it.
            dt: Step [s].
        """
        for actor, values in self._aloft.items():
            for name, value in zip(_OF_WHEELS, values, strict=True):
                getattr(v, name)[v.row[actor]] = value
        for actor, (ahead, left) in self._held.items():
            row = v.row[actor]
            if not v.physics[row]:
                continue
            x, y, yaw = (float(a[row]) for a in places)
            middle = yaw + 0.5 * float(wrap_angle(float(v.yaw[row]) - yaw))
            c, s = math.cos(middle), math.sin(middle)
            v.x[row] = x + (ahead * c - left * s) * dt
            v.y[row] = y + (ahead * s + left * c) * dt
            c, s = math.cos(float(v.yaw[row])), math.sin(float(v.yaw[row]))
            v.set_velocity(row, ahead * c - left * s, ahead * s + left * c)
