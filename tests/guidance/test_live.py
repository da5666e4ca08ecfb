"""The live path through the real client against a scripted model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from hdsim.core.errors import InfrastructureError, InputError
from hdsim.driver.load import load_profile
from hdsim.driver.profile import DriverProfile
from hdsim.guidance import offline
from hdsim.guidance.cache import AnswerCache
from hdsim.guidance.compile import compile_schedule
from hdsim.guidance.endpoint import Endpoint
from hdsim.guidance.schedule import Provenance, Schedule
from hdsim.perception.catalogue import PerceptionProgram
from hdsim.testing.llm_server import (
    Reply,
    Request,
    ScriptedModel,
    Status,
    under_its_tag,
)

PROFILE = load_profile("aggressive-distracted")
DESCRIPTION = json.dumps({"description": "A pushy driver with a phone."})
POLICIES = json.dumps(
    {
        "personality": "Gaps seem larger.",
        "physiology": "Nothing changes.",
        "attention": "Looks off.",
    }
)
CLOSER = json.dumps(
    {
        "operations": [
            {"op": "scale_distance", "select": {"relation": "lead"}, "factor": 1.4, "source": "[P]"}
        ]
    }
)
EMPTY = '{"operations": []}'


def layer_of(request: Request) -> str:
    """Which stage a request is for."""
    text = request["messages"][1]["content"]
    if "Task: describe" in text:
        return "description"
    if "Task: say" in text:
        return "policies"
    return text.partition('the layer "')[2].partition('"')[0]


def good(request: Request) -> Reply:
    known = {"description": DESCRIPTION, "policies": POLICIES, "personality": CLOSER}
    return under_its_tag(request, known.get(layer_of(request), EMPTY))


def personality_says(*answers: Reply):
    """A model that is good at everything but the personality's program.

    What looks like JSON is given under its tag.
    """
    left = list(answers)

    def script(request: Request) -> Reply:
        if layer_of(request) != "personality":
            return good(request)
        reply = left.pop(0) if len(left) > 1 else left[0]
        is_json = isinstance(reply, str) and reply.startswith("{")
        return under_its_tag(request, reply) if is_json else reply

    return script


def compile_live(
    server: ScriptedModel,
    tmp_path: Path,
    profile: DriverProfile = PROFILE,
    api_key: str = "",
    timeout_s: float = 20.0,
) -> Schedule:
    endpoint = Endpoint(server.base_url, "m", api_key, timeout_s=timeout_s, retries=0)
    cache = AnswerCache(tmp_path / "cache")
    return compile_schedule(profile, "live", 600.0, cache=cache, endpoint=endpoint)


def stage(schedule: Schedule, name: str) -> Provenance:
    return next(p for p in schedule.provenance if p.stage == name)


def test_good_answers_become_the_schedule(tmp_path: Path):
    with ScriptedModel(good) as server:
        schedule = compile_live(server, tmp_path)
    assert schedule.description == "A pushy driver with a phone."
    assert schedule.policies.personality == "Gaps seem larger."
    styled = [o for o in schedule.personality.operations if o.select.relation == "lead"]
    assert [o.factor for o in styled] == [1.4]
    assert {p.origin for p in schedule.provenance} == {"model"}
    assert Schedule.from_json(schedule.to_json()) == schedule


def test_human_baseline_stays_whatever_the_model_writes(tmp_path: Path):
    with ScriptedModel(good) as server:
        schedule = compile_live(server, tmp_path)
    baseline = offline.baseline_operations(PROFILE, "personality")
    assert set(baseline) <= set(schedule.personality.operations)


def test_structured_output_is_asked_for_with_the_schema_of_the_code(tmp_path: Path):
    with ScriptedModel(good) as server:
        compile_live(server, tmp_path)
    form = server.requests[0]["response_format"]
    assert form["type"] == "json_schema"
    answer = form["json_schema"]["schema"]["$defs"]["DescriptionAnswer"]
    assert answer["properties"]["description"]["maxLength"] == 600


def test_endpoint_without_structured_output_is_asked_plainly(tmp_path: Path):
    def script(request: Request) -> Reply:
        return Status(400) if "response_format" in request else good(request)

    with ScriptedModel(script) as server:
        schedule = compile_live(server, tmp_path)
    assert {p.origin for p in schedule.provenance} == {"model"}
    assert ["response_format" in r for r in server.requests[:3]] == [True, False, False]


def test_answer_may_be_wrapped_in_words_and_a_fence(tmp_path: Path):
    def script(request: Request) -> Reply:
        return f"Sure! Here it is:\n```json\n{good(request)}\n```\nAnything else?"

    with ScriptedModel(script) as server:
        schedule = compile_live(server, tmp_path)
    assert not stage(schedule, "personality").repaired


def test_bad_answer_is_repaired_once_by_saying_what_is_wrong(tmp_path: Path):
    bad = CLOSER.replace("1.4", "9.0")
    with ScriptedModel(personality_says(bad, CLOSER)) as server:
        schedule = compile_live(server, tmp_path)
    origin = stage(schedule, "personality")
    assert (origin.origin, origin.repaired, len(origin.cache_keys)) == ("model", True, 2)
    first, second = [r["messages"] for r in server.requests if layer_of(r) == "personality"]
    assert [m["role"] for m in second] == ["system", "user"]
    assert "An earlier answer could not be used" not in first[1]["content"]
    wrong = "operations.0.scale_distance.factor: Input should be less than or equal to 2.5"
    data = second[1]["content"].rpartition("\n{")[2]
    assert wrong in data
    assert '\\"factor\\": 9.0' in data
    assert first[0]["content"] != second[0]["content"]  # other tags


BAD = {
    "no JSON": ("I would rather not.", "the answer holds no JSON object"),
    "broken JSON": ('{"operations": [', "the answer is not valid JSON"),
    "empty": ("", "the answer holds no JSON object"),
    "NaN": (CLOSER.replace("1.4", "NaN"), "NaN is not a number"),
    "unknown operation": ('{"operations": [{"op": "crash"}]}', "operations.0"),
    "unknown key": ('{"operations": [], "code": "import os"}', "code: Extra inputs"),
    "implausible": (
        '{"operations": [{"op": "look_away", "glance_median_s": 4, "on_road_s": 0.1}]}',
        "eyes off the road",
    ),
    "blind": ('{"operations": [{"op": "attend", "range_m": 5}]}', "operations.0.range_m"),
    "too much": ("{" + " " * 60_000 + "}", "characters, at most 50000"),
}


@pytest.mark.parametrize(("answer", "reason"), BAD.values(), ids=BAD)
def test_two_bad_answers_end_in_the_tables_with_the_reason(
    tmp_path: Path, answer: str, reason: str
):
    with ScriptedModel(personality_says(answer)) as server:
        schedule = compile_live(server, tmp_path)
    origin = stage(schedule, "personality")
    assert origin.origin == "fallback"
    assert reason in origin.reason
    assert schedule.personality == offline.program(PROFILE, "personality")
    assert stage(schedule, "policies").origin == "model"


def test_second_compilation_makes_no_call_and_is_the_same(tmp_path: Path):
    with ScriptedModel(personality_says("nonsense", CLOSER)) as server:
        first = compile_live(server, tmp_path)
        calls = len(server.requests)
        assert compile_live(server, tmp_path) == first
        assert len(server.requests) == calls


def test_cached_mode_needs_no_endpoint(tmp_path: Path):
    with ScriptedModel(personality_says("nonsense", CLOSER)) as server:
        live = compile_live(server, tmp_path)
    gone = Endpoint(server.base_url, "m")
    cache = AnswerCache(tmp_path / "cache")
    cached = compile_schedule(PROFILE, "cached", 600.0, cache=cache, endpoint=gone)
    assert cached.model_copy(update={"mode": "live"}) == live


def test_cached_mode_names_the_missing_entry(tmp_path: Path):
    cache = AnswerCache(tmp_path)
    with pytest.raises(InputError) as error:
        compile_schedule(PROFILE, "cached", cache=cache, endpoint=Endpoint("http://x", "m"))
    assert str(error.value).startswith(f"guidance cache {tmp_path}, expected entry ")
    assert "(description of profile 'aggressive-distracted', model 'm')" in str(error.value)


def test_another_model_or_profile_is_another_question(tmp_path: Path):
    with ScriptedModel(good) as server:
        compile_live(server, tmp_path)
        calls = len(server.requests)
        other = PROFILE.model_copy(update={"description": "Somebody else."})
        compile_live(server, tmp_path, other)
        assert layer_of(server.requests[calls]) == "description"


def test_number_of_calls_is_small(tmp_path: Path):
    """Description, policies, personality, two bins of physiology, a pool of four."""
    with ScriptedModel(good) as server:
        compile_live(server, tmp_path)
    assert len(server.requests) == 9


def test_broken_cache_entry_is_named(tmp_path: Path):
    with ScriptedModel(good) as server:
        schedule = compile_live(server, tmp_path)
        path = AnswerCache(tmp_path / "cache").path(schedule.provenance[0].cache_keys[0])
        path.write_text("{")
        with pytest.raises(InputError, match="expected a stored answer; delete the file"):
            compile_live(server, tmp_path)


def test_unreachable_endpoint_is_named_before_anything_runs(tmp_path: Path):
    with ScriptedModel(good) as server:
        url = server.base_url
    cache = AnswerCache(tmp_path)
    with pytest.raises(InfrastructureError) as error:
        compile_schedule(PROFILE, "live", cache=cache, endpoint=Endpoint(url, "m", retries=0))
    assert str(error.value) == f"guidance endpoint {url}: cannot be reached"
    assert error.value.exit_code == 3


def test_key_is_sent_and_never_told(tmp_path: Path):
    key = "sk-very-secret"
    with (
        ScriptedModel([Status(401, f"wrong key {key}")]) as server,
        pytest.raises(InfrastructureError) as error,
    ):
        compile_live(server, tmp_path, api_key=key)
    assert server.headers[0]["authorization"] == f"Bearer {key}"
    assert "status 401" in str(error.value)
    assert key not in str(error.value)
    assert key not in repr(Endpoint(server.base_url, "m", key))


def test_key_is_not_in_cache_or_schedule(tmp_path: Path):
    key = "sk-very-secret"
    with ScriptedModel(good) as server:
        schedule = compile_live(server, tmp_path, api_key=key)
    files = list((tmp_path / "cache").iterdir())
    assert files
    assert all(key not in f.read_text() for f in files)
    assert key not in schedule.to_json()


def test_ideal_observer_is_never_given_to_a_model(tmp_path: Path):
    with ScriptedModel(good) as server:
        schedule = compile_live(server, tmp_path, load_profile("neutral"))
    assert not server.requests
    assert all(not p.operations for p in schedule.at(0.0, {}))


def attention_says(operations: str):
    """A model whose personality sees lights wrongly, and whose attention program is given."""

    def script(request: Request) -> Reply:
        if layer_of(request) == "personality":
            return under_its_tag(request, MISREADS)
        return (
            under_its_tag(request, operations)
            if layer_of(request) == "attention"
            else good(request)
        )

    return script


MISREADS = json.dumps(
    {
        "operations": [
            {"op": "misread_signal", "actual": "red", "probability": 0.15, "source": "[P]"}
        ]
    }
)


def test_program_that_does_not_go_with_another_layer_is_told_why_and_refused(tmp_path: Path):
    with ScriptedModel(attention_says(MISREADS)) as server:
        schedule = compile_live(server, tmp_path)
        told = server.requests[-1]["messages"][1]["content"]
    why = "together with personality and physiology: red is misread with 0.28, expected at most 0.2"
    attention = stage(schedule, "attention[0]")
    assert (attention.origin, attention.reason) == ("fallback", why)
    assert why in told
    assert stage(schedule, "personality").origin == "model"


def test_dry_run_is_of_programs_in_force_together_and_its_complaint_is_told(tmp_path: Path):
    tried: list[list[tuple[str, ...]]] = []

    def rehearse(profile: DriverProfile, candidates: Sequence[Sequence[PerceptionProgram]]):
        tried.append([tuple(p.layer for p in programs) for programs in candidates])
        of_attention = any(p.layer == "attention" for programs in candidates for p in programs)
        return ["on a simple route the driver fell asleep"] if of_attention else []

    with ScriptedModel(good) as server:
        endpoint = Endpoint(server.base_url, "m", retries=0)
        schedule = compile_schedule(
            PROFILE, "live", cache=AnswerCache(tmp_path), endpoint=endpoint, rehearse=rehearse
        )
    assert tried[0] == [("personality",)]
    assert ("personality", "physiology", "attention") in tried[-1]
    assert stage(schedule, "attention[0]").reason == "on a simple route the driver fell asleep"
    assert stage(schedule, "personality").origin == "fallback"


def test_tables_stand_in_for_all_where_they_do_not_go_with_the_models_others(tmp_path: Path):
    """The attention layer falls back; its tables and the model's personality are tried together."""

    def rehearse(profile: DriverProfile, candidates: Sequence[Sequence[PerceptionProgram]]):
        whole = any(len(programs) == 3 for programs in candidates)
        return ["on a simple route the driver did not arrive within 150 s"] if whole else []

    with ScriptedModel(good) as server:
        endpoint = Endpoint(server.base_url, "m", retries=0)
        schedule = compile_schedule(
            PROFILE, "live", cache=AnswerCache(tmp_path), endpoint=endpoint, rehearse=rehearse
        )
    assert schedule.personality == offline.program(PROFILE, "personality", {})
    reason = stage(schedule, "personality").reason
    assert reason.startswith("the tables' programs do not go with the model's others: on a simple")
    assert schedule.description == "A pushy driver with a phone."
