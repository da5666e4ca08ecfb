"""Ackermann control: speed and acceleration controllers that press the pedals for a client.

The cascade of CARLA's ``AckermannController``: a speed controller asks for an acceleration within
what the client allows, an acceleration controller moves the pedals, and the wheels turn no faster
than the client says. Constants and gains are CARLA's (AckermannController.h).
"""

from __future__ import annotations

import numpy as np

from hdsim.core.state import Floats, Ints
from hdsim.server.physics.vehicles import Vehicles

# Gains: proportional, integral, derivative of the speed and of the acceleration controller.
DEFAULT_GAINS = (0.15, 0.0, 0.25, 0.01, 0.0, 0.01)
_MAX_ACCELERATION, _MAX_DECELERATION = 3.0, 8.0  # where the client sets no limit [m/s^2]
_STANDING = 0.1  # below this a vehicle stands [m/s]
_AS_FAST_AS_IT_CAN = 1e-3  # below this steering speed wheels turn at once [rad/s]
_NO_LIMIT = 1e-4  # below this acceleration the limits above count [m/s^2]


class Ackermann:
    """The controllers of the vehicles that are under Ackermann control, shape (k,) each.

    Attributes:
        ids: Actor ids, in the order in which they came under it.
        target: What the client wants, shape (k, 5): wheel angle [rad, right positive], its rate
            [rad/s], speed [m/s, negative backwards], acceleration [m/s^2], jerk; the jerk counts
            for nothing, as in CARLA.
        state: Shape (k, 8): integral, last input and output (an acceleration) of the speed
            controller, the same of the acceleration controller (a pedal), speed and smoothed
            acceleration at the last step.
    """

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.target: Floats = np.zeros((0, 5))
        self.state: Floats = np.zeros((0, 8))
        self._gains: dict[int, tuple[float, ...]] = {}
        self._rows: Ints = np.zeros(0, dtype=np.int64)
        self._gains_now: Floats = np.zeros((0, 6))
        self._rows_of: dict[int, int] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def gains(self, actor: int) -> tuple[float, ...]:
        """The six gains of a vehicle's controllers."""
        return self._gains.get(actor, DEFAULT_GAINS)

    def set_gains(self, actor: int, gains: tuple[float, ...]) -> None:
        """Sets them, for now and for later."""
        self._gains[actor] = gains
        self._rows_of = None

    def engage(self, actor: int, target: tuple[float, ...]) -> None:
        """Brings a vehicle under Ackermann control, or changes what is wanted of it."""
        if actor not in self.ids:
            self.ids.append(actor)
            self.target = np.append(self.target, np.zeros((1, 5)), axis=0)
            self.state = np.append(self.state, np.zeros((1, 8)), axis=0)
            self._rows_of = None
        self.target[self.ids.index(actor)] = target

    def release(self, actor: int) -> None:
        """Gives a vehicle back to its own control; nothing if it is not under this one."""
        if actor in self.ids:
            k = self.ids.index(actor)
            del self.ids[k]
            self.target, self.state = np.delete(self.target, k, 0), np.delete(self.state, k, 0)
            self._rows_of = None

    def forget(self, actor: int) -> None:
        """Drops a vehicle that is gone."""
        self.release(actor)
        self._gains.pop(actor, None)

    def step(self, v: Vehicles, dt: float) -> None:
        """Sets pedals and steering of the vehicles under control for a step of ``dt`` seconds."""
        if self._rows_of is not v.row:
            self._rows = np.array([v.row[actor] for actor in self.ids], dtype=np.int64)
            self._gains_now = np.array([self.gains(actor) for actor in self.ids])
            self._rows_of = v.row
        self._steer(v, self._rows, dt)
        self._drive(v, self._rows, self._gains_now, dt)

    def _steer(self, v: Vehicles, rows: Ints, dt: float) -> None:
        full = v.max_wheel_angle[rows]
        wanted = -np.clip(self.target[:, 0], -full, full)
        now = v.steer[rows] * full
        rate = np.abs(self.target[:, 1])
        most = np.where(rate < _AS_FAST_AS_IT_CAN, np.inf, rate * dt)
        v.steer[rows] = (now + np.clip(wanted - now, -most, most)) / full

    def _drive(self, v: Vehicles, rows: Ints, gains: Floats, dt: float) -> None:
        s = self.state
        speed, wanted = v.speed[rows], self.target[:, 2]
        acceleration = (4.0 * s[:, 7] + (speed - s[:, 6]) / dt) / 5.0
        s[:, 6], s[:, 7] = speed, acceleration
        standing = np.abs(speed) < _STANDING
        stop = standing & (np.abs(wanted) < _STANDING)
        reverse = np.where(standing & ~stop, wanted < 0.0, v.reverse[rows])
        # Who goes the wrong way stops before turning round.
        turning = ~standing & (np.sign(speed) * np.sign(wanted) == -1.0)
        aim = np.where(turning, 0.0, wanted)

        allowed = np.abs(self.target[:, 3])
        free = allowed < _NO_LIMIT
        low = np.where(free, -_MAX_DECELERATION, -allowed)
        high = np.where(free, _MAX_ACCELERATION, allowed)
        asked, integral = _pid(gains[:, :3], aim, speed, s[:, 0], s[:, 1], dt)
        goes = ~stop
        s[:, 0], s[:, 1] = np.where(goes, integral, s[:, 0]), np.where(goes, speed, s[:, 1])
        s[:, 2] = np.where(goes, np.clip(s[:, 2] + asked, low, high), s[:, 2])
        asked, integral = _pid(gains[:, 3:], s[:, 2], acceleration, s[:, 3], s[:, 4], dt)
        s[:, 3], s[:, 4] = np.where(goes, integral, s[:, 3]), np.where(goes, acceleration, s[:, 4])
        s[:, 5] = np.where(goes, np.clip(s[:, 5] + asked, -1.0, 1.0), s[:, 5])

        ahead = np.where(reverse, -s[:, 5], s[:, 5])
        v.throttle[rows] = np.where(stop, 0.0, np.maximum(ahead, 0.0))
        v.brake[rows] = np.where(stop, 1.0, np.maximum(-ahead, 0.0))
        v.reverse[rows] = reverse


def _pid(
    gains: Floats, aim: Floats, value: Floats, integral: Floats, last: Floats, dt: float
) -> tuple[Floats, Floats]:
    """Output of a controller and its new integral, both within -1 to 1, shape (k,).

    The derivative is that of the measured value, so that a new aim makes no kick.
    """
    error = aim - value
    integral = np.clip(integral + gains[:, 1] * error * dt, -1.0, 1.0)
    out = gains[:, 0] * error + integral - gains[:, 2] * (value - last) / dt
    return np.clip(out, -1.0, 1.0), integral
