"""Traits of a driver who has words only: medians of independent answers, and how sure they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hdsim.driver.load import load_profile
from hdsim.guidance import offline
from hdsim.guidance.cache import AnswerCache
from hdsim.guidance.compile import compile_schedule
from hdsim.guidance.endpoint import Endpoint
from hdsim.guidance.schedule import Schedule
from hdsim.guidance.traits import SAMPLES, TraitsAnswer, estimate, examples, has_words_only
from hdsim.testing.llm_server import Reply, Request, ScriptedModel, under_its_tag
from tests.guidance.models import ORDINARY
from tests.guidance.test_live import good

NURSE = load_profile("normal").model_copy(
    update={"name": "nurse", "description": "A nurse after a night shift, her phone buzzing."}
)


def answer(**said: float | str) -> TraitsAnswer:
    return TraitsAnswer.model_validate({**ORDINARY, **said})


def trait(answers: list[TraitsAnswer], name: str):
    found = estimate(answers, SAMPLES)
    assert found
    return next(t for t in found.traits if t.name == name)


def test_value_is_the_median_and_the_spread_that_of_the_middle_half():
    answers = [answer(hours_awake=h) for h in (18, 19, 20, 21, 30)]
    found = trait(answers, "hours_awake")
    assert (found.value, found.low, found.high) == (20.0, 19.0, 21.0)
    assert found.applied
    assert found.agreement == 0.8


def test_trait_without_agreement_stays_ordinary():
    answers = [answer(aggressiveness=a, bac=0.1) for a in (0.0, 0.2, 0.5, 0.8, 1.0)]
    assert not trait(answers, "aggressiveness").applied
    found = estimate(answers, SAMPLES)
    assert found
    made = found.applied_to(NURSE)
    assert made.personality.aggressiveness == 0.0
    assert made.physiology.alcohol.bac == 0.1
    assert made.description == NURSE.description


@pytest.mark.parametrize(("kinds", "applied"), [("pppps", True), ("ppsst", False)])
def test_kind_of_distraction_is_that_of_most_answers(kinds: str, applied: bool):
    names = {"p": "phone", "s": "scenery", "t": "talk"}
    answers = [answer(distraction=names[k], episodes_per_s=0.05) for k in kinds]
    assert trait(answers, "distraction").applied is applied
    found = estimate(answers, SAMPLES)
    assert found
    distraction = found.applied_to(NURSE).attention.distraction
    assert (distraction is not None) is applied


def test_too_few_answers_are_none():
    assert estimate([answer()] * 2, SAMPLES) is None


def test_examples_are_told_as_answers():
    assert len(examples()) == 6
    for words, traits in examples():
        assert words
        TraitsAnswer.model_validate(traits)


@pytest.mark.parametrize(("name", "words_only"), [("normal", True), ("drunk", False)])
def test_only_drivers_without_traits_are_estimated(name: str, words_only: bool):
    assert has_words_only(load_profile(name)) is words_only


def compiled(folder: Path, mode: str = "live", hours: float = 21.0) -> tuple[Schedule, int]:
    def script(request: Request) -> Reply:
        if "Task: estimate" not in request["messages"][1]["content"]:
            return good(request)
        jitter = request["seed"] if request["seed"] < 5 else 0
        said = {**ORDINARY, "hours_awake": hours + jitter / 4}
        said |= {"distraction": "phone", "episodes_per_s": 0.05}
        return under_its_tag(request, json.dumps(said))

    with ScriptedModel(script) as server:
        endpoint = Endpoint(server.base_url, "m", retries=0)
        cache = AnswerCache(folder)
        schedule = compile_schedule(NURSE, mode, 100.0, cache=cache, endpoint=endpoint)  # type: ignore[arg-type]
        return schedule, len(server.requests)


def test_estimate_makes_the_driver_and_is_kept(tmp_path: Path):
    schedule, calls = compiled(tmp_path)
    assert schedule.profile == NURSE
    assert schedule.driver.physiology.fatigue.hours_awake == 21.5
    assert schedule.provenance[0].stage == "traits"
    assert len(set(schedule.provenance[0].cache_keys)) == SAMPLES
    assert len(schedule.attention) == len(offline.variants(schedule.driver)) > 1
    assert Schedule.from_json(schedule.to_json()) == schedule
    cached, none = compiled(tmp_path, "cached")
    assert (none, cached.estimate) == (0, schedule.estimate)
    assert calls > SAMPLES


def test_fall_back_of_a_driver_with_words_is_that_of_the_estimated_traits(tmp_path: Path):
    def script(request: Request) -> Reply:
        if "Task: estimate" in request["messages"][1]["content"]:
            return under_its_tag(request, json.dumps({**ORDINARY, "bac": 0.1}))
        return "no"

    with ScriptedModel(script) as server:
        endpoint = Endpoint(server.base_url, "m", retries=0)
        cache = AnswerCache(tmp_path)
        schedule = compile_schedule(NURSE, "live", 100.0, cache=cache, endpoint=endpoint)
    state = {"fatigue": 0.0, "alcohol": 0.1, "blocked_s": 0.0}
    assert schedule.physiology[0] == offline.program(schedule.driver, "physiology", state)
    assert schedule.physiology[0] != offline.program(NURSE, "physiology")


def test_answers_that_cannot_be_used_leave_the_profile_as_it_is(tmp_path: Path):
    script = [*["nonsense"] * SAMPLES, "no"]
    with ScriptedModel(script) as server:
        endpoint = Endpoint(server.base_url, "m", retries=0)
        cache = AnswerCache(tmp_path)
        schedule = compile_schedule(NURSE, "live", 100.0, cache=cache, endpoint=endpoint)
    assert schedule.estimate is None
    assert schedule.driver == NURSE
    assert schedule.provenance[0].origin == "fallback"
    assert "no JSON object" in schedule.provenance[0].reason
