"""A language model behind any OpenAI-compatible endpoint."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

import openai
from pydantic import BaseModel, ValidationError

from hdsim.core.errors import HdsimError, InfrastructureError, InputError
from hdsim.guidance.cache import Message, Question
from hdsim.guidance.compact import Size
from hdsim.guidance.limits import Exceeded, LimitedTransport, Limits, Spending, Spent

DEFAULT_BASE_URL = "https://api.openai.com/v1"
# An answer holds a few operations; more than this is not one.
MAX_ANSWER_TOKENS = 2000
# [P] So many failures one after the other, and the endpoint is not asked again in this batch.
PATIENCE = 3
# Statuses that mean that something the user wrote is wrong: address, key or model.
_USERS = (400, 401, 403, 404, 405, 422)


class Unanswered(HdsimError):
    """No answer this time, for a reason that is the endpoint's or a limit's."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the model is and how to ask it.

    Attributes:
        base_url: Address up to and with ``/v1``.
        model: The model's name there.
        api_key: Never printed, logged or cached.
        timeout_s: Longest wait for one answer [s].
        retries: Further attempts after a time-out, a lost connection or status 408, 409, 429, 5xx;
            the client waits longer each time, or as long as the endpoint says.
        concurrency: Profiles compiled at a time.
        prompts: ``full``, or ``compact`` for small models (``guidance.compact``).
        limits: Of a batch; its ``answer_s`` is ``timeout_s``.
    """

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    timeout_s: float = 60.0
    retries: int = 2
    concurrency: int = 4
    prompts: Size = "full"
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("http://", "https://")):
            raise InputError("HDSIM_LLM_BASE_URL", value=self.base_url, expected="an http(s) URL")
        if not self.timeout_s > 0:
            raise InputError("timeout_s", value=self.timeout_s, expected="more than 0 (s)")


# Reproducible as far as an endpoint allows; part of the cache key.
PARAMETERS: Mapping[str, Any] = {"temperature": 0.0, "seed": 0, "max_tokens": MAX_ANSWER_TOKENS}


# Whether structured output and log-probabilities are asked for, in the order in which an endpoint
# that refuses is asked again.
_WAYS = ((True, True), (False, True), (True, False), (False, False))


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer and how probable the model found it.

    Attributes:
        text: The words; possibly empty.
        logprob: Natural log-probability of all tokens together; ``None`` where the endpoint does
            not tell it.
        tokens: Number of those tokens.
    """

    text: str
    logprob: float | None = None
    tokens: int = 0


class _Token(BaseModel):
    logprob: float


class _Probabilities(BaseModel):
    content: list[_Token] | None = None


class _Words(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Words
    logprobs: _Probabilities | None = None

    def reply(self) -> Reply:
        text = self.message.content or self.message.refusal or ""
        tokens = (self.logprobs and self.logprobs.content) or []
        # A probability of 0, which no token that was written can have, is none.
        if not tokens or not all(isfinite(t.logprob) and t.logprob <= 0.0 for t in tokens):
            return Reply(text)
        return Reply(text, sum(t.logprob for t in tokens), len(tokens))


class _Usage(BaseModel):
    total_tokens: int = 0


class _Completion(BaseModel):
    """The part of a chat completion that is used."""

    choices: list[_Choice]
    usage: _Usage | None = None


class Chat:
    """Asks one endpoint; safe between threads.

    It remembers whether the endpoint takes structured output and tells log-probabilities, and gives
    the endpoint up after ``PATIENCE`` failures in a row.

    Args:
        endpoint: Whom to ask.
        spending: Where calls and tokens are counted.
    """

    def __init__(self, endpoint: Endpoint, spending: Spending | None = None) -> None:
        self._endpoint = endpoint
        self._spending = spending or Spending()
        self._way = 0
        self._answered = False
        self._failures = 0
        self._last = ""
        self._lock = threading.Lock()
        limits = replace(endpoint.limits, answer_s=endpoint.timeout_s)
        self._client = openai.OpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.api_key or "none",
            timeout=endpoint.timeout_s,
            max_retries=endpoint.retries,
            http_client=openai.DefaultHttpxClient(
                transport=LimitedTransport(endpoint.base_url, limits, self._spending)
            ),
        )

    def ask(self, question: Question, messages: Sequence[Message]) -> str:
        """The text of ``reply``."""
        return self.reply(question, messages).text

    def reply(self, question: Question, messages: Sequence[Message]) -> Reply:
        """The model's answer, never checked here.

        An endpoint that refuses a JSON Schema, or log-probabilities, is asked again without, then
        always so.

        Args:
            question: Model, parameters and form of the answer.
            messages: The question's, with the tags of this call.

        Raises:
            InfrastructureError: If the endpoint has never answered and cannot be reached or refuses
                address, key or model: nothing was compiled yet, and it is the user's to mend.
            Unanswered: If there is no answer for another reason.
        """
        if self._failures >= PATIENCE:
            given_up = f"given up after {PATIENCE} failures in a row, the last: {self._last}"
            raise Unanswered(f"{self._where}: {given_up}")
        try:
            reply = self._ask(question, messages)
        except Spent as error:
            raise Unanswered(str(error)) from None
        except openai.OpenAIError as error:
            raise self._failure(error) from None
        except ValidationError:
            raise self._failed("did not answer with a chat completion") from None
        with self._lock:
            self._failures, self._answered = 0, True
        return replace(reply, text=self._without_key(reply.text))

    def _ask(self, question: Question, messages: Sequence[Message]) -> Reply:
        refused: openai.APIStatusError | None = None
        for way in range(self._way, len(_WAYS)):
            structured, measured = _WAYS[way]
            try:
                reply = self._complete(question, messages, structured=structured, measured=measured)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                refused = error
            else:
                self._way = way
                return reply
        assert refused is not None
        raise refused

    def _complete(
        self,
        question: Question,
        messages: Sequence[Message],
        *,
        structured: bool,
        measured: bool,
    ) -> Reply:
        schema = {"name": "answer", "schema": dict(question.answer_schema), "strict": False}
        extra: dict[str, Any] = (
            {"response_format": {"type": "json_schema", "json_schema": schema}}
            if structured
            else {}
        )
        if measured:
            extra["logprobs"] = True
        raw = self._client.chat.completions.with_raw_response.create(
            model=question.model,
            messages=list(messages),  # type: ignore[arg-type]
            **question.parameters,
            **extra,
        )
        completion = _Completion.model_validate_json(raw.http_response.content)
        self._spending.after_call(completion.usage.total_tokens if completion.usage else 0)
        return completion.choices[0].reply() if completion.choices else Reply("")

    def _failed(self, text: str, *, users: bool = False) -> HdsimError:
        """Counts a failure; the user's to mend if ``users`` and nothing was ever answered."""
        text = self._without_key(text)
        with self._lock:
            self._failures += 1
            self._last = text
        kind = InfrastructureError if users and not self._answered else Unanswered
        return kind(f"{self._where}: {text}")

    @property
    def _where(self) -> str:
        return f"guidance endpoint {self._endpoint.base_url}"

    def _failure(self, error: openai.OpenAIError) -> HdsimError:
        users = False
        if isinstance(error, Exceeded):
            text = str(error)
        elif isinstance(error, openai.APITimeoutError):
            text = f"no answer within {self._endpoint.timeout_s:g} s"
        elif isinstance(error, openai.APIConnectionError):
            text, users = "cannot be reached", True
        elif isinstance(error, openai.APIStatusError):
            users = error.status_code in _USERS
            text = f"answered with status {error.status_code}: {error.message[:200]}"
        else:
            text = f"{type(error).__name__}: {str(error)[:200]}"
        return self._failed(text, users=users)

    def _without_key(self, text: str) -> str:
        """An endpoint knows the key and may say it."""
        key = self._endpoint.api_key
        return text.replace(key, "***") if key else text
