"""Golden contacts of boxes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import box

from hdsim.server.physics.collisions import contacts, join, touches
from hdsim.server.wire.shapes import Pose
from tests.server.fleet import MODEL3, TRUCK, fleet

LENGTH, WIDTH = MODEL3.length, MODEL3.width
ANGLE = st.floats(-np.pi, np.pi)
NEAR = st.floats(-6.0, 6.0)


def test_bumper_to_bumper_touches_only_when_it_overlaps():
    apart = contacts(fleet(Pose(0, 0, 0), Pose(LENGTH + 0.01, 0, 0)).rigid())
    assert len(apart) == 0
    close = contacts(fleet(Pose(0, 0, 0), Pose(LENGTH - 0.1, 0, 0)).rigid())
    assert (close.first[0], close.second[0]) == (0, 1)
    assert (close.nx[0], close.ny[0]) == pytest.approx((1.0, 0.0))
    assert close.depth[0] == pytest.approx(0.1)
    assert (close.x[0], close.y[0]) == pytest.approx((LENGTH / 2 - 0.05, 0.0))


def test_side_by_side_cars_pass():
    v = fleet(Pose(0, 0, 0), Pose(0, WIDTH + 0.01, 0, yaw=np.pi))
    assert len(contacts(v.rigid())) == 0


def test_a_car_on_a_bridge_does_not_touch_one_below():
    assert len(contacts(fleet(Pose(0, 0, 0), Pose(0, 0, 6.0)).rigid())) == 0


def test_switched_off_collisions_are_off():
    v = fleet(Pose(0, 0, 0), Pose(1, 0, 0))
    assert touches(v.rigid(), 0)
    v.collides[1] = False
    assert not touches(v.rigid(), 0)


def test_what_never_moves_does_not_touch_its_like():
    v = fleet(Pose(0, 0, 0), Pose(1, 0, 0), Pose(2, 0, 0))
    v.mass[1:] = np.inf
    found = contacts(v.rigid())
    assert list(zip(found.first, found.second, strict=True)) == [(0, 1), (0, 2)]


def test_joined_bodies_keep_their_order():
    first, second = fleet(Pose(0, 0, 0)), fleet(Pose(1, 0, 0), Pose(50, 0, 0))
    both = join(first.rigid(), second.rigid())
    assert both.x.tolist() == [0.0, 1.0, 50.0]
    assert touches(both, 0)
    assert not touches(both, 2)


@given(NEAR, NEAR, ANGLE, ANGLE)
def test_agrees_with_shapely(x, y, first, second):
    v = fleet(Pose(0, 0, 0, yaw=first), Pose(x, y, 0, yaw=second))
    shape = box(-LENGTH / 2, -WIDTH / 2, LENGTH / 2, WIDTH / 2)
    a = affinity.rotate(shape, first, use_radians=True)
    b = affinity.rotate(affinity.translate(shape, x, y), second, origin=(x, y), use_radians=True)
    shared = a.intersection(b)
    if 0.0 < shared.area < 1e-6:
        return  # a graze; either answer is right
    found = contacts(v.rigid())
    assert (len(found) == 1) == (shared.area > 0.0)
    if len(found):
        centre = shared.centroid
        assert (found.x[0], found.y[0]) == pytest.approx((centre.x, centre.y), abs=1e-6)


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40))
def test_the_sweep_finds_the_pairs_that_looking_at_all_finds(seed, n):
    rng = np.random.default_rng(seed)
    places = rng.uniform(-25.0, 25.0, (n, 2))
    yaws = rng.uniform(-np.pi, np.pi, n)
    poses = [Pose(x, y, 0.0, yaw=a) for (x, y), a in zip(places, yaws, strict=True)]
    models = [TRUCK if k % 5 == 0 else MODEL3 for k in range(n)]
    found = contacts(fleet(*poses, models=models).rigid())
    pairs = list(zip(found.first.tolist(), found.second.tolist(), strict=True))
    alone = [
        (i, j)
        for i in range(n)
        for j in range(i + 1, n)
        if touches(fleet(poses[i], poses[j], models=[models[i], models[j]]).rigid(), 0)
    ]
    assert pairs == alone
