"""What an answer says about one kind of operation, and when two answers say the same.

A *setting* is everything an answer does with one kind: on whom, how and how strongly; the empty
setting says that the kind is absent. Two settings agree if they do the same to the same relations
and each effect has the same direction and a size within a factor of two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hdsim.perception.catalogue import MisreadSignal, Operation
from hdsim.perception.parameters import KINDS

# [P] Effects of the same direction agree if neither is more than this many times the other.
FACTOR = 2.0


@dataclass(frozen=True, slots=True, order=True)
class Effect:
    """One operation without its wording.

    Attributes:
        where: Relation, kind of time course and, for signals, which is taken for which.
        sizes: What each parameter with a neutral value adds to it, in its unit.
    """

    where: tuple[str, ...]
    sizes: tuple[float, ...]


Setting = tuple[Effect, ...]
Settings = Mapping[str, Setting]
ABSENT: Setting = ()


def settings(operations: Iterable[Operation]) -> dict[str, Setting]:
    """The setting of every kind that is present; operations that do nothing are not."""
    found: dict[str, list[Effect]] = {}
    for operation in operations:
        sizes = tuple(
            round(float(getattr(operation, p.name)) - p.neutral, 9)
            for p in KINDS[operation.op].scaled
        )
        if any(sizes):
            where: list[str] = [operation.select.relation, operation.course.course]
            if isinstance(operation, MisreadSignal):
                where += [operation.actual, operation.seen]
            found.setdefault(operation.op, []).append(Effect(tuple(where), sizes))
    return {kind: tuple(sorted(found[kind])) for kind in sorted(found)}


def agree(a: Setting, b: Setting) -> bool:
    """Whether two settings of one kind say the same; symmetric, but not transitive."""
    return len(a) == len(b) and all(
        x.where == y.where and _difference(x, y) <= 1.0 - 1.0 / FACTOR
        for x, y in zip(a, b, strict=True)
    )


def distance(a: Setting, b: Setting) -> float:
    """How far two settings of one kind are apart: 0 the same, 1 nothing in common."""
    rest = list(b)
    far = []
    for effect in a:
        partners = [other for other in rest if other.where == effect.where]
        if partners:
            nearest = min(partners, key=lambda other: (_difference(effect, other), other))
            rest.remove(nearest)
            far.append(_difference(effect, nearest))
        else:
            far.append(1.0)
    far += [1.0] * len(rest)
    return sum(far) / len(far) if far else 0.0


def program_distance(a: Settings, b: Settings) -> float:
    """Mean distance over the kinds that at least one of two programs uses; 0 for two empty ones."""
    used = sorted({*a, *b})
    far = [distance(a.get(kind, ABSENT), b.get(kind, ABSENT)) for kind in used]
    return sum(far) / len(far) if far else 0.0


def same_program(a: Settings, b: Settings) -> bool:
    """Whether two programs agree in every kind."""
    return a.keys() == b.keys() and all(agree(a[kind], b[kind]) for kind in a)


def _difference(a: Effect, b: Effect) -> float:
    """Largest difference of a parameter's effect, relative to the larger one; at most 1."""
    return max(
        min(1.0, abs(x - y) / max(abs(x), abs(y))) if x or y else 0.0
        for x, y in zip(a.sizes, b.sizes, strict=True)
    )
