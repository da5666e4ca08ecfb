"""``drivers.md``: the driver hierarchy and the secondary tasks."""

from __future__ import annotations

from collections.abc import Sequence

from hdsim.driver import show
from hdsim.driver.hierarchy import GROUPS, LAYER_OF, RULES, Quantity, load_hierarchy
from writers.markdown import cell, table


def driver_edges() -> str:
    """Every edge of the driver hierarchy, by the group of its target."""
    parts = [f"{show.standing()}\n"]
    hierarchy = load_hierarchy()
    for group in GROUPS:
        quantities = hierarchy.of_group(group)
        rows = [(f"`{q.name}`", *_quantity(q)) for q in quantities]
        head = ("quantity", "normal", "bounds", "unit", "", "source")
        parts.append(f"### {group.capitalize()} ({LAYER_OF[group]})\n\n{table(head, rows)}")
        edges = [(q, e) for q in quantities for e in q.edges]
        rows = [
            (f"`{e.of}`", f"`{q.name}`", e.direction, e.text(q.rule), cell(e.source))
            for q, e in edges
        ]
        if rows:
            parts.append(table(("from", "to", "", "equation", "source"), rows))
    return "\n".join(parts)


def _quantity(q: Quantity) -> Sequence[str]:
    composed = "" if q.rule == "given" else f" {RULES[q.rule].capitalize()}."
    return (
        f"{q.normal:g}", "{:g} to {:g}".format(*q.bounds), q.unit, f"{q.meaning}{composed}",
        cell(q.source),
    )  # fmt: skip


def driver_tasks() -> str:
    """Secondary tasks: glances and loads."""
    rows = [
        (
            task.kind,
            f"`{name}`",
            "on the road" if task.glance_median_s is None
            else f"{task.glance_median_s:g} ({task.glance_sigma:g})",
            "" if task.glance_median_s is None else f"{task.on_road_s:g}",
            "one glance" if task.one_glance else f"{task.episode_s:g}",
            f"{task.cognitive_load:g}",
            f"{task.manual_load:g}",
            cell(task.source),
        )
        for name, task in load_hierarchy().tasks.items()
    ]  # fmt: skip
    head = ("kind", "task", "glance, median s (log SD)", "between, s", "episode, s")
    return table((*head, "cognitive load", "manual load", "source"), rows)
