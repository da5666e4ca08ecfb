"""Event: a fact that a detector found in the stream of states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Detail = float | int | str | bool
STATIC = -1  # the other side of a contact with something that is no actor of the scenario


class Kind(StrEnum):
    """What happened."""

    COLLISION = "collision"
    NEAR_MISS = "near_miss"
    RED_LIGHT = "red_light"
    OFF_ROAD = "off_road"
    WRONG_WAY = "wrong_way"
    ROUTE_DEVIATION = "route_deviation"
    BLOCKED = "blocked"
    VANISHED = "vanished"
    TIMEOUT = "timeout"
    ARRIVED = "arrived"


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact reported by the world in one tick.

    Attributes:
        a: Actor row that reports it.
        b: The other row, -1 for anything that is no actor of the scenario.
        impulse: Normal impulse [N s]; 0 when the world gives none.
    """

    a: int
    b: int
    impulse: float


@dataclass(frozen=True, slots=True)
class Event:
    """A fact.

    Attributes:
        kind: What.
        tick: First tick of it, counted from the scenario's start.
        time: The same as time [s].
        a: Actor row it is about; the ego wherever the ego takes part.
        b: The other row, -1 for none.
        end_tick: Last tick of it.
        value: Its size: impulse [N s] of a collision, extreme TTC, PET [s] or DRAC [m/s^2] of a
            near miss, distance [m], duration [s]; ``measure`` says which.
        measure: Name of ``value`` with its unit: ``ttc_s``.
        details: More facts, names carrying units.
    """

    kind: Kind
    tick: int
    time: float
    a: int
    b: int
    end_tick: int
    value: float
    measure: str
    details: Mapping[str, Detail] = field(default_factory=dict)
