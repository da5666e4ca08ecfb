"""Tables of a run for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from hdsim.record.run import Run
from hdsim.report.summary import Summary, is_result, summarise


def tables(run: Run, most_failures: int = 20) -> list[Table]:
    """Everything ``hdsim report`` prints.

    Args:
        run: The run.
        most_failures: How many failures to list; the last line says how many there are more.
    """
    rows = run.scenarios.to_pylist()
    shown = [by_style(summarise(rows, lambda r: (r["mix"] or "", r["agent"] or "")))]
    if len({r["route"] for r in rows if is_result(r)}) > 1:
        shown.append(by_route(rows))
    if any(not is_result(r) for r in rows):
        shown.append(infrastructure(rows))
    shown.append(failures(run.failures, most_failures))
    return shown


def by_style(summaries: Sequence[Summary]) -> Table:
    """One line per traffic mix and ego; scores are those of Leaderboard 1.0."""
    table = Table(
        title="By traffic (driving score and route completion: CARLA Leaderboard 1.0)",
        caption="collisions by who was at fault: ego / NPC / shared / unclear",
    )
    for name in ("traffic", "ego"):
        table.add_column(name, overflow="fold")
    for name in (
        "runs",
        "score",
        "compl. %",
        "collisions",
        "near misses\nper km",
        "red\nlights",
        "km",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for s in summaries:
        count = f"{s.results}" + (f" of {s.results + s.without}" if s.without else "")
        table.add_row(
            *s.group,
            count,
            _number(s.driving_score, 1),
            _number(s.route_completion_pct, 1),
            " / ".join(map(str, s.collisions)),
            _number(s.near_misses_per_km, 2),
            str(s.red_lights),
            _number(s.km, 2),
        )
    return table


def by_route(rows: Sequence[dict[str, Any]]) -> Table:
    """Driving score (route completion %) per route and traffic mix, means over seeds and egos."""
    mixes = list(dict.fromkeys(r["mix"] for r in rows if is_result(r)))
    table = Table("route", title="By route: driving score (route completion %)")
    for mix in mixes:
        table.add_column(mix, justify="right", overflow="fold")
    cells: dict[str, dict[str, str]] = {}
    for s in summarise(filter(is_result, rows), lambda r: (f"{r['map']} {r['route']}", r["mix"])):
        text = f"{_number(s.driving_score, 1)} ({_number(s.route_completion_pct, 0)})"
        cells.setdefault(s.group[0], {})[s.group[1]] = text
    for route, line in sorted(cells.items()):
        table.add_row(route, *(line.get(mix, "") for mix in mixes))
    return table


def infrastructure(rows: Sequence[dict[str, Any]]) -> Table:
    """Scenarios without a result, and why: never part of a score."""
    table = Table("scenario", "status", "attempts", "why", title="Without result (infrastructure)")
    for row in rows:
        if not is_result(row):
            table.add_row(
                row["scenario"], row["status"], str(row["attempts"]), row["status_detail"] or ""
            )
    return table


def failures(records: Sequence[dict[str, Any]], most: int) -> Table:
    """The ego's failures, with what replays them."""
    table = Table(title=f"Failures of the ego: {len(records)}")
    for name in ("failure", "with", "verdict"):
        table.add_column(name, overflow="fold")
    for record in records[:most]:
        others = [a for a in record["actors"] if a["role"] != "ego"]
        told = ", ".join(f"{a['name']}, {a['style'] or 'no HDSim driver'}" for a in others)
        verdict = (record["verdict"] or "").replace("_", " ")
        if record["because"]:
            verdict += f": {record['because'].replace('_', ' ')}"
        table.add_row(record["id"], told, verdict)
    if len(records) > most:
        table.add_row(f"... and {len(records) - most} more in failures.jsonl", "", "")
    return table


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
