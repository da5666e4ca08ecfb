"""Stylised drivers as ego in normal traffic: Table 4 of the HDSim paper, in kind.

A style must not make a driver incompetent: it may lose some points of driving score against the
normal driver on the same routes, and has to finish them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hdsim.core.data import data_dir
from hdsim.record.run import Run
from hdsim.record.schema import Status
from hdsim.scenario.expand import Batch, expand
from hdsim.study.statistics import bootstrap

SCENARIO = "study-ego-town01.yaml"
BASE = "normal"
# What may be lost [points of driving score], and what must be completed [%].
LARGEST_DROP, LEAST_COMPLETION = 13.0, 99.0
# The paper's Table 4: drops against the normal driver's 91.2.
PAPER = {
    "normal": 0.0, "aggressive": 12.0, "cautious": 3.2, "drunk": 12.6, "fatigued": 8.8,
    "distracted": 7.0,
}  # fmt: skip


def batch(seeds: Sequence[int], routes: Sequence[str] | None = None) -> Batch:
    """The scenarios of the study.

    Args:
        seeds: Every route is driven with each of them.
        routes: Ids of routes; all ten when left out.

    Raises:
        InputError: If map or routes cannot be found.
    """
    overrides: dict[str, Any] = {"matrix.seed": list(seeds)}
    if routes:
        overrides["ego.route.ids"] = list(routes)
    return expand(data_dir("scenarios") / SCENARIO, overrides)


def results(folder: Path) -> list[dict[str, Any]]:
    """One row a profile from a finished run: score, drop against the normal driver, completion.

    Drops are paired: the same route and seed. Intervals are a bootstrap over these pairs.
    """
    rows = Run.open(folder).scenarios.to_pylist()
    score: dict[str, dict[tuple[str, int], tuple[float, float]]] = {}
    lost: dict[str, int] = {}
    for row in rows:
        profile = row["agent"].partition(":")[2]
        if not Status(row["status"]).is_result:
            lost[profile] = lost.get(profile, 0) + 1
            continue
        pair = (row["driving_score"], row["route_completion_pct"])
        score.setdefault(profile, {})[(row["route"], row["seed"])] = pair
    base = score.get(BASE, {})
    found = []
    for profile, own in score.items():
        shared = sorted(own.keys() & base.keys())
        drops = np.array([base[k][0] - own[k][0] for k in shared])
        drop, low, high = bootstrap(drops)
        completion = float(np.mean([c for _, c in own.values()]))
        good = drop <= LARGEST_DROP and completion >= LEAST_COMPLETION
        found.append(
            {
                "profile": profile,
                "driving_score": float(np.mean([s for s, _ in own.values()])),
                "drop": drop,
                "low": low,
                "high": high,
                "route_completion_pct": completion,
                "n": len(own),
                "without_result": lost.get(profile, 0),
                "paper_drop": PAPER.get(profile),
                "verdict": "pass" if good else "MISS",
            }
        )
    return found
