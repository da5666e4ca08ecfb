"""NPCs driven by a Traffic Manager of their own, so that the ego's sees them as it sees any car."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hdsim.world.session import Session, Vehicle


@dataclass(frozen=True, slots=True)
class TrafficManagerParameters:
    """How one vehicle is driven; the defaults are the Traffic Manager's own (CARLA 0.9.16).

    Attributes:
        speed_difference_pct: How far below the speed limit it drives [%]; negative: above.
        distance_m: Least distance to the leader [m].
        lane_change_pct: Chance of a lane change to either side for no reason [%].
        auto_lane_change: Whether it overtakes.
    """

    speed_difference_pct: float = 30.0
    distance_m: float = 2.0
    lane_change_pct: float = 0.0
    auto_lane_change: bool = True


def hand_over(
    session: Session,
    actors: Sequence[Vehicle],
    parameters: Sequence[TrafficManagerParameters],
    seed: int,
    port: int,
) -> None:
    """Gives vehicles to a new Traffic Manager, each with its parameters.

    Args:
        session: The session whose client runs the Traffic Manager.
        actors: The vehicles.
        parameters: One for each.
        seed: The Traffic Manager's random seed.
        port: Its port, not that of another one.
    """
    tm = session.traffic_manager(port, seed)
    for actor, wanted in zip(actors, parameters, strict=True):
        actor.set_autopilot(True, port)
        tm.vehicle_percentage_speed_difference(actor, wanted.speed_difference_pct)
        tm.distance_to_leading_vehicle(actor, wanted.distance_m)
        tm.random_left_lanechange_percentage(actor, wanted.lane_change_pct)
        tm.random_right_lanechange_percentage(actor, wanted.lane_change_pct)
        tm.auto_lane_change(actor, wanted.auto_lane_change)
