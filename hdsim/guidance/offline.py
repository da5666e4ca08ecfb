"""Guidance without a language model: description, policies and programs from the hierarchy.

The layers are written one after the other, each as what it adds to the ones before it: personality
from the dispositions; physiology from the slow states; moods (anger, hurry) as operations of the
physiology layer whose gain is the mood itself; attention, while an episode lasts, from its task.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

import numpy as np

from hdsim.driver.evaluate import IMPATIENT_AFTER_S, factors
from hdsim.driver.hierarchy import Task, load_hierarchy
from hdsim.driver.layers import DriverStates
from hdsim.driver.profile import DriverProfile
from hdsim.guidance.compose import compose
from hdsim.guidance.operations import Values, operations, together
from hdsim.guidance.schedule import Policies
from hdsim.guidance.tables import Words, load_words
from hdsim.perception.catalogue import (
    Episodic,
    Layer,
    LookAway,
    Operation,
    PerceptionProgram,
)

# Standing still for longer makes drivers accept smaller gaps.
BLOCKED_AFTER_S = IMPATIENT_AFTER_S
MOODS = ("anger", "hurry")
_SLOW = ("fatigue", "alcohol", "blocked_s")
# Over how long a drive the strongest state is looked for [s].
_DRIVE_S = 1800.0
_ORDINARY = DriverProfile.model_validate({"schema": 1, "name": "ordinary"})


def strengths(profile: DriverProfile, state: Mapping[str, float] | None = None) -> dict[str, float]:
    """How much of each trait and state that has words there is.

    Args:
        profile: The driver.
        state: ``fatigue`` and ``alcohol`` (``hdsim.driver.layers``) and ``blocked_s``; none of
            them when left out.
    """
    state = state or {}
    p, human = profile.personality, float(profile.baseline == "human")
    hurry = profile.physiology.hurry
    distraction = profile.attention.distraction
    found = {
        "baseline": human,
        "aggressiveness": p.aggressiveness,
        "caution": p.caution,
        "sensation_seeking": p.sensation_seeking,
        "inexperience": 1.0 - p.experience,
        "clumsiness": max(0.0, 1.0 - 2.0 * p.skill),
        "mastery": max(0.0, 2.0 * p.skill - 1.0),
        "age": p.age if p.age >= 65.0 else 0.0,
        "fatigue": state.get("fatigue", 0.0),
        "alcohol": state.get("alcohol", 0.0),
        "anger": human * profile.physiology.anger.level,
        "hurry": human * hurry.level,
        "impatience": human * (state.get("blocked_s", 0.0) >= BLOCKED_AFTER_S),
    }
    if distraction:
        found[distraction.kind] = distraction.episodes_per_s
    return found


def _acting(strength: dict[str, float]) -> Iterator[tuple[Words, float]]:
    for name, words in load_words().items():
        if strength.get(name, 0.0) > 0.0:
            yield words, strength[name]


def description(profile: DriverProfile, state: Mapping[str, float]) -> str:
    """B_desc: the profile's own words, then its traits at the start in one sentence."""
    acting = _acting(strengths(profile, state))
    phrases = [phrase for words, x in acting if (phrase := words.phrase(x))]
    traits = f"A driver: {', '.join(phrases)}." if phrases else ""
    return " ".join(text for text in (profile.description, traits) if text)


def policies(profile: DriverProfile, state: Mapping[str, float]) -> Policies:
    """p1, p2, p3 in words."""
    acting = list(_acting(strengths(profile, {**state, "blocked_s": BLOCKED_AFTER_S})))

    def of(layer: Layer) -> str:
        return " ".join(w.policy for w, _ in acting if w.layer == layer) or "Nothing changes."

    return Policies(
        personality=of("personality"), physiology=of("physiology"), attention=of("attention")
    )


def tasks(profile: DriverProfile) -> dict[str, Task]:
    """Secondary tasks that a driver turns to, by name; none without distraction."""
    distraction = profile.attention.distraction
    if distraction is None or distraction.episodes_per_s == 0.0:
        return {}
    return load_hierarchy().tasks_of(distraction.kind)


def variants(profile: DriverProfile) -> tuple[str | None, ...]:
    """Names of the pool entries for the attention layer; ``(None,)`` where there is one only."""
    return tuple(tasks(profile)) or (None,)


def baseline_operations(profile: DriverProfile, layer: Layer) -> tuple[Operation, ...]:
    """The human baseline of one layer, which everything else is added to."""
    if profile.baseline != "human":
        return ()
    ordinary = _quantities(_ORDINARY, (), None)
    return operations(ordinary, None if layer == "personality" else ordinary, layer)


def style_operations(
    profile: DriverProfile,
    layer: Layer,
    state: Mapping[str, float] | None = None,
    variant: str | None = None,
) -> tuple[Operation, ...]:
    """What a driver's traits add to the baseline in one layer.

    Args:
        profile: The driver.
        layer: Which layer.
        state: As in ``strengths``; only the physiology layer uses it.
        variant: Pool entry of the attention layer.
    """
    if layer == "personality":
        start = _quantities(_ORDINARY.model_copy(update={"baseline": profile.baseline}), (), None)
        return operations(_quantities(profile, (), None), start, layer)
    if layer == "physiology":
        now = _quantities(profile, _slow(state), None)
        return operations(now, _quantities(profile, (), None), layer)
    return _episodes(profile, variant)


def program(
    profile: DriverProfile,
    layer: Layer,
    state: Mapping[str, float] | None = None,
    variant: str | None = None,
) -> PerceptionProgram:
    """One layer's program from the hierarchy; arguments as in ``style_operations``."""
    if layer == "attention":
        return with_baseline(profile, layer, style_operations(profile, layer, state, variant))
    bare = _quantities(profile, (), None)
    if layer == "personality":
        return PerceptionProgram(layer=layer, operations=operations(bare, None, layer))
    now = _quantities(profile, _slow(state), None)
    return PerceptionProgram(layer=layer, operations=operations(now, bare, layer))


def with_baseline(
    profile: DriverProfile, layer: Layer, added: tuple[Operation, ...]
) -> PerceptionProgram:
    """A program of the human baseline and the operations of a style."""
    together = compose((*baseline_operations(profile, layer), *added))
    return PerceptionProgram(layer=layer, operations=together)


def mood_program(profile: DriverProfile) -> PerceptionProgram:
    """What anger and hurry add to the physiology layer, in proportion to each.

    Written against the strongest slow state of the drive, and so that both at once stay within the
    bounds.
    """
    if profile.baseline != "human":
        return PerceptionProgram(layer="physiology")
    slow = _strongest(profile)
    before = _quantities(profile, slow, None)
    alone = [_quantities(profile, (*slow, (mood, 1.0)), None) for mood in MOODS]
    both = _quantities(profile, (*slow, *((mood, 1.0) for mood in MOODS)), None)
    found: list[Operation] = []
    for mood, values in zip(MOODS, together(before, alone, both), strict=True):
        found += operations(values, before, "physiology", gain={"state": mood, "slope": 1.0})
    return PerceptionProgram(layer="physiology", operations=tuple(found))


def _episodes(profile: DriverProfile, variant: str | None) -> tuple[Operation, ...]:
    """What a secondary task does while its episodes last."""
    known, distraction = tasks(profile), profile.attention.distraction
    if not known or distraction is None:
        return ()
    name = variant if variant in known else next(iter(known))
    chosen = known[name]
    rate = round(distraction.episodes_per_s, 6)
    if rate == 0.0:  # rarer than can be written
        return ()
    sigma = 0.0 if chosen.one_glance else 0.4
    course = Episodic(rate_per_s=rate, duration_median_s=chosen.episode_s, duration_sigma=sigma)
    moods = tuple((name, 1.0) for name in MOODS) if profile.baseline == "human" else ()
    given = (*_strongest(profile), *moods)
    before, now = (_quantities(profile, given, task) for task in (None, name))
    glances: tuple[Operation, ...] = ()
    if chosen.glance_median_s is not None:
        glances = (
            LookAway(
                glance_median_s=chosen.glance_median_s,
                glance_sigma=chosen.glance_sigma,
                on_road_s=chosen.on_road_s,
                course=course,
                source=f"{name}: {chosen.source}",
                cause=distraction.kind,
            ),
        )
    loads = operations(now, before, "attention", course=course.model_dump())
    return (*glances, *(o.model_copy(update={"cause": distraction.kind}) for o in loads))


def _slow(state: Mapping[str, float] | None) -> tuple[tuple[str, float], ...]:
    return tuple((name, float((state or {}).get(name, 0.0))) for name in _SLOW)


@lru_cache(maxsize=256)
def _strongest(profile: DriverProfile) -> tuple[tuple[str, float], ...]:
    """The strongest slow states of a drive."""
    times = np.linspace(0.0, _DRIVE_S, 19)
    states = [DriverStates.of([profile]).at(float(t)) for t in times]
    most = {name: max(float(s[name][0]) for s in states) for name in ("fatigue", "alcohol")}
    return _slow({**most, "blocked_s": BLOCKED_AFTER_S})


@lru_cache(maxsize=4096)
def _quantities(
    profile: DriverProfile, state: tuple[tuple[str, float], ...], task: str | None
) -> Values:
    found = factors([profile], dict(state), task)
    return {name: float(value[0]) for name, value in found.items()}
