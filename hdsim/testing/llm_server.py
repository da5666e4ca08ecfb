"""A scripted model behind a real HTTP endpoint that speaks chat completions.

It lets the ``openai`` client, its time-outs and its errors be exercised without a network.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType, TracebackType
from typing import Any, Self

Request = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Status:
    """Answers with an HTTP error instead of a completion."""

    code: int
    message: str = "refused"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Silence:
    """Says nothing for so long that the client gives up, or until the server is closed."""

    seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Raw:
    """Sends bytes that need not be a completion.

    Attributes:
        body: The bytes.
        code: HTTP status.
        content_type: What they are said to be.
        every_s: Sent again and again at this interval [s], without end; ``None`` sends them once.
    """

    body: bytes
    code: int = 200
    content_type: str = "application/json"
    every_s: float | None = None


@dataclass(frozen=True, slots=True)
class HangUp:
    """Closes the connection without a word."""


Reply = str | Status | Silence | Raw | HangUp
Script = Sequence[Reply] | Callable[[Request], Reply]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients may go away in the middle of an answer."""


class ScriptedModel:
    """A model that answers by a script; a context manager.

    Args:
        script: Replies in order (the last one repeats), or a function of the request's JSON.

    Attributes:
        requests: JSON of every request so far.
        headers: Their headers, lower-case names.
        base_url: Address for ``Endpoint``.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self._closing = threading.Event()
        self.requests: list[Request] = []
        self.headers: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            wbufsize = -1  # head and body in one packet

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                request = json.loads(self.rfile.read(length))
                outer.headers.append({k.lower(): v for k, v in self.headers.items()})
                outer.requests.append(request)
                self._send(outer._reply(request))

            def _send(self, reply: Reply) -> None:
                if isinstance(reply, HangUp):
                    self.close_connection = True
                elif isinstance(reply, Silence):
                    outer._closing.wait(reply.seconds)
                elif isinstance(reply, Raw):
                    self._send_raw(reply)
                elif isinstance(reply, Status):
                    body = json.dumps({"error": {"message": reply.message}}).encode()
                    self._send_bytes(reply.code, body, headers=reply.headers)
                else:
                    self._send_bytes(200, json.dumps(_completion(reply)).encode())

            def _send_bytes(
                self,
                code: int,
                body: bytes,
                content_type: str = "application/json",
                headers: Mapping[str, str] = MappingProxyType({}),
            ) -> None:
                self.send_response(code)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def _send_raw(self, reply: Raw) -> None:
                if reply.every_s is None:
                    self._send_bytes(reply.code, reply.body, reply.content_type)
                    return
                self.send_response(reply.code)
                self.send_header("Content-Type", reply.content_type)
                self.end_headers()
                with suppress(OSError):  # the client goes away when it has had enough
                    while not outer._closing.wait(reply.every_s):
                        self.wfile.write(reply.body)
                        self.wfile.flush()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                del format, args

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def _reply(self, request: Request) -> Reply:
        if callable(self._script):
            return self._script(request)
        return self._script[min(len(self.requests), len(self._script)) - 1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()


def under_its_tag(request: Request, answer: str) -> str:
    """An answer's JSON text in the form the request asks for: under the tag of the task, if any."""
    told = re.findall(r"is answered under (\w+)", request["messages"][0]["content"])
    return f'{{"answers": [{{"tag": "{told[0]}", "answer": {answer}}}]}}' if told else answer


def _completion(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        "id": "scripted",
        "object": "chat.completion",
        "created": 0,
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 90, "completion_tokens": 10, "total_tokens": 100},
    }
