"""Thresholds of the detectors; each default with its source."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

_FROZEN = ConfigDict(extra="forbid", frozen=True)


class NearMissThresholds(BaseModel):
    """When an encounter of the ego with another vehicle counts as a near miss."""

    model_config = _FROZEN

    ttc_s: float = Field(
        default=1.5,
        gt=0,
        le=10,
        description="Time to collision below this is serious [s] (van der Horst 1991; SSAM).",
    )
    pet_s: float = Field(
        default=1.0,
        gt=0,
        le=5,
        description="Post-encroachment time below this is serious [s] (Allen 1978; FHWA SSAM).",
    )
    drac_mps2: float = Field(
        default=3.35,
        gt=0,
        le=20,
        description="Deceleration to avoid the crash above this is serious [m/s^2] (Archer 2005).",
    )


class Thresholds(BaseModel):
    """All detector thresholds."""

    model_config = _FROZEN

    near_miss: NearMissThresholds = NearMissThresholds()
    same_collision_s: float = Field(
        default=5.0,
        ge=0,
        le=60,
        description="Hits of one pair within this time of the last count once [s] "
        "(scenario_runner, CollisionTest).",
    )
    off_road_m: float = Field(
        default=0.5,
        ge=0,
        le=10,
        description="A centre farther than this outside its lane is off the road [m] "
        "(scenario_runner, OutsideRouteLanesTest).",
    )
    wrong_way_rad: float = Field(
        default=2.0943951023931953,
        gt=0,
        le=3.141592653589793,
        description="Heading this far from the lane's is the wrong way [rad]; 120 degrees "
        "(scenario_runner, OutsideRouteLanesTest).",
    )
    route_deviation_m: float = Field(
        default=30.0,
        gt=0,
        le=500,
        description="Farther than this from the route ends the run [m] (Leaderboard v1).",
    )
    blocked_speed_mps: float = Field(
        default=0.1,
        gt=0,
        le=5,
        description="Slower than this counts as standing [m/s] (Leaderboard v1, ActorBlockedTest).",
    )
    blocked_s: float = Field(
        default=180.0,
        gt=0,
        le=3600,
        description="Standing so long ends the run as blocked [s] (Leaderboard v1).",
    )
