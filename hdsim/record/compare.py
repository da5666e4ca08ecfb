"""Two logs of one scenario: the same, or the first tick, actor and column that differ."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from hdsim.record.run import Run


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two logs part.

    Attributes:
        tick: The first tick whose digests differ, or that one of them lacks.
        actor: First actor, in roster order, that differs there; "" when it is no actor's value.
        column: First column that differs; "" when the log's columns agree (a signal, or a value
            that only the digest covers) or one log ends.
        before: Value in the first log.
        after: Value in the second.
    """

    tick: int
    actor: str
    column: str
    before: object
    after: object

    def __str__(self) -> str:
        if not self.actor:
            return f"tick {self.tick}: {self.before} against {self.after}"
        return f"tick {self.tick}, {self.actor}: {self.column} {self.before} against {self.after}"


def first_difference(a: Run, b: Run, scenario: str) -> Difference | None:
    """The first difference between two runs of ``scenario``; ``None`` if digests and
    events agree throughout.

    Raises:
        InputError: If one of them has no log of it.
    """
    left, right = (run.hashes(scenario).column("digest").to_pylist() for run in (a, b))
    at = next((i for i, (x, y) in enumerate(zip(left, right, strict=False)) if x != y), None)
    if at is None:
        if len(left) == len(right):
            return _in_events(a, b, scenario)
        shorter = min(len(left), len(right))
        return Difference(
            shorter, "", "", f"log of {len(left)} ticks", f"log of {len(right)} ticks"
        )
    tick = int(a.hashes(scenario).column("tick")[at].as_py())
    return _in_rows(
        tick, a.trajectory(scenario, (tick, tick)), b.trajectory(scenario, (tick, tick))
    )


def _in_events(a: Run, b: Run, scenario: str) -> Difference | None:
    """The first event that differs; states and decisions are the same."""
    left, right = (
        [row for row in run.events.to_pylist() if row["scenario"] == scenario] for run in (a, b)
    )
    for i in range(max(len(left), len(right))):
        before = left[i] if i < len(left) else None
        after = right[i] if i < len(right) else None
        if before != after:
            tick = min(row["tick"] for row in (before, after) if row)
            return Difference(tick, "", "", before or "no event", after or "no event")
    return None


def _in_rows(tick: int, left: pa.Table, right: pa.Table) -> Difference:
    for before, after in zip(left.to_pylist(), right.to_pylist(), strict=False):
        for column in left.column_names:
            if before[column] != after[column]:
                return Difference(tick, before["actor"], column, before[column], after[column])
    return Difference(tick, "", "", "digest", "another digest (signals or unlogged values)")
