"""IMU: acceleration with gravity, turn rate and compass of a sensor."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hdsim.core.state import Floats
from hdsim.server.actors.attributes import Values
from hdsim.server.sensors.noise import Noise

GRAVITY = 9.81  # CARLA's InertialMeasurementUnit.cpp [m/s^2]
_AXES = ("x", "y", "z")
# A right-handed vector in a body's frame (forward, left, up) on the wire (forward, right, up); a
# turn rate is an axial vector and changes its other components.
_WIRE = np.array([1.0, -1.0, 1.0])
_WIRE_AXIAL = np.array([-1.0, 1.0, -1.0])


def acceleration(now: Floats, before: Floats, long_before: Floats, step_s: float) -> Floats:
    """Second difference of three positions, one step apart each [m/s^2], shape (3,).

    What CARLA's sensor computes, with its equal steps: a teleport shows as a jolt.
    """
    return (now - 2.0 * before + long_before) / step_s**2


def compass(rotation: Floats) -> float:
    """Heading clockwise from north [rad], 0 to 2 pi; north is CARLA's -y, here +y.

    Args:
        rotation: Sensor to world, shape (3, 3).
    """
    forward = rotation[:, 0]
    return float(np.arctan2(forward[0], forward[1]) % (2.0 * math.pi))


@dataclass(frozen=True, slots=True)
class Imu:
    """Settings of an IMU.

    Attributes:
        accel_deviation: Standard deviation of each axis [m/s^2], shape (3,).
        gyro_bias: [rad/s], shape (3,).
        gyro_deviation: As gyro_bias.
        noise: Its random numbers.
    """

    accel_deviation: Floats
    gyro_bias: Floats
    gyro_deviation: Floats
    noise: Noise

    @staticmethod
    def of(values: Values) -> Imu:
        """From attributes; raises ``ValueError``."""

        def vector(name: str) -> Floats:
            return np.array([values.number(f"noise_{name}_{a}") for a in _AXES])

        noise = Noise(values.integer("noise_seed"), "imu")
        return Imu(vector("accel_stddev"), vector("gyro_bias"), vector("gyro_stddev"), noise)

    def measure(
        self,
        world_acceleration: Floats,
        world_rate: Floats,
        rotation: Floats,
        tick: int,
        gravity: float = GRAVITY,
    ) -> list[object]:
        """CARLA's IMUMeasurement: accelerometer, gyroscope and compass, in the sensor's frame.

        CARLA turns the gyroscope of a mount that is itself turned the wrong way round (it rotates
        by the mount where it should rotate back); here it is in the sensor's frame like the rest.

        Args:
            world_acceleration: Of the sensor, shape (3,) [m/s^2].
            world_rate: Turn rate of what carries it, shape (3,) [rad/s].
            rotation: Sensor to world, shape (3, 3).
            tick: Number of the frame since the sensor was spawned.
            gravity: [m/s^2].
        """
        felt = (world_acceleration + np.array([0.0, 0.0, gravity])) @ rotation * _WIRE
        felt = felt + self.accel_deviation * self.noise.normal("accelerometer", tick, 3)
        turn = world_rate @ rotation * _WIRE_AXIAL + self.gyro_bias
        turn = turn + self.gyro_deviation * self.noise.normal("gyroscope", tick, 3)
        return [felt.tolist(), turn.tolist(), compass(rotation)]
