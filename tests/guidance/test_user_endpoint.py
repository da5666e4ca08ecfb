"""Against an endpoint of the user: ``pytest -m endpoint --endpoint URL --model NAME -s``.

Also by ``HDSIM_LLM_BASE_URL`` and ``HDSIM_LLM_MODEL``; the key comes from the environment only. A
weak model may fail every check: what is tested is that each stage ends as the model's or with a
reason, and that asking again asks nobody.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from hdsim.driver.load import load_profile
from hdsim.guidance.cache import AnswerCache
from hdsim.guidance.compile import compile_schedules
from hdsim.guidance.endpoint import Endpoint
from hdsim.guidance.limits import Limits, Spending
from hdsim.guidance.settings import configured_endpoint

pytestmark = [pytest.mark.endpoint, pytest.mark.timeout(3600)]
NURSE = Path(__file__).parents[2] / "examples/words/drivers/night-nurse.yaml"


@pytest.fixture
def endpoint(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    url = request.config.getoption("--endpoint") or os.environ.get("HDSIM_LLM_BASE_URL", "")
    model = request.config.getoption("--model") or os.environ.get("HDSIM_LLM_MODEL", "")
    if not url or not model:
        pytest.skip("needs an endpoint: --endpoint URL --model NAME")
    if size := request.config.getoption("--prompts"):
        monkeypatch.setenv("HDSIM_LLM_PROMPTS", size)
    made = configured_endpoint(url, model)
    return replace(made, timeout_s=300.0, retries=1, limits=Limits(calls=60))


def test_stages_end_as_the_models_or_with_a_reason_and_again_asks_nobody(
    endpoint: Endpoint, tmp_path: Path
):
    profiles = [load_profile(str(NURSE))]
    cache = AnswerCache(tmp_path)
    spending = Spending()
    (live,) = compile_schedules(
        profiles, "live", 100.0, cache=cache, endpoint=endpoint, spending=spending
    )
    for p in live.provenance:
        print(f"{p.stage}: {p.origin}{', repaired' if p.repaired else ''} {p.reason}")
    print(f"{spending.calls} calls, {spending.tokens} tokens")
    assert spending.calls > 0
    assert all(p.origin == "model" or p.reason for p in live.provenance)
    assert any(p.origin == "model" for p in live.provenance)
    (cached,) = compile_schedules(profiles, "cached", 100.0, cache=cache, endpoint=endpoint)
    assert cached.model_copy(update={"mode": "live"}) == live
    if endpoint.api_key:
        assert not any(endpoint.api_key in f.read_text() for f in tmp_path.iterdir())
