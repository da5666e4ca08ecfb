"""What an endpoint may cost: calls, tokens, pace, and the size and duration of one answer."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
import openai


class Exceeded(openai.OpenAIError):
    """A limit was reached; passes through the client without being tried again."""


class Spent(Exceeded):
    """The batch has used up what it may cost: no failure of the endpoint."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a batch. All defaults are proposals, meant to be far from any honest use.

    Attributes:
        calls: Most HTTP requests, those tried again included.
        tokens: Most tokens, of prompts and answers together, as the endpoint counts them.
        requests_per_minute: Pace; infinite for none.
        answer_bytes: Largest answer of the endpoint, with everything around the model's words.
        answer_s: Longest time from the request to the answer's last byte [s].
    """

    calls: int = 5_000
    tokens: int = 20_000_000
    requests_per_minute: float = float("inf")
    answer_bytes: int = 1_000_000
    answer_s: float = 60.0


class Spending:
    """Counts what a batch has cost, and stops it at its limits; safe between threads.

    Attributes:
        calls: HTTP requests so far.
        tokens: Tokens so far.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.tokens = 0
        self._next = 0.0
        self._lock = threading.Lock()

    def before_call(self, limits: Limits) -> None:
        """Waits for the call's turn and counts it.

        Raises:
            Spent: If the batch has none left.
        """
        with self._lock:
            if self.calls >= limits.calls:
                raise Spent(f"spending cap: {limits.calls} calls are used up")
            if self.tokens >= limits.tokens:
                raise Spent(f"spending cap: {limits.tokens} tokens are used up")
            self.calls += 1
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + 60.0 / limits.requests_per_minute
        time.sleep(start - now)

    def after_call(self, tokens: int) -> None:
        """Counts the tokens of a call."""
        with self._lock:
            self.tokens += tokens


class LimitedTransport(httpx2.BaseTransport):
    """HTTP within limits: the client's own time-out starts anew with every byte that comes in.

    Args:
        url: Where requests go; a proxy of the environment is used as usual.
        limits: Of the batch.
        spending: Where requests are counted.
    """

    def __init__(self, url: str, limits: Limits, spending: Spending) -> None:
        self._limits, self._spending = limits, spending
        self._inner = httpx2.HTTPTransport(verify=_certificates(), proxy=_proxy(url))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Sends a request when its turn has come."""
        self._spending.before_call(self._limits)
        deadline = time.monotonic() + self._limits.answer_s
        response = self._inner.handle_request(request)
        assert isinstance(response.stream, httpx2.SyncByteStream)
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=_LimitedStream(response.stream, self._limits, deadline),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Closes its connections."""
        self._inner.close()


@cache
def _certificates() -> ssl.SSLContext:
    return httpx2.create_ssl_context()  # takes a tenth of a second


def _proxy(url: str) -> str | None:
    parts = urlsplit(url)
    if parts.hostname is None or proxy_bypass(parts.hostname):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")


class _LimitedStream(httpx2.SyncByteStream):
    def __init__(self, inner: httpx2.SyncByteStream, limits: Limits, deadline: float) -> None:
        self._inner, self._limits, self._deadline = inner, limits, deadline

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for part in self._inner:
            size += len(part)
            if size > self._limits.answer_bytes:
                raise Exceeded(f"the answer is longer than {self._limits.answer_bytes} bytes")
            if time.monotonic() > self._deadline:
                raise Exceeded(f"the answer does not end within {self._limits.answer_s:g} s")
            yield part

    def close(self) -> None:
        self._inner.close()
