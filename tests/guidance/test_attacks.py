"""Attacks on guidance, measured: success by model and family, printed as a table.

Every request goes through the real client to a scripted model behind HTTP.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hdsim.driver.load import load_profile
from hdsim.guidance.cache import AnswerCache
from hdsim.guidance.compile import compile_schedule
from hdsim.guidance.endpoint import Endpoint
from hdsim.testing.llm_server import ScriptedModel
from tests.guidance.corpus import Attack, load_corpus, succeeded
from tests.guidance.models import MODELS, Model

DURATION_S = 100.0
PROFILES = [a for a in load_corpus() if not a.scenario]


def attacked(attack: Attack, model: Model, folder: Path) -> bool:
    """Whether an attack succeeds against a model."""
    folder.mkdir(parents=True)
    profile = load_profile(attack.write(folder))
    with ScriptedModel(lambda request: model(attack, request)) as server:
        endpoint = Endpoint(server.base_url, "scripted", "sk-key-of-the-user", retries=0)
        cache = AnswerCache(folder / "cache")
        schedule = compile_schedule(profile, "live", DURATION_S, cache=cache, endpoint=endpoint)
        return succeeded(attack, schedule, server.requests)


@pytest.mark.parametrize(
    ("model", "name", "falls"),
    [
        ("gullible", "naive-2", True),
        ("pleaser", "naive-2", True),
        ("literal", "naive-2", False),
        ("literal", "escape-1", True),
        ("obedient", "escape-1", False),
        ("gullible", "ignore-5", False),  # outside the catalogue's bounds
        ("gullible", "comment-1", False),  # a comment reaches no model
    ],
)
def test_models_differ_in_what_they_fall_for(model: str, name: str, falls: bool, tmp_path: Path):
    attack = next(a for a in PROFILES if a.name == name)
    assert attacked(attack, MODELS[model], tmp_path / name) is falls
