"""Blueprint attributes: their types, and the values that a client sets, read and checked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum


class AttributeType(IntEnum):
    """CARLA's attribute types; the numbers start at 1 (the client's stub file says otherwise)."""

    BOOL = 1
    INT = 2
    FLOAT = 3
    STRING = 4
    COLOR = 5


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a blueprint; ``modifiable`` ones may be set by the client.

    Attributes:
        name: As clients write it.
        type: Of its value.
        value: The default, as text.
        modifiable: Whether a client may set it.
        recommended: Values that clients may pick from.
        low: Least value that can be served; numbers only.
        high: Greatest one.
    """

    name: str
    type: AttributeType
    value: str
    modifiable: bool = False
    recommended: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf


class Values:
    """The attributes of one actor to be: what the client set, else the defaults.

    Args:
        attributes: Of the blueprint.
        given: Values by name, as text.
    """

    def __init__(self, attributes: tuple[Attribute, ...], given: dict[str, str]) -> None:
        self._attributes = {a.name: a for a in attributes}
        self._given = given

    def text(self, name: str) -> str:
        """A value as it was given."""
        attribute = self._attributes[name]
        return self._given.get(name, attribute.value) if attribute.modifiable else attribute.value

    def number(self, name: str) -> float:
        """A number within the attribute's bounds.

        Raises:
            ValueError: If it is none.
        """
        attribute, text = self._attributes[name], self.text(name)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        whole = attribute.type is AttributeType.INT
        if not attribute.low <= value <= attribute.high or (whole and not value.is_integer()):
            kind = "a whole number" if whole else "a number"
            raise ValueError(f"{name} = {text!r:.60}, expected {kind}{_bounds(attribute)}")
        return value

    def integer(self, name: str) -> int:
        """A whole number within the attribute's bounds.

        Raises:
            ValueError: If it is none.
        """
        return int(self.number(name))

    def boolean(self, name: str) -> bool:
        """A bool, in any case of letters.

        Raises:
            ValueError: If it is none.
        """
        text = self.text(name)
        if text.lower() not in ("true", "false"):
            raise ValueError(f"{name} = {text!r:.60}, expected true or false")
        return text.lower() == "true"


def _bounds(attribute: Attribute) -> str:
    low, high = attribute.low, attribute.high
    if math.isinf(low) and math.isinf(high):
        return ""
    return f" of at least {low:.10g}" if math.isinf(high) else f" from {low:.10g} to {high:.10g}"
