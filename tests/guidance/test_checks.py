"""Checks of answers: what form allows and plausibility refuses; how alike operations compose."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.guidance.checks import BadAnswer, ProgramAnswer, check_plausible, read_answer
from hdsim.guidance.compose import compose, is_neutral
from hdsim.perception.catalogue import Operation, operation_adapter


def operation(op: str, **fields: object) -> Operation:
    return operation_adapter.validate_python({"op": op, **fields})


REFUSED = {
    "distance": (
        [operation("scale_distance", factor=1.5), operation("scale_distance", factor=1.5)],
        "scale_distance for lead multiplies to 2.25, expected 0.5 to 2",
    ),
    "no looming at all": (
        [operation("scale_closing_speed", factor=0.0, select={"relation": "lead"})],
        "scale_closing_speed for lead multiplies to 0.00",
    ),
    "red as green": (
        [operation("misread_signal", actual="red", probability=0.9)],
        "red is misread with 0.90, expected at most 0.2",
    ),
    "misses everything": (
        [operation("attend", miss_probability=1.0)],
        "lead objects are missed with 1.00, expected at most 0.7",
    ),
    "misses most, twice over": (
        [operation("attend", miss_probability=0.5), operation("attend", miss_probability=0.5)],
        "crossing objects are missed with 0.75, expected at most 0.7",
    ),
    "never looks": (
        [operation("look_away", glance_median_s=3.9, on_road_s=0.1)],
        "operations.0.on_road_s: expected looks at the road between the glances",
    ),
    "empty range": (
        [operation("delay", delay_s=1.0, select={"range_m": [50, 50]})],
        "operations.0.select.range_m: expected 0 <= nearest < farthest <= 300",
    ),
    "sector the wrong way": (
        [operation("delay", delay_s=1.0, select={"sector_deg": [30, -30]})],
        "operations.0.select.sector_deg: expected -180 <= right < left <= 180",
    ),
    "many alike": (
        [operation("delay", delay_s=0.1)] * 3,
        "delay for any 3 times, at most 2",
    ),
}


@pytest.mark.parametrize(("operations", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_no_driver_has_is_refused(operations: list[Operation], reason: str):
    with pytest.raises(BadAnswer) as error:
        check_plausible(tuple(operations))
    assert reason in str(error.value)


def test_a_program_may_reach_each_limit():
    check_plausible(
        (
            operation("attend", miss_probability=0.7),
            operation("misread_signal", actual="red", probability=0.2),
            operation("misread_signal", actual="yellow", probability=0.8),
        )
    )


def test_a_texting_driver_is_plausible():
    course = {"course": "episodic", "rate_per_s": 0.1, "duration_median_s": 6.0}
    check_plausible((operation("look_away", glance_median_s=1.6, on_road_s=0.5, course=course),))


@given(st.text(max_size=200))
def test_no_text_gets_past_the_reader_but_as_a_checked_answer(text: str):
    try:
        answer = read_answer(ProgramAnswer, text)
    except BadAnswer:
        return
    assert isinstance(answer, ProgramAnswer)


def test_deep_nesting_is_a_bad_answer():
    with pytest.raises(BadAnswer, match="not valid JSON"):
        read_answer(ProgramAnswer, '{"operations":' + "[" * 40_000)


factors = st.lists(st.floats(0.9, 1.1), min_size=1, max_size=5)


@given(factors)
def test_factors_multiply_and_order_does_not_matter(values: list[float]):
    made = [operation("scale_distance", factor=v) for v in values]
    (one,) = compose(made)
    (other,) = compose(reversed(made))
    assert one.factor == pytest.approx(math.prod(values), abs=1e-5)
    assert one.factor == pytest.approx(other.factor, abs=1e-5)


@given(st.lists(st.floats(0.0, 0.1), min_size=1, max_size=5))
def test_independent_errors_add_in_variance(values: list[float]):
    (one,) = compose(operation("bend_lane", offset_sd_m=v) for v in values)
    assert one.offset_sd_m == pytest.approx(math.hypot(*values), abs=1e-5)


def test_operations_for_different_objects_or_times_stay_apart():
    apart = (
        operation("delay", delay_s=0.1),
        operation("delay", delay_s=0.1, select={"relation": "lead"}),
        operation("delay", delay_s=0.1, course={"course": "ramp", "rise_s": 10}),
        operation("delay", delay_s=0.1, gain={"state": "fatigue", "slope": 1}),
    )
    assert compose(apart) == apart


def test_sources_of_both_are_kept():
    (one,) = compose(
        [operation("delay", delay_s=0.1, source="A"), operation("delay", delay_s=0.2, source="B")]
    )
    assert one.source == "A; B"
    assert one.delay_s == pytest.approx(0.3)


def test_neutral_is_told_from_what_acts():
    assert is_neutral(operation("scale_distance"))
    assert is_neutral(operation("attend", range_m=300, memory_s=0))
    assert not is_neutral(operation("scale_distance", noise_sd=0.01))


@pytest.mark.parametrize(("second", "wrong"), [(0.8, True), (1.2, False)])
def test_nearer_and_farther_at_once_is_a_contradiction(second: float, wrong: bool):
    lead = {"op": "scale_distance", "select": {"relation": "lead"}}
    made = [{**lead, "factor": 1.3}, {**lead, "factor": second}]
    operations = tuple(operation_adapter.validate_python(o) for o in made)
    if wrong:
        with pytest.raises(BadAnswer, match="scale_distance for lead above and below 1"):
            check_plausible(operations)
    else:
        check_plausible(operations)
