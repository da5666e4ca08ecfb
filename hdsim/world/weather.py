"""Weather by preset name or by CARLA's own fields."""

from __future__ import annotations

from collections.abc import Mapping

import carla

from hdsim.core.errors import InfrastructureError
from hdsim.core.percept import CLEAR, Ambient

# Fog of CARLA's full density leaves this much visibility [m], and less density more by this power.
# A proposal: CARLA's fog is a picture and has no visibility.
_THICKEST_M, _POWER = 50.0, 1.5
# Sun this far below the horizon: the end of civil twilight [deg].
_NIGHT_DEG = -6.0


def set_weather(world: carla.World, wanted: str | Mapping[str, float]) -> None:
    """Sets the weather of a world.

    Args:
        world: The world.
        wanted: Name of a preset of ``carla.WeatherParameters``, or its fields; those left out
            keep CARLA's defaults.

    Raises:
        InfrastructureError: If the client library has no such preset.
    """
    if isinstance(wanted, str):
        weather = getattr(carla.WeatherParameters, wanted, None)
        if weather is None:
            raise InfrastructureError(f"this carla client has no weather preset {wanted}")
    else:
        weather = carla.WeatherParameters()
        for name, value in wanted.items():
            setattr(weather, name, value)
    world.set_weather(weather)


def ambient_of(wanted: str | Mapping[str, float]) -> Ambient:
    """What a weather means for sight.

    Fog counts where a scenario asks for it by ``fog_density``. That of the presets does not: none
    is called foggy, and the density that those of the night carry is part of their look.

    Args:
        wanted: As in ``set_weather``.
    """
    fog = 0.0
    if isinstance(wanted, str):
        if wanted == "Default":  # whatever the map has
            return CLEAR
        preset = getattr(carla.WeatherParameters, wanted)
        names = ("precipitation", "sun_altitude_angle", "dust_storm")
        wanted = {name: float(getattr(preset, name)) for name in names}
    else:
        fog = wanted.get("fog_density", 0.0)
    haze = max(fog, wanted.get("dust_storm", 0.0)) / 100.0
    return Ambient(
        visibility_m=_THICKEST_M * haze**-_POWER if haze > 0.0 else float("inf"),
        darkness=min(max(wanted.get("sun_altitude_angle", 0.0) / _NIGHT_DEG, 0.0), 1.0),
        rain=min(max(wanted.get("precipitation", 0.0) / 100.0, 0.0), 1.0),
    )
