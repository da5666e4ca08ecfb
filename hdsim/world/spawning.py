"""Vehicles by pattern, and what a roster needs to know of actors."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

import carla
import numpy as np

from hdsim.core.errors import InputError
from hdsim.core.state import Roster
from hdsim.world.snapshot import actor_size, wheel_geometry

# The driving model is a car driver's: vehicles of these classes, on four wheels.
_CLASSES = ("car", "van")


def car_blueprints(world: carla.World, patterns: Sequence[str], where: str) -> tuple[str, ...]:
    """Sorted ids of four-wheeled cars and vans that match any of the patterns.

    Args:
        world: The world with its blueprint library.
        patterns: ``fnmatch`` patterns such as ``vehicle.*``.
        where: What errors name as the source of the patterns.

    Raises:
        InputError: If nothing matches.
    """
    chosen = []
    for blueprint in world.get_blueprint_library().filter("vehicle.*"):
        wheels = blueprint.get_attribute("number_of_wheels")
        if int(wheels) != 4 or not any(fnmatch.fnmatch(blueprint.id, p) for p in patterns):
            continue
        kind, special = (_attribute(blueprint, a) for a in ("base_type", "special_type"))
        if kind in ("", *_CLASSES) and special in ("", "electric", "taxi"):
            chosen.append(blueprint.id)
    if not chosen:
        raise InputError(
            where, "traffic.blueprints", list(patterns), "patterns that match a car of this server"
        )
    return tuple(sorted(chosen))


def bicycle_blueprints(world: carla.World, where: str) -> tuple[str, ...]:
    """Sorted ids of the bicycles.

    Raises:
        InputError: If the server has none; ``where`` is what it names as the source of the wish.
    """
    vehicles = world.get_blueprint_library().filter("vehicle.*")
    bicycles = sorted(b.id for b in vehicles if _attribute(b, "base_type") == "bicycle")
    if not bicycles:
        raise InputError(where, "traffic.cyclists", expected="none: the server has no bicycles")
    return tuple(bicycles)


def _attribute(blueprint: carla.ActorBlueprint, name: str) -> str:
    """An attribute's value in lower case, empty when the blueprint has none of that name."""
    if not blueprint.has_attribute(name):
        return ""
    return str(blueprint.get_attribute(name).as_str()).lower()


def roster_of(
    vehicles: Sequence[carla.Vehicle],
    walkers: Sequence[carla.Walker],
    names: tuple[str, ...],
    styles: tuple[str, ...],
    drivers: Sequence[int],
    cyclists: Sequence[int],
) -> Roster:
    """The roster of spawned vehicles and walkers after them, sizes read from the server."""
    sizes = np.array([actor_size(actor) for actor in (*vehicles, *walkers)])
    wheelbase = [wheel_geometry(vehicle)[0] for vehicle in vehicles]
    return Roster(
        names=names,
        styles=(*styles, *("" for _ in walkers)),
        length=sizes[:, 0],
        width=sizes[:, 1],
        wheelbase=np.array([*wheelbase, *(0.0 for _ in walkers)]),
        drivers=np.array(drivers, dtype=np.int64),
        walkers=np.arange(len(vehicles), len(vehicles) + len(walkers)),
        cyclists=np.array(cyclists, dtype=np.int64),
    )
