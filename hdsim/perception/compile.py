"""Perception programs as arrays: one column per operation kind and place, one row per driver.

A *slot* is (driver, kind, column). Every slot holds an operation's parameters, selector, course,
gain and noise key; empty slots hold neutral values, so that all drivers run through the same
arithmetic. When a program is replaced, an operation keeps its slot if layer, kind and selector are
the same; one that is gone fades to neutral in its old slot.

What acts is the *effective* value of a parameter, ``neutral + strength * (value - neutral)``, and
it moves linearly at no more than the rate of ``hdsim.perception.parameters``, whatever changed:
the program, the course or the driver's state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdsim.core import seeds
from hdsim.core.compiled import compiled
from hdsim.core.state import Bools, Floats, Ints
from hdsim.perception.catalogue import Operation, PerceptionProgram
from hdsim.perception.combine import UNBOUNDED_M
from hdsim.perception.parameters import KINDS, LAYERS, Kind
from hdsim.perception.strength import Strengths

_ANY = -1
_RELATIONS = {"any": _ANY, "lead": 1, "rear": 2, "beside": 3, "oncoming": 4, "crossing": 5}
SIGNALS = {"red": 0, "yellow": 1, "green": 2}
_WORDS = {**SIGNALS, **_RELATIONS}


@dataclass(slots=True)
class Columns:
    """The slots of one kind of operation, shape (D, M) each.

    Attributes:
        kind: What the kind's parameters are.
        table: Effective parameters in the order of the kind, shape (P, D, M); follows every tick.
        value: The same by name; views.
        raw: Parameters without a neutral value (time constants and the like), by name.
        key: Noise key of the slot's operation.
        used: Slots that hold an operation of the present program.
        label: Its layer and the traits or states it stands for, as ``layer: cause``.
        relation: Selected ``Relation``, -1 for any, int8.
        near: Nearest selected distance [m].
        far: Farthest selected distance [m].
        right: Right limit of the selected bearing sector [rad].
        left: Left limit [rad].
        selects: Whether any driver selects objects at all.
        selects_sector: Whether any driver selects by bearing.
    """

    kind: Kind
    table: Floats
    value: dict[str, Floats]
    raw: dict[str, Floats]
    key: NDArray[np.uint64]
    used: Bools
    label: NDArray[np.object_]
    relation: NDArray[np.int8]
    near: Floats
    far: Floats
    right: Floats
    left: Floats
    strength: Floats
    selects: bool = False
    selects_sector: bool = False

    @property
    def count(self) -> int:
        """Number of columns (M)."""
        return int(self.used.shape[1])

    def mark_selectors(self) -> None:
        """Find out which selectors are used at all."""
        self.selects_sector = bool(((self.right > -np.pi) | (self.left < np.pi)).any())
        self.selects = self.selects_sector or bool(
            ((self.relation != _ANY) | (self.near > 0.0) | (self.far < UNBOUNDED_M)).any()
        )

    @classmethod
    def unused(cls, name: str, drivers: int, m: int = 0) -> Columns:
        """``m`` slots of a kind that hold no operation."""
        kind, shape = KINDS[name], (drivers, m)
        table = np.empty((len(kind.scaled), *shape))
        for values, p in zip(table, kind.scaled, strict=True):
            values[:] = p.neutral
        return cls(
            kind=kind,
            table=table,
            value=_by_name(kind, table),
            raw={name: np.full(shape, fill) for name, fill in kind.raw.items()},
            key=np.zeros(shape, dtype=np.uint64),
            used=np.zeros(shape, dtype=np.bool_),
            label=np.full(shape, "", dtype=np.object_),
            relation=np.full(shape, _ANY, dtype=np.int8),
            near=np.zeros(shape),
            far=np.full(shape, UNBOUNDED_M),
            right=np.full(shape, -np.pi),
            left=np.full(shape, np.pi),
            strength=np.zeros(shape),
        )


class CompiledPrograms:
    """All drivers' programs as arrays that live through a drive.

    Attributes:
        columns: Slots by kind of operation; kinds that no driver ever used are absent.
        active: Kinds with an effective value off neutral this tick.
        version: Counts changes of programs.
    """

    def __init__(self, driver_names: Sequence[str], seed: int) -> None:
        self.names, self.seed = tuple(driver_names), seed
        self.columns: dict[str, Columns] = {}
        self.active: frozenset[str] = frozenset()
        self.version = 0
        self._ids: dict[str, list[list[tuple[Any, ...] | None]]] = {}
        self._span: dict[str, slice] = {}
        self._starts: list[int] = []
        self._reach: Floats = np.zeros((0, 0))
        self._first_operation: dict[str, int] = {}
        self._strengths = Strengths(len(self.names), 0)
        self._layout([])
        self._started = False
        self._settled = False

    def replace(self, programs: Mapping[int, Sequence[PerceptionProgram]]) -> None:
        """Give drivers new programs; takes effect from the next ``advance``.

        Args:
            programs: The layers' programs by driver index (0..D-1). Drivers not named keep theirs.
        """
        wanted = {d: _identified(layers) for d, layers in programs.items()}
        placed = {d: self._place(d, operations) for d, operations in wanted.items()}
        widths = {kind: max(len(r) for r in rows) for kind, rows in self._ids.items()}
        if any(k not in self.columns or self.columns[k].count < m for k, m in widths.items()):
            self._layout([(k, widths[k]) for k in KINDS if widths.get(k)])
        for d, slots in placed.items():
            for kind, columns in self.columns.items():
                columns.used[d] = False
                s = self._span[kind]
                width, params = columns.count, len(columns.kind.scaled)
                self._goal[d, s.start : s.start + width * params] = self._neutral[
                    s.start : s.start + width * params
                ]
            for (kind, m), (identity, operation) in slots.items():
                self._write(d, kind, m, identity, operation)
        for columns in self.columns.values():
            columns.mark_selectors()
        self._reach = self._goal - self._neutral
        self.version += 1
        self._settled = False

    def acting(self, kind: str, parameter: str, m: int) -> Bools:
        """For whom a parameter of a column is, or is on its way, off neutral, shape (D,)."""
        columns = self.columns[kind]
        p = [q.name for q in columns.kind.scaled].index(parameter)
        at = self._span[kind].start + p * columns.count + m
        neutral, now = self._neutral[at], columns.value[parameter][:, m]
        return np.asarray((now != neutral) | (self._goal[:, at] != neutral))

    def advance(self, time: float, step_s: float, states: Mapping[str, Floats]) -> None:
        """Move every effective parameter on by one tick.

        Args:
            time: Scenario time [s].
            step_s: Time since the last tick [s].
            states: The driver states that gains use, by name, shape (D,) each.

        Raises:
            ValueError: If a gain names a state that is not given.
        """
        started, self._started = self._started, True
        if self._settled or not self.columns:
            return
        self._strength[:] = self._strengths.at(time, states)
        most = self._rate * step_s if started else np.full(len(self._rate), np.inf)
        moved, arrived = _advance(
            self._now, self._place_of, self._stride, self._strength, self._operation, self._reach,
            self._neutral, most,
        )  # fmt: skip
        acting = np.logical_or.reduceat(moved, self._starts)
        self.active = frozenset(compress(self._span, acting.tolist()))
        self._settled = not self._strengths.varies and arrived

    def _place(
        self, d: int, operations: list[tuple[tuple[Any, ...], Operation]]
    ) -> dict[tuple[str, int], tuple[tuple[Any, ...], Operation]]:
        """Slots for a driver's operations, keeping those that stay."""
        wanted = {identity for identity, _ in operations}
        slots: dict[tuple[str, int], tuple[tuple[Any, ...], Operation]] = {}
        for identity, operation in operations:
            if operation.op not in self._ids:
                self._ids[operation.op] = [[] for _ in self.names]
            ids = self._ids[operation.op][d]
            if identity not in ids:
                free = (
                    m
                    for m, held in enumerate(ids)
                    if held not in wanted and self._is_neutral(d, operation.op, m)
                )
                m = next(free, len(ids))
                ids[m : m + 1] = [identity]
            slots[operation.op, ids.index(identity)] = (identity, operation)
        return slots

    def _is_neutral(self, d: int, kind: str, m: int) -> bool:
        if kind not in self.columns or m >= self.columns[kind].count:
            return not self._started
        columns = self.columns[kind]
        return all(columns.value[p.name][d, m] == p.neutral for p in columns.kind.scaled) and not (
            columns.used[d, m] and not self._started
        )

    def _write(
        self, d: int, kind: str, m: int, identity: tuple[Any, ...], operation: Operation
    ) -> None:
        columns, select = self.columns[kind], operation.select
        span = self._span[kind]
        for p, parameter in enumerate(columns.kind.scaled):
            self._goal[d, span.start + p * columns.count + m] = getattr(operation, parameter.name)
        for name in columns.kind.raw:
            value = getattr(operation, name)
            columns.raw[name][d, m] = _WORDS[value] if isinstance(value, str) else value
        columns.used[d, m] = True
        columns.label[d, m] = f"{identity[0]}: {operation.cause or 'program'}"
        columns.key[d, m] = seeds.key(self.seed, self.names[d], *identity)
        columns.relation[d, m] = _RELATIONS[select.relation]
        columns.near[d, m], columns.far[d, m] = select.range_m
        columns.right[d, m], columns.left[d, m] = np.radians(select.sector_deg)
        first = self._first_operation[kind]
        course_key = seeds.key(self.seed, self.names[d], identity[0], "course")
        self._strengths.set(d, first + m, operation, course_key)

    def _layout(self, widths: list[tuple[str, int]]) -> None:
        """Allocate arrays for the given numbers of columns, keeping what is there."""
        old_columns, old_span, old_first = self.columns, self._span, self._first_operation
        old, old_strengths = self._goal if old_columns else None, self._strengths
        count, drivers = sum(m for _, m in widths), len(self.names)
        neutral: list[float] = []
        rate: list[float] = []
        operation: list[int] = []
        span: dict[str, slice] = {}
        self._first_operation = {}
        first = 0
        for kind, m in widths:
            self._first_operation[kind] = first
            start = len(neutral)
            for parameter in KINDS[kind].scaled:
                neutral += [parameter.neutral] * m
                rate += [parameter.rate_per_s] * m
                operation += range(first, first + m)
            span[kind] = slice(start, len(neutral))
            first += m
        self._neutral, self._rate = np.array(neutral), np.array(rate)
        self._operation: Ints = np.array(operation, dtype=np.int64)
        # By parameter, in it by driver, in it by column, so that each parameter is one array.
        self._now: Floats = np.repeat(self._neutral, drivers)
        self._goal: Floats = np.tile(self._neutral, (drivers, 1))
        self._place_of, self._stride = _places(widths, drivers)
        self._strength: Floats = np.zeros((drivers, count))
        self._reach = np.zeros_like(self._goal)
        self._strengths = Strengths(drivers, count)
        self._span, self._starts = span, [s.start for s in span.values()]
        self.columns = {}
        for kind, m in widths:
            self.columns[kind] = new = self._empty(kind, m, span[kind])
            if old is None or kind not in old_columns:
                continue
            before = old_columns[kind]
            n = before.count
            for p in range(len(new.kind.scaled)):
                a, b = span[kind].start + p * m, old_span[kind].start + p * n
                self._goal[:, a : a + n] = old[:, b : b + n]
            for name, array in before.value.items():
                new.value[name][:, :n] = array
            for name, array in before.raw.items():
                new.raw[name][:, :n] = array
            for name in ("key", "used", "label", "relation", "near", "far", "right", "left"):
                getattr(new, name)[:, :n] = getattr(before, name)
            at = self._first_operation[kind]
            self._strengths.copy_from(old_strengths, at, old_first[kind], n)

    def _empty(self, name: str, m: int, span: slice) -> Columns:
        columns, drivers = Columns.unused(name, len(self.names), m), len(self.names)
        now = self._now[drivers * span.start : drivers * span.stop]
        columns.table = now.reshape(columns.table.shape)
        columns.value = _by_name(columns.kind, columns.table)
        first = self._first_operation[name]
        columns.strength = self._strength[:, first : first + m]
        return columns


def _by_name(kind: Kind, table: Floats) -> dict[str, Floats]:
    return {p.name: values for p, values in zip(kind.scaled, table, strict=True)}


def compile_programs(
    programs: Sequence[Sequence[PerceptionProgram]], driver_names: Sequence[str], seed: int
) -> CompiledPrograms:
    """Programs of all drivers as arrays.

    Args:
        programs: For each driver the programs of its layers.
        driver_names: Stable names, one per driver; noise is keyed by them.
        seed: Seed of the scenario.
    """
    compiled = CompiledPrograms(driver_names, seed)
    compiled.replace(dict(enumerate(programs)))
    return compiled


def _places(widths: Sequence[tuple[str, int]], drivers: int) -> tuple[Ints, Ints]:
    """Where the first driver's value of each parameter column lies, and how far on the next one's.

    Shape (N,) each.
    """
    place, stride, start = list[int](), list[int](), 0
    for kind, m in widths:
        for _ in KINDS[kind].scaled:
            place += range(start, start + m)
            stride += [m] * m
            start += drivers * m
    return np.array(place, dtype=np.int64), np.array(stride, dtype=np.int64)


@compiled
def _advance(
    now: Floats,
    place: Ints,
    stride: Ints,
    strength: Floats,
    operation: Ints,
    reach: Floats,
    neutral: Floats,
    most: Floats,
) -> tuple[Bools, bool]:
    """Move parameters towards what their operations' strengths ask for.

    Args:
        now: By parameter column and driver, shape (N D,); changed in place.
        place: Where the first driver's value of each column lies in it, shape (N,).
        stride: How far on the next driver's, shape (N,).
        strength: By driver and operation, shape (D, M).
        operation: Operation of each column, shape (N,).
        reach: Parameter at full strength minus neutral, shape (D, N).
        neutral: Shape (N,).
        most: How far each may move, shape (N,).

    Returns:
        Parameters off neutral for any driver, shape (N,), and whether all are where they should be.
    """
    moved, arrived = np.zeros(len(neutral), np.bool_), True
    for i in range(strength.shape[0]):
        for p in range(len(neutral)):
            at = place[p] + i * stride[p]
            goal = strength[i, operation[p]] * reach[i, p] + neutral[p]
            value = min(max(goal, now[at] - most[p]), now[at] + most[p])
            now[at] = value
            if value != neutral[p]:
                moved[p] = True
            if value != goal:
                arrived = False
    return moved, arrived


def _identified(
    programs: Sequence[PerceptionProgram],
) -> list[tuple[tuple[Any, ...], Operation]]:
    """Operations with what names them: layer, kind, selector, and which of several alike."""
    found: dict[tuple[Any, ...], int] = {}
    operations = []
    for program in sorted(programs, key=lambda p: LAYERS.index(p.layer)):
        for operation in program.operations:
            alike = (program.layer, operation.op, operation.select.model_dump_json())
            found[alike] = found.get(alike, -1) + 1
            operations.append(((*alike, found[alike]), operation))
    return operations
