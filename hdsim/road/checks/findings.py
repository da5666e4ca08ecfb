"""Findings, and how numbers are read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hdsim.core.errors import InputError


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a map file.

    Attributes:
        severity: An error keeps the map from being used.
        line: Where in the file, 1-based; 0 for the whole of it.
        key: What is wrong, such as ``road 5: length``.
        value: What was found; None when it is missing.
        expected: What would have been right.
    """

    severity: Severity
    line: int
    key: str
    value: object
    expected: str

    def as_error(self, where: str) -> InputError:
        """The finding as an error about a file."""
        place = f"{where}:{self.line}" if self.line else where
        return InputError(place, self.key, self.value, self.expected)


def error(element: Any, key: str, value: object, expected: str) -> Finding:
    """An error at an element."""
    return Finding(Severity.ERROR, int(element.sourceline or 0), key, value, expected)


def warning(element: Any, key: str, value: object, expected: str) -> Finding:
    """A warning at an element."""
    return Finding(Severity.WARNING, int(element.sourceline or 0), key, value, expected)


def number(text: str | None) -> float | None:
    """A finite number, None for anything else."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def whole(text: str | None, low: int = -(1 << 31), high: int = (1 << 31) - 1) -> int | None:
    """A whole number of 32 bits as the parser reads ids, None for anything else."""
    text = (text or "").strip()
    if not text.lstrip("+-").isascii() or not text.lstrip("+-").isdigit() or len(text) > 11:
        return None
    try:
        value = int(text)
    except ValueError:
        return None
    return value if low <= value <= high else None
