"""Tables of a run for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table

from hdsim.record.run import Run
from hdsim.report.guidance import guidance_table
from hdsim.report.summary import Summary, is_result, summarise

# Below this many columns a failure takes two lines and style names break at their hyphens.
_WIDE = 125


def tables(run: Run, most_failures: int = 20, width: int = 140) -> list[Table]:
    """Everything ``hdsim report`` prints.

    Args:
        run: The run.
        most_failures: How many failures to list; the last line says how many there are more.
        width: Columns of the terminal; 80 are enough.
    """
    wide = width >= _WIDE
    rows = run.scenarios.to_pylist()
    shown = [by_style(summarise(rows, lambda r: (r["mix"] or "", r["agent"] or "")), wide)]
    if len({r["route"] for r in rows if is_result(r)}) > 1:
        shown.append(by_route(rows, wide))
    if any(not is_result(r) for r in rows):
        shown.append(infrastructure(rows))
    shown.append(failures(run.failures, most_failures, wide))
    if run.failures:
        shown.append(guidance_table(run, run.failures, most_failures))
    return shown


def by_style(summaries: Sequence[Summary], wide: bool = True) -> Table:
    """One line per traffic mix and ego; scores are those of Leaderboard 1.0."""
    egos = list(dict.fromkeys(s.group[1] for s in summaries))
    table = Table(
        title=f"By traffic, ego {', '.join(egos)} (scores: CARLA Leaderboard 1.0)",
        caption="collisions by who was at fault: ego / NPC / shared / unclear",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("traffic", overflow="fold")
    if len(egos) > 1:
        table.add_column("ego", overflow="fold")
    for name in (
        "runs",
        "score",
        "compl.\n%",
        "collisions",
        "near\nmisses\nper km",
        "red\nlights",
        "km",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for s in summaries:
        count = f"{s.results}" + (f" of {s.results + s.without}" if s.without else "")
        table.add_row(
            _name(s.group[0], wide),
            *s.group[1:][: len(egos) > 1],
            count,
            _number(s.driving_score, 1),
            _number(s.route_completion_pct, 1),
            " / ".join(map(str, s.collisions)),
            _number(s.near_misses_per_km, 2),
            str(s.red_lights),
            _number(s.km, 2),
        )
    return table


def by_route(rows: Sequence[dict[str, Any]], wide: bool = True) -> Table:
    """Driving score (route completion %) per route and traffic mix, means over seeds and egos."""
    mixes = list(dict.fromkeys(r["mix"] for r in rows if is_result(r)))
    table = Table(
        "route", title="By route: driving score (route completion %)", box=box.SIMPLE_HEAD
    )
    for mix in mixes:
        table.add_column(_name(mix, wide), justify="right", overflow="fold")
    cells: dict[str, dict[str, str]] = {}
    for s in summarise(filter(is_result, rows), lambda r: (f"{r['map']} {r['route']}", r["mix"])):
        text = f"{_number(s.driving_score, 1)} ({_number(s.route_completion_pct, 0)})"
        cells.setdefault(s.group[0], {})[s.group[1]] = text
    for route, line in sorted(cells.items()):
        table.add_row(route, *(line.get(mix, "") for mix in mixes))
    return table


def infrastructure(rows: Sequence[dict[str, Any]]) -> Table:
    """Scenarios without a result, and why: never part of a score."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Without result (infrastructure)")
    for name in ("scenario", "status", "attempts", "why"):
        table.add_column(name, overflow="fold")
    for row in rows:
        if not is_result(row):
            table.add_row(
                row["scenario"], row["status"], str(row["attempts"]), row["status_detail"] or ""
            )
    return table


def failures(records: Sequence[dict[str, Any]], most: int, wide: bool = True) -> Table:
    """The ego's failures, with what replays them."""
    table = Table(title=f"Failures of the ego: {len(records)}", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("failure", "with", "verdict") if wide else ("failure, with whom, verdict",):
        table.add_column(name, overflow="fold")
    for record in records[:most]:
        others = [a for a in record["actors"] if a["role"] != "ego"]
        told = ", ".join(f"{a['name']}, {_who(a)}" for a in others)
        verdict = (record["verdict"] or "").replace("_", " ")
        if record["because"]:
            verdict += f": {record['because'].replace('_', ' ')}"
        if wide:
            table.add_row(record["id"], told, verdict)
        else:
            rest = "; ".join(part for part in (told, verdict) if part)
            table.add_row(record["id"] + (f"\n  {rest}" if rest else ""))
    if len(records) > most:
        table.add_row(f"... and {len(records) - most} more in failures.jsonl")
    return table


def _who(actor: dict[str, Any]) -> str:
    """Who somebody other than the ego is."""
    return "on foot" if actor["role"] == "walker" else actor["style"] or "no HDSim driver"


def _name(style: str, wide: bool) -> str:
    """A mix's name, on a narrow terminal broken at its hyphens."""
    return style if wide else "\n".join(textwrap.wrap(style, 13))


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
