"""The schedule: everything guidance says about one profile for one drive, compiled beforehand.

During the drive it is only looked up. It is what a run records and what a replay loads.

* ``personality``: one program.
* ``physiology``: one program for each period of the drive and each bin of ``blocked_s``; cells that
  came out the same share a program.
* ``moods``: operations added to the physiology layer of drivers whom anger or hurry stirs.
* ``attention``: a pool of programs. Which entry is in force changes every ``slot_s`` by a keyed
  draw; when episodes begin is up to the programs' episodic courses and each driver's own noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from hdsim.core import seeds
from hdsim.core.errors import InputError
from hdsim.core.state import Floats, Ints
from hdsim.driver.profile import DriverProfile
from hdsim.guidance.traits import Estimate
from hdsim.perception.catalogue import PerceptionProgram

Programs = tuple[PerceptionProgram, PerceptionProgram, PerceptionProgram]
Mode = Literal["offline", "cached", "live"]
Origin = Literal["tables", "model", "fallback"]
# Anger and hurry below this act no more; a twentieth of their full effect.
STIRRED = 0.05


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Policies(_Data):
    """What each layer does to perception, in words: the paper's p1, p2 and p3."""

    personality: str
    physiology: str
    attention: str


class Uncertainty(_Data):
    """How far a model's program can be trusted (``hdsim.guidance.uncertainty``).

    Attributes:
        doubt: Probability that one more independent answer would be another program, 0 to 1.
        bits: Entropy of that answer [bit].
        answers: Answers that were asked for.
        usable: Those that passed the checks, each another question than the others.
        with_detail: Those asked with what was withheld at first.
        likelihoods: Whether the endpoint told the tokens' probabilities of all of them.
        contested: Kinds of operation that make up the doubt, each with its own.
        decision: ``applied`` or ``fell back``.
        why: For what reason.
    """

    doubt: float = Field(ge=0.0, le=1.0)
    bits: float = Field(ge=0.0)
    answers: int = Field(ge=1)
    usable: int = Field(ge=1)
    with_detail: int = Field(ge=0)
    likelihoods: bool
    contested: dict[str, float] = {}
    decision: Literal["applied", "fell back"]
    why: str = ""


class Provenance(_Data):
    """Where one stage's result comes from.

    Attributes:
        stage: ``traits``, ``description``, ``policies``, ``personality``, ``physiology[STATE]``,
            ``attention[ENTRY]``.
        origin: The tables, a model's answer, or the tables in place of a bad answer.
        model: Name of the model that was asked, empty for the tables.
        prompt_hash: SHA-256 of the prompt templates, empty for the tables.
        cache_keys: Keys of the answers in the cache, the repair last.
        repaired: The first answer was wrong and the second was right.
        reason: For a fallback: what was wrong with the answers.
        uncertainty: Of a program that a model wrote; ``None`` for words and for the tables.
    """

    stage: str
    origin: Origin
    model: str = ""
    prompt_hash: str = ""
    cache_keys: tuple[str, ...] = ()
    repaired: bool = False
    reason: str = ""
    uncertainty: Uncertainty | None = None

    @model_serializer(mode="wrap")
    def _without_nothing(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Left out where there is none, so that what was locked earlier keeps its hash."""
        data: dict[str, Any] = whole(self)
        if self.uncertainty is None:
            data.pop("uncertainty", None)
        return data


class Schedule(_Data):
    """Compiled guidance of one profile.

    Attributes:
        profile: The complete profile it was compiled from.
        mode: How it was compiled.
        description: B_desc.
        policies: p1, p2, p3.
        period_s: Length of the physiology's periods [s].
        blocked_edges_s: Ascending limits between the bins of ``blocked_s`` [s]; a value at an
            edge lies in the upper bin.
        cells: Index into ``physiology`` by period and bin; the last period goes on for ever.
        moods: What anger and hurry add to the physiology layer, by gains; always the tables'.
        slot_s: Length of the attention pool's slots [s].
        provenance: Of every stage.
        estimate: Traits of a driver who has words only, where a model estimated them.
    """

    schema_: Literal[1] = Field(default=1, alias="schema")
    profile: DriverProfile
    mode: Mode
    description: str
    policies: Policies
    period_s: float = Field(gt=0.0)
    blocked_edges_s: tuple[float, ...]
    personality: PerceptionProgram
    physiology: tuple[PerceptionProgram, ...] = Field(min_length=1)
    cells: tuple[tuple[int, ...], ...] = Field(min_length=1)
    moods: PerceptionProgram = PerceptionProgram(layer="physiology")
    slot_s: float = Field(gt=0.0)
    attention: tuple[PerceptionProgram, ...] = Field(min_length=1)
    provenance: tuple[Provenance, ...]
    estimate: Estimate | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        bins = len(self.blocked_edges_s) + 1
        if any(len(row) != bins for row in self.cells):
            raise ValueError(f"{bins} cells for each period")
        if any(not 0 <= i < len(self.physiology) for row in self.cells for i in row):
            raise ValueError("cells that name a program of physiology")
        slow = (self.moods, *self.physiology)
        layers = [self.personality.layer, *(p.layer for p in (*slow, *self.attention))]
        wanted = ["personality", *["physiology"] * len(slow)]
        if layers != [*wanted, *["attention"] * len(self.attention)]:
            raise ValueError("every program under its own layer")
        return self

    @property
    def name(self) -> str:
        """Name of the profile."""
        return self.profile.name

    @property
    def driver(self) -> DriverProfile:
        """Whom the programs are for: the profile, with the traits that were estimated."""
        return self.estimate.applied_to(self.profile) if self.estimate else self.profile

    def versions_at(self, t_s: float, blocked_s: Any = 0.0, stirred: Any = False) -> Ints:
        """Which programs are in force, as one number for each driver of this profile.

        Cheap; programs change only where it changes.

        Args:
            t_s: Scenario time [s].
            blocked_s: How long each driver has been standing still [s], shape (D,) or a scalar.
            stirred: Whom anger or hurry stirs (``stirred``), as blocked_s.

        Returns:
            Numbers for ``programs``, shape of ``blocked_s``.
        """
        period = min(int(t_s / self.period_s), len(self.cells) - 1)
        bins = np.searchsorted(self.blocked_edges_s, np.asarray(blocked_s), side="right")
        cells = np.asarray(self.cells[period], dtype=np.int64)[bins]
        calm = cells * len(self.attention) + self._entry(t_s)
        return np.asarray(calm + np.asarray(stirred) * self._calm_versions, dtype=np.int64)

    def version_at(self, t_s: float, state: Mapping[str, float]) -> int:
        """As ``versions_at``, for one driver's states (``blocked_s`` and the moods matter)."""
        moved = stirred(state.get("anger", 0.0), state.get("hurry", 0.0))
        return int(self.versions_at(t_s, state.get("blocked_s", 0.0), moved))

    def programs(self, version: int) -> Programs:
        """The three layers' programs of a version."""
        moved, calm = divmod(version, self._calm_versions)
        cell, entry = divmod(calm, len(self.attention))
        physiology = self.physiology[cell]
        if moved and self.moods.operations:
            operations = (*physiology.operations, *self.moods.operations)
            physiology = PerceptionProgram(layer="physiology", operations=operations)
        return self.personality, physiology, self.attention[entry]

    @property
    def _calm_versions(self) -> int:
        return len(self.physiology) * len(self.attention)

    def at(self, t_s: float, state: Mapping[str, float]) -> Programs:
        """The three layers' programs at a time in a state; a pure lookup."""
        return self.programs(self.version_at(t_s, state))

    def _entry(self, t_s: float) -> int:
        if len(self.attention) == 1:
            return 0
        draw = seeds.uniform(seeds.key(0, self.name, "attention pool"), int(t_s / self.slot_s))
        return int(draw * len(self.attention))

    def to_json(self) -> str:
        """JSON that ``from_json`` reads back to an equal schedule."""
        return self.model_dump_json(by_alias=True, indent=1)

    @classmethod
    def from_json(cls, text: str, source: str = "schedule") -> Schedule:
        """A schedule from a run's record.

        Raises:
            InputError: If the text is not a schedule.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(map(str, first["loc"]))
            raise InputError(source, key, expected=f"a guidance schedule: {first['msg']}") from None

    @classmethod
    def load(cls, path: Path) -> Schedule:
        """A schedule from a file; raises as ``from_json``."""
        try:
            return cls.from_json(path.read_text(encoding="utf-8"), str(path))
        except OSError as error:
            raise InputError(str(path), expected=f"a readable file ({error.strerror})") from None


def stirred(anger: Any, hurry: Any) -> Any:
    """Whose moods matter: below ``STIRRED`` they are left out, and cost nothing."""
    return np.maximum(anger, hurry) > STIRRED


def blocked_time(blocked_s: Floats, speed: Floats, step_s: float, standing: float = 0.1) -> Floats:
    """How long drivers have been standing still, one step later, shape (D,) [s].

    Args:
        blocked_s: Before the step [s], shape (D,).
        speed: [m/s], shape (D,).
        step_s: [s].
        standing: Below this speed [m/s] a vehicle stands (Leaderboard's blocked test: 0.1).
    """
    return np.where(np.abs(speed) < standing, blocked_s + step_s, 0.0)
