"""A question to its authentic answer: from the cache, or from the model."""

from __future__ import annotations

from collections import defaultdict
from threading import Lock
from typing import Any

from pydantic import BaseModel

from hdsim.core.errors import InputError
from hdsim.guidance import checks, compact
from hdsim.guidance.authenticate import (
    PLACEHOLDERS,
    SHORT_TAG_BYTES,
    TAG_BYTES,
    Envelope,
    TagMaker,
    Unauthenticated,
    authorized_part,
)
from hdsim.guidance.cache import AnswerCache, Question, Stored
from hdsim.guidance.compact import Size
from hdsim.guidance.endpoint import PARAMETERS, Chat
from hdsim.guidance.prompts import Prompt, Repair

# [P] Independent answers to one question are drawn at this temperature.
SAMPLING_TEMPERATURE = 0.8


def sampling(sample: int) -> dict[str, Any]:
    """Sampling parameters that a numbered answer has in place of the usual ones."""
    return {"temperature": SAMPLING_TEMPERATURE, "seed": sample} if sample else {}


class Asker:
    """Asks one model; every question once, then never again. Safe between threads.

    Args:
        model: The model's name, part of every cache key.
        cache: Where answers are kept.
        chat: The endpoint, or ``None`` to use nothing but the cache.
        authenticate: Whether answers must be under their tags. Only an experiment that measures
            what authentication is worth does without.
        size: Whether prompts and answers are those for small models.
    """

    def __init__(
        self,
        model: str,
        cache: AnswerCache,
        chat: Chat | None,
        *,
        authenticate: bool = True,
        size: Size = "full",
    ) -> None:
        self.model, self.size = model, size
        self._cache, self._chat = cache, chat
        length = SHORT_TAG_BYTES if size == "compact" else TAG_BYTES
        self._tags = TagMaker(length) if authenticate else None
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)

    def question(
        self, prompt: Prompt, form: type[BaseModel], repair: Repair | None, sample: int = 0
    ) -> Question:
        """What the cache knows a question by: the prompt with placeholders for its tags.

        Args:
            prompt: What is asked.
            form: Of the answer, without the envelope of its tag.
            repair: As in ``Prompt.messages``.
            sample: 0 asks for the likeliest answer; others are independent draws.
        """
        tags = PLACEHOLDERS if self._tags else None
        model: type[BaseModel] = Envelope[form] if self._tags else form  # type: ignore[valid-type]
        messages = prompt.messages(tags, repair, self.size)
        if self.size == "compact":
            schema = compact.answer_schema(model, prompt.layer)
        else:
            schema = checks.answer_schema(model)
        return Question(self.model, {**PARAMETERS, **sampling(sample)}, messages, schema)

    def answer(self, question: Question, prompt: Prompt, repair: Repair | None, what: str) -> str:
        """The text of ``stored``."""
        return self.stored(question, prompt, repair, what).answer

    def stored(
        self, question: Question, prompt: Prompt, repair: Repair | None, what: str
    ) -> Stored:
        """An answer to a question, authentic but not checked further.

        Args:
            question: From ``question`` with the same prompt and repair.
            prompt: Asked with fresh tags where the cache has no answer.
            repair: As in ``Prompt.messages``.
            what: What is asked for, for messages.

        Raises:
            Unauthenticated: If the answer is not under its tag.
            InputError: If there is no endpoint and the cache has no answer.
            InfrastructureError, Unanswered: As ``Chat.ask``.
        """
        with self._locks[question.key]:
            stored = self._cache.get(question.key)
            if stored is None:
                stored = self._asked(question, prompt, repair, what)
                self._cache.put(question, stored)
        if stored.refused:
            raise Unauthenticated(stored.refused)
        return stored

    def kept(self, key: str) -> Stored:
        """An answer that was used already.

        Raises:
            Unauthenticated: If it was not authentic, and so was not used.
        """
        stored = self._cache.get(key)
        if stored is None or stored.refused:
            raise Unauthenticated(stored.refused if stored else "there is no such answer")
        return stored

    def _asked(
        self, question: Question, prompt: Prompt, repair: Repair | None, what: str
    ) -> Stored:
        if self._chat is None:
            raise InputError(
                f"guidance cache {self._cache.folder}",
                expected=f"entry {question.key}.json ({what}, model {question.model!r}); "
                "compile it once with --guidance live",
            )
        tags = self._tags.tags(question.key) if self._tags else None
        reply = self._chat.reply(question, prompt.messages(tags, repair, self.size))
        text, refused = reply.text[: checks.MAX_ANSWER_CHARS + 1], ""
        if tags is not None:
            try:
                text = authorized_part(text, tags)
            except Unauthenticated as problem:
                text, refused = "", str(problem)
        return Stored(text, refused, reply.logprob, reply.tokens)
