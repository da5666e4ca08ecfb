"""GNSS: the client's own projection, and noise."""

from __future__ import annotations

import re

import carla
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsim.server.actors.attributes import Values
from hdsim.server.sensors.catalogue import SENSORS
from hdsim.server.sensors.gnss import GeoReference, Gnss, geo_reference
from hdsim.server.town import load_town

XODR = load_town("grid").xodr
TEXTS = {
    "+proj=tmerc +lat_0=48.9 +lon_0=8.5 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m": (48.9, 8.5),
    "+proj=tmerc +lat_0=4.9e1 +lon_0=-8.25": (49.0, -8.25),
    "+proj=utm +zone=32 +ellps=WGS84": (42.0, 2.0),
    "": (42.0, 2.0),
}


def with_reference(text):
    reference = f"<geoReference><![CDATA[{text}]]></geoReference>"
    bare = re.sub(r"<geoReference.*?</geoReference>", "", XODR, flags=re.DOTALL)
    return re.sub(r"(<header[^>]*?)(/>|>\s*</header>)", rf"\1>{reference}</header>", bare, count=1)


def sensor(**attributes):
    given_ = {k: str(v) for k, v in attributes.items()}
    return Gnss.of(Values(SENSORS["sensor.other.gnss"].attributes, given_))


@pytest.mark.parametrize("text", TEXTS)
def test_the_reference_is_read_as_the_client_reads_it(text):
    xodr = with_reference(text)
    assert text in xodr
    reference = geo_reference(xodr)
    assert (reference.latitude, reference.longitude) == TEXTS[text]
    theirs = carla.Map("m", xodr).transform_to_geolocation(carla.Location(0.0, 0.0, 0.0))
    assert (theirs.latitude, theirs.longitude) == pytest.approx(TEXTS[text], abs=1e-12)


def test_a_map_without_reference_lies_where_carla_puts_it():
    assert geo_reference("<OpenDRIVE/>") == GeoReference(42.0, 2.0)


MAP = carla.Map("m", with_reference(next(iter(TEXTS))))


@settings(max_examples=200, deadline=None)
@given(st.floats(-2e4, 2e4, width=32), st.floats(-2e4, 2e4, width=32), st.floats(-50, 50, width=32))
def test_every_place_is_where_the_client_puts_it(x, y, z):
    reading = sensor().measure(GeoReference(48.9, 8.5), np.array([x, -y, z]), 1)
    theirs = MAP.transform_to_geolocation(carla.Location(x, y, z))
    want = [theirs.latitude, theirs.longitude, theirs.altitude]
    assert reading == pytest.approx(want, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.floats(-2e4, 2e4), st.floats(-2e4, 2e4))
def test_the_way_back_leads_to_the_place(x, y):
    # Snyder 1987, eq. 8-1 and 8-3: the forward spherical projection.
    reference = GeoReference(48.9, 8.5)
    latitude, longitude, _ = reference.locate(x, y, 0.0)
    phi, turn = np.radians(latitude), np.radians(longitude - 8.5)
    b = np.cos(phi) * np.sin(turn)
    scale = 0.9996 * 6378137.0
    assert scale * np.arctanh(b) == pytest.approx(x, abs=1e-3)
    north = scale * (np.arctan2(np.tan(phi), np.cos(turn)) - np.radians(48.9))
    assert north == pytest.approx(-y, abs=1e-3)


def test_noise_has_the_mean_and_deviation_it_was_given_and_repeats():
    noisy = sensor(
        noise_seed=7,
        noise_lat_bias=0.5,
        noise_lat_stddev=0.1,
        noise_alt_bias=-3,
        noise_alt_stddev=2,
    )
    reference, here = GeoReference(0.0, 0.0), np.zeros(3)
    readings = np.array([noisy.measure(reference, here, tick) for tick in range(2000)])
    assert readings.mean(axis=0) == pytest.approx([0.5, 0.0, -3.0], abs=0.15)
    assert readings.std(axis=0) == pytest.approx([0.1, 0.0, 2.0], rel=0.05)
    assert noisy.measure(reference, here, 17) == readings[17].tolist()
    other = sensor(noise_seed=8, noise_alt_stddev=2)
    assert other.measure(reference, here, 17)[2] != pytest.approx(readings[17][2] + 3.0)
