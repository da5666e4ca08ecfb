"""CARLA's vehicle ids and sizes."""

from __future__ import annotations

import pytest

from hdsim.server.actors.blueprints import library


def test_the_vehicles_of_carla_0_9_16_are_there():
    vehicles = [b for b in library().values() if b.vehicle]
    assert len(vehicles) == 41
    assert {b.vehicle.base_type for b in vehicles} == {
        "car", "van", "truck", "bus", "motorcycle", "bicycle",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "half_length", "half_width", "half_height"),
    [
        ("vehicle.tesla.model3", 2.3958, 1.0817, 0.7438),
        ("vehicle.lincoln.mkz_2017", 2.4508, 1.0642, 0.7554),
        ("vehicle.carlamotors.firetruck", 4.2340, 1.4455, 1.9137),
    ],
)
def test_sizes_are_carlas(name, half_length, half_width, half_height):
    body = library()[name].vehicle
    half = (body.length / 2, body.width / 2, body.height / 2)
    assert half == pytest.approx((half_length, half_width, half_height), abs=1e-3)


def test_wheels_are_inside_the_body():
    for blueprint in library().values():
        if body := blueprint.vehicle:
            assert 0.4 * body.length < body.wheelbase < 0.8 * body.length, blueprint.id


def test_common_attributes_are_there():
    wanted = {"role_name", "color", "number_of_wheels", "generation", "base_type", "special_type"}
    for blueprint in library().values():
        if blueprint.vehicle:
            assert wanted <= {a.name for a in blueprint.attributes}
