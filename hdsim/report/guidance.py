"""Which failures rest on guidance that a language model was unsure of.

Read from the run's own schedules: nobody is asked again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from hdsim.core.errors import InputError
from hdsim.record.run import Run

_PROGRAMS = ("personality", "physiology", "attention")


@dataclass(frozen=True, slots=True)
class Doubt:
    """The most doubted of the programs by which a driver drives.

    Attributes:
        style: The driver's profile.
        program: Stage of the program: ``personality``, ``physiology[STATE]``, ``attention[ENTRY]``.
        doubt: Probability that one more independent answer would be another program; ``None``
            where a model wrote it and nobody measured.
        answers: Answers it rests on.
    """

    style: str
    program: str
    doubt: float | None
    answers: int


def doubts(schedule: Mapping[str, Any], style: str) -> Doubt | None:
    """The most doubted program of a schedule; ``None`` where every program is the tables'.

    Programs that the tables wrote in place of an answer count as theirs: nothing uncertain was
    applied.
    """
    found = [
        Doubt(style, p["stage"], *_measured(p))
        for p in schedule["provenance"]
        if p["origin"] == "model" and p["stage"].startswith(_PROGRAMS)
    ]
    return max(found, key=lambda d: 2.0 if d.doubt is None else d.doubt, default=None)


def _measured(provenance: Mapping[str, Any]) -> tuple[float | None, int]:
    known = provenance.get("uncertainty")
    return (known["doubt"], known["usable"]) if known else (None, 1)


def doubted_failures(
    run: Run, records: Sequence[Mapping[str, Any]]
) -> list[tuple[str, list[Doubt]]]:
    """Failures with a driver whose guidance a model wrote: id and one entry a driver, in order."""
    known: dict[str, Doubt | None] = {}
    found = []
    for record in records:
        styles = dict.fromkeys(a["style"] for a in record["actors"] if a["style"])
        for style in styles:
            if style not in known:
                known[style] = _of(run, style)
        involved = [doubt for style in styles if (doubt := known[style])]
        if involved:
            found.append((record["id"], involved))
    return found


def _of(run: Run, style: str) -> Doubt | None:
    try:
        return doubts(json.loads(run.schedule_json(style)), style)
    except InputError:
        return None  # no HDSim driver, such as a Traffic Manager's


def guidance_table(run: Run, records: Sequence[Mapping[str, Any]], most: int) -> Table:
    """What ``hdsim report`` says of the guidance behind failures.

    Args:
        run: The run.
        records: Its failures.
        most: How many to list.
    """
    found = doubted_failures(run, records)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Failures and their guidance")
    if not found:
        table.show_header = False
        table.add_column()
        table.add_row(
            "nothing uncertain: the drivers involved drive by the tables, or are not HDSim's"
        )
        return table
    for name in ("failure", "most doubted program", "doubt"):
        table.add_column(name, overflow="fold")
    for name, involved in found[:most]:
        for i, d in enumerate(involved):
            said = "not measured" if d.doubt is None else f"{d.doubt:.2f} of {d.answers} answers"
            table.add_row(name if i == 0 else "", Text(f"{d.style}: {d.program}"), said)
    table.caption = (
        "doubt: probability that another independent answer of the model would differ; "
        f"{len(records) - len(found)} of {len(records)} failures rest on tables alone"
    )
    if len(found) > most:
        table.add_row(f"... and {len(found) - most} more", "", "")
    return table
