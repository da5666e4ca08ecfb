"""What a user should know about a compiled schedule without asking."""

from __future__ import annotations

from functools import cache

from hdsim.core.data import data_dir
from hdsim.driver.load import load_profile
from hdsim.driver.profile import Attention, DriverProfile, Personality, Physiology
from hdsim.guidance.schedule import Schedule

# Presets that describe drivers without traits: their words are true of what the tables make.
_PLAIN = ("normal", "neutral")


def unheard_description(profile: DriverProfile) -> str:
    """Why a description does nothing without a model; empty where that is no surprise."""
    traits = (profile.personality, profile.physiology, profile.attention)
    untouched = traits == (Personality(), Physiology(), Attention())
    if not profile.description or not untouched or profile.description in _plain_words():
        return ""
    like = "normal" if profile.baseline == "human" else "neutral"
    return (
        f"profile {profile.name!r}: the description has no effect without a language model; "
        f"without traits the driver is {like} (set traits, or compile with --guidance live)"
    )


@cache
def _plain_words() -> frozenset[str]:
    return frozenset(load_profile(data_dir("drivers") / f"{n}.yaml").description for n in _PLAIN)


def notes(schedule: Schedule) -> list[str]:
    """Words that nobody read, and stages for which the tables had to stand in."""
    found = []
    if not any(p.origin == "model" for p in schedule.provenance):
        found.append(unheard_description(schedule.profile))
    bad = [p for p in schedule.provenance if p.origin == "fallback"]
    if bad:
        found.append(
            f"profile {schedule.name!r}: {len(bad)} of {len(schedule.provenance)} stages of "
            f"guidance are from the tables, the first ({bad[0].stage}) because {bad[0].reason}"
        )
    return [text for text in found if text]
