"""Guidance without a language model: description, policies and programs from the tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdsim.driver.profile import DriverProfile
from hdsim.guidance.compose import compose
from hdsim.guidance.schedule import Policies
from hdsim.guidance.tables import Table, load_tables
from hdsim.perception.catalogue import Layer, Operation, PerceptionProgram

# Standing still for longer makes drivers accept smaller gaps (Table `blocked`).
BLOCKED_AFTER_S = 30.0


def strengths(profile: DriverProfile, state: Mapping[str, float] | None = None) -> dict[str, float]:
    """The strength of every factor of the tables.

    Args:
        profile: The driver.
        state: ``fatigue`` and ``alcohol`` (``hdsim.driver.layers``) and ``blocked_s``; none of
            them when left out.
    """
    state = state or {}
    p, human = profile.personality, float(profile.baseline == "human")
    distraction = profile.attention.distraction
    return {
        "baseline": human,
        "aggressiveness": p.aggressiveness,
        "caution": p.caution,
        "sensation_seeking": p.sensation_seeking,
        "inexperience": 1.0 - p.experience,
        "age": p.age,
        "fatigue": state.get("fatigue", 0.0),
        "alcohol": state.get("alcohol", 0.0),
        "blocked": human * (state.get("blocked_s", 0.0) >= BLOCKED_AFTER_S),
        "distraction": distraction.episodes_per_s if distraction else 0.0,
    }


def _tables(profile: DriverProfile, layer: Layer) -> Iterator[Table]:
    distraction = profile.attention.distraction
    kind = distraction.kind if distraction else None
    for table in load_tables():
        if table.layer == layer and table.kind in (None, kind):
            yield table


def description(profile: DriverProfile, state: Mapping[str, float]) -> str:
    """B_desc: the profile's own words, then its traits at the start in one sentence."""
    factors = strengths(profile, state)
    layers: tuple[Layer, ...] = ("personality", "physiology", "attention")
    phrases = [
        phrase
        for layer in layers
        for table in _tables(profile, layer)
        if factors[table.factor] > table.above
        if (phrase := table.phrase(factors[table.factor]))
    ]
    traits = f"A driver: {', '.join(phrases)}." if phrases else ""
    return " ".join(text for text in (profile.description, traits) if text)


def policies(profile: DriverProfile, state: Mapping[str, float]) -> Policies:
    """p1, p2, p3 in words."""
    factors = strengths(profile, {**state, "blocked_s": BLOCKED_AFTER_S})

    def of(layer: Layer) -> str:
        acting = [t.policy for t in _tables(profile, layer) if factors[t.factor] > t.above]
        return " ".join(acting) or "Nothing changes."

    return Policies(
        personality=of("personality"), physiology=of("physiology"), attention=of("attention")
    )


def variants(profile: DriverProfile) -> tuple[str | None, ...]:
    """Names of the pool entries for the attention layer; ``(None,)`` where there is one only."""
    found = [name for table in _tables(profile, "attention") for name in table.variants]
    return tuple(found) if found and strengths(profile)["distraction"] > 0 else (None,)


def baseline_operations(profile: DriverProfile, layer: Layer) -> tuple[Operation, ...]:
    """The human baseline of one layer, which everything else is added to."""
    strength = strengths(profile)["baseline"]
    tables = (t for t in _tables(profile, layer) if t.factor == "baseline")
    return tuple(o for table in tables for o in table.at(strength))


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
    factors = strengths(profile, state)
    operations: list[Operation] = []
    for table in _tables(profile, layer):
        if table.factor != "baseline":
            chosen = variant if variant in table.variants else None
            operations += table.at(factors[table.factor], chosen)
    return compose(operations)


def program(
    profile: DriverProfile,
    layer: Layer,
    state: Mapping[str, float] | None = None,
    variant: str | None = None,
) -> PerceptionProgram:
    """One layer's program from the tables; arguments as in ``style_operations``."""
    return with_baseline(profile, layer, style_operations(profile, layer, state, variant))


def with_baseline(
    profile: DriverProfile, layer: Layer, operations: tuple[Operation, ...]
) -> PerceptionProgram:
    """A program of the human baseline and the operations of a style."""
    together = compose((*baseline_operations(profile, layer), *operations))
    return PerceptionProgram(layer=layer, operations=together)
