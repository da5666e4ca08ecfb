"""Golden contacts, and what a collision leaves of the motion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import box

from hdsim.server.collisions import contacts, resolve, touches
from hdsim.server.shapes import Pose
from tests.server.fleet import MODEL3, TRUCK, fleet

LENGTH, WIDTH = MODEL3.length, MODEL3.width
ANGLE = st.floats(-np.pi, np.pi)
NEAR = st.floats(-6.0, 6.0)


def test_bumper_to_bumper_touches_only_when_it_overlaps():
    apart = contacts(fleet(Pose(0, 0, 0), Pose(LENGTH + 0.01, 0, 0)))
    assert len(apart.first) == 0
    close = contacts(fleet(Pose(0, 0, 0), Pose(LENGTH - 0.1, 0, 0)))
    assert (close.first[0], close.second[0]) == (0, 1)
    assert (close.nx[0], close.ny[0]) == pytest.approx((1.0, 0.0))
    assert close.depth[0] == pytest.approx(0.1)


def test_side_by_side_cars_pass():
    assert len(contacts(fleet(Pose(0, 0, 0), Pose(0, WIDTH + 0.01, 0, yaw=np.pi))).first) == 0


def test_a_car_on_a_bridge_does_not_touch_one_below():
    assert len(contacts(fleet(Pose(0, 0, 0), Pose(0, 0, 6.0))).first) == 0


def test_switched_off_collisions_are_off():
    v = fleet(Pose(0, 0, 0), Pose(1, 0, 0))
    assert touches(v, 0)
    v.collides[1] = False
    assert not touches(v, 0)


@given(NEAR, NEAR, ANGLE, ANGLE)
def test_agrees_with_shapely(x, y, first, second):
    v = fleet(Pose(0, 0, 0, yaw=first), Pose(x, y, 0, yaw=second))
    shape = box(-LENGTH / 2, -WIDTH / 2, LENGTH / 2, WIDTH / 2)
    a = affinity.rotate(shape, first, use_radians=True)
    b = affinity.rotate(affinity.translate(shape, x, y), second, origin=(x, y), use_radians=True)
    area = a.intersection(b).area
    if 0.0 < area < 1e-6:
        return  # a graze; either answer is right
    assert touches(v, 0) == (area > 0.0)


@given(NEAR, NEAR, ANGLE, ANGLE, st.floats(0, 20), st.floats(0, 20))
def test_momentum_is_conserved_and_energy_never_grows(x, y, first, second, fast, slow):
    v = fleet(Pose(0, 0, 0, yaw=first), Pose(x, y, 0, yaw=second), models=[MODEL3, TRUCK])
    v.set_velocity(0, fast * np.cos(first), fast * np.sin(first))
    v.set_velocity(1, slow * np.cos(second), slow * np.sin(second))

    def totals():
        return [(v.mass * v.vx).sum(), (v.mass * v.vy).sum(), (v.mass * (v.vx**2 + v.vy**2)).sum()]

    before = totals()
    resolve(v, contacts(v))
    after = totals()
    assert after[:2] == pytest.approx(before[:2], abs=1e-6)
    assert after[2] <= before[2] + 1e-6


def test_a_rear_end_crash_leaves_both_at_the_common_speed():
    v = fleet(Pose(0, 0, 0), Pose(LENGTH - 0.2, 0, 0))
    v.set_velocity(0, 10.0, 0.0)
    impulse = resolve(v, contacts(v))
    assert v.vx == pytest.approx([5.0, 5.0])
    assert impulse[0] == pytest.approx(MODEL3.mass * 5.0)
    assert v.x[1] - v.x[0] == pytest.approx(LENGTH)


def test_a_side_impact_pushes_sideways_and_leaves_the_wheels_rolling():
    v = fleet(Pose(0, 0, 0), Pose(0, -(WIDTH + LENGTH) / 2 + 0.1, 0, yaw=np.pi / 2))
    v.set_velocity(0, 8.0, 0.0)
    v.set_velocity(1, 0.0, 6.0)
    resolve(v, contacts(v))
    assert v.speed[0] == pytest.approx(8.0)
    assert v.slide_y[0] == pytest.approx(3.0)
    assert v.speed[1] == pytest.approx(3.0)


def test_a_vehicle_without_physics_is_a_wall():
    v = fleet(Pose(0, 0, 0), Pose(LENGTH - 0.2, 0, 0))
    v.physics[1] = False
    v.set_velocity(0, 10.0, 0.0)
    resolve(v, contacts(v))
    assert v.vx == pytest.approx([0.0, 0.0])
    assert v.x == pytest.approx([-0.2, LENGTH - 0.2])
