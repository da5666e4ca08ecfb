"""The narrow form for small models: nothing but pieces of the worked examples, checked as ever."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from hdsim.guidance import compact
from hdsim.guidance.authenticate import Envelope
from hdsim.guidance.cache import AnswerCache
from hdsim.guidance.checks import DescriptionAnswer, ProgramAnswer, read_answer
from hdsim.guidance.compile import compile_schedule
from hdsim.guidance.endpoint import Endpoint
from hdsim.guidance.examples import load_examples
from hdsim.guidance.traits import LEVELS, TraitsAnswer, examples, in_levels
from hdsim.perception.catalogue import Layer
from hdsim.testing.llm_server import Reply, Request, ScriptedModel
from tests.guidance.test_live import PROFILE, good

LAYERS: tuple[Layer, ...] = get_args(Layer)


@pytest.mark.parametrize("layer", LAYERS)
def test_every_operation_of_the_form_is_one_of_the_worked_examples(layer: Layer):
    program = compact.answer_schema(ProgramAnswer, layer)
    choices = program["properties"]["operations"]["items"]["enum"]
    known = [o for e in load_examples()[layer] for o in compact.plain(e)]
    assert len(choices) > 10
    assert all(choice in known for choice in choices)
    read_answer(ProgramAnswer, json.dumps({"operations": choices[: compact.MAX_OPERATIONS]}))


@pytest.mark.parametrize("layer", LAYERS)
def test_what_an_example_shows_can_be_written(layer: Layer):
    choices = compact.answer_schema(ProgramAnswer, layer)["properties"]["operations"]["items"]
    for example in load_examples()[layer]:
        shown = json.loads(compact.shown(example))["operations"]
        assert all(operation in choices["enum"] for operation in shown)


def test_envelope_asks_for_one_answer_whose_tag_is_free():
    schema = compact.answer_schema(Envelope[ProgramAnswer], "attention")
    assert schema["properties"]["answers"]["maxItems"] == 1
    assert set(schema["$defs"]) == {"_Answer_ProgramAnswer_", "_Note", "ProgramAnswer"}
    tag = schema["$defs"]["_Answer_ProgramAnswer_"]["properties"]["tag"]
    assert tag["type"] == "string"
    assert "enum" not in tag


def test_texts_are_short_and_traits_at_their_levels():
    text = compact.answer_schema(DescriptionAnswer)["properties"]["description"]
    assert text["maxLength"] == compact.MAX_TEXT_CHARS
    properties = compact.answer_schema(TraitsAnswer)["properties"]
    for _, traits in examples():
        assert all(in_levels(traits)[k] in properties[k]["enum"] for k in LEVELS)


def test_small_model_is_asked_in_the_narrow_form(tmp_path: Path):
    tags = []

    def script(request: Request) -> Reply:
        tags.append(json.loads(str(good(request)))["answers"][0]["tag"])
        return good(request)

    with ScriptedModel(script) as server:
        endpoint = Endpoint(server.base_url, "m", retries=0, prompts="compact")
        cache = AnswerCache(tmp_path)
        live = compile_schedule(PROFILE, "live", 100.0, cache=cache, endpoint=endpoint)
        calls = len(server.requests)
        cached = compile_schedule(PROFILE, "cached", 100.0, cache=cache, endpoint=endpoint)
        assert len(server.requests) == calls
    assert {p.origin for p in live.provenance} == {"model"}
    assert cached.model_copy(update={"mode": "live"}) == live
    assert {len(tag) for tag in tags} == {8}
    schema = server.requests[-1]["response_format"]["json_schema"]["schema"]
    assert schema["$defs"]["ProgramAnswer"] == compact.answer_schema(ProgramAnswer, "attention")
