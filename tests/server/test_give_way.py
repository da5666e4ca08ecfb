"""Who is shown red at stop and yield signs."""

from __future__ import annotations

import numpy as np
import pytest

from hdsim.core.state import SignalState
from hdsim.road.furniture import Sign
from hdsim.road.signs import SignKind
from hdsim.road.strips import Strip, build, line
from hdsim.server.give_way import STOP_S, GiveWay
from hdsim.server.physics.surface import Surface
from hdsim.server.wire.shapes import Pose
from tests.server.fleet import MODEL3, fleet

R, G = int(SignalState.RED), int(SignalState.GREEN)


@pytest.fixture(scope="module")
def crossing():
    """A lane eastwards to a sign at x = 100, and one northwards across the junction behind it."""
    strips = {
        "in": Strip(*line(0, 0, 100, 0)),
        "over": Strip(*line(100, 0, 130, 0), follows=("in",), junction=1),
        "south": Strip(*line(115, -60, 115, -15)),
        "across": Strip(*line(115, -15, 115, 15), follows=("south",), junction=1),
    }
    return build("crossing", strips)[0]


def sign(kind: SignKind) -> Sign:
    places = ((0, 100.0),)
    return Sign("1", kind, "206", -1.0, np.nan, 100.0, -3.0, 2.0, 0.0, (1,), places)


def shown(road, kind, gap, cars=(), speed=0.0, steps=1, step_s=0.05):
    """What a car ``gap`` metres before the line is shown at each step."""
    v = fleet(Pose(100.0 - gap - MODEL3.length / 2, 0, 0), *cars)
    v.set_velocity(0, speed, 0.0)
    signs, f = GiveWay(road, [sign(kind)]), Surface(road).settle(v)
    v.light_state[:] = G
    seen = []
    for _ in range(steps):
        v.light_state[:] = G
        signs.report(v, f.d, f.width, f.yaw, step_s)
        seen.append(int(v.light_state[0]))
    assert not v.has_light.any()
    assert (v.light_state[1:] == G).all()
    return seen


def test_a_stop_sign_holds_for_two_seconds_of_standing(crossing):
    seen = shown(crossing, SignKind.STOP, 1.0, steps=60)
    assert seen == [R] * (round(STOP_S / 0.05) - 1) + [G] * (61 - round(STOP_S / 0.05))
    assert shown(crossing, SignKind.STOP, 3.0, speed=3.0, steps=60) == [R] * 60
    assert shown(crossing, SignKind.STOP, 30.0, steps=2) == [G, G]
    assert shown(crossing, SignKind.STOP, -1.5, steps=2) == [G, G]


ON_THE_CROSSING = Pose(115, 0, 0, yaw=np.pi / 2)
BEFORE_IT = Pose(115, -40, 0, yaw=np.pi / 2)


def test_a_stop_sign_holds_while_somebody_crosses(crossing):
    assert shown(crossing, SignKind.STOP, 1.0, (ON_THE_CROSSING,), steps=60) == [R] * 60


def test_a_yield_sign_holds_only_while_somebody_crosses(crossing):
    assert shown(crossing, SignKind.YIELD, 1.0, (ON_THE_CROSSING,), steps=3) == [R] * 3
    assert shown(crossing, SignKind.YIELD, 1.0, (BEFORE_IT,), steps=3) == [G] * 3
    assert shown(crossing, SignKind.YIELD, 1.0, steps=3) == [G] * 3


def test_speed_signs_hold_nobody(crossing):
    assert shown(crossing, SignKind.SPEED_LIMIT, 1.0, (ON_THE_CROSSING,), steps=2) == [G, G]
