"""Which traffic sign is which: sign codes of the countries that CARLA's users drive in."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any


class SignKind(StrEnum):
    """A sign that changes how a road is driven."""

    STOP = "stop"
    YIELD = "yield"
    SPEED_LIMIT = "speed_limit"


# Types by catalogue. CARLA uses the German one under the country code "OpenDRIVE" (StVO Anlage 2:
# Zeichen 205 "Vorfahrt gewähren", 206 "Halt. Vorfahrt gewähren", 274 "zulässige
# Höchstgeschwindigkeit"); the US one is MUTCD 2009, sections 2B.05, 2B.08 and 2B.13.
SIGN_CATALOGUES = {
    "StVO (Germany, CARLA)": {
        "205": SignKind.YIELD,
        "206": SignKind.STOP,
        "274": SignKind.SPEED_LIMIT,
    },
    "MUTCD (United States)": {
        "r1-1": SignKind.STOP,
        "r1-2": SignKind.YIELD,
        "r2-1": SignKind.SPEED_LIMIT,
    },
}
_KINDS = {type_: kind for types in SIGN_CATALOGUES.values() for type_, kind in types.items()}
GIVE_WAY = frozenset({SignKind.STOP, SignKind.YIELD})
_US_SPEED = "r2-1"
_MPH = 0.44704


def sign_kind(type_: str) -> SignKind | None:
    """The kind of an OpenDRIVE signal type, None for any other signal; case does not matter."""
    return _KINDS.get(type_.strip().lower())


def sign_limit(type_: str, value: float, unit: str) -> float | None:
    """Speed limit on a sign [m/s]; None where it shows no positive number.

    The number on a sign of the German catalogue is read as km/h whatever unit the file names:
    CARLA does so too, and its towns have signs "30 mph" where the simulator shows and enforces
    30 km/h. A US sign is in mph unless the file says km/h.
    """
    if not (math.isfinite(value) and value > 0.0):
        return None
    us = type_.strip().lower() == _US_SPEED
    return value * (_MPH if us and unit != "km/h" else 1.0 / 3.6)


def signs_of(world_map: Any) -> list[tuple[Any, SignKind]]:
    """Every landmark of a ``carla.Map`` that is a sign, with its kind, by road, id and s.

    A sign that applies to several roads is several landmarks of one id.
    """
    found = [(m, kind) for m in world_map.get_all_landmarks() if (kind := sign_kind(m.type))]
    return sorted(found, key=lambda f: (f[0].road_id, f[0].id, f[0].s))
