"""The hierarchy for people: a driver's quantities by layer, and every edge with its source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hdsim.driver.evaluate import factors
from hdsim.driver.hierarchy import (
    GROUPS,
    IDENTITY,
    LAYER_OF,
    PROPOSAL,
    Edge,
    Group,
    Quantity,
    interpolate,
    load_hierarchy,
)
from hdsim.driver.layers import layer_state
from hdsim.driver.profile import DriverProfile

_ORDINARY = DriverProfile.model_validate({"schema": 1, "name": "ordinary"})
_LOADS = ("cognitive_load", "manual_load")
_MOODS = ("anger", "hurry")


def values(profile: DriverProfile, task: str | None = None, t_s: float = 0.0) -> dict[str, float]:
    """Every quantity of a driver at a scenario time, with the moods it starts with.

    Args:
        profile: The driver.
        task: The secondary task in hand, if any.
        t_s: Scenario time [s].
    """
    physiology = profile.physiology
    moods = {"anger": physiology.anger.level, "hurry": physiology.hurry.level}
    state = {k: v for k, v in layer_state(profile, t_s).items() if k != "elapsed_s"}
    found = factors([profile], {**state, **moods}, task)
    return {name: float(value[0]) for name, value in found.items()}


def acting(quantity: Quantity, at: Mapping[str, float]) -> Iterator[tuple[Edge, float]]:
    """The edges that move a quantity now, with what they contribute."""
    for edge in quantity.edges:
        if edge.curve:
            part = float(interpolate(edge.curve, at[edge.of]))
            if part != IDENTITY[quantity.rule]:
                yield edge, part


def as_data(profile: DriverProfile, task: str | None = None) -> dict[str, Any]:
    """What ``view`` shows, as plain data: by group and quantity."""
    mine, ordinary = values(profile, task), values(_ORDINARY)
    return {
        group: {
            q.name: {
                "value": mine[q.name],
                "normal": ordinary[q.name],
                "unit": q.unit,
                "source": q.source,
                "moved_by": [
                    {"of": e.of, "part": part, "equation": e.text(q.rule), "source": e.source}
                    for e, part in acting(q, mine)
                ],
            }
            for q in load_hierarchy().of_group(group)
        }
        for group in GROUPS
    }


def view(profile: DriverProfile, task: str | None = None) -> RenderableType:
    """A driver's quantities by layer: value, an ordinary driver's, equation, source."""
    mine, ordinary = values(profile, task), values(_ORDINARY)
    ideal = profile.baseline == "none"
    tables = [_group_table(group, mine, ordinary, ideal) for group in GROUPS]
    doing = [Text(f"while busy with: {task}", style="bold")] if task else []
    return Stack(*doing, *tables)


def _group_table(
    group: Group, mine: dict[str, float], ordinary: dict[str, float], ideal: bool
) -> Table:
    title = f"{group} ({LAYER_OF[group]})"
    table = Table(title=title, title_justify="left", expand=True)
    table.add_column("quantity", no_wrap=True)
    for heading in ("value", "normal"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    table.add_column("equation", ratio=3)
    table.add_column("source ([P]: proposal, not published)", ratio=4)
    for q in load_hierarchy().of_group(group):
        value, normal = mine[q.name], ordinary[q.name]
        changed = "bold" if value != normal else ""
        start = (
            "" if q.rule == "given" else f"{q.for_ideal if value == q.for_ideal else q.normal:g}"
        )
        shown = Text(f"{value:.4g}", style=changed), Text(f"{normal:.4g}")
        table.add_row(Text(q.name, style=changed), *shown, q.unit, start, _source(q.source))
        for edge in q.edges:
            if edge.equation and value != normal:
                table.add_row("", "", "", "", Text(f"{edge.equation}"), _source(edge.source))
        for edge, part in acting(q, mine):
            sign = {"product": f"x{part:.4g}", "chance": f"{part:.4g}"}.get(q.rule, f"{part:+.4g}")
            said = Text(f"{sign}  {edge.of}: {edge.text(q.rule)}")
            table.add_row("", "", "", "", said, _source(edge.source))
    return table


def _source(text: str) -> Text:
    return Text(text, style="yellow" if PROPOSAL in text else "")


def edge_rows() -> list[tuple[str, str, str, str, str]]:
    """Every edge: origin, target, direction, equation, source."""
    return [
        (edge.of, quantity.name, edge.direction, edge.text(quantity.rule), edge.source)
        for quantity, edge in load_hierarchy().edges()
    ]


def standing() -> str:
    """How many edges are published, in direction alone, or proposals."""
    counts = Counter(edge.standing for _, edge in load_hierarchy().edges())
    return (
        f"{counts.total()} edges between {len(load_hierarchy().quantities)} quantities: "
        f"{counts['published']} published, {counts['direction']} published in direction with a "
        f"proposed size, {counts['proposal']} proposals."
    )


def edges_table() -> Table:
    """Every edge of the hierarchy."""
    table = Table(title=standing(), title_justify="left", expand=True)
    for heading in ("from", "to", ""):
        table.add_column(heading, no_wrap=True)
    table.add_column("equation", ratio=3)
    table.add_column("source ([P]: proposal, not published)", ratio=4)
    for of, to, direction, equation, source in edge_rows():
        table.add_row(of, to, direction, Text(equation), _source(source))
    return table
