"""Scenario rows to sums and means per group; infrastructure statuses stay apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hdsim.record.schema import Status

Row = Mapping[str, Any]
VERDICTS = ("ego_at_fault", "npc_at_fault", "shared", "unclear")


@dataclass(frozen=True, slots=True)
class Summary:
    """What the scenarios of one group came to.

    Attributes:
        group: The group's key, such as ``("normal", "traffic_manager")``.
        results: Scenarios that say something about the ego.
        without: Scenarios that ended by infrastructure, or were kept out.
        driving_score: Mean over results with a route [%]; ``None`` without any.
        route_completion_pct: As driving_score.
        km: Driven by the ego.
        collisions: By verdict, in the order of ``VERDICTS``.
        near_misses: Number.
        red_lights: Number.
        failures: Number.
    """

    group: tuple[str, ...]
    results: int
    without: int
    driving_score: float | None
    route_completion_pct: float | None
    km: float
    collisions: tuple[int, ...]
    near_misses: int
    red_lights: int
    failures: int

    @property
    def near_misses_per_km(self) -> float | None:
        """``None`` when nothing was driven."""
        return self.near_misses / self.km if self.km > 0.0 else None

    @property
    def ego_at_fault_per_100_km(self) -> float | None:
        """Collisions with the ego at fault per 100 km; ``None`` when nothing was driven."""
        return 100.0 * self.collisions[0] / self.km if self.km > 0.0 else None


def is_result(row: Row) -> bool:
    """Whether a scenario row says something about the ego."""
    return Status(row["status"]).is_result


def summarise(rows: Iterable[Row], group_by: Callable[[Row], tuple[str, ...]]) -> list[Summary]:
    """One summary per group, in order of first appearance."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(group_by(row), []).append(row)
    return [_summary(group, members) for group, members in groups.items()]


def _summary(group: tuple[str, ...], rows: list[Row]) -> Summary:
    results = [r for r in rows if is_result(r)]

    def total(name: str) -> int:
        return sum(r[name] or 0 for r in results)

    return Summary(
        group=group,
        results=len(results),
        without=len(rows) - len(results),
        driving_score=_mean(r["driving_score"] for r in results),
        route_completion_pct=_mean(r["route_completion_pct"] for r in results),
        km=sum(r["distance_m"] or 0.0 for r in results) / 1000.0,
        collisions=tuple(total(f"collisions_{v}") for v in VERDICTS),
        near_misses=total("near_misses"),
        red_lights=total("red_lights"),
        failures=total("failures"),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None
