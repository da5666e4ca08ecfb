"""The hierarchy's quantities as arrays over drivers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hdsim.core.state import Bools, Floats
from hdsim.driver.hierarchy import Hierarchy, Quantity, interpolate, load_hierarchy
from hdsim.driver.layers import DriverStates
from hdsim.driver.profile import DriverProfile

IMPATIENT_AFTER_S = 30.0  # standing still for longer lowers the critical gap
STATES = ("fatigue", "alcohol", "anger", "hurry", "blocked_s")


def evaluate(
    given: Mapping[str, Any], human: Bools | bool = True, hierarchy: Hierarchy | None = None
) -> dict[str, Floats]:
    """Every quantity of several drivers.

    Args:
        given: Dispositions, states and loads by name, shape (D,) or scalars; what is not given is
            normal. A quantity that has a rule is worked out, given or not.
        human: Who has the published baseline; the others start as ideal observers, shape (D,).
        hierarchy: Another than HDSim's own.

    Returns:
        Values within their bounds by name, shape (D,) each, in the order of the hierarchy.

    Raises:
        KeyError: If a name in ``given`` is no quantity that can be given.
    """
    hierarchy = hierarchy or load_hierarchy()
    known = {n for n, q in hierarchy.quantities.items() if q.rule == "given"}
    if not given.keys() <= known:
        raise KeyError(f"no such quantities: {', '.join(sorted(given.keys() - known))}")
    shape = np.broadcast_shapes(np.shape(human), *(np.shape(v) for v in given.values()))
    values: dict[str, Floats] = {}
    for name, q in hierarchy.quantities.items():
        if q.rule == "given":
            value = np.asarray(given.get(name, q.normal), dtype=np.float64)
        else:
            value = composed(q, values, np.where(human, q.normal, q.for_ideal))
        values[name] = np.clip(np.broadcast_to(value, shape), *q.bounds)
    return values


def composed(quantity: Quantity, origins: Mapping[str, Any], base: Floats) -> Floats:
    """What a quantity's edges make of its base, not yet held within its bounds.

    Args:
        quantity: One with a rule.
        origins: What moves it, by name.
        base: Value without any of it.
    """
    parts = [interpolate(e.curve, origins[e.of]) for e in quantity.edges]
    match quantity.rule:
        case "sum":
            return np.asarray(base + sum(parts))
        case "product":
            return np.asarray(base * np.prod(np.broadcast_arrays(1.0, *parts), axis=0))
        case "chance":
            kept = np.prod(np.broadcast_arrays(1.0, *(1.0 - np.asarray(p) for p in parts)), axis=0)
            return np.asarray(1.0 - (1.0 - base) * kept)
        case "spread":
            grown = base**2 + sum((base + p) ** 2 - base**2 for p in parts)
            return np.asarray(np.sqrt(np.maximum(grown, 0.0)))
    raise ValueError(f"{quantity.name} has no rule of composition")


def dispositions(profiles: Sequence[DriverProfile]) -> dict[str, Floats]:
    """The dispositions of drivers, shape (D,) each."""
    rows = [p.personality.model_dump() for p in profiles]
    return {name: np.array([r[name] for r in rows], dtype=np.float64) for name in rows[0]}


def circumstances(profiles: Sequence[DriverProfile]) -> dict[str, Floats]:
    """What drivers start with, shape (D,) each."""
    states = DriverStates.of(profiles)
    return {
        "hours_awake": states.hours_awake,
        "clock_h": states.clock_h,
        "time_on_task_h": states.time_on_task_h,
        "threshold_h": states.threshold_h,
        "bac_at_start": states.bac,
        "absorbing": states.absorbing,
    }


def humans(profiles: Sequence[DriverProfile]) -> Bools:
    """Who has the human baseline, shape (D,)."""
    return np.array([p.baseline == "human" for p in profiles], dtype=np.bool_)


def given_states(state: Mapping[str, Any], human: Bools | bool = True) -> dict[str, Any]:
    """Named states of ``STATES`` as quantities; ideal observers have no moods."""
    values = {name: state.get(name, 0.0) for name in ("fatigue", "alcohol")}
    moods = {name: np.where(human, state.get(name, 0.0), 0.0) for name in ("anger", "hurry")}
    waited = np.asarray(state.get("blocked_s", 0.0)) >= IMPATIENT_AFTER_S
    return {**values, **moods, "impatience": np.where(human, waited, 0.0)}


def factors(
    profiles: Sequence[DriverProfile],
    state: Mapping[str, Any] | None = None,
    task: str | None = None,
) -> dict[str, Floats]:
    """All quantities of drivers in given states.

    Args:
        profiles: The drivers.
        state: Named states (``STATES``), shape (D,) or scalars; none of them when left out.
        task: The secondary task in hand, if any.
    """
    hierarchy, human = load_hierarchy(), humans(profiles)
    loads = {}
    if task is not None:
        doing = hierarchy.tasks[task]
        loads = {"cognitive_load": doing.cognitive_load, "manual_load": doing.manual_load}
    return evaluate(
        {
            **dispositions(profiles),
            **circumstances(profiles),
            **given_states(state or {}, human),
            **loads,
        },
        human,
    )
