"""A scripted model behind a real HTTP endpoint that speaks chat completions.

It lets the ``openai`` client, its time-outs and its errors be exercised without a network.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Request = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Status:
    """Answers with an HTTP error instead of a completion."""

    code: int
    message: str = "refused"


@dataclass(frozen=True, slots=True)
class Silence:
    """Says nothing for so long that the client gives up, or until the server is closed."""

    seconds: float = 30.0


Reply = str | Status | Silence
Script = Sequence[Reply] | Callable[[Request], Reply]


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
                if isinstance(reply, Silence):
                    outer._closing.wait(reply.seconds)
                    return
                if isinstance(reply, Status):
                    code, body = reply.code, {"error": {"message": reply.message}}
                else:
                    code, body = 200, _completion(reply)
                data = json.dumps(body).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
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
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }
