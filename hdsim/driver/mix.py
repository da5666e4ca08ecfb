"""Traffic mixes: which profile each driver of a scenario gets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hdsim.core import seeds
from hdsim.core.errors import InputError, did_you_mean
from hdsim.core.yaml_input import Document, load_yaml, validate
from hdsim.driver.load import find, folders, is_path, load_profile, names
from hdsim.driver.profile import NAME_PATTERN, DriverProfile


class Mix(BaseModel):
    """Profile names with relative shares or exact counts; exactly one of the two."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_: Literal[1] = Field(default=1, alias="schema")
    name: str = Field(pattern=NAME_PATTERN, max_length=80)
    description: str = ""
    shares: dict[str, Annotated[float, Field(ge=0.0)]] = Field(
        default={}, description="Relative weights; any scale."
    )
    counts: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default={}, description="Exact numbers; they must add up to the number of drivers."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.shares) == bool(self.counts):
            raise ValueError("either shares or counts")
        if sum(self.shares.values()) + sum(self.counts.values()) <= 0:
            raise ValueError("at least one number above 0")
        return self

    @property
    def profiles(self) -> tuple[str, ...]:
        """Names of the profiles, sorted."""
        return tuple(sorted(self.shares or self.counts))


def load_mix(ref: str | Path, near: Path | None = None) -> Mix:
    """A mix by name or file; a profile stands for a mix of that profile alone.

    Args:
        ref: Name of a mix, else of a profile; or a file of either sort.
        near: Folder of the file that mentions it; its ``drivers/`` is looked in first.

    Raises:
        InputError: If it is neither, or a mix names a profile that is not there.
    """
    text = str(ref)
    path = Path(text) if is_path(text) else find(text, folders(near, "mixes"))
    if path is not None:
        document = load_yaml(path)
        keys = set(document.data) if isinstance(document.data, dict) else set()
        if not is_path(text) or keys & {"shares", "counts"}:
            return _checked(document, (path.parent, path.parent.parent, *folders(near)))
    elif find(text, folders(near)) is None:
        known = (*names(folders(near, "mixes")), *names(folders(near)))
        hint = did_you_mean(text, known) or f": {', '.join(known)}"
        raise InputError("traffic mix", value=text, expected=f"a mix or a profile{hint}")
    name = load_profile(ref, near).name
    return Mix(name=name, shares={name: 1.0})


def _checked(document: Document, places: tuple[Path, ...]) -> Mix:
    mix = validate(Mix, document)
    for section in ("shares", "counts"):
        for name in getattr(mix, section):
            if find(name, places) is None:
                hint = did_you_mean(name, names(places))
                raise document.error(f"{section}.{name}", None, f"a known profile{hint}")
    return mix


def mix_profiles(mix: Mix, near: Path | None = None) -> dict[str, DriverProfile]:
    """The profiles of a mix by name, in sorted order."""
    return {name: load_profile(name, near) for name in mix.profiles}


def assign(mix: Mix, n: int, seed: int) -> tuple[str, ...]:
    """Profile name of each of ``n`` drivers.

    Shares become counts by the largest-remainder method (ties by name), then the names are
    shuffled with draws keyed by (seed, mix, position).

    Raises:
        InputError: If the mix has counts that do not add up to ``n``.
    """
    if mix.counts:
        total = sum(mix.counts.values())
        if total != n:
            raise InputError(f"mix {mix.name}", "counts", total, f"a total of {n}, the drivers")
        counts = {name: mix.counts[name] for name in mix.profiles}
    else:
        counts = _apportion(mix, n)
    ordered = [name for name, count in counts.items() for _ in range(count)]
    draws = seeds.uniform(seeds.key(seed, "mix", mix.name), np.arange(n))
    return tuple(ordered[i] for i in np.argsort(draws, kind="stable"))


def _apportion(mix: Mix, n: int) -> dict[str, int]:
    total = sum(mix.shares.values())
    exact = {name: n * mix.shares[name] / total for name in mix.profiles}
    counts = {name: int(quota) for name, quota in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (counts[name] - exact[name], name))
    for name in by_remainder[: n - sum(counts.values())]:
        counts[name] += 1
    return counts
