"""What an experiment found, beside what was published: pass or miss."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Mark(StrEnum):
    """How well a published value is known to us."""

    LOOKED_UP = "L"  # read in an abstract, an official summary or published code
    MEMORY = "M"  # from memory, with its citation
    DERIVED = "D"  # arithmetic on such values
    PROPOSAL = "P"  # no published value: a prior


@dataclass(frozen=True, slots=True)
class Target:
    """What the literature reports.

    Attributes:
        low: Lower end of the published range, in the finding's unit.
        high: Upper end.
        text: As published.
        source: Citation.
        mark: How well it is known.
    """

    low: float
    high: float
    text: str
    source: str
    mark: Mark


class Rule(StrEnum):
    """What counts as a pass."""

    INSIDE = "inside"  # the simulated value lies in the published range
    OVERLAP = "overlap"  # the simulated interval and the published one overlap


@dataclass(frozen=True, slots=True)
class Finding:
    """One outcome of one experiment.

    Attributes:
        experiment: Name of the experiment.
        outcome: What was measured.
        unit: Its unit.
        value: As simulated.
        low: Lower end of its 95 % interval.
        high: Upper end.
        n: Number of independent units behind it (trials, drivers, drives).
        target: What was published; ``None`` where a number is only shown.
        rule: What counts as a pass.
        validation: True for what was never an input of any table: crash and near-crash ratios.
    """

    experiment: str
    outcome: str
    unit: str
    value: float
    low: float
    high: float
    n: int
    target: Target | None = None
    rule: Rule = Rule.INSIDE
    validation: bool = False

    @property
    def verdict(self) -> str:
        """``pass``, ``MISS``, or empty where nothing was published to compare with."""
        if self.target is None:
            return ""
        if self.rule is Rule.INSIDE:
            good = self.target.low <= self.value <= self.target.high
        else:
            good = self.low <= self.target.high and self.high >= self.target.low
        return "pass" if good else "MISS"

    def row(self) -> dict[str, Any]:
        """The finding as one flat record; units in words, not in the column names."""
        t = self.target
        return {
            "experiment": self.experiment,
            "outcome": self.outcome,
            "unit": self.unit,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "n": self.n,
            "published": t.text if t else "",
            "published_low": t.low if t else None,
            "published_high": t.high if t else None,
            "source": t.source if t else "",
            "mark": t.mark.value if t else "",
            "rule": self.rule.value if t else "",
            "verdict": self.verdict,
            "validation": self.validation,
        }
