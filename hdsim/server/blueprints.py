"""The blueprint library: what can be spawned, with CARLA's ids, attributes and true sizes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib import resources
from typing import Any

import yaml


class AttributeType(IntEnum):
    """CARLA's attribute types; the numbers start at 1 (the client's stub file says otherwise)."""

    BOOL = 1
    INT = 2
    FLOAT = 3
    STRING = 4
    COLOR = 5


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a blueprint; ``modifiable`` ones may be set by the client."""

    name: str
    type: AttributeType
    value: str
    modifiable: bool = False
    recommended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VehicleModel:
    """Body of a vehicle model: full sizes and wheelbase [m], mass [kg]."""

    length: float
    width: float
    height: float
    wheelbase: float
    mass: float
    base_type: str
    wheels: int


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One entry of the library.

    Attributes:
        uid: Number of the definition, unique in the library.
        id: CARLA id, for example ``vehicle.tesla.model3``.
        attributes: In the order of the definition.
        vehicle: Body, for vehicles only.
        refusal: Why it cannot be spawned here; empty when it can.
    """

    uid: int
    id: str
    attributes: tuple[Attribute, ...]
    vehicle: VehicleModel | None = None
    refusal: str = ""

    @property
    def tags(self) -> str:
        """Comma-separated words that the client's filters see."""
        return self.id.replace(".", ",")


_COLORS = ("0,0,0", "255,255,255", "128,128,128", "137,0,0", "33,52,84")
_NO_RENDERER = (
    "this is HDSim's embedded server, which simulates traffic and renders nothing: "
    "run a CARLA server for cameras, lidar and radar"
)
_NOT_SERVED = "is not served by HDSim's embedded server"
_REFUSED = (
    *((f"sensor.camera.{n}", _NO_RENDERER) for n in (
        "depth", "dvs", "instance_segmentation", "normals", "optical_flow", "rgb",
        "semantic_segmentation",
    )),
    *((f"sensor.lidar.{n}", _NO_RENDERER) for n in ("ray_cast", "ray_cast_semantic")),
    ("sensor.other.radar", _NO_RENDERER),
    *((f"sensor.other.{n}", f"this sensor {_NOT_SERVED}") for n in (
        "gnss", "imu", "obstacle", "rss",
    )),
    *((f"walker.pedestrian.{i:04d}", f"a walker {_NOT_SERVED}")
      for i in range(1, 53)),
    ("controller.ai.walker", f"a walker controller {_NOT_SERVED}"),
)  # fmt: skip


def _vehicle_attributes(row: dict[str, Any]) -> tuple[Attribute, ...]:
    text, integer, boolean = AttributeType.STRING, AttributeType.INT, AttributeType.BOOL
    return (
        Attribute("role_name", text, "autopilot", True),
        Attribute("color", AttributeType.COLOR, _COLORS[0], True, _COLORS),
        Attribute("driver_id", integer, "0", True),
        Attribute("sticky_control", boolean, "True", True),
        Attribute("terramechanics", boolean, "False", True),
        Attribute("ros_name", text, row["id"], True),
        Attribute("object_type", text, ""),
        Attribute("base_type", text, row["base_type"]),
        Attribute("special_type", text, row["special_type"]),
        Attribute("generation", integer, str(row["generation"])),
        Attribute("number_of_wheels", integer, str(row["wheels"])),
        Attribute("has_lights", boolean, str(row["generation"] == 2)),
        Attribute("has_dynamic_doors", boolean, "False"),
    )


def _sensor_attributes(name: str) -> tuple[Attribute, ...]:
    return (
        Attribute("role_name", AttributeType.STRING, "front", True),
        Attribute("ros_name", AttributeType.STRING, name, True),
    )


@cache
def library() -> dict[str, Blueprint]:
    """All blueprints by id, in a fixed order."""
    path = resources.files("hdsim.server").joinpath("data/vehicles.yaml")
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))["vehicles"]
    entries: list[tuple[str, tuple[Attribute, ...], VehicleModel | None, str]] = []
    for row in rows:
        body = {k: float(row[k]) for k in ("length", "width", "height", "wheelbase", "mass")}
        model = VehicleModel(**body, base_type=row["base_type"], wheels=row["wheels"])
        entries.append((row["id"], _vehicle_attributes(row), model, ""))
    served = ("sensor.other.collision", "sensor.other.lane_invasion")
    entries += [(name, _sensor_attributes(name), None, "") for name in served]
    entries += [(name, _sensor_attributes(name), None, why) for name, why in _REFUSED]
    return {
        name: Blueprint(uid, name, attributes, vehicle, refusal)
        for uid, (name, attributes, vehicle, refusal) in enumerate(entries, start=1)
    }
