"""Tables of what was measured, and what they were measured on."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"
_PACKAGES = ("hdsim", "carla", "numpy", "scipy")


@dataclass(frozen=True, slots=True)
class Table:
    """One part's results.

    Attributes:
        title: What was measured, with units.
        rows: One mapping from column to value each, all with the same columns.
        notes: How to read it.
    """

    title: str
    rows: Sequence[Mapping[str, Any]]
    notes: str = ""

    def markdown(self) -> str:
        """The table as Markdown."""
        columns = list(self.rows[0])
        lines = [
            f"## {self.title}",
            "",
            f"| {' | '.join(columns)} |",
            f"|{'|'.join(' --- ' for _ in columns)}|",
            *(f"| {' | '.join(_text(row[c]) for c in columns)} |" for row in self.rows),
        ]
        return "\n".join([*lines, *(["", self.notes] if self.notes else [])])


def _text(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def machine() -> dict[str, Any]:
    """What the measurement depends on, without naming the machine."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "cpu": _cpu_model(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _PACKAGES},
        "load_average_1min": round(os.getloadavg()[0], 1),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()


def write(
    tables: Sequence[Table], command: str, before: Mapping[str, Any], part: str | None = None
) -> Path:
    """Writes results as JSON and Markdown; returns the Markdown file.

    Args:
        tables: What was measured.
        command: How to measure it again.
        before: ``machine()`` as it was when the measurement began.
        part: What was measured if not everything; part of the file's name.
    """
    FOLDER.mkdir(exist_ok=True)
    about = {**before, "command": command, "load_average_1min_after": round(os.getloadavg()[0], 1)}
    cpu = "-".join(str(about["cpu"]).lower().split())[:40]
    about_what = f"-{part}" if part else ""
    stem = FOLDER / f"{str(about['date'])[:10]}-{about['cores']}-cores-{cpu}{about_what}"
    data = {
        **about,
        "tables": [{"title": t.title, "rows": list(t.rows), "notes": t.notes} for t in tables],
    }
    stem.with_suffix(".json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    versions = ", ".join(f"{name} {v}" for name, v in about["versions"].items())
    head = [
        f"# {str(about['date'])[:10]}: `{command}`",
        "",
        f"{about['cores']} cores of {about['cpu']}, {about['system']}, Python {about['python']}, "
        f"{versions}. Load average {about['load_average_1min']} before and "
        f"{about['load_average_1min_after']} after: times are of the wall clock, so other work on "
        "the machine counts where the load exceeds what the benchmark uses (about 1.5).",
    ]
    text = "\n\n".join(["\n".join(head), *(t.markdown() for t in tables)])
    path = stem.with_suffix(".md")
    path.write_text(text + "\n", encoding="utf-8")
    return path
