"""State: what is true. One snapshot of the world as arrays over actors."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def _nobody() -> Ints:
    return np.zeros(0, dtype=np.int64)


class SignalState(IntEnum):
    """Traffic signal states; the numbers are CARLA's."""

    RED = 0
    YELLOW = 1
    GREEN = 2
    OFF = 3
    UNKNOWN = 4


@dataclass(frozen=True, slots=True)
class Roster:
    """Who takes part: fixed for a scenario; every per-actor array follows its row order.

    Attributes:
        names: Stable names, shape (n,): ``"ego"``, ``"npc-00"``, ``"walker-00"``, ... Noise is
            keyed by them.
        styles: Profile name of each HDSim driver, ``""`` for others, shape (n,).
        length: Full bumper-to-bumper length [m], shape (n,).
        width: Full width without mirrors [m], shape (n,).
        wheelbase: Distance between axles [m], 0 for a walker, shape (n,).
        drivers: Rows driven by HDSim, ascending, shape (D,).
        ego: Row of the ego.
        walkers: Rows of people on foot, the last ones, shape (w,).
        cyclists: Rows of bicycles, ascending, shape (b,).
    """

    names: tuple[str, ...]
    styles: tuple[str, ...]
    length: Floats
    width: Floats
    wheelbase: Floats
    drivers: Ints
    ego: int = 0
    walkers: Ints = field(default_factory=_nobody)
    cyclists: Ints = field(default_factory=_nobody)

    def __len__(self) -> int:
        return len(self.names)

    def only(self, rows: Any) -> Roster:
        """The actors of some rows, the ego's among them."""
        rows = np.asarray(rows, dtype=np.int64)
        drivers, walkers, cyclists = (
            np.flatnonzero(np.isin(rows, group))
            for group in (self.drivers, self.walkers, self.cyclists)
        )
        return Roster(
            names=tuple(self.names[row] for row in rows),
            styles=tuple(self.styles[row] for row in rows),
            length=self.length[rows],
            width=self.width[rows],
            wheelbase=self.wheelbase[rows],
            drivers=drivers,
            ego=int(np.flatnonzero(rows == self.ego)[0]),
            walkers=walkers,
            cyclists=cyclists,
        )

    def without_walkers(self) -> Roster:
        """The vehicles alone."""
        return self.only(np.setdiff1d(np.arange(len(self)), self.walkers))


@dataclass(frozen=True, slots=True)
class State:
    """The world at one frame, right-handed frame, SI, radians.

    Attributes:
        frame: Simulator frame number.
        time: Simulated time since the scenario began [s].
        x: Position of the centre [m], shape (n,).
        y: As x.
        yaw: Heading, counter-clockwise [rad], shape (n,).
        vx: Velocity in the world frame [m/s], shape (n,).
        vy: As vx.
        speed: Signed longitudinal speed [m/s], shape (n,); negative when reversing.
        accel: Longitudinal acceleration [m/s^2], shape (n,).
        yaw_rate: [rad/s], shape (n,).
        present: False for an actor that has left the world, shape (n,).
        lane: Lane index in the lane graph, -1 when off the network, as is a walker beside the
            lanes, shape (n,).
        s: Distance along that lane from its start [m], shape (n,).
        d: Offset from its centreline, left positive [m], shape (n,).
        lane_yaw: Heading of that lane at ``s`` [rad], shape (n,).
        signals: ``SignalState`` of every signal of the lane graph, uint8, shape (m,).
    """

    frame: int
    time: float
    x: Floats
    y: Floats
    yaw: Floats
    vx: Floats
    vy: Floats
    speed: Floats
    accel: Floats
    yaw_rate: Floats
    present: Bools
    lane: Ints
    s: Floats
    d: Floats
    lane_yaw: Floats
    signals: NDArray[np.uint8]


def wrap_angle(a: Any) -> Floats:
    """Angle wrapped to (-pi, pi]."""
    return np.asarray(np.pi - np.mod(np.pi - np.asarray(a, dtype=np.float64), 2 * np.pi))
