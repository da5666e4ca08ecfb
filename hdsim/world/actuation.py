"""Decisions (acceleration, road-wheel angle) to CARLA vehicle controls, for all drivers at once."""

from __future__ import annotations

from collections.abc import Sequence

import carla
import numpy as np

from hdsim.core.command import Decisions
from hdsim.core.state import Floats, Ints, State
from hdsim.world.snapshot import wheel_geometry

# Feed-forward: acceleration of a typical CARLA car at full throttle and full brake [m/s^2]. The
# integrator below makes up the difference on a vehicle that answers otherwise.
FULL_THROTTLE_MPS2 = 4.5
FULL_BRAKE_MPS2 = 8.0
_INTEGRAL_GAIN_PER_S = 0.6
_INTEGRAL_LIMIT_MPS2 = 2.0


class Actuator:
    """Turns decisions into controls by feed-forward and an integrating correction.

    Args:
        actors: The HDSim drivers' vehicles, in the order of ``Roster.drivers``.
        rows: Their roster rows, shape (D,).
        step_s: Length of a tick [s].
    """

    def __init__(self, actors: Sequence[carla.Vehicle], rows: Ints, step_s: float) -> None:
        self._ids = [actor.id for actor in actors]
        self._rows = rows
        self._step_s = step_s
        geometry = [wheel_geometry(actor) for actor in actors]
        self._max_angle = np.array([g[1] for g in geometry])
        curves = [g[2] or [(0.0, 1.0)] for g in geometry]
        width = max((len(c) for c in curves), default=1)
        padded = [c + [c[-1]] * (width - len(c)) for c in curves]
        table = np.array(padded).reshape(len(actors), width, 2)
        self._curve_kmh, self._curve_factor = table[:, :, 0], table[:, :, 1]
        self._wanted = np.zeros(len(actors))
        self._correction = np.zeros(len(actors))

    def _steering_factor(self, speed: Floats) -> Floats:
        """The blueprint's steering curve at each speed [m/s], linearly interpolated."""
        kmh = np.abs(speed) * 3.6
        factor = np.array(self._curve_factor[:, 0])
        for j in range(self._curve_kmh.shape[1] - 1):
            x0, x1 = self._curve_kmh[:, j], self._curve_kmh[:, j + 1]
            f0, f1 = self._curve_factor[:, j], self._curve_factor[:, j + 1]
            share = np.clip((kmh - x0) / np.maximum(x1 - x0, 1e-6), 0.0, 1.0)
            factor = np.where(kmh >= x0, f0 + share * (f1 - f0), factor)
        return np.asarray(np.maximum(factor, 0.05))

    def controls(self, decisions: Decisions, state: State) -> tuple[Floats, Floats, Floats]:
        """``(throttle, steer, brake)``, shape (D,) each, in CARLA's ranges and signs."""
        speed = state.speed[self._rows]
        measured = state.accel[self._rows]
        rolling = (np.abs(speed) > 0.5) & (np.abs(self._wanted) < 4.0)
        self._correction = np.where(
            rolling,
            np.clip(
                self._correction + _INTEGRAL_GAIN_PER_S * self._step_s * (self._wanted - measured),
                -_INTEGRAL_LIMIT_MPS2,
                _INTEGRAL_LIMIT_MPS2,
            ),
            0.0,
        )
        self._wanted = decisions.accel
        effort = np.where(
            decisions.accel > -4.0, decisions.accel + self._correction, decisions.accel
        )
        throttle = np.clip(effort / FULL_THROTTLE_MPS2, 0.0, 1.0)
        brake = np.clip(-effort / FULL_BRAKE_MPS2, 0.0, 1.0)
        throttle = np.where(decisions.hold, 0.0, throttle)
        brake = np.where(decisions.hold, 1.0, brake)
        steer = -decisions.steer / (self._max_angle * self._steering_factor(speed))
        return throttle, np.clip(steer, -1.0, 1.0), brake

    def commands(
        self, decisions: Decisions, state: State
    ) -> list[carla.command.ApplyVehicleControl]:
        """One command per driver whose vehicle is still in the world."""
        throttle, steer, brake = (a.tolist() for a in self.controls(decisions, state))
        present = state.present[self._rows].tolist()
        apply, control = carla.command.ApplyVehicleControl, carla.VehicleControl
        return [
            apply(i, control(t, s, b))
            for i, t, s, b, here in zip(self._ids, throttle, steer, brake, present, strict=True)
            if here
        ]
