"""Apply, ask again, or fall back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hdsim.guidance.uncertainty.belief import Belief
from hdsim.guidance.uncertainty.decision import Rule, decide
from hdsim.guidance.uncertainty.evidence import evidence
from hdsim.guidance.uncertainty.gather import Found, settle
from hdsim.perception.catalogue import Delay, ScaleDistance

A = (ScaleDistance(factor=1.4),)
B = (ScaleDistance(factor=0.7), Delay(delay_s=0.5))


def script(answers):
    """Asks that are answered from a list, in order; and what was asked."""
    left, asked = list(answers), []

    def ask(context, index):
        asked.append((context, index))
        answer = left.pop(0)
        if isinstance(answer, str):
            return Found("", None, over=answer)
        return Found(f"{context}{index}", answer)

    return ask, asked


def test_one_answer_is_applied_and_only_told_of():
    ask, asked = script([])
    settled = settle(Found("first", A), Rule(samples=1), ask)
    assert settled.operations == A
    assert asked == []
    assert settled.uncertainty.doubt > 0.3
    assert settled.uncertainty.decision == "applied"


def test_agreement_is_applied_before_the_budget_is_spent():
    ask, asked = script([A] * 9)
    settled = settle(Found("first", A), Rule(samples=10), ask)
    assert settled.operations == A
    assert len(asked) < 5
    assert asked[0] == ("detail", 0), "what was withheld tells more than the same question"
    assert settled.uncertainty.doubt <= 0.3


def test_disagreement_falls_back_when_the_budget_is_spent():
    ask, asked = script([B, A, B, A, B])
    settled = settle(Found("first", A), Rule(samples=4, cost_bits=0.0, threshold=0.3), ask)
    assert settled.operations is None
    assert len(asked) == 3
    assert settled.uncertainty.answers == 4
    assert "no more may be asked for" in settled.uncertainty.why


def test_answers_that_tell_less_than_they_cost_are_not_asked_for():
    ask, asked = script([A, A])
    settled = settle(Found("first", A), Rule(samples=9, cost_bits=9.0, threshold=0.1), ask)
    assert settled.operations is None
    assert asked == []
    assert "worth less than 9" in settled.uncertainty.why


def test_whole_answers_are_applied_and_the_one_doubted_least():
    ask, asked = script([B] * 9)
    settled = settle(Found("first", A), Rule(samples=10, cost_bits=0.0, threshold=0.3), ask)
    assert settled.operations == B
    assert len(asked) > 2, "what was answered first has to be outweighed"


def test_useless_answers_cost_and_say_nothing():
    ask, asked = script([None, None, None])
    settled = settle(Found("first", A), Rule(samples=4, cost_bits=0.0, threshold=0.2), ask)
    assert (settled.uncertainty.answers, settled.uncertainty.usable) == (4, 1)
    one = Belief().knowing(evidence("first", "policy", A))
    assert settled.uncertainty.doubt == round(one.doubt(one.evidence[0].settings), 6)
    assert len(asked) == 3


def test_spent_batch_ends_the_asking_with_its_reason():
    ask, asked = script([A, "spending cap: 2 calls are used up"])
    settled = settle(Found("first", A), Rule(samples=9, cost_bits=0.0, threshold=0.1), ask)
    assert settled.operations is None
    assert "spending cap" in settled.uncertainty.why
    assert len(asked) == 2


def test_an_endpoint_that_repeats_a_key_adds_nothing():
    def same(context, index):
        return Found("first", A)

    settled = settle(Found("first", A), Rule(samples=5, cost_bits=0.0, threshold=0.1), same)
    assert settled.uncertainty.usable == 1
    assert settled.operations is None


@given(
    st.lists(st.sampled_from([A, B, None, ()]), min_size=12, max_size=12),
    st.integers(1, 10),
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0),
)
def test_never_more_answers_than_allowed_and_never_more_doubt(answers, samples, cost, threshold):
    ask, asked = script(answers)
    settled = settle(Found("first", A), Rule(samples, cost, threshold), ask)
    assert len(asked) + 1 == settled.uncertainty.answers <= samples
    if settled.operations is not None and samples > 1:
        assert settled.uncertainty.doubt <= threshold + 1e-6


def test_nothing_to_ask_is_no_reason_to_apply():
    doubtful = Belief().knowing(evidence("first", "policy", A))
    assert decide(doubtful, Rule(samples=5, threshold=0.1), 1, ()).what == "fall back"
