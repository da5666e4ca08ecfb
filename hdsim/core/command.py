"""Decision: what the driving model wants, in the terms of a driver's hands and feet.

Beside it stands what the driving model asks of the route.
"""

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
    STOP_SIGN = 8
    OBSTACLE = 9
    SWERVE = 10


@dataclass(frozen=True, slots=True)
class Decisions:
    """One tick's decisions, shape (D,) each.

    Attributes:
        accel: Wanted longitudinal acceleration [m/s^2]; negative brakes.
        steer: Wanted front road-wheel angle, left positive [rad].
        reason: ``Reason`` of the acceleration, int8.
        lead: Actor row the driver follows or yields to, -1 for none.
        indicator: -1 right, 0 none, +1 left, int8; on before a lane change that is thought of.
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


@dataclass(frozen=True, slots=True)
class Requests:
    """What drivers ask of their routes at one tick, shape (D,) each.

    Attributes:
        change: Move over to the neighbouring lane now: -1 right, 0 no, +1 left, int8.
        give_up: Do without the next lane change that the route needs, and go another way, bool.
        go_back: Break off the change under way and stay in the lane, bool.
        aside: Go around something by this lateral offset, left positive [m]; 0 for no.
        aside_from: Where the way around has its full offset, from the own projection [m].
        aside_to: Where it may begin to come back [m].
    """

    change: NDArray[np.int8]
    give_up: NDArray[np.bool_]
    go_back: NDArray[np.bool_]
    aside: Floats
    aside_from: Floats
    aside_to: Floats

    @classmethod
    def none(cls, drivers: int) -> Requests:
        """No requests, for so many drivers."""
        return cls(
            change=np.zeros(drivers, dtype=np.int8),
            give_up=np.zeros(drivers, dtype=np.bool_),
            go_back=np.zeros(drivers, dtype=np.bool_),
            aside=np.zeros(drivers),
            aside_from=np.zeros(drivers),
            aside_to=np.zeros(drivers),
        )
