"""Which failures rest on doubted guidance, read from a run's schedules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from hdsim.record.run import Run
from hdsim.report.guidance import Doubt, doubted_failures, doubts, guidance_table


def stage(name: str, origin: str = "model", doubt: float | None = None) -> dict:
    known = {} if doubt is None else {"uncertainty": {"doubt": doubt, "usable": 4}}
    return {"stage": name, "origin": origin, **known}


def schedule(*stages: dict) -> dict:
    return {"provenance": [stage("description"), stage("policies"), *stages]}


TABLES = schedule(stage("personality", "tables"), stage("attention[0]", "fallback", 0.9))
UNSURE = schedule(
    stage("personality", doubt=0.1),
    stage("physiology[x]", doubt=0.4),
    stage("attention[0]", doubt=0.2),
)
UNKNOWN = schedule(stage("personality", doubt=0.1), stage("attention[0]"))


def failure(name: str, *styles: str) -> dict:
    actors = [{"name": f"npc-{i}", "style": style} for i, style in enumerate(styles)]
    return {"id": name, "actors": [{"name": "ego", "style": ""}, *actors]}


FAILURES = [
    failure("a", "nurse"),
    failure("b", "drunk"),
    failure("c", "nurse", "odd"),
    failure("d"),
]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    folder = tmp_path / "guidance"
    folder.mkdir()
    for name, made in (("nurse", UNSURE), ("drunk", TABLES), ("odd", UNKNOWN)):
        (folder / f"{name}.json").write_text(json.dumps(made))
    return Run(tmp_path, {})


def text_of(table) -> str:
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(table)
    return " ".join(console.export_text().split())


def test_the_most_doubted_program_counts():
    assert doubts(UNSURE, "nurse") == Doubt("nurse", "physiology[x]", 0.4, 4)
    assert doubts(UNKNOWN, "odd") == Doubt("odd", "attention[0]", None, 1)
    assert doubts(TABLES, "drunk") is None, "what the tables wrote in place of an answer is theirs"


def test_failures_by_tables_alone_are_left_out(run):
    found = doubted_failures(run, FAILURES)
    assert [(name, [d.style for d in involved]) for name, involved in found] == [
        ("a", ["nurse"]),
        ("c", ["nurse", "odd"]),
    ]


def test_the_report_names_program_and_doubt(run):
    text = text_of(guidance_table(run, FAILURES, 20))
    assert "nurse: physiology[x] 0.40 of 4 answers" in text
    assert "odd: attention[0] not measured" in text
    assert "2 of 4 failures rest on tables alone" in text
    assert "... and 1 more" in text_of(guidance_table(run, FAILURES, 1))


def test_the_report_says_where_nothing_is_uncertain(run):
    assert "nothing uncertain" in text_of(guidance_table(run, FAILURES[1:2], 20))
