"""The hierarchy: a graph without cycles, every edge with a source, every trait in its direction."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.driver.evaluate import evaluate, factors
from hdsim.driver.hierarchy import GROUPS, PROPOSAL, Edge, Hierarchy, Quantity, load_hierarchy
from hdsim.driver.load import folders, load_profile, names
from hdsim.driver.profile import DistractionKind, Personality

HIERARCHY = load_hierarchy()
CURVES = [(q, e) for q, e in HIERARCHY.edges() if e.curve]
GIVEN = [n for n, q in HIERARCHY.quantities.items() if q.rule == "given"]


def range_of(name: str) -> tuple[float, float]:
    return HIERARCHY.quantities[name].bounds


def test_the_graph_has_no_cycle_and_leads_forward():
    assert nx.is_directed_acyclic_graph(HIERARCHY.graph)
    place = {name: GROUPS.index(q.group) for name, q in HIERARCHY.quantities.items()}
    assert all(place[a] <= place[b] for a, b in HIERARCHY.graph.edges)
    order = list(HIERARCHY.quantities)
    assert all(order.index(a) < order.index(b) for a, b in HIERARCHY.graph.edges)


@pytest.mark.parametrize(("target", "edge"), HIERARCHY.edges(), ids=lambda x: getattr(x, "of", ""))
def test_every_edge_has_a_source_or_is_marked_a_proposal(target: Quantity, edge: Edge):
    del target
    assert PROPOSAL in edge.source or any(c.isdigit() for c in edge.source)


def test_crash_ratios_are_no_inputs():
    texts = [e.source for _, e in HIERARCHY.edges()] + [t.source for t in HIERARCHY.tasks.values()]
    assert not any(word in text for text in texts for word in ("odds", "relative risk", " RR "))


def test_every_trait_and_every_kind_of_distraction_acts():
    assert set(Personality.model_fields) == {q.name for q in HIERARCHY.of_group("dispositions")}
    for q in HIERARCHY.of_group("dispositions"):
        assert HIERARCHY.graph.out_degree(q.name) > 0, q.name
    kinds = {task.kind for task in HIERARCHY.tasks.values()}
    assert kinds == set(DistractionKind.__args__)


@given(st.sampled_from(CURVES), st.lists(st.floats(0.0, 1.0), min_size=2, max_size=8))
def test_each_trait_raised_alone_moves_its_factors_in_the_published_direction(edge, shares):
    """Over the whole range of the origin, all else normal, through the whole graph."""
    target, one = edge
    origin = HIERARCHY.quantities[one.of]
    if origin.rule != "given":
        return  # an intermediate factor: its own edges are tested
    low, high = origin.bounds
    at = np.sort(np.array([0.0, *shares, 1.0])) * (high - low) + low
    values = evaluate({one.of: at})[target.name]
    sign = 1.0 if one.direction == "up" else -1.0
    assert np.all(sign * np.diff(values) >= -1e-9)
    assert sign * (values[-1] - values[0]) > 0.0


# Published effects end to end: trait or state, factor, sign.
CHAINS = [
    ("aggressiveness", "following_margin", 1),
    ("aggressiveness", "crossing_margin", -1),
    ("aggressiveness", "believed_limit", 1),
    ("aggressiveness", "changing_margin", 1),
    ("aggressiveness", "anger_reactivity", 1),
    ("sensation_seeking", "believed_limit", 1),
    ("sensation_seeking", "following_margin", 1),
    ("caution", "following_margin", -1),
    ("caution", "crossing_margin", 1),
    ("caution", "believed_limit", -1),
    ("caution", "mirror_watch", 1),
    ("experience", "miss_chance", -1),
    ("experience", "following_margin", -1),
    ("skill", "lane_wander_m", -1),
    ("age", "useful_field_deg", -1),
    ("age", "reaction_delay_s", 1),
    ("age", "following_margin", -1),
    ("age", "crossing_margin", 1),
    ("fatigue", "lane_wander_m", 1),
    ("fatigue", "looming_gain", -1),
    ("fatigue", "lapse_rate", 1),
    ("alcohol", "lane_wander_m", 1),
    ("alcohol", "own_speed_noise", 1),
    ("alcohol", "useful_field_deg", -1),
    ("alcohol", "believed_limit", 1),
    ("anger", "following_margin", 1),
    ("anger", "yellow_as_green", 1),
    ("hurry", "own_speed_bias", -1),
    ("hurry", "crossing_watch", 1),
    ("hurry", "lane_offset_m", 1),
    ("impatience", "crossing_margin", -1),
    ("cognitive_load", "reaction_delay_s", 1),
    ("cognitive_load", "lane_wander_m", -1),
    ("cognitive_load", "changing_margin", -1),
    ("manual_load", "lane_wander_m", 1),
]


@pytest.mark.parametrize(("origin", "factor", "sign"), CHAINS)
def test_published_directions_hold_from_end_to_end(origin: str, factor: str, sign: int):
    values = evaluate({origin: np.linspace(*range_of(origin), 81)})[factor]
    assert all(sign * (b - a) >= -1e-9 for a, b in pairwise(values))
    assert sign * (values[-1] - values[0]) > 0.0


def test_effects_that_are_published_as_none_are_none():
    """Anger raises no errors; aggressiveness changes nothing about perception itself."""
    errors = ("miss_chance", "reaction_delay_s", "distance_noise", "lane_wander_m", "looming_gain")
    for mood in ("anger", "aggressiveness", "hurry", "sensation_seeking"):
        values = evaluate({mood: np.array([0.0, 1.0])})
        assert all(values[e][0] == values[e][1] for e in errors), mood


@given(st.fixed_dictionaries({n: st.floats(*range_of(n)) for n in GIVEN}), st.booleans())
def test_whatever_acts_together_stays_within_the_bounds(given_values, human):
    for name, value in evaluate(given_values, human).items():
        low, high = range_of(name)
        assert low <= value <= high, name


@pytest.mark.parametrize(("bac", "more_m"), [(0.05, 0.025), (0.08, 0.04), (0.10, 0.07)])
def test_wander_under_alcohol_is_the_published_sdlp(bac: float, more_m: float):
    values = evaluate({"alcohol": np.array([0.0, bac])})["lane_wander_m"]
    assert values[1] - values[0] == pytest.approx(more_m)


def test_tired_with_a_little_alcohol_is_worse_than_rested_with_more():
    """18 to 21 h awake and 0.03 % against 0.05 % rested (PMC2266271)."""
    tired = evaluate({"fatigue": 0.6, "alcohol": 0.03})
    rested = evaluate({"alcohol": 0.05})
    assert tired["lane_wander_m"] > rested["lane_wander_m"]
    assert tired["reaction_delay_s"] > rested["reaction_delay_s"]


def test_texting_adds_a_third_to_the_reaction_time_and_talking_a_quarter_of_a_second():
    calm, texting, talking = (
        factors([load_profile("normal")], task=t) for t in (None, "text", "talk")
    )
    delay = "reaction_delay_s"
    assert texting[delay] - calm[delay] == pytest.approx(0.35 * 1.25, abs=0.01)
    assert talking[delay] - calm[delay] == pytest.approx(0.25)


def test_arrays_hold_each_driver_in_order():
    profiles = [load_profile(name) for name in names(folders())]
    together = factors(profiles, {"alcohol": 0.03})
    for i, profile in enumerate(profiles):
        for name, value in factors([profile], {"alcohol": 0.03}).items():
            assert together[name][i] == value[0], (profile.name, name)


def test_unknown_quantities_are_refused():
    with pytest.raises(KeyError, match="aggresiveness"):
        evaluate({"aggresiveness": 1.0})


WRONG = {
    "no quantity 'b'": {"a": {"rule": "sum", "edges": [("b", {0: 0, 1: 1}, "up")]}},
    "no cycle": {
        "a": {"rule": "sum", "edges": [("b", {0: 0, 1: 1}, "up")]},
        "b": {"rule": "sum", "edges": [("a", {0: 0, 1: 1}, "up")]},
    },
    "changes something": {
        "a": {},
        "b": {"rule": "sum", "edges": [("a", {0: 0.1, 1: 1}, "up")]},
    },
}


@pytest.mark.parametrize(("reason", "made"), WRONG.items())
def test_a_wrong_graph_is_refused(reason: str, made: dict):
    quantities = {
        name: Quantity(
            name=name,
            meaning="x",
            bounds=(0, 1),
            normal=0,
            rule=spec.get("rule", "given"),
            edges=tuple(
                Edge(of=of, curve=curve, direction=way, source="[P]")
                for of, curve, way in spec.get("edges", [])
            ),
        )
        for name, spec in made.items()
    }
    with pytest.raises(ValueError, match=reason):
        Hierarchy(quantities, {})


def test_a_curve_against_its_direction_is_refused():
    with pytest.raises(ValueError, match="a curve that goes down"):
        Quantity(
            meaning="x",
            bounds=(0, 1),
            normal=0,
            rule="sum",
            edges=(Edge(of="a", curve={0: 0, 1: 1}, direction="down", source="[P]"),),
        )
