"""The snapshot message, read back by its documented offsets."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest

from hdsim.core.state import SignalState
from hdsim.road.lanes import Signal
from hdsim.server import frames
from hdsim.server.lights import Lights
from hdsim.server.wire.shapes import Pose
from tests.server.fleet import fleet


def test_a_vehicle_record_has_every_field_at_its_offset():
    v = fleet(Pose(1.0, 2.0, 3.0, pitch=0.1, yaw=0.5))
    v.control(np.array([0]), np.array([[0.25, 0.5, 0.75, 1, 1, 1, 3]]))
    v.vx[:], v.vy[:], v.ax[:], v.ay[:], v.yaw_rate[:] = 4.0, 5.0, 6.0, 7.0, 0.2
    v.limit[:], v.has_light[:], v.light_id[:] = 10.0, True, 9
    v.light_state[:] = SignalState.RED
    data = frames.vehicle_records(v).tobytes()
    assert len(data) == 119
    assert struct.unpack_from("<IB", data, 0) == (100, 1)
    assert struct.unpack_from("<3f", data, 5) == (1.0, -2.0, 3.0)
    rotation = struct.unpack_from("<3f", data, 17)
    assert rotation == pytest.approx((math.degrees(0.1), -math.degrees(0.5), 0.0))
    assert struct.unpack_from("<3f", data, 29) == (4.0, -5.0, 0.0)
    assert struct.unpack_from("<3f", data, 41) == pytest.approx((0, 0, -math.degrees(0.2)))
    assert struct.unpack_from("<3f", data, 53) == (6.0, -7.0, 0.0)
    assert struct.unpack_from("<3f3Bi", data, 65) == (0.25, 0.5, 0.75, 1, 1, 1, 3)
    assert struct.unpack_from("<fBBIB", data, 84) == (36.0, 0, 1, 9, 0)


def test_a_light_record_has_every_field_at_its_offset():
    lights = Lights([Signal("362", (), 4, "c", 0.0, 0.0)])
    lights.frozen = True
    lights.elapsed[:] = 1.5
    records = frames.light_records([7], ["362"], [Pose(1, 2, 3, yaw=0.5)])
    frames.show_lights(records, lights)
    data = records.tobytes()
    assert len(data) == 119
    assert data[65:97] == b"362".ljust(32, b"\0")
    assert struct.unpack_from("<4fI2B", data, 97) == (10.0, 3.0, 2.0, 1.5, 0, 1, SignalState.GREEN)
