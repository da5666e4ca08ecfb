"""Programs in words, and how two programs differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.driver.load import folders, load_profile, names
from hdsim.guidance.compare import program_differences, schedule_differences
from hdsim.guidance.compile import compile_schedule
from hdsim.guidance.compose import is_neutral
from hdsim.guidance.examples import load_examples
from hdsim.guidance.prose import paragraph, sentence
from hdsim.perception.catalogue import Operation, PerceptionProgram, operation_adapter


def operation(**fields: object) -> Operation:
    return operation_adapter.validate_python(fields)


def program(*operations: Operation) -> PerceptionProgram:
    return PerceptionProgram(layer="personality", operations=operations)


SENTENCES = {
    "The vehicle in front seems 45% farther away, with a strength of 0.1 times own speed in m/s.": {
        "op": "scale_distance",
        "select": {"relation": "lead"},
        "factor": 1.45,
        "gain": {"state": "speed_mps", "slope": 0.1},
    },
    "Crossing vehicles between 0 and 50 m away seem to approach 20% more slowly.": {
        "op": "scale_closing_speed",
        "select": {"relation": "crossing", "range_m": [0, 50]},
        "factor": 0.8,
    },
    "What changes about other road users is seen 0.44 s late, in episodes of about 5 s, about "
    "every 15.6 s.": {
        "op": "delay",
        "delay_s": 0.44,
        "course": {"course": "episodic", "rate_per_s": 0.064, "duration_median_s": 5.0},
    },
    "The eyes leave the road for about 1.4 s, once about every 50 s.": {
        "op": "look_away",
        "glance_median_s": 1.4,
        "course": {"course": "episodic", "rate_per_s": 0.02, "duration_median_s": 0.1},
    },
    "Vehicles behind are noticed only within 80 m and about 0.5 s late, at most 3 are held in "
    "mind, and 25% are overlooked for 2 s at first.": {
        "op": "attend",
        "select": {"relation": "rear"},
        "range_m": 80,
        "latency_median_s": 0.5,
        "max_objects": 3,
        "miss_probability": 0.25,
        "memory_s": 0,
    },
    "Red is taken for green at 2% of the lights, rising from 10 s on over 60 s.": {
        "op": "misread_signal",
        "actual": "red",
        "probability": 0.02,
        "course": {"course": "ramp", "start_s": 10, "rise_s": 60},
    },
    "The lane seems 0.2 m farther right, and the lane seems to sway by 0.1 m.": {
        "op": "bend_lane",
        "offset_m": -0.2,
        "offset_sd_m": 0.1,
    },
}


@pytest.mark.parametrize(("text", "fields"), SENTENCES.items())
def test_operation_reads_as_it_acts(text: str, fields: dict[str, object]):
    assert sentence(operation(**fields)) == text


def test_every_shipped_operation_has_a_sentence_and_neutral_ones_none():
    shipped = [o for examples in load_examples().values() for e in examples for o in e.program]
    for name in names(folders()):
        schedule = compile_schedule(load_profile(name))
        for p in (schedule.personality, *schedule.physiology, *schedule.attention):
            shipped += p.operations
    for o in shipped:
        text = sentence(o)
        assert (text == "") is is_neutral(o)
        assert not text or (text[0].isupper() and text.endswith(".") and "{" not in text)
    assert paragraph(program()) == "Nothing changes."


shipped = [e.program for examples in load_examples().values() for e in examples]


@given(st.sampled_from(shipped), st.sampled_from(shipped))
def test_programs_differ_exactly_where_something_acts_differently(a, b):
    def bare(operations):
        return [o.model_dump(exclude={"source"}) for o in operations]

    lines = program_differences(program(*a), program(*b))
    assert (lines == []) is (bare(a) == bare(b))
    back = program_differences(program(*b), program(*a))
    assert len(back) == len(lines)


def test_difference_names_operation_value_and_both_numbers():
    a = program(operation(op="scale_distance", select={"relation": "lead"}, factor=1.2))
    b = program(
        operation(op="scale_distance", select={"relation": "lead"}, factor=1.4, source="x"),
        operation(op="delay", delay_s=0.3),
    )
    assert program_differences(a, b) == [
        "~ scale_distance lead: factor 1.2 -> 1.4",
        "+ delay: delay_s 0.3",
    ]


def test_schedules_differ_in_the_layer_of_the_trait():
    one, other = (compile_schedule(load_profile(n)) for n in ("normal", "aggressive"))
    places = [place for place, _ in schedule_differences(one, other)]
    personality = ["description", "policy of personality", "L1 personality"]
    assert places == [*personality, "L2 physiology by anger and hurry"]
    assert list(schedule_differences(one, one)) == []
