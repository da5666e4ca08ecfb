"""Attacks on guidance, measured: success by model, family and defence, printed as a table.

Every request goes through the real client to a scripted model behind HTTP.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from hdsim.driver.load import load_profile
from hdsim.guidance.cache import AnswerCache
from hdsim.guidance.compile import compile_schedule
from hdsim.guidance.endpoint import Endpoint
from hdsim.run.inputs import compile_guidance, resolve
from hdsim.scenario.expand import expand
from hdsim.testing.llm_server import ScriptedModel
from tests.guidance.corpus import FAMILIES, Attack, load_corpus, succeeded
from tests.guidance.models import HONEST, MODELS, Model, complicit

DURATION_S = 100.0
CORPUS = load_corpus()
PROFILES = [a for a in CORPUS if not a.scenario]
SCENARIOS = [a for a in CORPUS if a.scenario]
OF_EACH_FAMILY = [next(a for a in PROFILES if a.family == f and a.payload) for f in FAMILIES[:-2]]


def attacked(attack: Attack, model: Model, folder: Path, *, defence: bool = True) -> bool:
    """Whether an attack by a profile succeeds against a model."""
    folder.mkdir(parents=True)
    profile = load_profile(attack.write(folder))
    with ScriptedModel(lambda request: model(attack, request)) as server:
        endpoint = Endpoint(server.base_url, "scripted", "sk-key-of-the-user", retries=0)
        schedule = compile_schedule(
            profile,
            "live",
            DURATION_S,
            cache=AnswerCache(folder / "cache"),
            endpoint=endpoint,
            authenticate=defence,
        )
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
    assert attacked(attack, MODELS[model], tmp_path / name, defence=False) is falls


@pytest.mark.parametrize("model", MODELS)
def test_defence_stops_an_attack_of_each_family(model: str, tmp_path: Path):
    tried = [*OF_EACH_FAMILY, *(a for a in PROFILES if a.name in ("tagleak-1", "adaptive-1"))]
    fell = [a.name for a in tried if attacked(a, MODELS[model], tmp_path / a.name)]
    assert fell == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_table_of_attack_success(tmp_path: Path):
    """No scripted model falls with the defence; without it those that can fall do."""
    models = {**MODELS, "(complicit)": complicit}
    fell: dict[tuple[str, bool], list[Attack]] = {
        (name, defence): [
            attack
            for attack in PROFILES
            if attacked(
                attack, model, tmp_path / f"{name}-{defence}-{attack.name}", defence=defence
            )
        ]
        for name, model in models.items()
        for defence in (False, True)
    }
    table = Table(title="attacks that succeed, defence off -> on")
    table.add_column("family")
    table.add_column("attacks", justify="right")
    for name in models:
        table.add_column(name, justify="right")
    groups = {f: [a for a in PROFILES if a.family == f] for f in FAMILIES}
    groups |= {"all": PROFILES, "held out": [a for a in PROFILES if a.held_out]}
    for label, group in groups.items():
        counts = (
            " -> ".join(str(sum(a in fell[name, on] for a in group)) for on in (False, True))
            for name in models
        )
        table.add_row(label, str(len(group)), *counts)
    Console(width=120).print("\n", table)
    assert {name: fell[name, True] for name in MODELS} == {name: [] for name in MODELS}
    assert len(fell["gullible", False]) > 0.75 * len(PROFILES)
    assert len(fell["pleaser", False]) > 0.75 * len(PROFILES)
    assert {a.family for a in fell["literal", False]} >= {"escape-characters", "combined"}
    assert fell["obedient", False] == []


@pytest.mark.parametrize("name", ["normal", "aggressive-drunk", "cautious-distracted"])
@pytest.mark.parametrize("model", MODELS)
def test_benign_profiles_keep_their_programs(model: str, name: str, tmp_path: Path):
    profile = load_profile(name)
    made = []
    with ScriptedModel(lambda request: MODELS[model](None, request)) as server:
        for defence in (False, True):
            schedule = compile_schedule(
                profile,
                "live",
                DURATION_S,
                cache=AnswerCache(tmp_path),
                endpoint=Endpoint(server.base_url, "scripted", retries=0),
                authenticate=defence,
            )
            assert {p.origin for p in schedule.provenance} == {"model"}
            assert not any(p.repaired for p in schedule.provenance)
            made.append((schedule.personality, schedule.physiology, schedule.attention))
    assert made[0] == made[1]
    assert HONEST["personality"][0]["factor"] in [
        getattr(o, "factor", None) for o in made[1][0].operations
    ]


@pytest.mark.parametrize("attack", SCENARIOS, ids=lambda a: a.name)
def test_words_of_a_scenario_reach_no_model(
    attack: Attack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HDSIM_CACHE", str(tmp_path))
    monkeypatch.setenv("HDSIM_LLM_MODEL", "scripted")
    tasks = [resolve(task, "live") for task in expand(attack.write(tmp_path)).tasks]
    with ScriptedModel(lambda request: MODELS["gullible"](attack, request)) as server:
        monkeypatch.setenv("HDSIM_LLM_BASE_URL", server.base_url)
        schedules = compile_guidance(tasks)
    assert server.requests
    assert not any(attack.order.split()[0] in str(r["messages"][1]) for r in server.requests)
    assert not any(succeeded(attack, s, server.requests) for s in schedules.values())
