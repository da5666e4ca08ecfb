"""The traits of a driver who is described in words only, estimated by a language model.

The same question is asked ``SAMPLES`` times with as many seeds. A trait's value is the median of
the answers, its uncertainty the spread of their middle half. A trait on which the answers do not
agree stays as in an ordinary driver. Which spread is too much is ours [P].
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from hdsim.core.data import data_dir
from hdsim.driver.load import load_profile
from hdsim.driver.profile import (
    Attention,
    Distraction,
    DistractionKind,
    DriverProfile,
    Personality,
    Physiology,
)

SAMPLES = 5
# [P] A trait is taken up where the middle half of the answers lies within this share of its range,
# and a kind of distraction where this share of the answers names it.
MAX_SPREAD = 0.3
MIN_AGREEMENT = 0.6
# An estimate needs so many answers that can be used.
MIN_ANSWERS = 3
# Profiles that show how traits are told: each has words and traits of its own.
_EXAMPLES = ("normal", "aggressive", "cautious", "drunk", "fatigued", "distracted")

# What a model may write that is held to the compact form.
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
LEVELS: dict[str, tuple[float, ...]] = {
    "aggressiveness": _SHARES,
    "caution": _SHARES,
    "sensation_seeking": _SHARES,
    "experience": _SHARES,
    "skill": _SHARES,
    "hurry": _SHARES,
    "age": (18.0, 25.0, 40.0, 60.0, 75.0),
    "hours_awake": (2.0, 6.0, 16.0, 20.0, 24.0),
    "bac": (0.0, 0.03, 0.05, 0.08, 0.12),
    "episodes_per_s": (0.0, 0.02, 0.064, 0.1),
}


def _trait(low: float, high: float, text: str) -> Any:
    return Field(ge=low, le=high, description=text)


class TraitsAnswer(BaseModel):
    """What a model says of a driver; the bounds are narrower than a profile's, within what is met.

    A profile may say more than these bounds allow: what is written by hand is not estimated.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    aggressiveness: float = _trait(0.0, 1.0, "Readiness to take margins from others.")
    caution: float = _trait(0.0, 1.0, "Wish for more margin than most.")
    sensation_seeking: float = _trait(0.0, 1.0, "Appetite for speed and stimulation.")
    experience: float = _trait(0.0, 1.0, "0 first months with a licence, 1 experienced.")
    age: float = _trait(16.0, 100.0, "Years; ordinary: 40.")
    skill: float = _trait(0.0, 1.0, "Of handling and of reading traffic; ordinary: 0.5.")
    hurry: float = _trait(0.0, 1.0, "Time pressure; ordinary: 0.")
    hours_awake: float = _trait(0.0, 36.0, "Hours awake; ordinary: 6.")
    bac: float = _trait(0.0, 0.2, "Blood alcohol [g/100 ml]; ordinary: 0.")
    distraction: Literal["none"] | DistractionKind = Field(
        description="phone, radio, navigation: hands and eyes; talk: mind; passenger: mind and "
        "eyes; scenery: eyes."
    )
    episodes_per_s: float = _trait(0.0, 0.2, "How often distraction begins [1/s]; 0.064 is often.")


class Trait(BaseModel):
    """One estimated trait.

    Attributes:
        name: As in ``TraitsAnswer``.
        value: Median of the answers, or the kind that most of them name.
        low: First quartile; the same as ``value`` for a kind.
        high: Third quartile.
        agreement: Share of the answers that lie within the spread that is allowed around the
            value, or name the same kind.
        applied: Whether the driver has it; else it is as in an ordinary driver.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    value: float | str
    low: float | str
    high: float | str
    agreement: float = Field(ge=0.0, le=1.0)
    applied: bool


class Estimate(BaseModel):
    """The traits of a driver who has words only.

    Attributes:
        asked: How many answers were asked for.
        answers: How many could be used.
        traits: Each with its uncertainty.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    asked: int
    answers: int
    traits: tuple[Trait, ...]

    def applied_to(self, profile: DriverProfile) -> DriverProfile:
        """The profile with the traits on which the answers agree."""
        known: dict[str, Any] = {t.name: t.value for t in self.traits if t.applied}
        personality = {k: known[k] for k in Personality.model_fields if k in known}
        physiology = profile.physiology
        fatigue, alcohol = physiology.fatigue, physiology.alcohol
        if "hours_awake" in known:
            fatigue = fatigue.model_copy(update={"hours_awake": known["hours_awake"]})
        if "bac" in known:
            alcohol = alcohol.model_copy(update={"bac": known["bac"]})
        hurry = physiology.hurry
        if "hurry" in known:
            hurry = hurry.model_copy(update={"level": known["hurry"]})
        kind, rate = known.get("distraction", "none"), known.get("episodes_per_s", 0.0)
        attention = profile.attention
        if kind != "none" and rate > 0.0:
            attention = Attention(distraction=Distraction(kind=kind, episodes_per_s=rate))
        return profile.model_copy(
            update={
                "personality": profile.personality.model_copy(update=personality),
                "physiology": physiology.model_copy(
                    update={"fatigue": fatigue, "alcohol": alcohol, "hurry": hurry}
                ),
                "attention": attention,
            }
        )


def has_words_only(profile: DriverProfile) -> bool:
    """Whether all there is of a driver is a description."""
    traits = (profile.personality, profile.physiology, profile.attention)
    return bool(profile.description) and traits == (Personality(), Physiology(), Attention())


def estimate(answers: Sequence[TraitsAnswer], asked: int) -> Estimate | None:
    """The traits that independent answers agree on.

    Args:
        answers: Those that could be used.
        asked: How many were asked for.

    Returns:
        ``None`` where there are fewer than ``MIN_ANSWERS``.
    """
    if len(answers) < MIN_ANSWERS:
        return None
    traits = []
    for name, field in TraitsAnswer.model_fields.items():
        values = [getattr(a, name) for a in answers]
        if name == "distraction":
            kind, count = Counter(values).most_common(1)[0]
            share = count / len(values)
            traits.append(
                Trait(name=name, value=kind, low=kind, high=kind, agreement=round(share, 3),
                      applied=share >= MIN_AGREEMENT)
            )  # fmt: skip
            continue
        low, value, high = (float(v) for v in np.quantile(values, (0.25, 0.5, 0.75)))
        bounds = [m for m in field.metadata if hasattr(m, "ge") or hasattr(m, "le")]
        span = max(getattr(m, "le", 0.0) for m in bounds) - min(
            getattr(m, "ge", 0.0) for m in bounds
        )
        near = np.abs(np.asarray(values) - value) <= MAX_SPREAD * span / 2.0
        traits.append(
            Trait(name=name, value=round(value, 4), low=round(low, 4), high=round(high, 4),
                  agreement=round(float(np.mean(near)), 3),
                  applied=high - low <= MAX_SPREAD * span)
        )  # fmt: skip
    return Estimate(asked=asked, answers=len(answers), traits=tuple(traits))


@cache
def examples() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Words and traits of profiles that come with HDSim, as an answer would give the traits."""
    found = []
    for name in _EXAMPLES:
        profile = load_profile(data_dir("drivers") / f"{name}.yaml")
        distraction = profile.attention.distraction
        answer = TraitsAnswer(
            **profile.personality.model_dump(),
            hurry=profile.physiology.hurry.level,
            hours_awake=profile.physiology.fatigue.hours_awake,
            bac=profile.physiology.alcohol.bac,
            distraction=distraction.kind if distraction else "none",
            episodes_per_s=distraction.episodes_per_s if distraction else 0.0,
        )
        found.append((profile.description, answer.model_dump()))
    return tuple(found)


def in_levels(traits: dict[str, Any]) -> dict[str, Any]:
    """Traits with every number at its nearest level."""
    return {
        name: _nearest(LEVELS[name], value) if name in LEVELS else value
        for name, value in traits.items()
    }


def _nearest(levels: Sequence[float], value: float) -> float:
    return min(levels, key=lambda level: abs(level - value))
