"""The page on the run directory names every column, status and kind of event."""

from pathlib import Path

import pytest

from hdsim.events.event import Kind
from hdsim.record import schema

PAGE = (Path(__file__).parents[2] / "docs" / "run-directory.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "table", ["SCENARIOS", "EVENTS", "TRAJECTORIES", "PERCEPTS", "SIGNALS", "HASHES"]
)
def test_every_column_is_described(table) -> None:
    names = [n for n in getattr(schema, table).names if table != "PERCEPTS" or "believed_" not in n]
    assert [name for name in names if f"`{name}`" not in PAGE] == []


def test_every_status_and_kind_is_described() -> None:
    words = [*map(str, schema.Status), *map(str, Kind)]
    assert [word for word in words if f"`{word}`" not in PAGE] == []


def test_the_page_states_the_schema_version() -> None:
    assert f"`schema` in `run.json` is {schema.SCHEMA_VERSION}." in PAGE
