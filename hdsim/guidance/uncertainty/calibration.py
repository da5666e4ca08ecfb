"""What ``hdsim study guidance-uncertainty`` prints: how well each measure ranks, and on what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan
from pathlib import Path

import numpy as np

from hdsim.guidance.uncertainty.evaluation import (
    COVERAGE,
    RESAMPLES,
    Choice,
    Estimate,
    Judged,
    judge,
    results,
)
from hdsim.guidance.uncertainty.recording import Recording

# [P] With fewer right or wrong choices an area under a curve says nothing.
LEAST = 10
RECORDINGS = Path(__file__).with_name("recordings")
_COLUMNS = ("measure", "AUROC", "doubt better by", f"error at {COVERAGE:.0%}", "below full by")


def lines(recording: Recording) -> Iterator[str]:
    """One recording's report in Markdown."""
    kind = "SYNTHETIC, a test of the method, no finding about language models"
    yield f"## {recording.model}" + (f": {kind}" if recording.synthetic else "")
    judged = judge(recording)
    yield ""
    yield _told(judged)
    for title, choices in (("Programs", judged.programs), ("Kinds", judged.kinds)):
        yield ""
        yield from _table(title, choices)


def _told(judged: Judged) -> str:
    usable = f"{judged.usable} of {judged.answers} answers usable"
    pairs = f"{len(judged.programs)} pairs with a usable answer, {judged.without} without"
    return f"{usable}; {pairs}. Intervals: 95 %, {RESAMPLES} resamplings of pairs."


def _table(title: str, choices: Sequence[Choice]) -> Iterator[str]:
    if not choices:
        yield f"{title}: none."
        return
    wrong = sum(c.wrong for c in choices)
    graded = float(np.mean([c.distance for c in choices]))
    yield (
        f"{title}: {wrong} of {len(choices)} wrong (error at full coverage "
        f"{wrong / len(choices):.3f}); graded error {graded:.3f}."
    )
    if min(wrong, len(choices) - wrong) < LEAST:
        yield f"Too few to rank: {LEAST} right and {LEAST} wrong ones are the least."
        return
    yield ""
    yield f"| {' | '.join(_COLUMNS)} |"
    yield f"| {' | '.join('---' for _ in _COLUMNS)} |"
    for result in results(choices):
        better = "" if result.measure == "doubt" else _shown(result.less, "+.3f")
        cells = (result.measure, _shown(result.auroc), better, _shown(result.error))
        yield f"| {' | '.join(cells)} | {_shown(result.fall, '+.3f')} |"


def _shown(figure: Estimate, form: str = ".3f") -> str:
    if isnan(figure.value):
        return "not defined"
    return f"{figure.value:{form}} [{figure.low:{form}}, {figure.high:{form}}]"
