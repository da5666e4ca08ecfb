"""Tables of a run directory: their columns, with units in the names.

``docs/run-directory.md`` describes them for readers. A change of meaning raises ``SCHEMA_VERSION``.
"""

from __future__ import annotations

from enum import StrEnum

import pyarrow as pa

SCHEMA_VERSION = 1

_NAME = pa.dictionary(pa.int32(), pa.string())
_F4, _F8 = pa.float32(), pa.float64()


class Status(StrEnum):
    """How a scenario ended. The first two are results; the others give no score.

    ``route_unfit``: the ego's adapter cannot follow the route even in an empty town. The rest is
    infrastructure.
    """

    COMPLETED = "completed"
    FAILED = "failed"
    ROUTE_UNFIT = "route_unfit"
    CRASHED = "crashed"
    TIMEOUT_WALL = "timeout_wall"
    KILLED = "killed"
    SERVER_ERROR = "server_error"
    BAD_INPUT = "bad_input"

    @property
    def is_result(self) -> bool:
        """Whether the scenario says something about the ego."""
        return self in (Status.COMPLETED, Status.FAILED)


SCENARIOS = pa.schema(
    {
        "scenario": pa.string(),
        "map": pa.string(),
        "route": pa.string(),
        "mix": pa.string(),
        "agent": pa.string(),
        "seed": pa.int64(),
        "status": pa.string(),
        "status_detail": pa.string(),
        "attempts": pa.int32(),
        "ticks": pa.int64(),
        "sim_time_s": _F8,
        "wall_time_s": _F8,
        "route_length_m": _F8,
        "distance_m": _F8,
        "route_completion_pct": _F8,
        "infraction_penalty": _F8,
        "driving_score": _F8,
        "collisions_pedestrian": pa.int32(),
        "collisions_vehicle": pa.int32(),
        "collisions_static": pa.int32(),
        "collisions_ego_at_fault": pa.int32(),
        "collisions_npc_at_fault": pa.int32(),
        "collisions_shared": pa.int32(),
        "collisions_unclear": pa.int32(),
        "near_misses": pa.int32(),
        "red_lights": pa.int32(),
        "off_road_share": _F8,
        "npc_collisions": pa.int32(),
        "failures": pa.int32(),
        "tick_ms_median": _F8,
        "hdsim_ms_median": _F8,
        "hash": pa.string(),
    }
)

EVENTS = pa.schema(
    {
        "scenario": pa.string(),
        "kind": pa.string(),
        "tick": pa.int64(),
        "time_s": _F8,
        "end_tick": pa.int64(),
        "actor": pa.string(),
        "other": pa.string(),
        "with_ego": pa.bool_(),
        "value": _F8,
        "measure": pa.string(),
        "details_json": pa.string(),
    }
)

# Who takes part, in row order.
ACTORS = pa.schema(
    {
        "actor": pa.string(),
        "kind": pa.string(),
        "style": pa.string(),
        "driver": pa.bool_(),
        "length_m": _F8,
        "width_m": _F8,
        "wheelbase_m": _F8,
    }
)

# Per tick and actor. The columns from ``wanted_accel`` on are null for actors that HDSim does not
# drive; ``believed_*`` is what the driver took for true.
TRAJECTORIES = pa.schema(
    {
        "tick": pa.int32(),
        "time_s": _F8,
        "actor": _NAME,
        "present": pa.bool_(),
        "moved": pa.bool_(),
        "x_m": _F8,
        "y_m": _F8,
        "yaw_rad": _F8,
        "vx_mps": _F8,
        "vy_mps": _F8,
        "speed_mps": _F8,
        "accel_mps2": _F4,
        "yaw_rate_radps": _F4,
        "lane": pa.int32(),
        "lane_s_m": _F4,
        "lane_d_m": _F4,
        "wanted_accel_mps2": _F4,
        "wanted_steer_rad": _F4,
        "reason": _NAME,
        "lead": _NAME,
        "indicator": pa.int8(),
        "change": pa.int8(),
        "hold": pa.bool_(),
        "believed_speed_mps": _F4,
        "believed_limit_factor": _F4,
        "believed_d_m": _F4,
        "believed_heading_error_rad": _F4,
        "lead_gap_m": _F4,
        "believed_lead_gap_m": _F4,
        "signal": pa.int32(),
        "signal_state": _NAME,
        "believed_signal_state": _NAME,
        "signal_distance_m": _F4,
        "believed_signal_distance_m": _F4,
    }
)

SIGNALS = pa.schema(
    {"tick": pa.int32(), "time_s": _F8, "signal": pa.int32(), "id": pa.string(), "state": _NAME}
)

# Per tick, driver and object, for drivers involved within 10 s of an event. ``seen``: in line of
# sight; ``registered``: taken in by the driver, from sight or from memory. The values of a side are
# null where it does not hold the object.
PERCEPTS = pa.schema(
    {
        "tick": pa.int32(),
        "time_s": _F8,
        "driver": _NAME,
        "object": _NAME,
        "seen": pa.bool_(),
        "registered": pa.bool_(),
        **{
            f"{side}{name}": kind
            for name, kind in (
                ("relation", _NAME),
                ("x_m", _F4),
                ("y_m", _F4),
                ("yaw_rad", _F4),
                ("speed_mps", _F4),
                ("accel_mps2", _F4),
                ("length_m", _F4),
                ("width_m", _F4),
                ("lane_d_m", _F4),
            )
            for side in ("", "believed_")
        },
    }
)

HASHES = pa.schema({"tick": pa.int32(), "digest": pa.binary(16)})
