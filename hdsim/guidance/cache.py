"""Answers of language models on disk, found again by what was asked.

One JSON file per question, named by the SHA-256 of model, parameters, messages, answer schema and
the version of this format. Neither the endpoint's address nor its key is part of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hdsim.core.errors import InputError

VERSION = 1
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
class AnswerCache:
    """A folder of answers."""

    folder: Path

    def path(self, key: str) -> Path:
        """The file of a key."""
        return self.folder / f"{key}.json"

    def get(self, key: str) -> str | None:
        """The answer to a question, or ``None`` if it was never asked.

        Raises:
            InputError: If the entry is there but cannot be used.
        """
        path = self.path(key)
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
            answer = entry["answer"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            answer = None
        if not isinstance(answer, str):
            raise InputError(str(path), expected="a stored answer; delete the file to ask again")
        return answer

    def put(self, question: Question, answer: str) -> None:
        """Store an answer; whole or not at all, also when several processes write it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        entry = {**question.as_data(), "answer": answer}
        descriptor, name = tempfile.mkstemp(dir=self.folder, suffix=".part")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(entry, file, indent=1)
        os.replace(name, self.path(question.key))
