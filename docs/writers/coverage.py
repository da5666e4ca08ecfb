"""``carla-coverage.md``: what the embedded server does with each call."""

from __future__ import annotations

from collections import Counter

from hdsim.server.calls import coverage
from writers.markdown import table


def server_coverage() -> str:
    """What the embedded server does with every call, command and stream of the client."""
    groups = {
        **coverage.calls(),
        "Batch commands": coverage.commands(),
        "Streams and sensors": coverage.streams(),
    }
    rows = [row for group in groups.values() for row in group]
    counts = Counter(row.status for row in rows)
    summary = ", ".join(f"{counts[status]} {status.value}" for status in coverage.Status)
    parts = [f"{len(rows)} entries: {summary}.\n"]
    for title, group in groups.items():
        lines = [(f"`{r.name}`", r.status.value, r.note, _test_link(r.test)) for r in group]
        parts.append(f"## {title}\n\n{table(('name', '', 'what', 'shown by'), lines)}")
    return "\n".join(parts)


def _test_link(test: str) -> str:
    file, _, name = test.partition("::")
    return f"[`{name}`](../tests/{file}.py)"
