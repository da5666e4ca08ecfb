"""Weather by preset name or by CARLA's own fields."""

from __future__ import annotations

from collections.abc import Mapping

import carla

from hdsim.core.errors import InfrastructureError


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
