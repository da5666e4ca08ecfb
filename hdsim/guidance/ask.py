"""A question to its authentic answer: from the cache, or from the model."""

from __future__ import annotations

from collections import defaultdict
from threading import Lock

from pydantic import BaseModel

from hdsim.core.errors import InputError
from hdsim.guidance import checks
from hdsim.guidance.authenticate import (
    PLACEHOLDERS,
    Envelope,
    TagMaker,
    Unauthenticated,
    authorized_part,
)
from hdsim.guidance.cache import AnswerCache, Question, Stored
from hdsim.guidance.endpoint import PARAMETERS, Chat
from hdsim.guidance.prompts import Prompt, Repair


class Asker:
    """Asks one model; every question once, then never again. Safe between threads.

    Args:
        model: The model's name, part of every cache key.
        cache: Where answers are kept.
        chat: The endpoint, or ``None`` to use nothing but the cache.
        authenticate: Whether answers must be under their tags. Only an experiment that measures
            what authentication is worth does without.
    """

    def __init__(
        self, model: str, cache: AnswerCache, chat: Chat | None, *, authenticate: bool = True
    ) -> None:
        self.model = model
        self._cache, self._chat = cache, chat
        self._tags = TagMaker() if authenticate else None
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)

    def question(self, prompt: Prompt, form: type[BaseModel], repair: Repair | None) -> Question:
        """What the cache knows a question by: the prompt with placeholders for its tags."""
        tags = PLACEHOLDERS if self._tags else None
        model: type[BaseModel] = Envelope[form] if self._tags else form  # type: ignore[valid-type]
        messages = prompt.messages(tags, repair)
        return Question(self.model, PARAMETERS, messages, checks.answer_schema(model))

    def answer(self, question: Question, prompt: Prompt, repair: Repair | None, what: str) -> str:
        """The text of an answer to a question, authentic but not checked further.

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
        return stored.answer

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
        text = self._chat.ask(question, prompt.messages(tags, repair))
        text = text[: checks.MAX_ANSWER_CHARS + 1]
        if tags is None:
            return Stored(text)
        try:
            return Stored(authorized_part(text, tags))
        except Unauthenticated as problem:
            return Stored("", str(problem))
