"""Decision: what the driving model wants, in the terms of a driver's hands and feet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from hdsim.core.state import Floats, Ints


class Reason(IntEnum):
    """The constraint that set the acceleration (the strongest one)."""

    FREE = 0
    FOLLOW = 1
    SIGNAL = 2
    YIELD = 3
    CURVE = 4
    CHANGE = 5
    EMERGENCY = 6
    ROUTE_END = 7


@dataclass(frozen=True, slots=True)
class Decisions:
    """One tick's decisions, shape (D,) each.

    Attributes:
        accel: Wanted longitudinal acceleration [m/s^2]; negative brakes.
        steer: Wanted front road-wheel angle, left positive [rad].
        reason: ``Reason`` of the acceleration, int8.
        lead: Actor row the driver follows or yields to, -1 for none.
        indicator: -1 right, 0 none, +1 left, int8.
        change: Lane change under way: -1 right, 0 none, +1 left, int8.
        hold: True while standing on purpose (brake kept on), bool.
    """

    accel: Floats
    steer: Floats
    reason: NDArray[np.int8]
    lead: Ints
    indicator: NDArray[np.int8]
    change: NDArray[np.int8]
    hold: NDArray[np.bool_]
