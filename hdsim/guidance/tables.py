"""The offline tables: which operations a trait stands for, by its strength.

Every file of ``tables/`` describes one factor. A number may be given as a curve from the
factor's strength to the value, ``{0: 1.0, 1: 1.6}``: linear between knots, held outside.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hdsim.core.yaml_input import load_yaml, validate
from hdsim.driver.profile import DistractionKind
from hdsim.perception.catalogue import Layer, Operation, operation_adapter
from hdsim.perception.parameters import KINDS

FactorName = Literal[
    "baseline",
    "aggressiveness",
    "caution",
    "sensation_seeking",
    "inexperience",
    "age",
    "fatigue",
    "alcohol",
    "blocked",
    "distraction",
]
FOLDER = Path(__file__).with_name("tables")
RawOperation = dict[str, Any]


class Table(BaseModel):
    """One factor's words and operations.

    Attributes:
        factor: The trait or state whose value is the strength.
        kind: For ``distraction``, the kind of task.
        layer: The layer whose program the operations join.
        above: The factor acts only beyond this strength.
        words: Phrase for the description, by least strength.
        policy: What the layer's policy says of it.
        operations: Operations of every variant.
        variants: Operations that differ between the entries of a pool.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_: Literal[1] = Field(alias="schema")
    factor: FactorName
    kind: DistractionKind | None = None
    layer: Layer
    above: float = 0.0
    words: dict[float, str] = {}
    policy: str
    operations: tuple[RawOperation, ...] = ()
    variants: dict[str, tuple[RawOperation, ...]] = {}

    @model_validator(mode="after")
    def _operations_hold_at_every_knot(self) -> Self:
        for raw in (*self.operations, *(r for v in self.variants.values() for r in v)):
            if not raw.get("source"):
                raise ValueError(f"a source for every operation; {raw.get('op')} has none")
            for strength in sorted(k for k in _knots(raw) | {1.0} if k > self.above):
                try:
                    operation_adapter.validate_python(at_strength(raw, strength))
                except ValidationError as error:
                    raise ValueError(f"{raw.get('op')} at {strength:g}: {error}") from error
        return self

    def phrase(self, strength: float) -> str:
        """The description's phrase for a strength, empty below the first."""
        fitting = [least for least in self.words if least <= strength]
        return self.words[max(fitting)] if fitting else ""

    def at(self, strength: float, variant: str | None = None) -> tuple[Operation, ...]:
        """Operations at a strength, without those that would change nothing."""
        if strength <= self.above:
            return ()
        raws = (*self.operations, *(self.variants[variant] if variant else ()))
        found = []
        for raw in raws:
            data = at_strength(raw, strength)
            if data.get("course", {}).get("rate_per_s") == 0.0:  # rarer than can be written
                continue
            data["source"] = f"{self.factor}: {raw['source']}"
            data["cause"] = self.kind or self.factor
            found.append(operation_adapter.validate_python(data))
        return tuple(operation for operation in found if not is_neutral(operation))


def _is_curve(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(k, int | float) for k in value)


def _knots(raw: RawOperation) -> set[float]:
    found: set[float] = set()
    for value in raw.values():
        if _is_curve(value):
            found |= {float(k) for k in value}
        elif isinstance(value, dict):
            found |= _knots(value)
    return found


def at_strength(raw: RawOperation, strength: float) -> RawOperation:
    """An operation with its curves evaluated; whole numbers where the catalogue wants them."""
    result: RawOperation = {}
    for name, value in raw.items():
        if _is_curve(value):
            knots = sorted(value)
            number = float(np.interp(strength, knots, [value[k] for k in knots]))
            result[name] = round(number) if name == "max_objects" else round(number, 6)
        else:
            result[name] = at_strength(value, strength) if isinstance(value, dict) else value
    return result


def is_neutral(operation: Operation) -> bool:
    """Whether every parameter that can act has its neutral value."""
    scaled = KINDS[operation.op].scaled
    return all(getattr(operation, p.name) == p.neutral for p in scaled)


@cache
def load_tables() -> tuple[Table, ...]:
    """Every table, in the fixed order of the factors (then by kind).

    Raises:
        InputError: If a table is wrong.
    """
    tables = [validate(Table, load_yaml(path)) for path in sorted(FOLDER.glob("*.yaml"))]
    order = get_args(FactorName)
    return tuple(sorted(tables, key=lambda t: (order.index(t.factor), t.kind or "", t.layer)))
