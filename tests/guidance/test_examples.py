"""The example library: checked pairs, and the likest found first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.core.errors import InputError
from hdsim.core.yaml_input import parse_yaml, validate
from hdsim.guidance.examples import ExampleFile, alike, load_examples
from hdsim.perception.parameters import KINDS

LAYERS = ("personality", "physiology", "attention")


def test_library_is_large_and_covers_the_catalogue():
    """Loading checks every program as an answer is checked."""
    examples = [e for layer in LAYERS for e in load_examples()[layer]]
    assert len(examples) >= 40
    assert len({e.style for e in examples}) == len(examples)
    used = {o.op for e in examples for o in e.program}
    assert used >= set(KINDS) - {"shift_lateral"}
    for layer in LAYERS:
        assert [e.policy for e in load_examples()[layer] if not e.operations] == [
            "Nothing changes."
        ]


@pytest.mark.parametrize("layer", LAYERS)
def test_each_is_the_likest_to_its_own_style(layer: str):
    for example in load_examples()[layer]:
        assert alike(layer, example.style)[0] == example


@pytest.mark.parametrize(
    ("layer", "text", "style"),
    [
        ("personality", "tailgates everybody, aggressive, pushes", "A pushy commuter"),
        ("personality", "an elderly lady of 80", "An eighty-year-old"),
        ("physiology", "drunken, coming from a party", "Drunk after a party."),
        ("physiology", "sleepy nurse after the night shift", "A night-shift nurse"),
        ("attention", "texting and answering messages", "Reads and answers messages"),
    ],
)
def test_words_find_what_they_mean(layer: str, text: str, style: str):
    assert any(e.style.startswith(style) for e in alike(layer, text))


@given(st.text(max_size=100), st.integers(1, 5))
def test_any_text_gets_as_many_as_asked_always_the_same(text: str, count: int):
    found = alike("attention", text, count)
    assert len(set(map(id, found))) == count
    assert alike("attention", text, count) == found


WRONG = {
    "{op: look_away, on_road_s: 0.1, glance_median_s: 4, source: x}": "eyes off the road",
    "{op: delay, delay_s: 9, source: x}": "less than or equal to 3",
    "{op: delay, delay_s: 1}": "a source for every operation of 'A'",
}


@pytest.mark.parametrize(("operation", "reason"), WRONG.items())
def test_example_that_no_answer_could_be_is_refused(operation: str, reason: str):
    text = (
        "schema: 1\nlayer: attention\n"
        f"examples: [{{style: A, policy: B, operations: [{operation}]}}]\n"
    )
    with pytest.raises(InputError, match=reason):
        validate(ExampleFile, parse_yaml(text, "examples.yaml"))
