"""The declarations of sensors agree with themselves, the library and the contract tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hdsim.server.actors.attributes import AttributeType, Values
from hdsim.server.actors.blueprints import library
from hdsim.server.sensors.catalogue import SENSORS, WITHOUT_EFFECT, is_camera

CONTRACT = Path(__file__).parents[2] / "contract"


def test_every_sensor_names_a_contract_test_that_exists():
    text = "".join(p.read_text(encoding="utf-8") for p in sorted(CONTRACT.glob("test_*.py")))
    known = set(re.findall(r"^def (test_\w+)\(", text, re.MULTILINE))
    assert {s.test for s in SENSORS.values()} <= known


def test_numbers_on_the_wire_are_those_of_carlas_registry_and_each_is_used_once():
    numbers = [s.index for s in SENSORS.values()]
    assert sorted(numbers) == [n for n in range(22) if n not in (17, 18, 19)]


def test_what_is_refused_says_so_and_what_is_served_does_not():
    for s in SENSORS.values():
        assert bool(s.refusal) == (s.served in ("refused", "stub"))
        assert is_camera(s.name) == (s.served == "stub")
        assert s.note


@pytest.mark.parametrize("name", SENSORS)
def test_defaults_can_be_served_and_the_library_lists_them(name):
    sensor = SENSORS[name]
    assert library()[name].attributes == sensor.attributes
    values = Values(sensor.attributes, {})
    if sensor.settings is not None:
        sensor.settings(values)
    for a in sensor.attributes:
        if a.type in (AttributeType.INT, AttributeType.FLOAT):
            assert a.low <= values.number(a.name) <= a.high


def test_names_without_effect_exist():
    assert {a.name for s in SENSORS.values() for a in s.attributes} >= WITHOUT_EFFECT


def test_every_bound_is_kept():
    for sensor in SENSORS.values():
        for a in sensor.attributes:
            if a.type not in (AttributeType.INT, AttributeType.FLOAT):
                continue
            for bad in (a.low - 1, a.high + 1, "nan", "", "x"):
                with pytest.raises(ValueError, match=re.escape(f"{a.name} = ")):
                    Values(sensor.attributes, {a.name: str(bad)}).number(a.name)
