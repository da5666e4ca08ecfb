"""Stub cameras: frames of the right size, plainly blank."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from hdsim.server.actors.attributes import Values
from hdsim.server.sensors.cameras import PICTURES, StubCamera
from hdsim.server.sensors.catalogue import SENSORS

BYTES_PER_PIXEL = dict.fromkeys(PICTURES, 4) | {"optical_flow": 8, "dvs": 0}


def frame(kind, **attributes):
    sensor = SENSORS[f"sensor.camera.{kind}"]
    given_ = {k: str(v) for k, v in attributes.items()}
    return StubCamera.of(kind, Values(sensor.attributes, given_)).measure()


@pytest.mark.parametrize("kind", PICTURES)
def test_a_frame_has_its_size_and_field_of_view_in_front(kind):
    data = frame(kind, image_size_x=64, image_size_y=33, fov=70.5)
    assert struct.unpack_from("<IIf", data) == (64, 33, 70.5)
    assert len(data) == 12 + 64 * 33 * BYTES_PER_PIXEL[kind]


def test_the_default_size_is_carlas():
    assert struct.unpack_from("<IIf", frame("rgb")) == (800, 600, 90.0)


def test_rgb_is_magenta_and_black_squares_and_depth_is_far():
    picture = np.frombuffer(frame("rgb", image_size_x=70, image_size_y=40)[12:], np.uint8)
    pixels = picture.reshape(40, 70, 4)
    assert pixels[0, 0].tolist() == pixels[33, 33].tolist() == [255, 0, 255, 255]
    assert pixels[0, 32].tolist() == [0, 0, 0, 255]
    depth = np.frombuffer(frame("depth")[12:], np.uint8).reshape(-1, 4)[:, :3].astype(float)
    metres = 1000 * (depth[:, 2] + 256 * depth[:, 1] + 65536 * depth[:, 0]) / (2**24 - 1)
    assert np.allclose(metres, 1000.0)
