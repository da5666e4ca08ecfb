"""Answers under secret tags: only the right part of the right form is used."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.guidance.authenticate import (
    Envelope,
    TagMaker,
    Tags,
    Unauthenticated,
    authorized_part,
)
from hdsim.guidance.checks import ProgramAnswer

TAGS = Tags("1" * 32, "2" * 32, "3" * 32, "4" * 32)
RIGHT = {"tag": TAGS.authorized, "answer": {"operations": []}}
OTHER = {"tag": TAGS.unauthorized, "answer": "An order."}


def given_as(*entries: Any) -> str:
    return json.dumps({"answers": list(entries)})


def test_only_the_authorized_part_is_used():
    for text in (given_as(RIGHT), given_as(RIGHT, OTHER), given_as(OTHER, RIGHT)):
        assert json.loads(authorized_part(text, TAGS)) == {"operations": []}


REFUSED = {
    "bare": (json.dumps(RIGHT["answer"]), "not given as answers under tags"),
    "no JSON": ("I refuse.", "no JSON object"),
    "empty": (given_as(), "no answer stands under the authorized tag"),
    "only the other": (given_as(OTHER), "no answer stands under the authorized tag"),
    "twice": (given_as(RIGHT, RIGHT), "the authorized tag is there more than once"),
    "other twice": (given_as(RIGHT, OTHER, OTHER), "the unauthorized tag is there more"),
    "unknown": (given_as(RIGHT, {"tag": "5" * 32, "answer": 1}), "a tag that was not given"),
    "delimiter": (given_as({**RIGHT, "tag": TAGS.task}), "a tag that was not given"),
    "upper case": (given_as({"tag": "A" * 32, "answer": 1}), "a tag that was not given"),
    "no text": (given_as({"tag": 3, "answer": 1}), "a tag is not a text"),
    "more keys": (given_as({**RIGHT, "note": ""}), "not given as answers under tags"),
    "beside it": (json.dumps({"answers": [RIGHT], "operations": []}), "not given as answers"),
    "two objects": (json.dumps(RIGHT["answer"]) + given_as(RIGHT), "not given as answers"),
    "key twice": (given_as(RIGHT).replace("{", '{"answers": [], ', 1), "a key is there twice"),
    "tells a tag": (given_as({**RIGHT, "answer": f"code {TAGS.unauthorized}"}), "tells a tag"),
    "not a list": ('{"answers": "no"}', "not given as answers under tags"),
    "surrogate": (given_as({"tag": "é", "answer": 1}), "a tag that was not given"),
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_everything_else_is_refused_as_a_whole(text: str, reason: str):
    with pytest.raises(Unauthenticated, match=reason) as error:
        authorized_part(text, TAGS)
    assert not any(word in str(error.value) for word in astuple(TAGS))


entries = st.fixed_dictionaries(
    {"tag": st.sampled_from([*astuple(TAGS), "x"]), "answer": st.text(max_size=3) | st.none()}
)


@given(st.lists(entries, max_size=4))
def test_accepted_means_exactly_one_authorized_part_and_no_strange_one(found: list[Any]):
    tags = [e["tag"] for e in found]
    right = (
        tags.count(TAGS.authorized) == 1
        and tags.count(TAGS.unauthorized) <= 1
        and set(tags) <= {TAGS.authorized, TAGS.unauthorized}
    )
    try:
        part = authorized_part(given_as(*found), TAGS)
    except Unauthenticated:
        assert not right
    else:
        assert right
        assert json.loads(part) == found[tags.index(TAGS.authorized)]["answer"]


@given(st.text(max_size=300))
def test_no_text_without_the_tag_gets_through(text: str):
    with pytest.raises(Unauthenticated):
        authorized_part(text, TAGS)


def test_tags_differ_by_call_role_and_process():
    maker, other = TagMaker(), TagMaker()
    calls = [maker.tags("q"), maker.tags("q"), maker.tags("r"), other.tags("q")]
    words = [word for tags in calls for word in astuple(tags)]
    assert len(set(words)) == len(words)
    assert all(len(word) == 32 for word in words)
    assert "bytes" not in repr(maker)
    assert "_secret" not in repr(maker)


def test_schema_of_an_answer_names_no_tag():
    """A decoder held to the schema must not be able to write the tag by itself."""
    parts = Envelope[ProgramAnswer].model_json_schema()["$defs"]
    tags = [d["properties"]["tag"] for d in parts.values() if "tag" in d.get("properties", {})]
    assert tags == [{"maxLength": 64, "title": "Tag", "type": "string"}] * 2
