"""The hierarchy of a driver: named quantities, and the equations by which one moves another.

Groups follow each other from who the driver is to what perception does: **dispositions** (the
paper's L1, personality) and the **circumstances** of the day, **states** (L2, physiology),
**attention** (L3), cognitive **factors**. An edge leads forward, or within its group, and the whole
is a graph without cycles. ``hdsim.guidance.operations`` turns factors into operations.

The quantities are data: the files of ``quantities/``. A quantity has a unit, bounds, its value for
an ordinary driver (``normal``) and for an ideal observer (``ideal``), and a rule by which its edges
compose. An edge is a curve from a quantity to its contribution, linear between knots and held
outside, or an equation of ``hdsim.driver.layers`` and ``hdsim.driver.moods``, said in words. It has
a source, or [P] where there is none, and the direction in which its target moves when its origin
rises.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Self, get_args

import networkx as nx
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hdsim.core.yaml_input import load_yaml, validate

Group = Literal["dispositions", "circumstances", "states", "attention", "factors"]
GROUPS: tuple[Group, ...] = get_args(Group)
# The paper's layers. Circumstances are what the states of the second begin with.
LAYER_OF: dict[Group, str] = {
    "dispositions": "L1 personality",
    "circumstances": "L2 physiology",
    "states": "L2 physiology",
    "attention": "L3 attention",
    "factors": "what the layers do to cognition",
}
Rule = Literal["given", "sum", "product", "spread", "chance"]
# What an edge contributes where it changes nothing.
IDENTITY: dict[Rule, float] = {"sum": 0.0, "product": 1.0, "spread": 0.0, "chance": 0.0}
RULES: dict[Rule, str] = {
    "given": "as given, or by an equation",
    "sum": "contributions add to the normal value",
    "product": "contributions multiply it",
    "spread": "each contribution is the rise of the SD by that cause alone; causes are independent",
    "chance": "independent chances",
}
PROPOSAL = "[P]"
FOLDER = Path(__file__).with_name("quantities")


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Edge(_Data):
    """One quantity moves another.

    Attributes:
        of: The origin.
        curve: Contribution to the target by value of the origin.
        equation: For an edge computed by code: the equation in words.
        direction: Where the target goes when the origin rises.
        source: Where size and direction come from.
    """

    of: str
    curve: dict[float, float] = {}
    equation: str = ""
    direction: Literal["up", "down"]
    source: str = Field(min_length=3)

    @property
    def standing(self) -> Literal["published", "direction", "proposal"]:
        """Whether size and direction are published, the direction alone, or neither."""
        if PROPOSAL not in self.source:
            return "published"
        return "direction" if "direction:" in self.source else "proposal"

    def text(self, rule: Rule) -> str:
        """The equation, readable."""
        if self.equation:
            return self.equation
        knots = sorted(self.curve.items())
        sign = "x" if rule == "product" else "" if rule == "chance" else "+"

        def value(y: float) -> str:
            return f"{sign}{y:g}" if sign != "+" else f"{y:+g}"

        if len(knots) == 2 and knots[0][0] == 0.0 and knots[1][0] == 1.0 and rule == "sum":
            return f"{knots[1][1]:+g} * {self.of}"
        return ", ".join(f"{value(y)} at {x:g}" for x, y in knots)


class Quantity(_Data):
    """A named quantity of a driver.

    Attributes:
        name: Its key in the file.
        group: Its file's.
        unit: Empty for pure numbers.
        meaning: In a sentence.
        bounds: Least and greatest value; what is composed is held within them.
        normal: Of an ordinary, alert driver.
        ideal: Of an ideal observer (``baseline: none``); ``normal`` if left out.
        rule: How contributions add up.
        source: Of ``normal`` and ``bounds``.
        edges: What moves it.
    """

    name: str = ""
    group: Group = "factors"
    unit: str = ""
    meaning: str
    bounds: tuple[float, float]
    normal: float
    ideal: float | None = None
    rule: Rule = "given"
    source: str = ""
    edges: tuple[Edge, ...] = ()

    @property
    def for_ideal(self) -> float:
        """Value of an ideal observer."""
        return self.normal if self.ideal is None else self.ideal

    @model_validator(mode="after")
    def _sound(self) -> Self:
        low, high = self.bounds
        if not low <= self.normal <= high or not low <= self.for_ideal <= high:
            raise ValueError(f"normal and ideal within {low:g} to {high:g}")
        for edge in self.edges:
            if (self.rule == "given") != bool(edge.equation) or bool(edge.curve) == bool(
                edge.equation
            ):
                raise ValueError(f"edge of {edge.of!r}: a curve, or for `given` an equation")
            rises = edge.direction == "up"
            values = [y for _, y in sorted(edge.curve.items())]
            if any((b < a) if rises else (b > a) for a, b in pairwise(values)) or (
                values and values[0] == values[-1]
            ):
                raise ValueError(f"edge of {edge.of!r}: a curve that goes {edge.direction}")
        return self


class Task(_Data):
    """A secondary task: what one kind of distraction does while it lasts.

    Attributes:
        kind: Of ``attention.distraction``.
        glance_median_s: Off-road glances, lognormal [s]; ``None`` where the eyes stay on the road.
        glance_sigma: Their log standard deviation.
        on_road_s: Looks at the road between them [s].
        episode_s: Median length of an episode [s].
        one_glance: An episode is a single glance.
        cognitive_load: The quantity of that name meanwhile.
        manual_load: The quantity of that name meanwhile.
        source: Of the numbers.
    """

    kind: str
    glance_median_s: float | None = Field(default=None, gt=0.0, le=4.0)
    glance_sigma: float = Field(default=0.4, ge=0.0, le=1.5)
    on_road_s: float = Field(default=1.0, ge=0.1, le=10.0)
    episode_s: float = Field(gt=0.0, le=60.0)
    one_glance: bool = False
    cognitive_load: float = Field(default=0.0, ge=0.0, le=1.0)
    manual_load: float = Field(default=0.0, ge=0.0, le=1.0)
    source: str = Field(min_length=3)


class _QuantityFile(_Data):
    schema_: Literal[1] = Field(alias="schema")
    group: Group
    quantities: dict[str, Quantity]
    tasks: dict[str, Task] = {}


class Hierarchy:
    """Every quantity, in an order in which each comes after what moves it.

    Attributes:
        quantities: By name, in that order.
        tasks: Secondary tasks by name.
        graph: The same as a directed graph; nodes have ``group``, edges ``edge``.
    """

    def __init__(self, quantities: dict[str, Quantity], tasks: dict[str, Task]) -> None:
        self.graph: nx.DiGraph[str] = nx.DiGraph()
        for name, quantity in quantities.items():
            self.graph.add_node(name, group=quantity.group)
        for name, quantity in quantities.items():
            for edge in quantity.edges:
                _check(edge, quantity, quantities)
                self.graph.add_edge(edge.of, name, edge=edge)
        if not nx.is_directed_acyclic_graph(self.graph):
            cycle = " -> ".join(a for a, _ in nx.find_cycle(self.graph))
            raise ValueError(f"no cycle: {cycle}")
        place = {name: i for i, name in enumerate(quantities)}
        order = nx.lexicographical_topological_sort(
            self.graph, key=lambda n: (GROUPS.index(quantities[n].group), place[n])
        )
        self.quantities = {name: quantities[name] for name in order}
        self.tasks = tasks

    def edges(self) -> list[tuple[Quantity, Edge]]:
        """Every edge with its target."""
        return [(q, e) for q in self.quantities.values() for e in q.edges]

    def of_group(self, group: Group) -> list[Quantity]:
        """Quantities of a group."""
        return [q for q in self.quantities.values() if q.group == group]

    def tasks_of(self, kind: str) -> dict[str, Task]:
        """Secondary tasks of a kind of distraction."""
        return {name: task for name, task in self.tasks.items() if task.kind == kind}


def _check(edge: Edge, target: Quantity, quantities: dict[str, Quantity]) -> None:
    where = f"{edge.of} -> {target.name}"
    origin = quantities.get(edge.of)
    if origin is None:
        raise ValueError(f"{where}: no quantity {edge.of!r}")
    if GROUPS.index(origin.group) > GROUPS.index(target.group):
        raise ValueError(f"{where}: {origin.group} come after {target.group}")
    if not edge.curve:
        return
    at = interpolate(edge.curve, origin.normal)
    if at != IDENTITY[target.rule]:
        raise ValueError(f"{where}: changes something ({at:g}) at the normal {origin.normal:g}")
    low, high = origin.bounds
    if min(edge.curve) < low or max(edge.curve) > high:
        raise ValueError(f"{where}: knots outside {low:g} to {high:g}")


def interpolate(curve: dict[float, float], x: Any) -> Any:
    """A curve's value; linear between knots, held outside."""
    knots = sorted(curve)
    return np.interp(x, knots, [curve[k] for k in knots])


@cache
def load_hierarchy() -> Hierarchy:
    """The hierarchy that comes with HDSim.

    Raises:
        InputError: If one of its files is wrong.
    """
    quantities: dict[str, Quantity] = {}
    tasks: dict[str, Task] = {}
    files = {f.stem: validate(_QuantityFile, load_yaml(f)) for f in sorted(FOLDER.glob("*.yaml"))}
    for group in GROUPS:
        file = files[group]
        quantities |= {
            name: q.model_copy(update={"name": name, "group": group})
            for name, q in file.quantities.items()
        }
        tasks |= file.tasks
    return Hierarchy(quantities, tasks)
