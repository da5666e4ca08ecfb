"""``science.md``: what the studies found, from the files that they left in ``science/``."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from writers.markdown import table

_FOUND = Path(__file__).resolve().parents[1] / "science"


def _study(name: str) -> tuple[str, list[dict[str, Any]]]:
    """When and how a study was run, in words, and its rows; nothing where it was not."""
    path = _FOUND / f"{name}.json"
    if not path.is_file():
        return "Not run on this build yet.\n", []
    result = json.loads(path.read_text(encoding="utf-8"))
    return f"`{result['command']}` on {result['date']}{result.get('note', '')}.\n", result["rows"]


def study_driver_science() -> str:
    """Simulated outcomes beside published ones."""
    told, rows = _study("driver-science")
    verdicts = Counter(row["verdict"] for row in rows)
    parts = [told]
    if rows:
        parts.append(f"{verdicts['pass']} pass, {verdicts['MISS']} miss.\n")
    for experiment in dict.fromkeys(row["experiment"] for row in rows):
        lines = [
            (
                row["outcome"] + (" *(validation)*" if row["validation"] else ""),
                f"{row['value']:.3g}" + (f" {row['unit']}" if row["unit"] != "1" else ""),
                f"{row['low']:.3g} to {row['high']:.3g}",
                str(row["n"]),
                row["published"],
                f"{row['source']} [{row['mark']}]" if row["source"] else "",
                f"**{row['verdict']}**" if row["verdict"] == "MISS" else row["verdict"],
            )
            for row in rows
            if row["experiment"] == experiment
        ]
        head = (experiment, "simulated", "95 %", "n", "published", "source", "")
        parts.append(table(head, lines))
    return "\n".join(parts)


def study_styles() -> str:
    """F1 of styles, by arm and classifier."""
    told, rows = _study("styles")
    if not rows:
        return told
    lines = []
    for row in (row for row in rows if row["classifier"] == "mean"):
        same = [r for r in rows if (r["arm"], r["style"]) == (row["arm"], row["style"])]
        each = ", ".join(f"{r['f1_pct']:.0f}" for r in same if r["classifier"] != "mean")
        error = row["percept_error"]
        lines.append(
            (
                row["arm"], row["style"], f"{row['f1_pct']:.1f}",
                f"{row['low']:.1f} to {row['high']:.1f}", each, f"{row['train']} / {row['test']}",
                "" if row["aim_pct"] is None else f"{row['aim_pct']:g}",
                "" if error is None else f"{100.0 * error:.1f} %",
                f"**{row['verdict']}**" if row["verdict"] == "MISS" else row["verdict"],
            )
        )  # fmt: skip
    head = ("arm", "style", "F1 %", "95 %", "forest, SVM, kNN", "train / test", "aim")
    return told + "\n" + table((*head, "percept error", ""), lines)


def study_ego() -> str:
    """Scores of stylised drivers as ego."""
    told, rows = _study("ego")
    if not rows:
        return told
    lines = [
        (
            row["profile"], f"{row['driving_score']:.1f}", f"{row['drop']:.1f}",
            f"{row['low']:.1f} to {row['high']:.1f}", f"{row['route_completion_pct']:.1f}",
            str(row["n"]), f"{row['paper_drop']:.1f}", row["verdict"],
        )
        for row in rows
    ]  # fmt: skip
    head = ("ego", "score", "drop", "95 %", "completion %", "drives", "the paper's drop", "")
    return told + "\n" + table(head, lines)
