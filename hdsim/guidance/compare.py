"""What differs between two programs, and between two schedules."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from hdsim.guidance.prose import paragraph
from hdsim.guidance.schedule import Schedule
from hdsim.perception.catalogue import Operation, PerceptionProgram


def program_differences(a: PerceptionProgram, b: PerceptionProgram) -> list[str]:
    """One line for each operation that only one has, and for each value that differs.

    Operations are the same where kind, relation and course are; of several the first goes with
    the first. Where a number comes from is not compared.
    """
    left, right = _named(a), _named(b)
    found = []
    for name in dict.fromkeys([*left, *right]):
        if name not in right:
            found.append(f"- {name}: {_values(left[name])}")
        elif name not in left:
            found.append(f"+ {name}: {_values(right[name])}")
        else:
            one, other = _flat(left[name]), _flat(right[name])
            keys = dict.fromkeys([*one, *other])
            found += [
                f"~ {name}: {key} {one.get(key)} -> {other.get(key)}"
                for key in keys
                if one.get(key) != other.get(key)
            ]
    return found


def schedule_differences(a: Schedule, b: Schedule) -> Iterator[tuple[str, list[str]]]:
    """Places where two schedules differ, each with its lines; nothing where they are the same."""
    words: list[tuple[str, str, str]] = [("description", a.description, b.description)]
    for layer, text in a.policies.model_dump().items():
        words.append((f"policy of {layer}", text, getattr(b.policies, layer)))
    for place, one, other in words:
        if one != other:
            yield place, [f"- {one}", f"+ {other}"]
    for place, (left, right) in _pairs(a, b):
        if left is None or right is None:
            program, sign = (right, "+") if left is None else (left, "-")
            yield place, [f"{sign} {paragraph(program)}"] if program else []
        elif lines := program_differences(left, right):
            yield place, lines


_Pair = tuple[PerceptionProgram | None, PerceptionProgram | None]


def _pairs(a: Schedule, b: Schedule) -> Iterator[tuple[str, _Pair]]:
    yield "L1 personality", (a.personality, b.personality)
    seen = set()
    periods = max(len(a.cells), len(b.cells))
    for period in range(periods):
        for bin_, standing in enumerate(("", ", standing still")):
            cells = [s.cells[min(period, len(s.cells) - 1)] for s in (a, b)]
            pair = tuple(cell[min(bin_, len(cell) - 1)] for cell in cells)
            if pair not in seen:
                seen.add(pair)
                place = f"L2 physiology from {period * a.period_s:g} s{standing}"
                yield place, (a.physiology[pair[0]], b.physiology[pair[1]])
    yield "L2 physiology by anger and hurry", (a.moods, b.moods)
    for i, (left, right) in enumerate(zip_longest(a.attention, b.attention)):
        yield f"L3 attention (entry {i + 1})", (left, right)


def _named(program: PerceptionProgram) -> dict[str, Operation]:
    found: dict[str, Operation] = {}
    for operation in program.operations:
        words: list[str] = [operation.op, operation.select.relation, operation.course.course]
        if operation.op == "misread_signal":
            words.append(operation.actual)
        name = " ".join(w for w in words if w not in ("any", "constant"))
        while name in found:
            name += " (another)"
        found[name] = operation
    return found


def _flat(operation: Operation) -> dict[str, Any]:
    data = operation.model_dump(mode="json", exclude={"source", "cause", "op"})
    flat: dict[str, Any] = {}
    for key, value in data.items():
        inner = value if isinstance(value, dict) else {}
        flat |= {f"{key}.{k}": v for k, v in inner.items()} if inner else {key: value}
    return flat


def _values(operation: Operation) -> str:
    data = operation.model_dump(
        mode="json",
        exclude_defaults=True,
        exclude={"source", "cause", "op", "select", "course", "gain"},
    )
    return ", ".join(f"{k} {v}" for k, v in data.items()) or "as by default"
