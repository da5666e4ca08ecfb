"""What a driver profile says: the traits of one driver, by layer, checked and frozen.

The layers are those of the HDSim paper (arXiv 2508.16962): L1 ``personality`` is fixed for the
drive, L2 ``physiology`` changes slowly, L3 ``attention`` changes at random moments. A trait says
who the driver is; ``hdsim.guidance`` says what that does to the perceived scene.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]*$"
DistractionKind = Literal["phone", "talk", "scenery"]


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


class Fatigue(_Data):
    """Incremental: accumulates with hours awake and time on task, acts past a threshold."""

    hours_awake: float = _quantity(6.0, 0.0, 72.0, "h", "Hours awake when the scenario begins")
    time_on_task_h: float = _quantity(0.0, 0.0, 24.0, "h", "Hours driven without a break before it")
    threshold_h: float = _quantity(
        16.0, 8.0, 24.0, "h", "Equivalent hours awake below which fatigue does nothing"
    )


class Alcohol(_Data):
    """Episodic: one bout of drinking before the drive, slowly eliminated."""

    bac: float = _quantity(
        0.0, 0.0, 0.4, "g/100 ml", "Blood alcohol concentration when the scenario begins"
    )
    elimination_per_h: float = _quantity(
        0.015, 0.0, 0.04, "g/100 ml/h", "Elimination rate (0.010 to 0.025 in most people)"
    )


class Physiology(_Data):
    """L2: slow states, translated again at a period."""

    period_s: float = _quantity(
        100.0, 1.0, 3600.0, "s", "Time between translations; the paper's 2,000 steps of 0.05 s"
    )
    fatigue: Fatigue = Fatigue()
    alcohol: Alcohol = Alcohol()


class Distraction(_Data):
    """Poisson episodes of a secondary task."""

    kind: DistractionKind = Field(
        default="phone", description="phone: hands and eyes; talk: mind; scenery: eyes."
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
