"""The experiments by name, run and put beside the literature."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hdsim import __version__
from hdsim.core.errors import InputError, did_you_mean
from hdsim.study import braking, flow, gaps, glances, lane_keeping, risk, yellow
from hdsim.study.finding import Finding

Experiment = Callable[[int, float], list[Finding]]
EXPERIMENTS: dict[str, Experiment] = {
    "braking": braking.run,
    "flow": flow.run,
    "gaps": gaps.run,
    "yellow": yellow.run,
    "lane-keeping": lane_keeping.run,
    "glances": glances.run,
    "risk": risk.run,
}


def chosen(only: Sequence[str]) -> list[str]:
    """Names of the experiments to run, all when none is named.

    Raises:
        InputError: If there is no such experiment.
    """
    for name in only:
        if name not in EXPERIMENTS:
            expected = " | ".join(EXPERIMENTS) + did_you_mean(name, EXPERIMENTS)
            raise InputError("--only", value=name, expected=expected)
    return [name for name in EXPERIMENTS if not only or name in only]


def conduct(
    names: Sequence[str], seeds: Sequence[int], size: float
) -> Iterator[tuple[str, float, list[Finding]]]:
    """Runs experiments one after the other: name, wall time [s], findings.

    Args:
        names: Of ``EXPERIMENTS``.
        seeds: Every experiment is run with each of them; see ``pooled``.
        size: Factor on the numbers of replications.
    """
    for name in names:
        begin = time.perf_counter()
        runs = [EXPERIMENTS[name](seed, size) for seed in seeds]
        yield name, time.perf_counter() - begin, pooled(runs)


def pooled(runs: Sequence[list[Finding]]) -> list[Finding]:
    """One finding of several seeds': means; the interval narrows by the root of their number."""
    if len(runs) == 1:
        return runs[0]
    found = []
    for same in zip(*runs, strict=True):
        value = float(np.nanmean([f.value for f in same]))
        shrink = np.sqrt(len(same))
        low = value - float(np.nanmean([f.value - f.low for f in same])) / shrink
        high = value + float(np.nanmean([f.high - f.value for f in same])) / shrink
        first = same[0]
        found.append(
            Finding(
                first.experiment, first.outcome, first.unit, value, low, high,
                sum(f.n for f in same), first.target, first.rule, first.validation,
            )
        )  # fmt: skip
    return found


def write(
    folder: Path, name: str, rows: Sequence[dict[str, Any]], about: dict[str, Any]
) -> tuple[Path, Path]:
    """A study's result as JSON (with where it came from) and as Parquet (the rows alone)."""
    folder.mkdir(parents=True, exist_ok=True)
    result = {
        "study": name,
        "hdsim": __version__,
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        **about,
        "rows": list(rows),
    }
    as_json, as_parquet = folder / f"{name}.json", folder / f"{name}.parquet"
    as_json.write_text(json.dumps(result, indent=1, allow_nan=True) + "\n", encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(list(rows)), as_parquet)
    return as_json, as_parquet
