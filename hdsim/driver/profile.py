"""What a driver profile says: the traits of one driver, by layer, checked and frozen.

The layers are those of the HDSim paper (arXiv 2508.16962): L1 ``personality`` is fixed for the
drive, L2 ``physiology`` changes slowly, L3 ``attention`` changes at random moments. A trait says
who the driver is; ``hdsim.guidance`` says what that does to the perceived scene.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]*$"
DistractionKind = Literal["phone", "radio", "navigation", "talk", "passenger", "scenery"]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _share(description: str, default: float = 0.0) -> Any:
    return Field(default=default, ge=0.0, le=1.0, description=description)


def _quantity(default: float, low: float, high: float, unit: str, description: str) -> Any:
    return Field(
        default=default,
        ge=low,
        le=high,
        description=f"{description} [{unit}]",
        json_schema_extra={"unit": unit},
    )


class Personality(_Data):
    """L1: enduring dispositions."""

    aggressiveness: float = _share("Readiness to take margins from others; 1 is an extreme driver.")
    caution: float = _share("Wish for more margin than most; 1 is an extreme driver.")
    sensation_seeking: float = _share("Appetite for speed and stimulation (Zuckerman).")
    experience: float = _share("0 first months with a licence, 1 experienced.", default=1.0)
    age: float = _quantity(40.0, 16.0, 100.0, "years", "Age; effects begin at 65.")
    skill: float = _share("Control of the vehicle: 0 poor, 0.5 ordinary, 1 expert.", default=0.5)


class Fatigue(_Data):
    """Incremental: two processes, sleep pressure and the time of day, and the time at the wheel."""

    hours_awake: float = _quantity(6.0, 0.0, 72.0, "h", "Hours awake when the scenario begins")
    time_on_task_h: float = _quantity(0.0, 0.0, 24.0, "h", "Hours driven without a break before it")
    threshold_h: float = _quantity(
        16.0, 8.0, 24.0, "h", "Hours awake after which, got up at 7, fatigue begins to act"
    )
    clock_h: float | None = Field(
        default=None,
        ge=0.0,
        lt=24.0,
        description="Time of day when the scenario begins [h]; left out: got up at 7.",
        json_schema_extra={"unit": "h"},
    )


class Alcohol(_Data):
    """Episodic: one bout of drinking before the drive, absorbed and slowly eliminated."""

    bac: float = _quantity(
        0.0, 0.0, 0.4, "g/100 ml", "Blood alcohol concentration when the scenario begins"
    )
    absorbing: float = _quantity(
        0.0, 0.0, 0.4, "g/100 ml", "What the drinks not yet in the blood would add to it"
    )
    drinks: float = _quantity(
        0.0, 0.0, 30.0, "14 g", "Standard drinks, instead of concentrations; see since_drinking_h"
    )
    since_drinking_h: float = _quantity(
        1.0, 0.0, 24.0, "h", "Time between the drinks and the beginning of the scenario"
    )
    weight_kg: float = _quantity(75.0, 35.0, 200.0, "kg", "Body weight, for drinks")
    absorption_per_h: float = _quantity(
        3.0, 0.5, 12.0, "1/h", "Absorption rate; about 6 on an empty stomach, 2 after a meal"
    )
    elimination_per_h: float = _quantity(
        0.015, 0.0, 0.04, "g/100 ml/h", "Elimination rate (0.010 to 0.025 in most people)"
    )


class Hurry(_Data):
    """Time pressure: so much from the start, and more with lateness."""

    level: float = _share("Hurry at the start, kept for the drive.")
    time_allowed: float | None = Field(
        default=None,
        ge=0.5,
        le=10.0,
        description="Time the driver allows for its way, as a multiple of the time at the limit; "
        "left out: no plan.",
    )
    deadline_s: float | None = Field(
        default=None,
        gt=0.0,
        le=86400.0,
        description="Scenario time at which the goal of the route has to be reached [s].",
        json_schema_extra={"unit": "s"},
    )


class Anger(_Data):
    """Arises in the drive when the driver is held up or cut in on, and decays."""

    level: float = _share("Anger when the scenario begins; it decays.")
    decay_s: float = _quantity(120.0, 5.0, 3600.0, "s", "Time constant of the decay")


def _as_level(value: object) -> object:
    """A bare number is the level."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return {"level": value} if plain else value


class Physiology(_Data):
    """L2: slow states, translated again at a period."""

    period_s: float = _quantity(
        100.0, 1.0, 3600.0, "s", "Time between translations; the paper's 2,000 steps of 0.05 s"
    )
    fatigue: Fatigue = Fatigue()
    alcohol: Alcohol = Alcohol()
    anger: Annotated[Anger, BeforeValidator(_as_level, json_schema_input_type=float | Anger)] = (
        Anger()
    )
    hurry: Annotated[Hurry, BeforeValidator(_as_level, json_schema_input_type=float | Hurry)] = (
        Hurry()
    )


class Distraction(_Data):
    """Poisson episodes of a secondary task."""

    kind: DistractionKind = Field(
        default="phone",
        description="phone, radio, navigation: hands and eyes; talk: mind; passenger: mind and "
        "eyes; scenery: eyes.",
    )
    episodes_per_s: float = _quantity(
        0.064, 0.0, 1.0, "1/s", "Poisson rate; the paper gives 0.064 without a unit"
    )


class Attention(_Data):
    """L3: what draws attention away, at random."""

    distraction: Distraction | None = None


class DriverProfile(_Data):
    """One driver, complete: nothing is inherited any more."""

    schema_: Literal[1] = Field(alias="schema", description="Version of this file format.")
    name: str = Field(pattern=NAME_PATTERN, max_length=80, description="The file's name.")
    description: str = Field(
        default="", max_length=2000, description="The driver in plain words; read by guidance."
    )
    baseline: Literal["human", "none"] = Field(
        default="human",
        description="human: the published limits of an alert driver apply; none: ideal observer.",
    )
    personality: Personality = Personality()
    physiology: Physiology = Physiology()
    attention: Attention = Attention()


def _as_names(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class ProfileFile(DriverProfile):
    """A profile as written in a file: it may extend others and override single values."""

    extends: Annotated[tuple[str, ...], BeforeValidator(_as_names)] = Field(
        default=(), description="Profiles to start from; later ones win over earlier ones."
    )
    overrides: dict[str, float | str] = Field(
        default={},
        description="Single values by dotted key, applied last: `physiology.alcohol.bac: 0.05`.",
    )
