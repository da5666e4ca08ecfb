"""The scenario file: its keys, their bounds and defaults."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
)

from hdsim.core.clock import DEFAULT_STEP_S
from hdsim.core.errors import did_you_mean
from hdsim.core.importing import IMPORTABLE
from hdsim.events.thresholds import Thresholds
from hdsim.scenario.weather import Weather

SCHEMA_VERSION = 1


class Part(BaseModel):
    """A part of a scenario file: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class LeaderboardSource(Part):
    """Routes of a Leaderboard XML file."""

    leaderboard: str = Field(
        description="Route file: a path from the scenario file, or a name looked for in "
        "HDSIM_ROUTES, next to HDSIM_MAPS (../routes) and in LEADERBOARD_ROOT/data."
    )
    ids: Literal["all"] | list[str] = Field(
        default="all", description="Route ids; all takes every route of the scenario's map."
    )

    @field_validator("ids", mode="before")
    @classmethod
    def _ids_are_text(cls, ids: Any) -> Any:
        if isinstance(ids, list):
            return [str(i) if isinstance(i, int) and not isinstance(i, bool) else i for i in ids]
        return [str(ids)] if isinstance(ids, int) and not isinstance(ids, bool) else ids


class SpawnSource(Part):
    """The shortest way from one of the map's spawn points to another."""

    start: int = Field(alias="from", ge=0, description="Index of the spawn point to start from.")
    goal: int = Field(alias="to", ge=0, description="Index of the spawn point to reach.")


class RoamSource(Part):
    """No route: the ego goes where it likes for a time."""

    roam: float = Field(gt=0, le=86400, description="How long [s].")


_ROUTE_KEYS = {
    **dict.fromkeys(LeaderboardSource.model_fields, "leaderboard"),
    **dict.fromkeys(("from", "to"), "spawns"),
    "roam": "roam",
}


def _route_kind(value: Any) -> str:
    """Which kind of route a mapping means, by the first key that tells."""
    keys = value if isinstance(value, dict) else getattr(value, "model_fields_set", ())
    for key in keys:
        if key in _ROUTE_KEYS:
            return _ROUTE_KEYS[key]
    return "leaderboard"


RouteSource = Annotated[
    Annotated[LeaderboardSource, Tag("leaderboard")]
    | Annotated[SpawnSource, Tag("spawns")]
    | Annotated[RoamSource, Tag("roam")],
    Discriminator(_route_kind),
]

_AGENT = re.compile(rf"traffic_manager|hdsim:[\w.-]+|{IMPORTABLE.pattern}")


class Ego(Part):
    """The vehicle under test."""

    agent: str = Field(
        default="traffic_manager",
        description="traffic_manager, hdsim:PROFILE (an HDSim driver) or module:Callable.",
    )
    blueprint: str = Field(
        default="vehicle.lincoln.mkz_2017",
        pattern=r"^vehicle\.[\w.]+$",
        description="CARLA blueprint id; the default is the Leaderboard's car.",
    )
    route: RouteSource

    @field_validator("agent")
    @classmethod
    def _known_agent(cls, agent: str) -> str:
        if not _AGENT.fullmatch(agent):
            hint = did_you_mean(agent, ["traffic_manager"])
            raise ValueError(f"traffic_manager, hdsim:PROFILE or module:Callable{hint}")
        return agent


class NearRoute(Part):
    """Traffic is kept near the ego's route."""

    near_route_m: float = Field(
        gt=0,
        le=5000,
        description="Farthest distance from the route [m]; "
        "without a route, from the ego's start, and farther if they need the room.",
    )


class Respawn(Part):
    """Life cycle of an NPC: when it is taken away and begun anew elsewhere."""

    enabled: bool = Field(default=True, description="False leaves everyone where they end up.")
    leave_m: float = Field(
        default=160.0, gt=0, le=5000, description="Farther from the ego than this it may go [m]."
    )
    arrive_m: tuple[float, float] = Field(
        default=(60.0, 140.0),
        description="Nearest and farthest distance from the ego of a new beginning [m].",
    )
    wreck_s: float = Field(
        default=10.0, ge=0, le=3600, description="A crashed NPC is cleared away after this [s]."
    )
    stuck_s: float = Field(
        default=90.0,
        ge=0,
        le=3600,
        description="Standing so long out of the ego's sight, or inside a junction, it is renewed "
        "[s]; 0: never.",
    )

    @field_validator("arrive_m")
    @classmethod
    def _near_before_far(cls, span: tuple[float, float]) -> tuple[float, float]:
        if not 0 <= span[0] < span[1]:
            raise ValueError("two distances, nearest then farthest")
        return span


class Traffic(Part):
    """The background traffic."""

    mix: str | dict[str, Annotated[float, Field(gt=0)]] = Field(
        default="normal",
        description="A mix or profile by name, or profiles with their shares.",
    )
    vehicles: int = Field(default=30, ge=0, le=1000, description="How many NPCs.")
    driven_by: Literal["hdsim", "traffic_manager"] = Field(
        default="hdsim",
        description="hdsim: drivers who perceive; traffic_manager: a Traffic Manager with "
        "parameters from the profiles, as a control arm.",
    )
    area: NearRoute | Literal["whole_map"] = Field(
        default=NearRoute(near_route_m=150.0), description="Where they begin."
    )
    cyclists: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="How many bicycles on the road besides, each ridden by an HDSim driver of the "
        "profile normal.",
    )
    walkers: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="How many pedestrians, led by CARLA's AI controllers.",
    )
    walkers_crossing: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of them that may cross the road where there is no crosswalk "
        "(CARLA: set_pedestrians_cross_factor).",
    )
    walkers_running: float = Field(
        default=0.0, ge=0, le=1, description="Share of them that run instead of walking."
    )
    respawn: Respawn = Respawn()
    blueprints: list[str] = Field(
        default=["vehicle.*"], min_length=1, description="Patterns of blueprint ids (fnmatch)."
    )

    @field_validator("cyclists")
    @classmethod
    def _ridden(cls, cyclists: int, info: ValidationInfo) -> int:
        if cyclists and info.data.get("driven_by") == "traffic_manager":
            raise ValueError("0 with driven_by: traffic_manager, which rides a bicycle like a car")
        return cyclists

    @field_validator("mix")
    @classmethod
    def _not_empty(cls, mix: str | dict[str, float]) -> str | dict[str, float]:
        if not mix:
            raise ValueError("a name, or at least one profile with its share")
        return mix


class End(Part):
    """What ends a scenario, besides arrival and the detectors' limits."""

    timeout: Literal["leaderboard"] | Annotated[float, Field(gt=0, le=86400)] = Field(
        default="leaderboard",
        description="Game time allowed [s]; leaderboard: 0.8 s per metre of route plus 5 s "
        "(Leaderboard v1, route_scenario.py).",
    )
    on_collision: bool = Field(
        default=False, description="End at the ego's first collision (the Leaderboard goes on)."
    )


class Scenario(Part):
    """One scenario file; ``matrix`` makes it a batch."""

    schema_version: Literal[1] = Field(alias="schema", description="Version of this schema.")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="Short name, lower case.")
    description: str = ""
    map: str = Field(
        min_length=1,
        description="Town name, an .xodr file (beside the scenario, or a path), or a built-in map.",
    )
    ego: Ego
    traffic: Traffic = Traffic()
    weather: Weather | None = Field(
        default=None,
        description="CARLA preset name or weather fields; left out: the route's own, or ClearNoon.",
    )
    step_s: float = Field(default=DEFAULT_STEP_S, ge=0.01, le=0.1, description="Tick [s].")
    end: End = End()
    seed: int = Field(default=1, ge=0, lt=2**31, description="Seed of every draw.")
    detectors: Thresholds = Thresholds()
    guidance: Literal["offline", "cached", "live"] = Field(
        default="offline", description="Where perception programs come from."
    )
    driving_model: str = Field(
        default="hdsim",
        pattern=rf"^(hdsim|{IMPORTABLE.pattern})$",
        description="What HDSim's drivers drive by, given what they perceive: hdsim, or "
        "module:Factory (hdsim.control.protocol.ControlFactory), the module beside this file.",
    )
    matrix: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="Key (mix, route, seed, ego.agent or any dotted key) to the values it takes; "
        "the batch is the product of all.",
    )
