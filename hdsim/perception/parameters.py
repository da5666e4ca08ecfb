"""Parameters of each kind of operation: neutral values and how fast they may change.

The rates are what "within plausible rates" means: how fast a belief about distances or speeds can
drift without the driver seeing the world jump. No published numbers were found; all rates are
proposals. They keep what a drifting factor adds to a perceived speed small: a gap of 30 m whose
factor moves at 0.1 /s changes by 3 m/s, about the closing speed at which a change is noticed.
Attention switches at once: what is looked at is an act and not a drifting estimate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

LAYERS = ("personality", "physiology", "attention")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter with a neutral value.

    Attributes:
        name: As in the catalogue.
        neutral: The value that changes nothing.
        rate_per_s: Fastest change of the effective value, in its unit per second.
    """

    name: str
    neutral: float
    rate_per_s: float = inf


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of operation.

    Attributes:
        scaled: Parameters that act in proportion to strength.
        raw: Parameters without a neutral value, with what empty slots hold.
    """

    scaled: tuple[Parameter, ...]
    raw: dict[str, float] = field(default_factory=dict)


KINDS: dict[str, Kind] = {
    "attend": Kind(
        scaled=(
            Parameter("range_m", 300.0),
            Parameter("max_objects", 16.0),
            Parameter("latency_median_s", 0.0),
            Parameter("miss_probability", 0.0),
            Parameter("memory_s", 0.0),
            Parameter("drift_mps", 0.0),
        ),
        raw={"latency_sigma": 0.0, "miss_s": 0.0, "memory_sigma": 0.0},
    ),
    "scan": Kind(
        scaled=tuple(
            Parameter(area, 0.0)
            for area in (
                "inner_mirror",
                "left_mirror",
                "right_mirror",
                "crossing_left",
                "crossing_right",
                "inside",
            )
        ),
        raw={
            "change_gain": 1.0,
            "inner_mirror_s": 1.0,
            "side_mirror_s": 1.0,
            "crossing_s": 1.0,
            "inside_s": 1.0,
            "glance_sigma": 0.0,
        },
    ),
    "useful_field": Kind(
        scaled=(Parameter("radius_deg", 180.0),),
        raw={"edge_rate_per_s": 0.0, "falloff_deg": 20.0},
    ),
    "accumulate": Kind(
        scaled=(
            Parameter("bound", 0.0),
            Parameter("gate_per_s", 0.0),
            Parameter("looming_gain", 1.0),
            Parameter("lamp_per_s", 0.0),
            Parameter("away_gain", 1.0),
        ),
        raw={"bound_sigma": 0.0},
    ),
    "look_away": Kind(
        scaled=(Parameter("glance_median_s", 0.0),),
        raw={"glance_sigma": 0.0, "on_road_s": 1.0, "course_error_deg": 0.0},
    ),
    # Below 1 s/s, or the past would run backwards.
    "delay": Kind(scaled=(Parameter("delay_s", 0.0, 0.5),)),
    "scale_distance": Kind(
        scaled=(Parameter("factor", 1.0, 0.1), Parameter("noise_sd", 0.0, 0.05)),
        raw={"noise_tau_s": 20.0},
    ),
    "scale_closing_speed": Kind(
        scaled=(Parameter("factor", 1.0, 0.1), Parameter("noise_sd_per_s", 0.0, 0.01)),
        raw={"noise_tau_s": 20.0},
    ),
    "scale_size": Kind(scaled=(Parameter("factor", 1.0, 0.05),)),
    "shift_lateral": Kind(
        scaled=(Parameter("offset_m", 0.0, 0.3), Parameter("noise_sd_m", 0.0, 0.1)),
        raw={"noise_tau_s": 5.0},
    ),
    "bend_lane": Kind(
        scaled=(
            Parameter("offset_m", 0.0, 0.2),
            Parameter("offset_sd_m", 0.0, 0.1),
            Parameter("curvature_sd_per_m", 0.0, 0.001),
        ),
        raw={"noise_tau_s": 4.0},
    ),
    "misread_signal": Kind(
        scaled=(Parameter("probability", 0.0), Parameter("delay_s", 0.0, 0.5)),
        raw={"actual": 1.0, "seen": 2.0, "delay_sigma": 0.0},
    ),
    "scale_own_speed": Kind(
        scaled=(Parameter("factor", 1.0, 0.05), Parameter("noise_sd", 0.0, 0.05)),
        raw={"noise_tau_s": 20.0},
    ),
    "scale_speed_limit": Kind(scaled=(Parameter("factor", 1.0, 0.05),)),
}


def place(kind: str, name: str) -> int:
    """Where a parameter comes among those of its kind that act in proportion to strength."""
    return [p.name for p in KINDS[kind].scaled].index(name)
