"""Cognitive factors to perception operations.

Perception takes the operations of all layers together (``hdsim.guidance.compose``: factors
multiply, delays add, independent errors add in variance, and so on). So that all of them together
make the quantities of the hierarchy, each layer writes the *difference* between the quantities with
it and without it, by the inverse of the parameter's rule. As quantities are held within their
bounds before that, so is what the layers do together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import exp, expm1, isclose, log, log1p, sqrt
from typing import Any

from hdsim.driver.hierarchy import IDENTITY, interpolate, load_hierarchy
from hdsim.guidance.compose import RULES, is_neutral
from hdsim.guidance.tables import RATE, Template, load_templates
from hdsim.perception.catalogue import Layer, Operation, operation_adapter
from hdsim.perception.parameters import KINDS

Values = Mapping[str, float]
LONGEST_SOURCE = 1000
_EQUAL = 1e-9


_Space = tuple[Callable[[float], float], Callable[[float], float]]
# Where each rule of perception, and of the hierarchy, is an addition: there and back.
_SPACES: dict[str, _Space] = {
    "product": (log, exp),
    "sum": (lambda x: x, lambda x: x),
    "spread": (lambda x: x * x, lambda x: sqrt(max(x, 0.0))),
    "chance": (lambda p: -log1p(-min(p, 0.999999)), lambda x: -expm1(-max(x, 0.0))),
}
_SPACE_OF = {"_product": "product", "_sum": "sum", "hypot": "spread", "_either": "chance"}


def difference(parameter: str, now: float, before: float) -> float:
    """Value of a parameter with which ``before`` becomes ``now`` under perception's rules.

    Where the tightest or the longest holds, that is ``now``. Errors that grow smaller, and chances
    that do, have no such value: nothing can be taken away in variance; then it is neutral.
    """
    space = _SPACE_OF.get(RULES[parameter].__name__)
    if space is None:
        return now
    there, back = _SPACES[space]
    return back(there(now) - there(before))


def together(before: Values, alone: Sequence[Values], all_at_once: Values) -> list[Values]:
    """Causes that act at the same time, each made as much smaller as their sum is too much.

    Args:
        before: Quantities without any of them.
        alone: With each alone.
        all_at_once: With all of them, held within the bounds.

    Returns:
        For each the quantities to write its operations for.
    """
    found: list[dict[str, float]] = [dict(before) for _ in alone]
    for name, quantity in load_hierarchy().quantities.items():
        if quantity.rule == "given":
            for values, one in zip(found, alone, strict=True):
                values[name] = one[name]
            continue
        there, back = _SPACES[quantity.rule]
        base = there(before[name])
        reach = [there(one[name]) - base for one in alone]
        most, wanted = there(all_at_once[name]) - base, sum(reach)
        share = min(1.0, most / wanted) if wanted * most > 0.0 else 1.0
        for values, r in zip(found, reach, strict=True):
            values[name] = back(base + share * r)
    return list(found)


def operations(
    now: Values,
    before: Values | None,
    layer: Layer,
    gain: Mapping[str, Any] | None = None,
    course: Mapping[str, Any] | None = None,
) -> tuple[Operation, ...]:
    """What a layer adds: the operations that take the quantities from ``before`` to ``now``.

    Args:
        now: Every quantity with this layer.
        before: Without it; ``None`` for the first layer, which starts from the scene as it is.
        layer: The layer.
        gain: Gain of these operations instead of the templates' own.
        course: Their time course instead of the templates' own.
    """
    found = []
    for template in load_templates():
        part_of_a_time = gain is not None or course is not None
        if template.layer is not None and (template.layer != layer or part_of_a_time):
            continue
        base = None if template.layer else before
        data = _written(template, now, base)
        if data is None:
            continue
        causes = _causes(template, now, base)
        data["source"] = "; ".join(f"{name}: {text}" for name, text in causes)[:LONGEST_SOURCE]
        data["cause"] = " + ".join(dict.fromkeys(name for name, _ in causes))
        if gain is not None:
            data["gain"] = dict(gain)
        if course is not None:
            data["course"] = dict(course)
        found.append(operation_adapter.validate_python(data))
    return tuple(operation for operation in found if not is_neutral(operation))


def _written(template: Template, now: Values, before: Values | None) -> dict[str, Any] | None:
    """The operation's data, ``None`` where its episodes never begin."""
    neutral = {p.name: p.neutral for p in KINDS[template.op].scaled}
    data: dict[str, Any] = {
        **neutral,
        **template.parameters,
        "op": template.op,
        "select": template.select,
        "gain": template.gain,
    }
    for name, quantity, factor in template.moved():
        total = factor * now[quantity]
        base = neutral[name] if before is None else factor * before[quantity]
        same = isclose(total, base, rel_tol=_EQUAL, abs_tol=_EQUAL)
        value = neutral[name] if same else difference(name, total, base)
        data[name] = round(value) if name == "max_objects" else round(value, 6)
    if template.course is not None:
        data["course"] = dict(template.course)
    if template.rate is not None:
        rate = now[template.rate] - (0.0 if before is None else before[template.rate])
        data["course"][RATE] = round(rate, 6)
        if data["course"][RATE] <= 0.0:
            return None
    return data


def _causes(template: Template, now: Values, before: Values | None) -> list[tuple[str, str]]:
    """What moves an operation's quantities, with the sources along the way."""
    quantities = load_hierarchy().quantities
    causes: dict[tuple[str, str], None] = {}
    for quantity in template.quantities():
        if before is None and quantities[quantity].normal != quantities[quantity].for_ideal:
            causes["baseline", quantities[quantity].source] = None
        for cause in _moving(quantity, now, before):
            causes[cause] = None
    return list(causes)


def _moving(
    name: str, now: Values, before: Values | None, text: str = ""
) -> Iterable[tuple[str, str]]:
    quantity = load_hierarchy().quantities[name]
    for edge in quantity.edges:
        if not edge.curve:
            continue
        at = interpolate(edge.curve, now[edge.of])
        was = (
            IDENTITY[quantity.rule] if before is None else interpolate(edge.curve, before[edge.of])
        )
        if at == was:
            continue
        told = f"{text}{edge.source}"
        if load_hierarchy().quantities[edge.of].rule == "given":
            yield edge.of, told
        else:
            yield from _moving(edge.of, now, before, f"{told} <- ")
