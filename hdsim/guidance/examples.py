"""Worked examples: styles and the programs they stand for, found again by likeness.

Files of ``examples/`` hold pairs of style and program; each passes the checks that a model's
answer has to pass. A prompt shows those that are most alike to what it asks for: in-context
learning as in the paper. Only our own text is shown, whatever the profile says.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hdsim.core.yaml_input import load_yaml, validate
from hdsim.guidance.checks import MAX_OPERATIONS, BadAnswer, check_plausible
from hdsim.perception.catalogue import Layer, Operation, operation_adapter

FOLDER = Path(__file__).with_name("examples")


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Example(_Data):
    """One style and its program.

    Attributes:
        style: The driver in a profile's words.
        policy: What the layer's policy says of it.
        operations: As an answer would write them, defaults left out.
    """

    style: str = Field(min_length=1)
    policy: str = Field(min_length=1)
    operations: tuple[dict[str, Any], ...] = Field(max_length=MAX_OPERATIONS)

    @property
    def program(self) -> tuple[Operation, ...]:
        """The operations as values."""
        return tuple(operation_adapter.validate_python(o) for o in self.operations)

    @model_validator(mode="after")
    def _as_good_as_an_answer(self) -> Self:
        if not all(o.get("source") for o in self.operations):
            raise ValueError(f"a source for every operation of {self.style!r}")
        try:
            check_plausible(self.program)
        except (ValidationError, BadAnswer) as error:
            raise ValueError(
                f"a program that passes the checks for {self.style!r}: {error}"
            ) from error
        return self


class ExampleFile(_Data):
    """A file of ``examples/``."""

    schema_: Literal[1] = Field(alias="schema")
    layer: Layer
    examples: tuple[Example, ...]


@cache
def load_examples() -> dict[Layer, tuple[Example, ...]]:
    """Every example by layer, in the order of the files.

    Raises:
        InputError: If one is wrong.
    """
    files = [validate(ExampleFile, load_yaml(path)) for path in sorted(FOLDER.glob("*.yaml"))]
    return {file.layer: file.examples for file in files}


def alike(layer: Layer, text: str, count: int = 3) -> tuple[Example, ...]:
    """The examples of a layer that are most alike to a text, the likest first.

    Likeness is the cosine of TF-IDF vectors over words and, so that inflections count, over
    pieces of words. Where nothing is alike the first of the file are taken.

    Args:
        layer: Whose examples.
        text: Description and policy.
        count: How many.
    """
    examples = load_examples()[layer]
    return tuple(examples[i] for i in likest(tuple(map(_words, examples)), text, count))


def alike_anywhere(text: str, count: int = 3) -> tuple[tuple[Layer, Example], ...]:
    """The examples of all layers that are most alike to a text, each with its layer."""
    pairs = [(layer, e) for layer, examples in load_examples().items() for e in examples]
    return tuple(pairs[i] for i in likest(tuple(_words(e) for _, e in pairs), text, count))


def likest(texts: tuple[str, ...], text: str, count: int) -> list[int]:
    """Places of the texts that are most alike to a text, the likest first."""
    vectorizer, known = _index(texts)
    # Rounded: the order must not hang on the last bits, as it is part of the question asked.
    likeness = np.round((known @ vectorizer.transform([text]).T).toarray()[:, 0], 6)
    return [int(i) for i in np.argsort(-likeness, kind="stable")[:count]]


def _words(example: Example) -> str:
    return f"{example.style} {example.policy}"


@cache
def _index(texts: tuple[str, ...]) -> tuple[Any, Any]:
    # Imported where a model is asked: it takes a second, and the tables do without.
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    vectorizer = make_union(
        TfidfVectorizer(stop_words="english", sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 5), sublinear_tf=True),
    )
    return vectorizer, vectorizer.fit_transform(texts)
