"""Scores of the CARLA Leaderboard 1.0, under its names.

Sources: github.com/carla-simulator/leaderboard, leaderboard/utils/statistics_manager.py and
leaderboard/scenarios/route_scenario.py (branch leaderboard-1.0), and scenario_runner's
atomic_criteria.py.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from hdsim.core.state import Roster
from hdsim.events.event import Event, Kind

PENALTY_PEDESTRIAN = 0.50
PENALTY_VEHICLE = 0.60
PENALTY_STATIC = 0.65
PENALTY_RED_LIGHT = 0.70
_SECONDS_PER_METRE = 0.8
_INITIAL_S = 5.0


def timeout_s(route_length_m: float) -> float:
    """Game time allowed for a route [s]: 0.8 s per metre plus 5 s, whole seconds."""
    return float(int(_SECONDS_PER_METRE * route_length_m + _INITIAL_S))


@dataclass(frozen=True, slots=True)
class Scores:
    """Leaderboard 1.0 scores of one drive.

    Attributes:
        route_completion_pct: Share of the route [%]; ``None`` for a drive without one.
        infraction_penalty: Product of the penalties, 0 to 1.
        driving_score: Their product [%]; ``None`` without a route.
        collisions_pedestrian: Number of infractions of each kind, as the next three.
        collisions_vehicle: See above.
        collisions_static: See above.
        red_lights: See above.
        off_road_share: Share of the completed route driven outside the lanes, 0 to 1.
    """

    route_completion_pct: float | None
    infraction_penalty: float
    driving_score: float | None
    collisions_pedestrian: int
    collisions_vehicle: int
    collisions_static: int
    red_lights: int
    off_road_share: float


def score(
    events: Iterable[Event],
    roster: Roster,
    route_completion_pct: float | None,
    off_road_share: float,
) -> Scores:
    """Scores from the ego's events.

    Stop signs have no penalty yet.

    Args:
        events: All events; those without the ego count for nothing.
        roster: Who takes part.
        route_completion_pct: See ``Scores``.
        off_road_share: See ``Scores``; the penalty is one minus it.
    """
    counts: Counter[str] = Counter()
    for event in events:
        if event.a != roster.ego:
            continue
        if event.kind is Kind.COLLISION:
            on_foot = event.b in roster.walkers
            counts["static" if event.b < 0 else "pedestrian" if on_foot else "vehicle"] += 1
        elif event.kind is Kind.RED_LIGHT:
            counts["red"] += 1
    penalty = math.prod(
        (
            PENALTY_PEDESTRIAN ** counts["pedestrian"],
            PENALTY_VEHICLE ** counts["vehicle"],
            PENALTY_STATIC ** counts["static"],
            PENALTY_RED_LIGHT ** counts["red"],
            1.0 - off_road_share,
        )
    )
    driving = None if route_completion_pct is None else route_completion_pct * penalty
    return Scores(
        route_completion_pct=route_completion_pct,
        infraction_penalty=penalty,
        driving_score=driving,
        collisions_pedestrian=counts["pedestrian"],
        collisions_vehicle=counts["vehicle"],
        collisions_static=counts["static"],
        red_lights=counts["red"],
        off_road_share=off_road_share,
    )
