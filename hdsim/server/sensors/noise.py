"""The random numbers of a sensor: a pure function of its seed, its kind and the frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.core import seeds
from hdsim.core.state import Floats

# Draws of one quantity in one frame; more rays than this are never cast at once.
DRAWS_PER_TICK = 1 << 20


@dataclass(frozen=True, slots=True)
class Noise:
    """Draws by name and frame.

    As in CARLA, sensors of one kind and one ``noise_seed`` draw the same numbers; unlike there, a
    draw depends on the frames since the sensor was spawned and on nothing that came before.

    Attributes:
        seed: CARLA's ``noise_seed`` attribute.
        kind: Kind of sensor.
    """

    seed: int
    kind: str

    def _counter(self, tick: int, count: int) -> np.ndarray:
        return np.arange(count) + tick * DRAWS_PER_TICK

    def normal(self, quantity: str, tick: int, count: int) -> Floats:
        """Standard normal draws, shape (count,)."""
        key = seeds.key(self.seed, "sensor", self.kind, quantity)
        return seeds.normal(key, self._counter(tick, count))

    def uniform(self, quantity: str, tick: int, count: int) -> Floats:
        """Draws from the open interval (0, 1), shape (count,)."""
        key = seeds.key(self.seed, "sensor", self.kind, quantity)
        return seeds.uniform(key, self._counter(tick, count))
