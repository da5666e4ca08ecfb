"""``sensors.md``: sensors of the embedded server and their attributes."""

from __future__ import annotations

from collections.abc import Sequence

from hdsim.server.actors.attributes import Attribute, AttributeType
from hdsim.server.sensors.catalogue import SENSORS, WITHOUT_EFFECT, is_camera
from writers.markdown import table


def sensors() -> str:
    """Sensors of the embedded server: how far each is served."""
    rows = [(f"`{s.name}`", s.served, s.note, f"`{s.test}`") for s in SENSORS.values()]
    return table(("sensor", "", "", "contract test"), rows)


def sensor_attributes() -> str:
    """Attributes of the sensors that the embedded server computes."""
    return "\n".join(
        f"### `{s.name}`\n\n{_attributes(s.attributes)}"
        for s in SENSORS.values()
        if s.settings is not None and not is_camera(s.name)
    )


def _attributes(attributes: Sequence[Attribute]) -> str:
    rows = [
        (f"`{a.name}`", f"`{a.value}`", _limits(a))
        for a in attributes
        if a.name not in WITHOUT_EFFECT
    ]
    idle = ", ".join(f"`{a.name}`" for a in attributes if a.name in WITHOUT_EFFECT)
    acting = table(("attribute", "default", "from ... to"), rows)
    return f"{acting}\nAccepted without effect: {idle}.\n"


def _limits(a: Attribute) -> str:
    numeric = a.type in (AttributeType.INT, AttributeType.FLOAT)
    return f"{a.low:.10g} ... {a.high:.10g}" if numeric else ""
