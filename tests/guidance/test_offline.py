"""The tables: every number has a source, and more of a trait never means less of its effect."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.driver.layers import layer_state
from hdsim.driver.load import folders, load_profile, names
from hdsim.driver.profile import DriverProfile
from hdsim.guidance import checks, offline
from hdsim.guidance.compose import RULES
from hdsim.guidance.tables import Table, load_tables
from hdsim.perception.catalogue import Layer, Operation, PerceptionProgram
from hdsim.perception.parameters import KINDS

LAYERS: tuple[Layer, ...] = ("personality", "physiology", "attention")


def profile(**layers: object) -> DriverProfile:
    return DriverProfile.model_validate({"schema": 1, "name": "x", **layers})


def named(program: PerceptionProgram, op: str, relation: str = "any", **fields) -> list[Operation]:
    return [
        o
        for o in program.operations
        if o.op == op
        and o.select.relation == relation
        and all(getattr(o, k) == v for k, v in fields.items())
    ]


def wander(program: PerceptionProgram) -> float:
    return math.hypot(0.0, *(o.offset_sd_m for o in named(program, "bend_lane")))


def product(program: PerceptionProgram, op: str, relation: str = "any") -> float:
    return math.prod(o.factor for o in named(program, op, relation))


def total(program: PerceptionProgram, op: str, field: str) -> float:
    return sum(getattr(o, field) for o in named(program, op))


def alcohol(bac: float) -> PerceptionProgram:
    return offline.program(profile(), "physiology", {"alcohol": bac})


def fatigue(level: float) -> PerceptionProgram:
    return offline.program(profile(), "physiology", {"fatigue": level})


def trait(name: str) -> Callable[[float], PerceptionProgram]:
    return lambda x: offline.program(profile(personality={name: x}), "personality")


# effect, program by strength, range of strengths, sign of the change (+1 never falls)
EDGES = {
    "alcohol: wander": (wander, alcohol, 0.3, 1),
    "alcohol: delay": (lambda p: total(p, "delay", "delay_s"), alcohol, 0.3, 1),
    "alcohol: limit": (lambda p: product(p, "scale_speed_limit"), alcohol, 0.3, 1),
    "alcohol: objects": (lambda p: total(p, "attend", "max_objects") or 16, alcohol, 0.3, -1),
    "alcohol: range": (lambda p: total(p, "attend", "range_m") or 300, alcohol, 0.3, -1),
    "alcohol: red lights": (
        lambda p: sum(o.probability for o in named(p, "misread_signal", actual="red")),
        alcohol,
        0.3,
        1,
    ),
    "fatigue: wander": (wander, fatigue, 1.0, 1),
    "fatigue: delay": (lambda p: total(p, "delay", "delay_s"), fatigue, 1.0, 1),
    "fatigue: looming": (lambda p: product(p, "scale_closing_speed", "lead"), fatigue, 1.0, -1),
    "fatigue: lapses": (
        lambda p: sum(o.course.rate_per_s for o in named(p, "look_away")),
        fatigue,
        1.0,
        1,
    ),
    "aggressive: lead": (
        lambda p: product(p, "scale_distance", "lead"),
        trait("aggressiveness"),
        1.0,
        1,
    ),
    "aggressive: crossing": (
        lambda p: product(p, "scale_closing_speed", "crossing"),
        trait("aggressiveness"),
        1.0,
        -1,
    ),
    "aggressive: limit": (
        lambda p: product(p, "scale_speed_limit"),
        trait("aggressiveness"),
        1.0,
        1,
    ),
    "aggressive: own speed": (
        lambda p: product(p, "scale_own_speed"),
        trait("aggressiveness"),
        1.0,
        -1,
    ),
    "cautious: lead": (lambda p: product(p, "scale_distance", "lead"), trait("caution"), 1.0, -1),
    "cautious: limit": (lambda p: product(p, "scale_speed_limit"), trait("caution"), 1.0, -1),
    "cautious: oncoming": (
        lambda p: product(p, "scale_closing_speed", "oncoming"),
        trait("caution"),
        1.0,
        1,
    ),
    "sensation seeking: limit": (
        lambda p: product(p, "scale_speed_limit"),
        trait("sensation_seeking"),
        1.0,
        1,
    ),
    "experience: misses": (
        lambda p: total(p, "attend", "miss_probability"),
        trait("experience"),
        1.0,
        -1,
    ),
    "age: delay": (lambda p: total(p, "delay", "delay_s"), trait("age"), 100.0, 1),
    "age: limit": (lambda p: product(p, "scale_speed_limit"), trait("age"), 100.0, -1),
}


@pytest.mark.parametrize("edge", EDGES)
def test_more_of_a_trait_never_means_less_of_its_effect(edge: str):
    effect, program, most, sign = EDGES[edge]
    least = 16.0 if edge.startswith("age") else 0.0
    strengths = [least + (most - least) * i / 60 for i in range(61)]
    values = [effect(program(x)) for x in strengths]
    assert all(sign * (b - a) >= -1e-9 for a, b in pairwise(values))
    assert sign * (values[-1] - values[0]) > 0.0


@pytest.mark.parametrize(("bac", "more_m"), [(0.05, 0.025), (0.08, 0.04), (0.10, 0.07)], ids=str)
def test_wander_under_alcohol_adds_up_to_the_published_sdlp(bac: float, more_m: float):
    sober = wander(offline.program(profile(), "personality"))
    assert math.hypot(sober, wander(alcohol(bac))) == pytest.approx(sober + more_m, abs=0.002)


def test_time_gap_of_aggressive_and_cautious_drivers_meets_its_target():
    aggressive = product(
        offline.program(load_profile("aggressive"), "personality"), "scale_distance", "lead"
    )
    assert 0.60 <= 1 / aggressive <= 0.75
    cautious = product(
        offline.program(load_profile("cautious"), "personality"), "scale_distance", "lead"
    )
    assert 1.8 / 1.5 <= 1 / cautious <= 2.2 / 1.5


def test_normal_is_a_program_and_neutral_is_none():
    normal, neutral = load_profile("normal"), load_profile("neutral")
    assert len(offline.program(normal, "personality").operations) == 7
    assert not offline.program(normal, "physiology").operations
    for layer in LAYERS:
        state = {"blocked_s": 100.0}
        assert not offline.program(neutral, layer, state).operations


def test_standing_for_half_a_minute_makes_gaps_seem_larger():
    before = offline.program(profile(), "physiology", {"blocked_s": 29.9})
    after = offline.program(profile(), "physiology", {"blocked_s": 30.0})
    assert not before.operations
    assert product(after, "scale_closing_speed", "crossing") < 1.0


def test_distraction_comes_at_the_rate_of_the_profile():
    quiet = profile(attention={"distraction": {"kind": "talk", "episodes_per_s": 0.02}})
    program = offline.program(quiet, "attention")
    rates = {o.course.rate_per_s for o in program.operations if o.op != "look_away"}
    assert rates == {0.02}
    none = profile(attention={"distraction": {"kind": "phone", "episodes_per_s": 0.0}})
    assert offline.variants(none) == (None,)
    assert offline.program(none, "attention") == offline.program(profile(), "attention")


@pytest.mark.parametrize("table", load_tables(), ids=lambda t: f"{t.factor}-{t.kind or t.layer}")
def test_every_operation_says_where_its_numbers_come_from(table: Table):
    for raw in (*table.operations, *(r for v in table.variants.values() for r in v)):
        published = any(c.isdigit() for c in raw["source"])
        assert "[P]" in raw["source"] or published, raw


@pytest.mark.parametrize("name", names(folders()))
def test_presets_pass_the_checks_that_models_must_pass(name: str):
    preset = load_profile(name)
    state = layer_state(preset, 0.0)
    for layer in LAYERS:
        for variant in offline.variants(preset):
            checks.check_plausible(offline.style_operations(preset, layer, state, variant))


share = st.floats(0.0, 1.0)


@given(share, share, share, share, st.floats(16, 100), st.floats(0, 0.4), share, st.booleans())
def test_any_profile_gives_programs_within_the_catalogue(
    aggressive, cautious, seeking, experience, age, bac, tired, blocked
):
    driver = profile(
        personality={
            "aggressiveness": aggressive,
            "caution": cautious,
            "sensation_seeking": seeking,
            "experience": experience,
            "age": age,
        }
    )
    state = {"alcohol": bac, "fatigue": tired, "blocked_s": 60.0 * blocked}
    for layer in LAYERS:
        program = offline.program(driver, layer, state)
        assert program.layer == layer
        assert len({o.model_dump_json() for o in program.operations}) == len(program.operations)


def test_every_parameter_that_acts_has_a_rule_of_composition():
    assert {p.name for kind in KINDS.values() for p in kind.scaled} <= set(RULES)


def test_description_names_the_traits_in_plain_words():
    preset = load_profile("aggressive-drunk-distracted")
    text = offline.description(preset, layer_state(preset, 0.0))
    assert text.startswith(preset.description)
    assert text.endswith(
        "A driver: aggressive, fond of speed, very drunk, who is busy with a phone."
    )
