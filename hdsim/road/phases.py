"""Which lights are green together where the file has no controllers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from hdsim.road.lanes import Signal

# Approaches whose axes differ by less than this share a phase: they face each other or nearly so.
# A heuristic without a source; arms of a crossroads are rarely that oblique.
_AXIS = math.radians(30.0)


def with_phases(signals: Sequence[Signal], headings: Sequence[float]) -> tuple[Signal, ...]:
    """Gives the signals of junctions without any controller inferred ones.

    Approaches that face each other are one phase, as at most real crossings with two phases: left
    turns give way to oncoming traffic (``Conflicts.priority``). At a junction where the file has
    a controller for some signals, the others stay alone, each green in its own turn.

    Args:
        signals: Signals of a map.
        headings: Heading of the traffic that each holds [rad].

    Returns:
        The signals in the same order, controllers of the form ``inferred JUNCTION/PHASE``.
    """
    controlled = {s.junction for s in signals if s.controller}
    phases: dict[int, list[float]] = {}
    out = []
    for signal, heading in zip(signals, headings, strict=True):
        if signal.junction < 0 or signal.junction in controlled:
            out.append(signal)
            continue
        axes = phases.setdefault(signal.junction, [])
        k = next((k for k, axis in enumerate(axes) if _between(axis, heading) < _AXIS), len(axes))
        if k == len(axes):
            axes.append(heading)
        out.append(dataclasses.replace(signal, controller=f"inferred {signal.junction}/{k}"))
    return tuple(out)


def _between(a: float, b: float) -> float:
    """Angle between two axes [rad], 0 to pi / 2: opposite headings have one axis."""
    return abs(math.remainder(a - b, math.pi))
