"""Answers that prove which question they answer: FATH (Wang et al. 2024, arXiv 2410.21492).

Profiles are written by strangers and may hold orders to the model that reads them. FATH does not
hope that the model overlooks such an order: everything may be answered, but each part under a tag,
the user's task under one, everything else under another, and only the first part is used. Tags
are secret words of one call, so an order in the data cannot be written to stand under the right
one, nor to end the data before it does.

What is ours: the answer is JSON, ``{"answers": [{"tag": ..., "answer": ...}]}``. The tag is a
value, not a key of the schema: a decoder that is held to a schema would write the key by itself,
for whatever answer, and a tag that nobody had to know proves nothing. An answer whose tag is
missing, unknown or there twice is refused as a whole (the published code takes the whole text
then); so is one that tells a tag.

What it cannot do: a model that understands an order and signs its answer with the task's own tag
is believed. Nothing it writes leaves the catalogue's operations and bounds.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import astuple, dataclass, field
from itertools import count
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from hdsim.guidance.checks import BadAnswer, read_object

TAG_BYTES = 16
# A small model copies one token for each letter and has no room to spare. One guess in four
# thousand million is right, and every question is answered once.
SHORT_TAG_BYTES = 4
Answer = TypeVar("Answer", bound=BaseModel)


class Unauthenticated(BadAnswer):
    """An answer that is not under its tag; nothing of it may be used or shown to a model again."""


@dataclass(frozen=True, slots=True)
class Tags:
    """The secret words of one call.

    Attributes:
        task: Stands around the user's task.
        data: Stands around everything else.
        authorized: Tag of the answer to the task.
        unauthorized: Tag of the answer to anything asked for in the data.
    """

    task: str
    data: str
    authorized: str
    unauthorized: str


# What a question is known by in the cache, where secrets of one call would make it a new one.
PLACEHOLDERS = Tags("TASK", "DATA", "AUTHORIZED", "UNAUTHORIZED")


@dataclass(frozen=True, slots=True)
class TagMaker:
    """Makes the tags of each call by HMAC-SHA-256 from a secret that never leaves the process.

    Attributes:
        length: Of a tag [bytes].
    """

    length: int = TAG_BYTES
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _next: Callable[[], int] = field(default_factory=lambda: count().__next__, repr=False)

    def tags(self, question: str) -> Tags:
        """Tags for one more call.

        Args:
            question: The question's key; calls are told apart by number also where it repeats.
        """
        call = f"{question}/{self._next()}"

        def word(role: str) -> str:
            made = hmac.new(self._secret, f"{call}/{role}".encode(), hashlib.sha256)
            return made.hexdigest()[: 2 * self.length]

        return Tags(*map(word, Tags.__slots__))


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tag: str = Field(max_length=64)


class _Answer(_Part, Generic[Answer]):
    answer: Answer


class _Note(_Part):
    answer: str


class Envelope(BaseModel, Generic[Answer]):
    """The form of an authenticated answer around the form of the answer itself.

    The answer to the task comes first, so that a decoder held to the form gives it the form; when
    it is read, its tag alone counts.
    """

    model_config = ConfigDict(extra="forbid")

    answers: tuple[_Answer[Answer]] | tuple[_Answer[Answer], _Note]


def authorized_part(text: str, tags: Tags) -> str:
    """The JSON text of what stands under the authorized tag.

    Raises:
        Unauthenticated: If it is not there, there twice, beside a tag that is none of the two, or
            tells one of the tags. The message holds nothing of the answer.
    """
    try:
        data = read_object(text)
    except BadAnswer as problem:
        raise Unauthenticated(str(problem)) from None
    entries = data.get("answers")
    if set(data) != {"answers"} or not isinstance(entries, list):
        raise Unauthenticated("the answer is not given as answers under tags")
    found = [_entry(entry) for entry in entries]
    for role in ("authorized", "unauthorized"):
        if sum(_same(tag, getattr(tags, role)) for tag, _ in found) > 1:
            raise Unauthenticated(f"the {role} tag is there more than once")
    known = (tags.authorized, tags.unauthorized)
    if not all(any(_same(tag, own) for own in known) for tag, _ in found):
        raise Unauthenticated("an answer stands under a tag that was not given")
    parts = [answer for tag, answer in found if _same(tag, tags.authorized)]
    if not parts:
        raise Unauthenticated("no answer stands under the authorized tag")
    part = json.dumps(parts[0], ensure_ascii=False)
    if any(word in part.lower() for word in astuple(tags)):
        raise Unauthenticated("the answer tells a tag of the call")
    return part


def _entry(entry: Any) -> tuple[str, Any]:
    if not isinstance(entry, dict) or set(entry) != {"tag", "answer"}:
        raise Unauthenticated("the answer is not given as answers under tags")
    if not isinstance(entry["tag"], str):
        raise Unauthenticated("a tag is not a text")
    return entry["tag"], entry["answer"]


def _same(a: str, b: str) -> bool:
    return hmac.compare_digest(a.encode(), b.encode())
