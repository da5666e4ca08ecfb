"""Answers of language models on disk, found again by what was asked.

One JSON file per question, named by the SHA-256 of model, parameters, messages, answer schema and
the version of this format. Neither the endpoint's address nor its key is part of it. Tags
that authenticate an answer are those of one call: the messages are kept with their placeholders,
and of the answer only the authentic part, or that there was none.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hdsim.core.errors import InputError

VERSION = 2
Message = dict[str, str]


def default_folder() -> Path:
    """``$HDSIM_CACHE/guidance``, else ``~/.cache/hdsim/guidance``."""
    root = os.environ.get("HDSIM_CACHE")
    return (Path(root) if root else Path.home() / ".cache" / "hdsim") / "guidance"


@dataclass(frozen=True, slots=True)
class Question:
    """Everything an answer depends on.

    Attributes:
        model: The model's name at its endpoint.
        parameters: Sampling parameters.
        messages: The whole conversation so far.
        answer_schema: JSON Schema the answer must follow.
    """

    model: str
    parameters: Mapping[str, Any]
    messages: Sequence[Message]
    answer_schema: Mapping[str, Any]

    def as_data(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {
            "version": VERSION,
            "model": self.model,
            "parameters": dict(self.parameters),
            "messages": list(self.messages),
            "answer_schema": dict(self.answer_schema),
        }

    @property
    def key(self) -> str:
        """Name of the question in the cache."""
        text = json.dumps(self.as_data(), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a question.

    Attributes:
        answer: The model's answer; of an authenticated one the part under the right tag.
        refused: Why it was not authentic; empty when it was. ``answer`` is empty then.
        logprob: Natural log-probability of all the answer's tokens together, those of its tags
            included; ``None`` where the endpoint did not tell it.
        tokens: Number of those tokens.
    """

    answer: str
    refused: str = ""
    logprob: float | None = None
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class AnswerCache:
    """A folder of answers."""

    folder: Path

    def path(self, key: str) -> Path:
        """The file of a key."""
        return self.folder / f"{key}.json"

    def get(self, key: str) -> Stored | None:
        """What became of a question, or ``None`` if it was never asked.

        Raises:
            InputError: If the entry is there but cannot be used.
        """
        path = self.path(key)
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
            logprob = entry.get("logprob")
            found = Stored(
                entry["answer"],
                entry["refused"],
                None if logprob is None else float(logprob),
                int(entry.get("tokens", 0)),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            found = None
        if found is None or not all(isinstance(t, str) for t in (found.answer, found.refused)):
            raise InputError(str(path), expected="a stored answer; delete the file to ask again")
        return found

    def put(self, question: Question, stored: Stored) -> None:
        """Store an answer; whole or not at all, also when several processes write it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        entry = {**question.as_data(), **asdict(stored)}
        descriptor, name = tempfile.mkstemp(dir=self.folder, suffix=".part")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(entry, file, indent=1)
        os.replace(name, self.path(question.key))
