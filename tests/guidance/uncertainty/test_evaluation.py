"""The study: its figures come again from the recordings, and its measures are the known ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from hdsim.core.errors import InputError
from hdsim.guidance.uncertainty.calibration import RECORDINGS, lines
from hdsim.guidance.uncertainty.evaluation import Choice, auroc, error_at, judge, results
from hdsim.guidance.uncertainty.recording import read_recording, write_recording
from hdsim.guidance.uncertainty.scripted import scripted

PAGE = Path(__file__).parents[3] / "docs" / "uncertainty.md"
scored = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.1, 0.2, 0.3, 0.7])), min_size=2, max_size=30
)


@pytest.mark.parametrize("path", sorted(RECORDINGS.glob("*.jsonl.gz")), ids=lambda p: p.name)
def test_figures_of_the_docs_come_from_the_recording(path):
    told = [line for line in lines(read_recording(path)) if line.startswith(("|", "Prog", "Kinds"))]
    page = PAGE.read_text(encoding="utf-8")
    assert len(told) >= 2
    assert all(line in page for line in told)
    assert path.stat().st_size < 1_000_000


def test_doubt_tells_wrong_answers_of_the_script_and_leaving_them_out_helps():
    """The must-show, on the synthetic recording; intervals beside the figures."""
    judged = judge(read_recording(RECORDINGS / "scripted.jsonl.gz"))
    doubt, likelihood, consistency = results(judged.programs)
    assert doubt.auroc.low > 0.5
    assert doubt.fall.low > 0.0
    assert likelihood.less.low > 0.0
    assert consistency.less.low < 0.0 < consistency.less.high, "neither is better"


@given(scored)
def test_auroc_is_that_of_scikit_learn(drawn):
    wrong, score = np.array([w for w, _ in drawn]), np.array([s for _, s in drawn])
    if len(set(wrong)) < 2:
        assert np.isnan(auroc(wrong, score))
    else:
        assert auroc(wrong, score) == pytest.approx(roc_auc_score(wrong, score))


@given(scored)
def test_error_at_full_coverage_is_the_share_of_wrong_ones(drawn):
    wrong, score = np.array([w for w, _ in drawn]), np.array([s for _, s in drawn])
    assert error_at(wrong, score, 1.0) == pytest.approx(wrong.mean())
    assert 0.0 <= error_at(wrong, score) <= 1.0


def test_error_at_coverage_leaves_the_most_uncertain_out():
    wrong = np.array([False, False, False, False, True])
    assert error_at(wrong, np.arange(5.0)) == 0.0
    assert error_at(wrong, -np.arange(5.0)) == pytest.approx(0.25)
    assert error_at(wrong, np.zeros(5)) == pytest.approx(0.2), "of equals, any"


def test_a_measure_that_says_nothing_is_left_out():
    choices = [Choice(i, i > 3, 0.0, (i / 9, float("nan"), 0.5)) for i in range(6)]
    assert [r.measure for r in results(choices)] == ["doubt", "self-consistency"]
    assert results(choices)[0].auroc.value == 1.0


def test_all_wrong_is_said_and_not_ranked():
    choices = [Choice(i, True, 1.0, (0.5, 1.0, 0.0)) for i in range(4)]
    doubt = results(choices)[0]
    assert np.isnan(doubt.auroc.value)
    assert doubt.error.value == 1.0


def test_scripted_answers_are_the_same_again_and_others_for_another_seed():
    assert scripted(5, rounds=1) == scripted(5, rounds=1)
    assert scripted(5, rounds=1) != scripted(6, rounds=1)


def test_more_samples_shift_no_draw_of_the_first():
    few, many = scripted(5, (1, 1), rounds=1), scripted(5, (3, 1), rounds=1)
    for a, b in zip(few.pairs, many.pairs, strict=True):
        assert a.answers[0] == b.answers[0]
        assert a.answers[-1] == b.answers[-1]


def test_recording_comes_back_as_written(tmp_path: Path):
    made = scripted(5, rounds=1)
    write_recording(made, tmp_path / "a.gz")
    write_recording(made, tmp_path / "b.gz")
    assert read_recording(tmp_path / "a.gz") == made
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08\x00broken", b"{}"])
def test_what_is_no_recording_is_named(tmp_path: Path, content):
    path = tmp_path / "a.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.gz.*recording"):
        read_recording(path)
    with pytest.raises(InputError, match="exists"):
        read_recording(tmp_path / "none.gz")


def test_unusable_answers_are_counted_and_not_judged():
    made = scripted(5, (1, 0), rounds=1)
    first = made.pairs[0]
    bad = first.model_copy(
        update={"answers": (first.answers[0].model_copy(update={"text": "no JSON"}),)}
    )
    judged = judge(made.model_copy(update={"pairs": (bad, *made.pairs[1:])}))
    assert (judged.without, judged.usable, judged.answers) == (
        1,
        len(made.pairs) - 1,
        len(made.pairs),
    )
    assert all(c.pair != 0 for c in judged.programs)
