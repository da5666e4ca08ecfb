"""Beliefs: what makes them sharper and what does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.guidance.uncertainty.belief import Belief
from hdsim.guidance.uncertainty.evidence import CONTEXTS, Evidence, evidence
from hdsim.perception.catalogue import Delay, LookAway, ScaleDistance, Selector

LEAD = Selector(relation="lead")
# Answers that differ in kind, relation, direction and size.
ANSWERS = (
    (),
    (ScaleDistance(select=LEAD, factor=1.4),),
    (ScaleDistance(select=LEAD, factor=1.3), Delay(delay_s=0.3)),
    (ScaleDistance(select=LEAD, factor=0.7),),
    (ScaleDistance(factor=1.4),),
    (Delay(delay_s=0.3), Delay(select=LEAD, delay_s=1.0)),
    (LookAway(glance_median_s=1.5),),
)
answers = st.lists(
    st.tuples(st.sampled_from(ANSWERS), st.sampled_from(CONTEXTS), st.floats(0.01, 1.0)),
    min_size=1,
    max_size=8,
)


def believed(drawn) -> Belief:
    belief = Belief()
    for i, (operations, context, weight) in enumerate(drawn):
        told = evidence(f"{i}", context, operations)
        belief = belief.knowing(Evidence(told.key, context, told.settings, weight))
    return belief


@given(answers, st.sampled_from(ANSWERS))
def test_the_same_question_again_says_nothing_new(drawn, operations):
    """Neither the answer from the cache nor, under the same key, another one."""
    belief = believed(drawn)
    assert belief.knowing(belief.evidence[0]) is belief
    assert belief.knowing(evidence("0", "detail", operations)) is belief


@given(answers, st.sampled_from(CONTEXTS), st.floats(0.01, 1.0))
def test_an_agreeing_answer_never_raises_uncertainty(drawn, context, weight):
    """An answer that is, in every kind, what is believed most probable already."""
    belief = believed(drawn)
    best = belief.evidence[belief.best()]
    most = all(
        b.probability(best.settings.get(kind, ())) >= max(b.counts) / b.total - 1e-12
        for kind, b in belief.kinds.items()
    )
    again = belief.knowing(Evidence("again", context, best.settings, weight))
    assert again.doubt(best.settings) <= belief.doubt(best.settings) + 1e-12
    if most:
        assert again.bits <= belief.bits + 1e-9


@given(answers)
def test_probabilities_are_probabilities(drawn):
    for belief in believed(drawn).kinds.values():
        assert sum(belief.counts) + belief.unnamed * belief.unseen == pytest.approx(belief.total)
        assert belief.bits >= 0.0
        assert 0.0 < belief.probability(()) < 1.0


@given(answers, st.sampled_from(CONTEXTS))
def test_an_answer_is_expected_to_tell_something(drawn, context):
    assert belief_gain(drawn, context) > 0.0


def belief_gain(drawn, context) -> float:
    return believed(drawn).gain(context)


@given(answers, st.randoms())
def test_order_does_not_matter(drawn, random):
    shuffled = list(drawn)
    random.shuffle(shuffled)
    a, b = believed(drawn), believed(shuffled)
    assert a.bits == pytest.approx(b.bits)
    assert {k: v.groups for k, v in a.kinds.items()} == {k: v.groups for k, v in b.kinds.items()}


def test_many_answers_to_one_question_are_worth_five_independent_ones():
    same = believed([(ANSWERS[1], "policy", 1.0)] * 60)
    both = believed([(ANSWERS[1], CONTEXTS[i % 2], 1.0) for i in range(60)])
    assert same.doubt(same.evidence[0].settings) > both.doubt(both.evidence[0].settings)
    assert same.gain("policy") < 0.01 < same.gain("detail")


def test_improbable_tokens_are_less_evidence():
    sure = Belief().knowing(evidence("a", "policy", ANSWERS[1], logprob=-1.0, tokens=50))
    unsure = Belief().knowing(evidence("a", "policy", ANSWERS[1], logprob=-80.0, tokens=50))
    unknown = Belief().knowing(evidence("a", "policy", ANSWERS[1]))
    program = sure.evidence[0].settings
    assert unknown.doubt(program) < sure.doubt(program) < unsure.doubt(program)


def test_disagreement_is_named_by_kind():
    belief = believed([(ANSWERS[2], "policy", 1.0), (ANSWERS[1], "policy", 1.0)] * 2)
    program = belief.evidence[0].settings
    assert next(iter(belief.contested(program))) == "delay"
    assert belief.kinds["delay"].probability(program["delay"]) < 0.55
    assert belief.kinds["scale_distance"].probability(program["scale_distance"]) > 0.7


def test_weight_has_to_be_a_share():
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        Evidence("a", "policy", {}, 1.5)
