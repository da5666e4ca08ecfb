"""The control arm without perception: a profile as parameters of CARLA's Traffic Manager.

The Traffic Manager has parameters for what a driver does and none for what it sees, so only the
enduring traits have a counterpart. Without traits its own defaults stay.
"""

from __future__ import annotations

from collections.abc import Iterator

from hdsim.driver.profile import DriverProfile
from hdsim.guidance.schedule import Schedule
from hdsim.record.run import Run
from hdsim.world.tm_traffic import TrafficManagerParameters

# What a trait at full strength adds to the defaults. The targets are those of the offline tables
# (desired speed 10 % above the limit for aggressive drivers, below it for cautious ones, more and
# fewer lane changes); how they are split over these parameters is a proposal [P].
_ADDED = {
    "aggressiveness": TrafficManagerParameters(-40.0, -1.0, 5.0),
    "sensation_seeking": TrafficManagerParameters(-10.0, -0.2, 1.0),
    "caution": TrafficManagerParameters(5.0, 3.0, 0.0),
}
# From this caution on nobody overtakes any more [P].
_KEEPS_LANE = 0.5
_LEAST_DISTANCE_M = 0.5


def traffic_manager_parameters(profile: DriverProfile) -> TrafficManagerParameters:
    """The parameters that come nearest to a profile, linear in each trait."""
    traits = profile.personality
    default = TrafficManagerParameters()

    def with_traits(parameter: str) -> float:
        value: float = getattr(default, parameter)
        for trait, added in _ADDED.items():
            value += getattr(traits, trait) * getattr(added, parameter)
        return value

    return TrafficManagerParameters(
        speed_difference_pct=with_traits("speed_difference_pct"),
        distance_m=max(with_traits("distance_m"), _LEAST_DISTANCE_M),
        lane_change_pct=with_traits("lane_change_pct"),
        auto_lane_change=traits.caution < _KEEPS_LANE,
    )


def unheard_traits(profile: DriverProfile) -> tuple[str, ...]:
    """Dotted keys of traits that the Traffic Manager has no parameter for, sorted."""
    changed = {
        f"{part}.{key}"
        for part in ("personality", "physiology", "attention")
        for key in getattr(profile, part).model_dump(exclude_defaults=True)
    }
    return tuple(sorted(changed - {f"personality.{trait}" for trait in _ADDED}))


def notes(run: Run) -> Iterator[str]:
    """What the profiles of a run say in vain, where a Traffic Manager drove them."""
    driven = {
        name
        for task in run.tasks
        if task["traffic"].get("driven_by") == "traffic_manager"
        for name in task["drivers"]
    }
    for name in sorted(driven):
        schedule = Schedule.from_json(run.schedule_json(name), f"{run.path}/guidance/{name}.json")
        if vain := unheard_traits(schedule.profile):
            yield (
                f"profile {name!r}: the Traffic Manager that drove it has no parameter for "
                f"{', '.join(vain)}"
            )
