"""The offline tables: which operations cognitive factors stand for, and traits in words.

``tables/operations.yaml`` is the one table from the quantities of ``hdsim.driver.hierarchy`` to the
catalogue of perception; ``tables/words.yaml`` says what a trait is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hdsim.core.yaml_input import load_yaml, validate
from hdsim.driver.hierarchy import load_hierarchy
from hdsim.perception.catalogue import Layer
from hdsim.perception.parameters import KINDS

FOLDER = Path(__file__).with_name("tables")
RATE = "rate_per_s"  # of an episodic course: the one part outside the parameters that may vary


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Template(BaseModel):
    """An operation whose parameters are quantities of the hierarchy.

    Attributes:
        op: Kind of the operation.
        layer: The layer that writes it whole; ``None``: each writes what it adds.
        select: As in the catalogue.
        gain: As in the catalogue.
        course: As in the catalogue; an episodic rate may be a quantity.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    op: str
    layer: Layer | None = None
    select: dict[str, Any] = {}
    gain: dict[str, Any] | None = None
    course: dict[str, Any] | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters as written."""
        return dict(self.__pydantic_extra__ or {})

    @property
    def rate(self) -> str | None:
        """The quantity that is the rate of episodes."""
        rate = (self.course or {}).get(RATE)
        return rate if isinstance(rate, str) else None

    def moved(self) -> Iterator[tuple[str, str, float]]:
        """Parameters that follow a quantity: name, quantity, factor."""
        scaled = {p.name for p in KINDS[self.op].scaled}
        for name, value in self.parameters.items():
            if name in scaled and isinstance(value, str):
                yield name, value, 1.0
            elif isinstance(value, dict):
                yield from ((name, quantity, float(f)) for quantity, f in value.items())

    def quantities(self) -> tuple[str, ...]:
        """Quantities it depends on."""
        named = [quantity for _, quantity, _ in self.moved()]
        return tuple(dict.fromkeys([*named, *([self.rate] if self.rate else [])]))

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.op not in KINDS:
            raise ValueError(f"op: one of {', '.join(KINDS)}")
        known = load_hierarchy().quantities
        for quantity in self.quantities():
            if quantity not in known:
                raise ValueError(f"{self.op}: no quantity {quantity!r}")
        return self


class _OperationFile(_Data):
    schema_: Literal[1] = Field(alias="schema")
    operations: tuple[Template, ...]


class Words(_Data):
    """A trait or state in words.

    Attributes:
        layer: Whose policy speaks of it.
        phrases: For the description, by least strength.
        policy: What the policy says of it.
    """

    layer: Layer
    phrases: dict[float, str] = {}
    policy: str

    def phrase(self, strength: float) -> str:
        """The description's phrase for a strength, empty below the first."""
        fitting = [least for least in self.phrases if least <= strength]
        return self.phrases[max(fitting)] if fitting else ""


class _WordFile(_Data):
    schema_: Literal[1] = Field(alias="schema")
    words: dict[str, Words]


@cache
def load_templates() -> tuple[Template, ...]:
    """Every template of the table.

    Raises:
        InputError: If the table is wrong.
    """
    return validate(_OperationFile, load_yaml(FOLDER / "operations.yaml")).operations


@cache
def load_words() -> Mapping[str, Words]:
    """Words by trait, in the order of the file.

    Raises:
        InputError: If the file is wrong.
    """
    return validate(_WordFile, load_yaml(FOLDER / "words.yaml")).words
