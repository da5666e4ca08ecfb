"""Whether doubt tells wrong guidance: measured on answers whose right programs are known.

*Wrong* is a program that does not agree with the right one in some kind of operation
(``setting.agree``: kinds, relations, time courses and directions the same, sizes within a factor of
two). Beside it stands the graded error, the mean distance over the kinds that either uses.

All measures are of the same choice, the answer that the belief doubts least, so that they differ
only in how they rank it. Intervals are percentiles over resampled pairs.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from hdsim.guidance.checks import BadAnswer, ProgramAnswer, check_plausible, read_answer
from hdsim.guidance.uncertainty.belief import OTHERS, Belief
from hdsim.guidance.uncertainty.evidence import Evidence, evidence
from hdsim.guidance.uncertainty.recording import Answer, Pair, Recording
from hdsim.guidance.uncertainty.setting import (
    ABSENT,
    agree,
    program_distance,
    same_program,
    settings,
)

Floats = NDArray[np.float64]
COVERAGE = 0.8
RESAMPLES = 1000
MEASURES = ("doubt", "log-likelihood", "self-consistency")


@dataclass(frozen=True, slots=True)
class Choice:
    """What would be applied for one pair.

    Attributes:
        pair: Its number among the recording's pairs.
        wrong: Whether it does not agree with the right program, or in this kind.
        distance: Its graded error.
        scores: How uncertain each of ``MEASURES`` calls it; nan where it says nothing.
    """

    pair: int
    wrong: bool
    distance: float
    scores: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Judged:
    """A recording's choices.

    Attributes:
        programs: One for each pair with a usable answer.
        kinds: One for each kind that an answer to such a pair names.
        without: Pairs without a usable answer.
        answers: Answers altogether.
        usable: Those that pass the checks of form and plausibility.
    """

    programs: tuple[Choice, ...]
    kinds: tuple[Choice, ...]
    without: int
    answers: int
    usable: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; nan where it is not defined."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Result:
    """How well one measure ranks.

    Attributes:
        measure: Of ``MEASURES``.
        auroc: Chance that it calls a wrong choice more uncertain than a right one.
        less: Its AUROC below that of ``doubt``, over the same pairs; positive where doubt ranks
            better.
        error: Share of wrong choices among the ``COVERAGE`` that it calls least uncertain.
        fall: By how much that is below the share at full coverage.
    """

    measure: str
    auroc: Estimate
    less: Estimate
    error: Estimate
    fall: Estimate


def judge(recording: Recording) -> Judged:
    """What would be applied for each pair, and whether it is right."""
    programs: list[Choice] = []
    kinds: list[Choice] = []
    without = usable = 0
    for i, pair in enumerate(recording.pairs):
        found = [(a, e) for a in pair.answers if (e := _evidence(pair, a))]
        usable += len(found)
        if found:
            _choose(i, pair, found, programs, kinds)
        else:
            without += 1
    answers = sum(len(pair.answers) for pair in recording.pairs)
    return Judged(tuple(programs), tuple(kinds), without, answers, usable)


def _evidence(pair: Pair, answer: Answer) -> Evidence | None:
    try:
        operations = read_answer(ProgramAnswer, answer.text).operations
        check_plausible(operations)
    except BadAnswer:
        return None
    key = f"{pair.name}/{answer.context}/{answer.index}"
    return evidence(key, answer.context, operations, answer.logprob, answer.tokens)


def _choose(
    i: int,
    pair: Pair,
    found: Sequence[tuple[Answer, Evidence]],
    programs: list[Choice],
    kinds: list[Choice],
) -> None:
    belief = Belief()
    for _, new in found:
        belief = belief.knowing(new)
    best = belief.best()
    assert best is not None
    answer, chosen = found[best][0], found[best][1].settings
    right = settings(pair.program)
    likelihood = float("nan") if answer.logprob is None else -answer.logprob
    others = sum(not same_program(e.settings, chosen) for _, e in found) / len(found)
    scores = (belief.doubt(chosen), likelihood, others)
    wrong = not same_program(chosen, right)
    programs.append(Choice(i, wrong, program_distance(chosen, right), scores))
    for kind, believed in belief.kinds.items():
        if kind == OTHERS:
            continue
        mine, true = chosen.get(kind, ABSENT), right.get(kind, ABSENT)
        others = sum(not agree(e.settings.get(kind, ABSENT), mine) for _, e in found) / len(found)
        scores = (1.0 - believed.probability(mine), likelihood, others)
        wrong = not agree(mine, true)
        kinds.append(Choice(i, wrong, float(wrong), scores))


def auroc(wrong: NDArray[np.bool_], score: Floats) -> float:
    """Chance that a wrong choice has a higher score than a right one, ties half; nan without both.

    Mann and Whitney's U over ranks: what ``sklearn.metrics.roc_auc_score`` gives, thirty times as
    fast, which matters for resampling.
    """
    n = int(wrong.sum())
    m = len(wrong) - n
    if not n or not m:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[wrong].sum() - n * (n + 1) / 2.0) / (n * m))


def error_at(wrong: NDArray[np.bool_], score: Floats, coverage: float = COVERAGE) -> float:
    """Share of wrong ones among the least uncertain; of equals as many as fit, taken at random."""
    wanted = coverage * len(wrong)
    values, index = np.unique(score, return_inverse=True)
    counts = np.bincount(index, minlength=len(values)).astype(float)
    bad = np.bincount(index, weights=wrong, minlength=len(values))
    before = np.concatenate([[0.0], np.cumsum(counts)[:-1]])
    taken = np.clip(wanted - before, 0.0, counts)
    return float((bad * taken / counts).sum() / wanted)


def results(choices: Sequence[Choice], seed: int = 0) -> list[Result]:
    """Every measure that says something of all choices, ``doubt`` first.

    Args:
        choices: Of ``judge``; those of one pair are resampled together.
        seed: Of the resampling.
    """
    if not choices:
        return []
    wrong = np.array([c.wrong for c in choices], dtype=bool)
    scores = np.array([c.scores for c in choices], dtype=float)
    known = [k for k in range(len(MEASURES)) if not np.isnan(scores[:, k]).any()]
    pairs = np.array([c.pair for c in choices])
    groups = [np.flatnonzero(pairs == p) for p in np.unique(pairs)]

    def figures(i: NDArray[np.int64]) -> Floats:
        areas = np.array([auroc(wrong[i], scores[i, k]) for k in known])
        errors = np.array([error_at(wrong[i], scores[i, k]) for k in known])
        return np.array([areas, areas[0] - areas, errors, wrong[i].mean() - errors])

    value = figures(np.arange(len(choices)))
    rng = np.random.default_rng(seed)
    drawn = [
        figures(np.concatenate([groups[p] for p in rng.integers(len(groups), size=len(groups))]))
        for _ in range(RESAMPLES)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing but nan, where it is not defined
        low, high = np.nanpercentile(drawn, (2.5, 97.5), axis=0)

    def estimate(row: int, k: int) -> Estimate:
        return Estimate(float(value[row, k]), float(low[row, k]), float(high[row, k]))

    return [
        Result(MEASURES[m], *(estimate(row, k) for row in range(4))) for k, m in enumerate(known)
    ]
