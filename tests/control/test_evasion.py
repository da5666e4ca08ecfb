"""Steering round what can no longer be stopped for."""

from __future__ import annotations

import numpy as np
import pytest

from hdsim.control.parameters import Parameters
from hdsim.core.command import Reason
from hdsim.testing.scenes import straight, two_way
from hdsim.testing.traffic import LENGTH, Traffic

P = Parameters()
SPEED = 26.0
STEP_S = 0.05
# What the hardest braking stops within is 42 m.
TOO_LATE_M, IN_TIME_M = 33.0, 46.0
EAST = 200.0


def revealed(gap: float, road: str = "two-way", others=(), before: float = 900.0) -> Traffic:
    """A car at 26 m/s, and so far [m] ahead of it another one that stands there from 1 s on."""
    graph, index = two_way(1000.0, 30.0) if road == "two-way" else lanes(road)
    lane = index["east"] if road == "two-way" else index["0"]
    there = EAST + SPEED * 1.0 + LENGTH + gap

    def stands(time: float) -> tuple[int, float, float]:
        return lane, there if time >= 1.0 else before, 0.0

    starts = [(lane, EAST, SPEED), (lane, before, 0.0)]
    scripts = {1: stands}
    for k, (name, s, speed) in enumerate(others):
        starts.append((index[name], s, speed))
        scripts[k + 2] = lambda time, at=(index[name], s, speed): (
            at[0],
            min(max(at[1] + at[2] * time, 0.1), 999.0),
            at[2],
        )
    return Traffic(graph, starts, scripts=scripts)


def lanes(road: str):
    return straight(1000.0, lanes=int(road), limit=30.0)


def watch(t: Traffic, seconds: float = 12.0) -> dict[str, np.ndarray]:
    """Drive; contacts with the own car, and what was done."""
    seen: dict[str, list] = {
        name: [] for name in ("hit", "y", "reason", "lateral", "wheel", "lead")
    }

    def note(t: Traffic) -> None:
        seen["hit"].append(any(0 in pair for pair in t.overlaps()))
        seen["y"].append(float(t.y[0]))
        seen["reason"].append(int(t.decisions.reason[0]))
        seen["lead"].append(int(t.decisions.lead[0]))
        seen["lateral"].append(float(t.speed[0] * t.yaw_rate[0]))
        seen["wheel"].append(float(t.decisions.steer[0]))

    t.run(seconds, note)
    return {name: np.array(values) for name, values in seen.items()}


@pytest.mark.parametrize("road", ["two-way", "2", "3"])
def test_swerves_round_what_braking_would_hit_and_comes_back(road):
    straight_on = watch(revealed(TOO_LATE_M, "1"))
    assert straight_on["hit"].any()  # braking alone
    assert Reason.SWERVE not in straight_on["reason"]
    t = revealed(TOO_LATE_M, road)
    seen = watch(t, 20.0)
    assert not seen["hit"].any()
    during = seen["reason"] == Reason.SWERVE
    assert during.any()
    assert set(seen["lead"][during]) == {1}
    assert np.max(seen["y"]) > 1.8
    assert abs(t.y[0]) < 0.2
    assert t.x[0] > EAST + SPEED + TOO_LATE_M + 2 * LENGTH
    assert np.max(np.abs(seen["lateral"])) < P.evasive_lateral + 0.1
    # The wheel is turned, not thrown round: no faster than people can, 1,000 degrees a second at
    # the steering wheel or 1.1 rad/s at the road.
    assert np.max(np.abs(np.diff(seen["wheel"]))) < 1.1 * STEP_S


@pytest.mark.parametrize(
    ("road", "others"),
    [
        ("two-way", [("west", 680.0, 20.0)]),
        ("2", [("1", 190.0, 27.0)]),
        ("2", [("1", EAST, SPEED)]),
    ],
    ids=["oncoming", "from behind", "beside"],
)
def test_stays_in_the_lane_and_brakes_where_the_way_round_is_not_free(road, others):
    seen = watch(revealed(TOO_LATE_M, road, others), 4.0)
    assert Reason.SWERVE not in seen["reason"]
    assert Reason.EMERGENCY in seen["reason"]
    assert np.max(np.abs(seen["y"])) < 0.3


def test_brakes_where_braking_is_enough():
    seen = watch(revealed(IN_TIME_M), 5.0)
    assert not seen["hit"].any()
    assert Reason.SWERVE not in seen["reason"]


def test_in_ordinary_traffic_nobody_swerves():
    graph, index = straight(2000.0, lanes=3, limit=30.0)
    starts = [(index[str(k % 3)], 20.0 + 25.0 * k, 15.0 + 3.0 * (k % 4)) for k in range(24)]
    t = Traffic(graph, starts, styles=["normal", "aggressive", "distracted"] * 8)
    reasons: set[int] = set()
    t.run(40.0, lambda t: reasons.update(t.decisions.reason.tolist()))
    assert int(Reason.SWERVE) not in reasons
    assert int(Reason.FOLLOW) in reasons
