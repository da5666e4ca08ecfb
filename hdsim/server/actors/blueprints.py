"""The blueprint library: what can be spawned, with CARLA's ids, attributes and true sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from hdsim.server.actors.attributes import Attribute, AttributeType
from hdsim.server.sensors.catalogue import SENSORS

_VEHICLE_LABELS = {
    "car": 14, "van": 14, "truck": 15, "bus": 16, "motorcycle": 18, "bicycle": 19,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class VehicleModel:
    """Body of a vehicle model: full sizes and wheelbase [m], mass [kg], CARLA id."""

    length: float
    width: float
    height: float
    wheelbase: float
    mass: float
    base_type: str
    wheels: int
    name: str = ""

    @property
    def label(self) -> int:
        """CARLA's semantic label (CityObjectLabel)."""
        return _VEHICLE_LABELS[self.base_type]


@dataclass(frozen=True, slots=True)
class WalkerModel:
    """Body of a walker: radius and height of its capsule [m], mass [kg]."""

    radius: float
    height: float
    mass: float


@dataclass(frozen=True, slots=True)
class PropModel:
    """Body of a prop: full sizes [m] and CARLA's semantic label."""

    length: float
    width: float
    height: float
    label: int


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One entry of the library.

    Attributes:
        uid: Number of the definition, unique in the library.
        id: CARLA id, for example ``vehicle.tesla.model3``.
        attributes: In the order of the definition.
        vehicle: Body, for vehicles only.
        walker: Body, for walkers only.
        prop: Body, for props only.
        refusal: Why it cannot be spawned here; empty when it can.
    """

    uid: int
    id: str
    attributes: tuple[Attribute, ...]
    vehicle: VehicleModel | None = None
    walker: WalkerModel | None = None
    prop: PropModel | None = None
    refusal: str = ""

    @property
    def tags(self) -> str:
        """Comma-separated words that the client's filters see."""
        return self.id.replace(".", ",")


# Id, attributes, and what else the blueprint has.
_Entry = tuple[str, tuple[Attribute, ...], dict[str, Any]]

_COLORS = ("0,0,0", "255,255,255", "128,128,128", "137,0,0", "33,52,84")


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


def _data(name: str) -> dict[str, Any]:
    path = resources.files("hdsim.server").joinpath(f"data/{name}.yaml")
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return data


def _vehicles() -> Iterator[_Entry]:
    for row in _data("vehicles")["vehicles"]:
        body = {k: float(row[k]) for k in ("length", "width", "height", "wheelbase", "mass")}
        model = VehicleModel(
            **body, base_type=row["base_type"], wheels=row["wheels"], name=row["id"]
        )
        yield row["id"], _vehicle_attributes(row), {"vehicle": model}


def _sensors() -> Iterator[_Entry]:
    for sensor in SENSORS.values():
        yield sensor.name, sensor.attributes, {"refusal": sensor.refusal}


def _walkers() -> Iterator[_Entry]:
    data = _data("walkers")
    child_of = {n: row for row in data["children"] for n in row["numbers"]}
    speeds = tuple(str(float(v)) for v in data["speeds"])
    text, boolean = AttributeType.STRING, AttributeType.BOOL
    for number in range(1, data["count"] + 1):
        row = child_of.get(number, data["adult"])
        name = f"walker.pedestrian.{number:04d}"
        older = number <= data["older_generation_until"]
        attributes = (
            Attribute("role_name", text, "pedestrian", True),
            Attribute("is_invincible", boolean, "true", True),
            Attribute("speed", AttributeType.FLOAT, speeds[0], True, speeds),
            Attribute("use_wheelchair", boolean, "false", True),
            Attribute("can_use_wheelchair", boolean, "false"),
            Attribute("ros_name", text, name, True),
            Attribute("gender", text, "other"),
            Attribute("age", text, "child" if number in child_of else "adult"),
            Attribute("generation", AttributeType.INT, "1" if older else "2"),
        )
        model = WalkerModel(float(row["radius"]), float(row["height"]), float(row["mass"]))
        yield name, attributes, {"walker": model}
    yield "controller.ai.walker", (Attribute("role_name", text, "default", True),), {}


_LABEL_VEGETATION, _LABEL_STATIC = 9, 20
_TREES = ("aporosatree", "coconutpalm", "cypresstree")


def _props() -> Iterator[_Entry]:
    text = AttributeType.STRING
    for short, size in _data("props")["props"].items():
        length, width, height = map(float, size)
        name = f"static.prop.{short}"
        label = _LABEL_VEGETATION if short in _TREES else _LABEL_STATIC
        attributes = (
            Attribute("role_name", text, "prop", True),
            Attribute("size", text, _size_word(max(length, width, height))),
            Attribute("ros_name", text, name, True),
        )
        yield name, attributes, {"prop": PropModel(length, width, height, label)}


def _triggers() -> Iterator[_Entry]:
    """CARLA's friction trigger; extents are half sizes in centimetres."""
    number = AttributeType.FLOAT
    attributes = (
        Attribute("role_name", AttributeType.STRING, "trigger", True),
        Attribute("friction", number, "3.5", True, ("3.5",), 0.0, 100.0),
        *(Attribute(f"extent_{axis}", number, "1.0", True, ("1.0",), 0.0, 1e6) for axis in "xyz"),
    )
    yield "static.trigger.friction", attributes, {}


def _size_word(largest_m: float) -> str:
    """CARLA's words for how big a prop is; where one ends and the next begins is a proposal."""
    limits = (("tiny", 0.3), ("small", 1.0), ("medium", 2.0), ("big", 5.0))
    return next((word for word, limit in limits if largest_m < limit), "huge")


@cache
def library() -> dict[str, Blueprint]:
    """All blueprints by id, in a fixed order."""
    entries = [*_vehicles(), *_sensors(), *_walkers(), *_props(), *_triggers()]
    return {
        name: Blueprint(uid, name, attributes, **body)
        for uid, (name, attributes, body) in enumerate(entries, start=1)
    }
