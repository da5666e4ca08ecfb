"""The unit of work: one concrete scenario, complete in itself and serialisable as JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hdsim.events.thresholds import Thresholds
from hdsim.scenario.schema import End, Traffic
from hdsim.scenario.weather import Weather


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WaypointRoute(_Frozen):
    """Points to drive through.

    Attributes:
        id: Route id in its file.
        file: The file it comes from.
        points: ``(x, y, z, yaw)`` [m, rad] in the right-handed frame; yaw may be ``None``.
    """

    kind: Literal["waypoints"] = "waypoints"
    id: str
    file: str
    points: tuple[tuple[float, float, float, float | None], ...]


class SpawnRoute(_Frozen):
    """From one spawn point of the map to another, by index."""

    kind: Literal["spawns"] = "spawns"
    start: int
    goal: int


class RoamRoute(_Frozen):
    """Anywhere, for a time [s]."""

    kind: Literal["roam"] = "roam"
    duration_s: float


RouteTask = Annotated[WaypointRoute | SpawnRoute | RoamRoute, Field(discriminator="kind")]


class ScenarioTask(_Frozen):
    """One concrete scenario.

    Attributes:
        id: Stable and unique in its batch: ``town01/r03/aggressive-drunk/s1``.
        name: Name of the scenario file's batch.
        source: The scenario file.
        map: As in the file.
        agent: Who drives the ego.
        blueprint: The ego's CARLA blueprint.
        route: Where the ego goes.
        route_label: Short name of the route in ids and tables: ``r03``.
        traffic: The background traffic.
        mix_label: Short name of the mix in ids and tables.
        weather: Preset name or fields.
        step_s: Tick [s].
        end: What ends it.
        seed: Seed of every draw.
        detectors: Thresholds.
        guidance: Where perception programs come from.
        driving_model: What HDSim's drivers drive by: ``hdsim`` or ``module:Factory``.
        drivers: Profile of each NPC, once the mix has been dealt out; a run records tasks so.
    """

    id: str
    name: str
    source: str
    map: str
    agent: str
    blueprint: str
    route: RouteTask
    route_label: str
    traffic: Traffic
    mix_label: str
    weather: Weather
    step_s: float
    end: End
    seed: int
    detectors: Thresholds
    guidance: Literal["offline", "cached", "live"]
    driving_model: str = "hdsim"
    drivers: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """The id as a file name."""
        return self.id.replace("/", "__")
