"""The dry run: what every shipped driver passes, and what nobody could drive by."""

from __future__ import annotations

from typing import Any

import pytest

from hdsim.driver.load import load_profile
from hdsim.guidance.checks import BadAnswer, check_plausible, check_together
from hdsim.guidance.compile import compile_schedule
from hdsim.guidance.examples import load_examples
from hdsim.guidance.offline import with_baseline
from hdsim.perception.catalogue import Layer, PerceptionProgram, operation_adapter
from hdsim.run.rehearsal.rehearse import Rehearsed, problems, rehearse

NORMAL = load_profile("normal")
LAYERS: tuple[Layer, ...] = ("personality", "physiology", "attention")


def program(layer: Layer, op: str, **fields: Any) -> PerceptionProgram:
    made = operation_adapter.validate_python({"op": op, **fields})
    return PerceptionProgram(layer=layer, operations=(made,))


def in_all_layers(op: str, **fields: Any) -> list[PerceptionProgram]:
    return [program(layer, op, **fields) for layer in LAYERS]


def outcome(programs: list[PerceptionProgram]) -> Rehearsed:
    (result,) = rehearse(NORMAL, [programs])
    return result


@pytest.mark.parametrize("name", ["neutral", "normal", "aggressive-drunk-distracted", "cautious"])
def test_shipped_drivers_pass(name: str):
    profile = load_profile(name)
    schedule = compile_schedule(profile, duration_s=1800.0)
    last = (schedule.personality, schedule.physiology[-1], schedule.attention[-1])
    results = rehearse(profile, [schedule.at(0.0, {}), last])
    assert [r.problems for r in results] == [[], []]
    assert all(r.seen.leads > 500 and r.seen.reds > 200 for r in results)


def test_perfect_perception_sees_what_is_there():
    result = outcome([])
    assert result.seen.ratio.tolist() == [1.0, 1.0, 1.0]
    assert (result.seen.noticed_share, result.seen.lost_share) == (1.0, 0.0)
    assert all(45.0 < d.seconds < 60.0 and not d.crash_mps for d in result.drives)


def test_same_programs_same_outcome():
    programs = [program("personality", "scale_distance", factor=1.3, noise_sd=0.2)]
    assert outcome(programs).drives == outcome(programs).drives
    together = rehearse(NORMAL, [[], programs])
    assert together[1].drives == outcome(programs).drives


TOGETHER = {
    "off the lane": (in_all_layers("bend_lane", offset_m=1.0), "was off its lane"),
    "far too slow": (in_all_layers("scale_speed_limit", factor=0.5), "did not arrive within 100 s"),
    "red lights": (
        in_all_layers("misread_signal", actual="red", probability=1.0),
        "of the red lights within 50 m are not seen red",
    ),
    "halved and halved": (
        in_all_layers("scale_distance", factor=0.5),
        "of their gap in the median",
    ),
}


@pytest.mark.parametrize(("programs", "reason"), TOGETHER.values(), ids=TOGETHER)
def test_what_nobody_could_drive_by_is_found(programs: list[PerceptionProgram], reason: str):
    assert not outcome(programs[:1]).problems or reason.startswith("of the red")
    assert any(reason in p for p in problems(NORMAL, [programs]))


def test_red_light_that_is_taken_for_green_is_driven_through():
    everything = program("attention", "misread_signal", actual="red", probability=1.0)
    assert "drove through a red light" in outcome([everything]).problems[-1]


AT_ODDS = {
    "contradiction": (
        [
            program("personality", "scale_distance", factor=1.5, select={"relation": "lead"}),
            program("attention", "scale_distance", factor=0.6, select={"relation": "lead"}),
        ],
        "together with personality: scale_distance for lead by 0.6 contradicts the 1.5 of "
        "personality",
    ),
    "blind together": (
        in_all_layers("attend", miss_probability=0.5),
        "together with personality and physiology: lead objects are missed with 0.88",
    ),
    "red as green together": (
        in_all_layers("misread_signal", actual="red", probability=0.15),
        "red is misread with 0.39, expected at most 0.2",
    ),
    "eyes off together": (
        in_all_layers("look_away", glance_median_s=1.0, on_road_s=1.5),
        "eyes off the road",
    ),
    "bias together": (
        in_all_layers("scale_distance", factor=1.4),
        "scale_distance for lead multiplies to 2.74, expected 0.5 to 2",
    ),
}


@pytest.mark.parametrize(("programs", "reason"), AT_ODDS.values(), ids=AT_ODDS)
def test_layers_that_do_not_go_together_are_refused(programs: list[PerceptionProgram], reason: str):
    for each in programs:
        check_plausible(each.operations)
        check_together([each])
    with pytest.raises(BadAnswer) as error:
        check_together(programs)
    assert reason in str(error.value)


def test_a_style_may_make_up_for_a_state_in_part():
    check_together(
        [
            program("personality", "scale_distance", factor=1.5),
            program("physiology", "scale_distance", factor=0.85),
        ]
    )


@pytest.mark.parametrize("layer", LAYERS)
def test_worked_examples_pass(layer: Layer):
    candidates = [[with_baseline(NORMAL, layer, e.program)] for e in load_examples()[layer]]
    assert [r.problems for r in rehearse(NORMAL, candidates)] == [[]] * len(candidates)
