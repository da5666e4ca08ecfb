"""The belief over candidate settings: for each kind of operation, absent or one of many settings.

For every kind a Dirichlet distribution over candidate settings. Settings that agree are one
candidate, as in semantic entropy (Kuhn et al. 2023, arXiv 2302.09664). What the belief predicts is
the next independent answer: that answers agree does not make them right, and how well doubt tells
wrong guidance is measured (``hdsim study guidance-uncertainty``), not assumed. The equations are in
``docs/uncertainty.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import log2, prod

from hdsim.guidance.uncertainty.evidence import CONTEXTS, Context, Evidence
from hdsim.guidance.uncertainty.setting import ABSENT, Setting, Settings, agree

OTHERS = "others"
# [P] What is believed before any answer: one answer's worth, shared out among the kinds so that a
# program of more kinds is not doubted for their number, and that one kind in seven is present.
PRIOR_ANSWERS = 1.0
PRIOR_PRESENT = 0.15
# Candidates of a kind that is present: six relations, two directions, five sizes, each twice the
# one before, between what is hardly noticed and a bound of the catalogue.
CANDIDATES = 60
# [P] Correlation between answers to one question: what n of them are worth levels off at 1 / 0.2.
SAME_CONTEXT = 0.2


@dataclass(frozen=True, slots=True)
class KindBelief:
    """What is believed of one kind of operation.

    Attributes:
        groups: Settings that were answered, those that agree together, and absence.
        counts: Pseudo-answers of each group, prior included.
        unseen: Pseudo-answers for each candidate that nobody named.
        unnamed: Number of those candidates.
    """

    groups: tuple[tuple[Setting, ...], ...]
    counts: tuple[float, ...]
    unseen: float
    unnamed: int

    @property
    def total(self) -> float:
        """All pseudo-answers."""
        return sum(self.counts) + self.unseen * self.unnamed

    def probability(self, setting: Setting) -> float:
        """Probability that the next independent answer is this setting, or agrees with it."""
        for group, count in zip(self.groups, self.counts, strict=True):
            if setting in group:
                return count / self.total
        return self.unseen / self.total

    @property
    def bits(self) -> float:
        """Entropy of the next independent answer [bit]."""
        total = self.total
        named = sum(_bits(count / total) for count in self.counts)
        return named + self.unnamed * _bits(self.unseen / total)

    def expected_bits(self, weight: float) -> float:
        """Expected entropy once one more answer that counts for ``weight`` is known [bit]."""
        total = self.total
        expected = 0.0
        for i, count in enumerate(self.counts):
            more = (*self.counts[:i], count + weight, *self.counts[i + 1 :])
            after = KindBelief(self.groups, more, self.unseen, self.unnamed)
            expected += count / total * after.bits
        if self.unnamed:
            groups = (*self.groups, ((),))  # whichever it is
            more = (*self.counts, self.unseen + weight)
            after = KindBelief(groups, more, self.unseen, self.unnamed - 1)
            expected += self.unnamed * self.unseen / total * after.bits
        return expected


@dataclass(frozen=True)
class Belief:
    """What the answers so far say; grows by ``knowing`` and never otherwise.

    Attributes:
        evidence: The answers that count, in the order in which they came.
    """

    evidence: tuple[Evidence, ...] = ()
    _keys: frozenset[str] = field(default=frozenset(), repr=False)

    def knowing(self, new: Evidence) -> Belief:
        """The belief with one more answer; unchanged by an answer that is known already."""
        if new.key in self._keys:
            return self
        return Belief((*self.evidence, new), self._keys | {new.key})

    @cached_property
    def kinds(self) -> dict[str, KindBelief]:
        """The belief of each kind that an answer names, and of all the others as one."""
        scale = {context: self._worth(context, 0.0)[1] for context in CONTEXTS}
        weights = [e.weight * scale[e.context] for e in self.evidence]
        named = sorted({kind for e in self.evidence for kind in e.settings})
        return {
            kind: _kind(
                [e.settings.get(kind, ABSENT) for e in self.evidence],
                weights,
                PRIOR_ANSWERS / (len(named) + 1),
            )
            for kind in (*named, OTHERS)
        }

    @property
    def bits(self) -> float:
        """Uncertainty of the whole program [bit]: of the kinds together, taken as independent."""
        return sum(kind.bits for kind in self.kinds.values())

    def doubt(self, program: Settings) -> float:
        """Probability that the next independent answer differs from a program in some kind.

        Args:
            program: One of the answers.
        """
        return 1.0 - prod(b.probability(program.get(k, ABSENT)) for k, b in self.kinds.items())

    def best(self) -> int | None:
        """Index of the answer that is doubted least, the first of equals; ``None`` without any."""
        doubts = [round(self.doubt(e.settings), 12) for e in self.evidence]
        return doubts.index(min(doubts)) if doubts else None

    def contested(self, program: Settings, least: float = 0.25) -> dict[str, float]:
        """Kinds of which a program is doubted at least so much, the most doubted first."""
        doubts = {k: 1.0 - b.probability(program.get(k, ABSENT)) for k, b in self.kinds.items()}
        order = sorted(doubts, key=lambda kind: (-doubts[kind], kind))
        return {kind: doubts[kind] for kind in order if doubts[kind] >= least}

    def gain(self, context: Context) -> float:
        """Expected fall of uncertainty by one more answer in a context [bit], never below 0."""
        known = [e.weight for e in self.evidence]
        likely = sum(known) / len(known) if known else 1.0
        more = self._worth(context, likely)[0] - self._worth(context, 0.0)[0]
        return sum(kind.bits - kind.expected_bits(more) for kind in self.kinds.values())

    def _worth(self, context: Context, more: float) -> tuple[float, float]:
        """Independent answers that those in one context are worth, and what each is scaled by."""
        total = sum(e.weight for e in self.evidence if e.context == context) + more
        scale = 1.0 / (1.0 + SAME_CONTEXT * max(0.0, total - 1.0))
        return total * scale, scale


def _kind(answered: Sequence[Setting], weights: Sequence[float], prior: float) -> KindBelief:
    groups = _groups(answered)
    each = prior * PRIOR_PRESENT / CANDIDATES
    counts = [
        sum(w for s, w in zip(answered, weights, strict=True) if s in group)
        + (prior * (1.0 - PRIOR_PRESENT) if ABSENT in group else each)
        for group in groups
    ]
    unnamed = CANDIDATES - (len(groups) - 1)
    return KindBelief(groups, tuple(counts), each, max(unnamed, 0))


def _groups(answered: Sequence[Setting]) -> tuple[tuple[Setting, ...], ...]:
    """Absence, and the settings answered: linked where they agree, whatever their order."""
    groups: list[list[Setting]] = []
    for setting in sorted({s for s in answered if s}):
        linked = [g for g in groups if any(agree(setting, other) for other in g)]
        groups = [g for g in groups if g not in linked]
        groups.append([setting, *(s for g in linked for s in g)])
    return ((ABSENT,), *(tuple(sorted(g)) for g in sorted(groups)))


def _bits(p: float) -> float:
    return -p * log2(p) if p > 0.0 else 0.0
