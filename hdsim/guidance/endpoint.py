"""A language model behind any OpenAI-compatible endpoint."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import openai

from hdsim.core.errors import InfrastructureError, InputError
from hdsim.guidance.cache import Message, Question

DEFAULT_BASE_URL = "https://api.openai.com/v1"
# An answer holds a few operations; more than this is not one.
MAX_ANSWER_TOKENS = 2000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the model is and how to ask it.

    Attributes:
        base_url: Address up to and with ``/v1``.
        model: The model's name there.
        api_key: Never printed, logged or cached.
        timeout_s: Longest wait for one answer [s].
        retries: Further attempts after a time-out, a lost connection or status 408, 409, 429, 5xx.
    """

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    timeout_s: float = 60.0
    retries: int = 1

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("http://", "https://")):
            raise InputError("HDSIM_LLM_BASE_URL", value=self.base_url, expected="an http(s) URL")
        if not self.timeout_s > 0:
            raise InputError("timeout_s", value=self.timeout_s, expected="more than 0 (s)")

    @classmethod
    def from_env(cls, base_url: str = "", model: str = "", timeout_s: float = 60.0) -> Endpoint:
        """Endpoint from arguments, else from the environment.

        ``HDSIM_LLM_BASE_URL``, ``HDSIM_LLM_MODEL``, and ``HDSIM_LLM_API_KEY`` or
        ``OPENAI_API_KEY``; a local endpoint needs no key.

        Raises:
            InputError: If no model is named.
        """
        env = os.environ
        return cls(
            base_url=base_url or env.get("HDSIM_LLM_BASE_URL") or DEFAULT_BASE_URL,
            model=model_name(model),
            api_key=env.get("HDSIM_LLM_API_KEY") or env.get("OPENAI_API_KEY") or "",
            timeout_s=timeout_s,
        )


def model_name(model: str = "") -> str:
    """The model from the argument, else from ``HDSIM_LLM_MODEL``.

    Raises:
        InputError: If neither names one.
    """
    name = model or os.environ.get("HDSIM_LLM_MODEL", "")
    if not name:
        raise InputError("HDSIM_LLM_MODEL", expected="the name of the model that writes guidance")
    return name


# Reproducible as far as an endpoint allows; part of the cache key.
PARAMETERS: Mapping[str, Any] = {"temperature": 0.0, "seed": 0, "max_tokens": MAX_ANSWER_TOKENS}


class Chat:
    """Asks one endpoint; remembers whether it takes structured output."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._structured = True
        self._client = openai.OpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.api_key or "none",
            timeout=endpoint.timeout_s,
            max_retries=endpoint.retries,
        )

    def ask(self, question: Question, messages: Sequence[Message]) -> str:
        """The model's answer as text; possibly empty, never checked here.

        Args:
            question: Model, parameters and form of the answer.
            messages: The question's, with the tags of this call.

        An endpoint that refuses a JSON Schema is asked again without one, then always so.

        Raises:
            InfrastructureError: If the endpoint cannot be reached, is too slow or refuses.
        """
        if self._structured:
            try:
                return self._complete(question, messages, structured=True)
            except (openai.BadRequestError, openai.UnprocessableEntityError):
                self._structured = False
            except openai.OpenAIError as error:
                raise self._failure(error) from None
        try:
            return self._complete(question, messages, structured=False)
        except openai.OpenAIError as error:
            raise self._failure(error) from None

    def _complete(
        self, question: Question, messages: Sequence[Message], *, structured: bool
    ) -> str:
        schema = {"name": "answer", "schema": dict(question.answer_schema), "strict": False}
        extra: dict[str, Any] = (
            {"response_format": {"type": "json_schema", "json_schema": schema}}
            if structured
            else {}
        )
        completion = self._client.chat.completions.create(
            model=question.model,
            messages=list(messages),  # type: ignore[arg-type]
            **question.parameters,
            **extra,
        )
        choices = getattr(completion, "choices", None)
        return (choices[0].message.content or "") if choices else ""

    def _failure(self, error: openai.OpenAIError) -> InfrastructureError:
        where = f"guidance endpoint {self._endpoint.base_url}"
        if isinstance(error, openai.APITimeoutError):
            text = f"no answer within {self._endpoint.timeout_s:g} s"
        elif isinstance(error, openai.APIConnectionError):
            text = "cannot be reached"
        elif isinstance(error, openai.APIStatusError):
            text = f"answered with status {error.status_code}: {error.message[:200]}"
        else:
            text = f"{type(error).__name__}: {str(error)[:200]}"
        key = self._endpoint.api_key
        return InfrastructureError(f"{where}: {text.replace(key, '***') if key else text}")
