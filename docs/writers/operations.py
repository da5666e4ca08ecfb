"""``operations.md``: the operations of perception, and the parts that all of them have."""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import get_args

from pydantic import BaseModel

from hdsim.perception.catalogue import Course, Gain, Operation, Selector
from hdsim.perception.parameters import KINDS
from writers.keys import alternatives, keys, shown, words
from writers.markdown import table

_COMMON = ("op", "select", "course", "gain", "source", "cause")


def operations() -> str:
    """Every operation of the catalogue with its parameters."""
    return "\n".join(_operation(kind) for kind in get_args(get_args(Operation)[0]))


def _operation(model: type[BaseModel]) -> str:
    name = model.model_fields["op"].default
    scaled = {p.name: p for p in KINDS[name].scaled}
    schema = model.model_json_schema()
    rows = []
    for key, field in schema["properties"].items():
        if key in _COMMON:
            continue
        parameter = scaled.get(key)
        neutral = f"{parameter.neutral:g}" if parameter else ""
        at_once = parameter is None or parameter.rate_per_s == float("inf")
        rate = "" if parameter is None or at_once else f"{parameter.rate_per_s:g}"
        values = words(alternatives(field, schema.get("$defs", {})))
        default = "required" if key in schema.get("required", ()) else shown(field.get("default"))
        said = re.sub(r"\s*Neutral: [\d.]+[.;]?", "", field.get("description", "")).strip()
        rows.append((f"`{key}`", values, default, neutral, rate, said[:1].upper() + said[1:]))
    head = ("parameter", "range", "default", "neutral", "fastest change per s", "")
    return f"### `{name}`\n\n{_told(model)}\n\n{table(head, rows)}"


def _told(model: type[BaseModel]) -> str:
    """A docstring as Markdown."""
    return cleandoc(model.__doc__ or "").replace("``", "`")


def common_parts() -> str:
    """Selector, time courses and gain."""
    parts: list[tuple[str, type[BaseModel]]] = [("`select`", Selector)]
    courses = get_args(get_args(Course)[0])
    parts += [(f"`course: {c.model_fields['course'].default}`", c) for c in courses]
    parts.append(("`gain`", Gain))
    return "\n".join(f"### {title}\n\n{_told(model)}\n\n{keys(model)}" for title, model in parts)
