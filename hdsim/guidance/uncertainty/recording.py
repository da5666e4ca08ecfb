"""Recorded answers to questions whose right answers are known: what the evaluation reads.

A file of lines of JSON, compressed: first what was asked and of whom, then one line a pair. Pairs
carry their right programs, so that a recording means the same when the example library grows.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from hdsim.core.errors import InputError
from hdsim.guidance.uncertainty.evidence import Context
from hdsim.perception.catalogue import Layer, Operation, operation_adapter


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(_Data):
    """One answer of a model.

    Attributes:
        context: ``policy``: asked with what a program is written from. ``detail``: asked also with
            the driver's own words, which were withheld before.
        index: Number of the sample; 0 is the most probable answer (temperature 0).
        text: As the model wrote it, unchecked.
        logprob: Of all its tokens together; ``None`` where the endpoint did not tell it.
        tokens: Their number.
    """

    context: Context
    index: int
    text: str
    logprob: float | None = None
    tokens: int = 0


class Pair(_Data):
    """A style with its right program and what a model answered.

    Attributes:
        name: Layer and place in the library.
        layer: Whose program.
        style: In a profile's words.
        policy: What the layer's policy says of it.
        right: The operations that the library gives.
        answers: In the order in which they were asked for.
    """

    name: str
    layer: Layer
    style: str
    policy: str
    right: tuple[dict[str, Any], ...]
    answers: tuple[Answer, ...]

    @property
    def program(self) -> tuple[Operation, ...]:
        """The right operations as values."""
        return tuple(operation_adapter.validate_python(o) for o in self.right)


class Recording(_Data):
    """Answers of one model.

    Attributes:
        model: Which model answered, with its version.
        synthetic: Whether that was a script that makes errors by a known process: a test of the
            method, never a finding about language models.
        about: How it was asked.
        pairs: In the order in which they were asked for.
    """

    model: str
    synthetic: bool
    about: dict[str, Any]
    pairs: tuple[Pair, ...] = ()


def write_recording(recording: Recording, path: Path) -> None:
    """Writes a recording; the same recording gives the same bytes."""
    head = recording.model_dump(mode="json", exclude={"pairs"})
    lines = [json.dumps({"schema": 1, **head}), *(p.model_dump_json() for p in recording.pairs)]
    # mtime 0 and no name: the time of writing is no part of a recording.
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write("".join(f"{line}\n" for line in lines).encode())


def read_recording(path: Path) -> Recording:
    """A recording.

    Raises:
        InputError: If it is missing or wrong.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            head, *pairs = _objects(file.read())
        if head.pop("schema") != 1:
            raise ValueError("another schema than 1")
        return Recording.model_validate({**head, "pairs": pairs})
    except FileNotFoundError:
        raise InputError(str(path), expected="a file that exists") from None
    except (OSError, EOFError, ValueError, KeyError, TypeError, ValidationError) as error:
        problem = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            str(path), expected=f"a recording of hdsim guidance record: {problem}"
        ) from None


def _objects(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        yield dict(json.loads(line))
