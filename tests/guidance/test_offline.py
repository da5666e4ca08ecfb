"""The tables: every number has a source, and more of a trait never means less of its effect."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.driver.evaluate import factors
from hdsim.driver.hierarchy import load_hierarchy
from hdsim.driver.layers import layer_state
from hdsim.driver.load import folders, load_profile, names
from hdsim.driver.profile import DriverProfile
from hdsim.guidance import checks, offline
from hdsim.guidance.compile import compile_schedule
from hdsim.guidance.compose import RULES
from hdsim.guidance.operations import difference
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


def fewest(program: PerceptionProgram) -> float:
    return min((o.max_objects for o in named(program, "attend")), default=16)


# effect, program by strength, range of strengths, sign of the change (+1 never falls)
EDGES = {
    "alcohol: wander": (wander, alcohol, 0.3, 1),
    "alcohol: delay": (lambda p: total(p, "delay", "delay_s"), alcohol, 0.3, 1),
    "alcohol: limit": (lambda p: product(p, "scale_speed_limit"), alcohol, 0.3, 1),
    "alcohol: objects": (fewest, alcohol, 0.3, -1),
    "alcohol: red lights": (
        lambda p: sum(o.probability for o in named(p, "misread_signal", actual="red")),
        alcohol,
        0.3,
        1,
    ),
    "fatigue: wander": (wander, fatigue, 1.5, 1),
    "fatigue: delay": (lambda p: total(p, "delay", "delay_s"), fatigue, 1.5, 1),
    "fatigue: lapses": (
        lambda p: sum(o.course.rate_per_s for o in named(p, "look_away")),
        fatigue,
        1.5,
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
    "aggressive: own speed": (
        lambda p: product(p, "scale_own_speed"),
        trait("aggressiveness"),
        1.0,
        -1,
    ),
    "cautious: lead": (lambda p: product(p, "scale_distance", "lead"), trait("caution"), 1.0, -1),
    "cautious: limit": (lambda p: product(p, "scale_speed_limit"), trait("caution"), 1.0, -1),
    "experience: misses": (
        lambda p: total(p, "attend", "miss_probability"),
        trait("experience"),
        1.0,
        -1,
    ),
    "skill: wander": (wander, trait("skill"), 1.0, -1),
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
    assert len(offline.program(normal, "personality").operations) >= 7
    calm = offline.program(normal, "physiology", {})
    assert calm == offline.with_baseline(normal, "physiology", ())
    assert offline.program(normal, "personality").operations == offline.baseline_operations(
        normal, "personality"
    )
    for layer in LAYERS:
        state = {"blocked_s": 100.0}
        assert not offline.program(neutral, layer, state).operations
    assert not offline.mood_program(neutral).operations


def test_standing_for_half_a_minute_makes_gaps_seem_larger():
    before = offline.program(profile(), "physiology", {"blocked_s": 29.9})
    after = offline.program(profile(), "physiology", {"blocked_s": 30.0})
    assert product(before, "scale_closing_speed", "crossing") == 1.0
    assert product(after, "scale_closing_speed", "crossing") < 1.0


EVERYTHING = {
    "personality": {"aggressiveness": 1.0, "sensation_seeking": 1.0, "experience": 0.0},
    "physiology": {"alcohol": {"bac": 0.2}, "fatigue": {"hours_awake": 24}},
    "attention": {"distraction": {"kind": "phone", "episodes_per_s": 0.1}},
}


@pytest.mark.parametrize("moods", [(), ("anger",), ("hurry",), ("anger", "hurry")], ids="+".join)
@pytest.mark.parametrize("name", [*names(folders()), "everything"])
def test_all_layers_together_make_what_the_hierarchy_says(name: str, moods: tuple[str, ...]):
    """Each layer writes a difference; perception's rules make the bounded whole of them again."""
    driver = profile(**EVERYTHING) if name == "everything" else load_profile(name)
    slow = layer_state(driver, 0.0)
    said = {o: v for o, v in slow.items() if o != "elapsed_s"} | dict.fromkeys(moods, 1.0)
    meant = {k: float(v[0]) for k, v in factors([driver], said).items()}
    written = [
        *offline.program(driver, "personality").operations,
        *offline.program(driver, "physiology", slow).operations,
        *(o for o in offline.mood_program(driver).operations if o.gain.state in moods),
    ]
    for op, field, relation, quantity in [
        ("scale_distance", "factor", "lead", "following_margin"),
        ("scale_distance", "factor", "beside", "changing_margin"),
        ("scale_closing_speed", "factor", "crossing", "crossing_margin"),
        ("scale_speed_limit", "factor", "any", "believed_limit"),
        ("scale_own_speed", "factor", "any", "own_speed_bias"),
        ("delay", "delay_s", "any", "reaction_delay_s"),
        ("bend_lane", "offset_sd_m", "any", "lane_wander_m"),
        ("attend", "miss_probability", "any", "miss_chance"),
    ]:
        neutral = next(p.neutral for p in KINDS[op].scaled if p.name == field)
        values = [
            getattr(o, field) for o in written if o.op == op and o.select.relation == relation
        ]
        made = reduce(RULES[field], values, neutral)
        low, high = load_hierarchy().quantities[quantity].bounds
        assert low - 1e-5 <= made <= high + 1e-5
        if len(moods) < 2 and name != "everything":
            tolerance = 0.12 if moods else 1e-4  # moods leave each other room within the bounds
            assert made == pytest.approx(meant[quantity], rel=tolerance, abs=1e-4), quantity


def test_two_layers_cannot_push_a_perceived_gap_beyond_its_bound():
    """Aggressive and very drunk used to see the vehicle in front at 1.9 times its distance."""
    driver = profile(**EVERYTHING)
    state = {"alcohol": 0.3, "fatigue": 1.5}
    programs = [
        offline.program(driver, "personality"),
        offline.program(driver, "physiology", state),
    ]
    written = [o for p in (*programs, offline.mood_program(driver)) for o in p.operations]
    gaps = [o.factor for o in written if o.op == "scale_distance" and o.select.relation == "lead"]
    assert math.prod(gaps) <= 1.6 + 1e-5


def test_distraction_comes_at_the_rate_of_the_profile():
    quiet = profile(attention={"distraction": {"kind": "talk", "episodes_per_s": 0.02}})
    program = offline.program(quiet, "attention")
    rates = {o.course.rate_per_s for o in program.operations if o.op != "look_away"}
    assert rates == {0.02}
    none = profile(attention={"distraction": {"kind": "phone", "episodes_per_s": 0.0}})
    assert offline.variants(none) == (None,)
    assert offline.program(none, "attention") == offline.program(profile(), "attention")


@pytest.mark.parametrize("name", names(folders()))
def test_every_operation_says_where_its_numbers_come_from(name: str):
    schedule = compile_schedule(load_profile(name), duration_s=100.0)
    programs = (schedule.personality, *schedule.physiology, schedule.moods, *schedule.attention)
    for operation in (o for p in programs for o in p.operations):
        published = any(c.isdigit() for c in operation.source)
        assert "[P]" in operation.source or published, operation


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


@given(st.sampled_from(["factor", "delay_s", "noise_sd", "probability"]), share, share)
def test_a_difference_makes_the_one_value_the_other(parameter: str, a: float, b: float):
    low, high = sorted((0.1 + 0.8 * a, 0.1 + 0.8 * b))
    added = difference(parameter, high, low)
    assert RULES[parameter](low, added) == pytest.approx(high)


def test_description_names_the_traits_in_plain_words():
    preset = load_profile("aggressive-drunk-distracted")
    text = offline.description(preset, layer_state(preset, 0.0))
    assert text.startswith(preset.description)
    assert text.endswith(
        "A driver: aggressive, fond of speed, very drunk, who is busy with a phone."
    )
