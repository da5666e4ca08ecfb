"""How several traits act in one layer: operations alike become one.

The rules are those by which perception composes operations of different layers, so it makes no
difference in which layer a trait is placed: factors multiply, delays and offsets add, independent
errors add in variance, misses and misreadings are independent chances, and the tightest limit of
attention holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from math import hypot

from hdsim.perception.catalogue import Operation, operation_adapter
from hdsim.perception.parameters import KINDS

_Rule = Callable[[float, float], float]


def _product(a: float, b: float) -> float:
    return a * b


def _sum(a: float, b: float) -> float:
    return a + b


def _either(a: float, b: float) -> float:
    """Probability that one of two independent chances comes true."""
    return 1.0 - (1.0 - a) * (1.0 - b)


RULES: dict[str, _Rule] = {
    "factor": _product,
    "noise_sd": hypot,
    "noise_sd_per_s": hypot,
    "noise_sd_m": hypot,
    "offset_m": _sum,
    "offset_sd_m": hypot,
    "curvature_sd_per_m": hypot,
    "delay_s": _sum,
    "latency_median_s": _sum,
    "miss_probability": _either,
    "probability": _either,
    "range_m": min,
    "max_objects": min,
    "memory_s": max,
    "drift_mps": hypot,
    "inner_mirror": _sum,
    "left_mirror": _sum,
    "right_mirror": _sum,
    "crossing_left": _sum,
    "crossing_right": _sum,
    "inside": _sum,
    "radius_deg": min,
    "bound": _sum,
    "gate_per_s": _sum,
    "looming_gain": _product,
    "lamp_per_s": _sum,
    "away_gain": _product,
    "glance_median_s": max,
}


def compose(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    """Operations of one layer with those alike combined, in order of first appearance.

    Alike are operations of one kind with the same selector, course, gain and parameters that have
    no neutral value (time constants and the like); looking away is never combined.
    """
    groups: dict[str, list[Operation]] = {}
    for i, operation in enumerate(operations):
        acting = {p.name for p in KINDS[operation.op].scaled}
        alike = operation.model_dump_json(exclude={*acting, "source", "cause"})
        groups.setdefault(f"{i}" if operation.op == "look_away" else alike, []).append(operation)
    return tuple(reduce(_combine, group) for group in groups.values())


def _combine(a: Operation, b: Operation) -> Operation:
    values = a.model_dump()
    for parameter in KINDS[a.op].scaled:
        name = parameter.name
        value = RULES[name](values[name], getattr(b, name))
        values[name] = value if isinstance(value, int) else round(value, 6)
    values["source"] = "; ".join(dict.fromkeys(text for text in (a.source, b.source) if text))
    causes = dict.fromkeys([*a.cause.split(" + "), *b.cause.split(" + ")])
    values["cause"] = " + ".join(filter(None, causes))
    return operation_adapter.validate_python(values)


def is_neutral(operation: Operation) -> bool:
    """Whether every parameter that can act has its neutral value."""
    scaled = KINDS[operation.op].scaled
    return all(getattr(operation, p.name) == p.neutral for p in scaled)
