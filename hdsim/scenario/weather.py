"""Weather of a scenario: a CARLA preset name, or CARLA's weather fields."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from hdsim.core.errors import did_you_mean

# Names of the static presets of carla.WeatherParameters (0.9.16).
PRESETS = (
    *("Default", "ClearNoon", "CloudyNoon", "WetNoon", "WetCloudyNoon", "SoftRainNoon"),
    *("MidRainyNoon", "HardRainNoon", "ClearSunset", "CloudySunset", "WetSunset"),
    *("WetCloudySunset", "SoftRainSunset", "MidRainSunset", "HardRainSunset", "ClearNight"),
    *("CloudyNight", "WetNight", "WetCloudyNight", "SoftRainNight", "MidRainyNight"),
    *("HardRainNight", "DustStorm"),
)

Percent = Annotated[float, Field(ge=0, le=100)]


class WeatherFields(BaseModel):
    """Fields of ``carla.WeatherParameters`` under their names; those left out keep its defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    cloudiness: Percent | None = None
    precipitation: Percent | None = None
    precipitation_deposits: Percent | None = None
    wind_intensity: Percent | None = None
    sun_azimuth_angle: float | None = Field(default=None, ge=-360, le=360)
    sun_altitude_angle: float | None = Field(default=None, ge=-90, le=90)
    fog_density: Percent | None = None
    fog_distance: float | None = Field(default=None, ge=0)
    fog_falloff: float | None = Field(default=None, ge=0)
    wetness: Percent | None = None
    scattering_intensity: float | None = Field(default=None, ge=0)
    mie_scattering_scale: float | None = Field(default=None, ge=0)
    rayleigh_scattering_scale: float | None = Field(default=None, ge=0)
    dust_storm: Percent | None = None


def _known(value: Any) -> Any:
    if isinstance(value, str) and value not in PRESETS:
        hint = did_you_mean(value, PRESETS) or f": {', '.join(PRESETS)}"
        raise ValueError(f"a CARLA weather preset{hint}")
    return value


PresetName = Annotated[
    str, BeforeValidator(_known), WithJsonSchema({"type": "string", "enum": list(PRESETS)})
]
Weather = PresetName | WeatherFields
