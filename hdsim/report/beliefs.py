"""Beliefs of one driver in words, as ``hdsim explain`` prints them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def beliefs_text(record: Mapping[str, Any]) -> Iterator[str]:
    """Lines for one record of ``hdsim.perception.explain.explained``."""
    eyes = "eyes off the road" if record["eyes_off_road"] else f"looks {record['gaze']}"
    yield f"{record['driver']} ({eyes.replace('_', ' ')})"
    for difference in record["own"]:
        yield f"  itself: {_difference(difference)}"
    for other in record["others"]:
        if not other["registered"]:
            why = ", ".join(_because(b) for b in other["not_registered_because"])
            yield f"  {other['name']}: in sight, not registered{f' ({why})' if why else ''}"
            continue
        if other["remembered"]:
            yield f"  {other['name']}: remembered from {other['age_s']:.2f} s ago"
        elif not other["differences"]:
            yield f"  {other['name']}: as it is"
        for difference in other["differences"]:
            yield f"  {other['name']}: {_difference(difference)}"


def _difference(difference: Mapping[str, Any]) -> str:
    true, believed = difference["true"], difference["believed"]
    if isinstance(true, float):
        true, believed = f"{true:.2f}", f"{believed:.2f}"
    why = "; ".join(_because(b) for b in difference["because"])
    return f"{difference['what']} {true} believed {believed}: {why}"


def _because(because: Mapping[str, Any]) -> str:
    amount = f" {because['amount']:+.2f}" if "amount" in because else ""
    by = f" [{', '.join(because['by'])}]" if because["by"] else ""
    return f"{because['operation']}{amount}{by}"
