"""Further answers through the real client: budget, cache, and what the schedule says of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hdsim.core.errors import InputError
from hdsim.driver.load import load_profile
from hdsim.guidance.cache import AnswerCache, Question
from hdsim.guidance.compile import compile_schedule
from hdsim.guidance.endpoint import Chat, Endpoint
from hdsim.guidance.lock import Lock
from hdsim.guidance.schedule import Provenance, Schedule
from hdsim.guidance.settings import load_settings
from hdsim.guidance.uncertainty.decision import Rule
from hdsim.guidance.uncertainty.words import uncertainties
from hdsim.testing.llm_server import Raw, Reply, Request, ScriptedModel, Status, under_its_tag

PROFILE = load_profile("aggressive-distracted")
WORDS = {
    "Task: describe": {"description": "A pushy driver with a phone."},
    "Task: say": dict.fromkeys(("personality", "physiology", "attention"), "Nothing much."),
}
RELATIONS = {"personality": "lead", "physiology": "beside", "attention": "oncoming"}
RULE = Rule(samples=4, cost_bits=0.01, threshold=0.3)


def model(*factors: float):
    """Writes one distance factor for each answer to a program's question, in turn."""

    def script(request: Request) -> Reply:
        text = request["messages"][1]["content"]
        for task, words in WORDS.items():
            if task in text:
                return under_its_tag(request, json.dumps(words))
        told_more = 2 * ("aggressiveness" in text)
        factor = factors[(request["seed"] + told_more) % len(factors)]
        # Of other objects in each layer: the same three times would not go together.
        relation = RELATIONS[text.partition('the layer "')[2].partition('"')[0]]
        made = [{"op": "scale_distance", "select": {"relation": relation}, "factor": factor}]
        return under_its_tag(request, json.dumps({"operations": made}))

    return script


def compiled(
    server: ScriptedModel, folder: Path, mode: str = "live", rule: Rule = RULE
) -> Schedule:
    endpoint = Endpoint(server.base_url, "m", retries=0)
    return compile_schedule(
        PROFILE, mode, 100.0, cache=AnswerCache(folder), endpoint=endpoint, rule=rule
    )


def personality(schedule: Schedule) -> Provenance:
    return next(p for p in schedule.provenance if p.stage == "personality")


def test_agreement_is_applied_and_the_schedule_says_how_sure_it_is(tmp_path: Path):
    with ScriptedModel(model(1.4)) as server:
        schedule = compiled(server, tmp_path)
    known = personality(schedule).uncertainty
    assert known.decision == "applied"
    assert known.doubt <= 0.3
    assert known.usable == known.answers == len(personality(schedule).cache_keys) > 1
    assert known.with_detail >= 1
    assert not known.likelihoods
    assert any(line.startswith("personality: doubt 0.") for line in uncertainties(schedule))
    assert Schedule.from_json(schedule.to_json()) == schedule


def test_disagreement_falls_back_to_the_tables_with_the_reason(tmp_path: Path):
    with ScriptedModel(model(1.4, 0.6, 2.0, 1.1)) as server:
        schedule = compiled(server, tmp_path)
    told = personality(schedule)
    assert told.origin == "fallback"
    assert told.reason.startswith("too uncertain: doubt 0.")
    assert told.uncertainty.answers == 4
    assert next(iter(told.uncertainty.contested)) == "scale_distance"


def test_detail_shows_what_the_program_prompt_withholds(tmp_path: Path):
    with ScriptedModel(model(1.4)) as server:
        compiled(server, tmp_path)
    said = [r["messages"][1]["content"] for r in server.requests]
    asked = [text for text in said if 'the layer "personality"' in text]
    assert ["aggressiveness" in text for text in asked[:2]] == [False, True]


def test_the_same_from_the_cache_without_a_call(tmp_path: Path):
    with ScriptedModel(model(1.4, 1.3, 1.5)) as server:
        live = compiled(server, tmp_path)
        calls = len(server.requests)
        again = compiled(server, tmp_path)
        cached = compiled(server, tmp_path, "cached")
        assert len(server.requests) == calls
    assert again == live
    assert cached.model_copy(update={"mode": "live"}) == live
    assert Lock("", (again,)).schedules[0].to_json() == live.to_json()


def test_cache_without_the_samples_says_what_is_missing(tmp_path: Path):
    with ScriptedModel(model(1.4)) as server:
        compiled(server, tmp_path, rule=Rule())
        with pytest.raises(InputError, match=r"answer 0 \(detail\)"):
            compiled(server, tmp_path, "cached")


def test_one_answer_costs_no_more_calls_and_is_measured(tmp_path: Path):
    with ScriptedModel(model(1.4)) as server:
        schedule = compiled(server, tmp_path, rule=Rule())
        assert len(server.requests) == len(schedule.provenance)
    assert personality(schedule).origin == "model"
    assert personality(schedule).uncertainty.answers == 1


def completion(logprobs) -> Raw:
    choice = {"message": {"content": "{}"}, "logprobs": logprobs}
    return Raw(json.dumps({"choices": [choice]}).encode())


@pytest.mark.parametrize(
    ("logprobs", "expected"),
    [
        ({"content": [{"logprob": -0.5}, {"logprob": -1.0}]}, (-1.5, 2)),
        ({"content": []}, (None, 0)),
        ({"content": [{"logprob": 0.5}]}, (None, 0)),
        (None, (None, 0)),
    ],
)
def test_log_probabilities_are_taken_where_they_are_told(logprobs, expected):
    with ScriptedModel([completion(logprobs)]) as server:
        asked = [{"role": "user", "content": "?"}]
        reply = Chat(Endpoint(server.base_url, "m")).reply(Question("m", {}, asked, {}), asked)
    assert (reply.logprob, reply.tokens) == expected


def test_endpoint_that_refuses_log_probabilities_is_asked_without(tmp_path: Path):
    def script(request: Request) -> Reply:
        return Status(400) if "logprobs" in request else model(1.4)(request)

    with ScriptedModel(script) as server:
        schedule = compiled(server, tmp_path, rule=Rule())
    assert {p.origin for p in schedule.provenance} == {"model"}
    assert all("response_format" in r for r in server.requests[2:])
    assert not any("logprobs" in r for r in server.requests[2:])


def test_settings_name_the_rule(tmp_path: Path):
    file = tmp_path / "hdsim.yaml"
    file.write_text("schema: 1\nguidance: {uncertainty: {samples: 6, threshold: 0.2}}\n")
    assert load_settings(file).uncertainty.rule == Rule(samples=6, threshold=0.2)
    file.write_text("schema: 1\nguidance: {uncertainty: {threshold: 3}}\n")
    with pytest.raises(InputError, match="threshold"):
        load_settings(file)
