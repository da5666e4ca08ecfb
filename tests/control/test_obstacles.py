"""Around what stands in the lane for good: with room for the corners, or not at all."""

from __future__ import annotations

import numpy as np
import pytest

from hdsim.control.parameters import Parameters
from hdsim.control.swept import Box, Moves, comes_past
from hdsim.testing.scenes import straight, two_way
from hdsim.testing.traffic import LENGTH, WHEELBASE, WIDTH, Traffic

from .test_model import standing_at

OBSTACLE_S = 150.0
# Own offset in the lane, that of the obstacle [m], and how far the obstacle is turned [rad].
PLACES = [(0.0, 0.0, 0.0), (-0.4, 0.5, 0.0), (0.4, -0.5, 0.0), (0.0, 0.3, 0.25)]


def behind_an_obstacle(road: str, gap: float, own_d: float, d: float, turned: float) -> Traffic:
    """A car that stands so far [m] behind another one, on a road of one or two lanes each way."""
    graph, index = two_way(300.0) if road == "two-way" else straight(300.0, lanes=2)
    lane = index[{"two-way": "east", "right lane": "0", "left lane": "1"}[road]]
    starts = [(lane, OBSTACLE_S - LENGTH - gap, 0.0), (lane, OBSTACLE_S, 0.0)]
    t = Traffic(graph, starts, scripts={1: standing_at(lane, OBSTACLE_S)})
    t.middle = float(t.y[0])
    t.y[0] += own_d
    t.place = (t.middle + d, turned)
    t.y[1], t.yaw[1] = t.place
    return t


def watched(t: Traffic, seconds: float, known: bool) -> list[float]:
    """Drive; the times of contact. ``known``: the obstacle has been seen to stand for long."""
    hits: list[float] = []

    def note(t: Traffic) -> None:
        t.y[1], t.yaw[1] = t.place
        if known and t.frame == 1:
            t.model._standing.seen_since[0, 1] = -100.0
        if t.overlaps():
            hits.append(t.time)

    t.run(seconds, note)
    return hits


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("gap", [4.2, 8.0])
@pytest.mark.parametrize("road", ["two-way", "right lane", "left lane"])
def test_from_a_stand_with_room_a_driver_gets_past_without_touching(road, gap, place):
    t = behind_an_obstacle(road, gap, *place)
    assert not watched(t, 25.0, known=True)
    assert t.x[0] > OBSTACLE_S + 50.0


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("gap", [2.1, 2.6, 3.1])
def test_from_close_behind_a_driver_gets_past_or_waits_but_never_touches(gap, place):
    assert not watched(behind_an_obstacle("right lane", gap, *place), 15.0, known=True)


@pytest.mark.parametrize("place", PLACES[:3])
def test_whoever_has_driven_up_too_close_stays_in_its_lane(place):
    """Asking again and again for the lane beside must not bend the way round the obstacle's edge.

    The driver comes to its stand before it takes the other for an obstacle, 2 m behind it.
    """
    t = behind_an_obstacle("right lane", 8.0, *place)
    assert not watched(t, 65.0, known=False)
    assert t.x[0] < OBSTACLE_S - LENGTH - 1.5
    assert abs(t.y[0] - t.middle) < 0.2


def test_nobody_swings_out_in_front_of_who_comes_from_behind():
    """Too close for a lane change, room to swing out, and a car in the lane beside."""
    graph, index = straight(300.0, lanes=2)
    here, beside = index["0"], index["1"]
    waits = []
    for there in (True, False):
        starts = [(here, OBSTACLE_S - LENGTH - 4.2, 0.0), (here, OBSTACLE_S, 0.0)]
        scripts = {1: standing_at(here, OBSTACLE_S)}
        if there:
            starts.append((beside, 95.0, 10.0))
            scripts[2] = lambda time: (beside, min(95.0 + 10.0 * time, 299.0), 10.0)
        t = Traffic(graph, starts, scripts=scripts)
        t.place = (0.0, 0.0)
        assert not watched(t, 4.0, known=True)
        waits.append(abs(float(t.y[0])) < 0.3)
    assert waits == [True, False]


def test_corners_come_past_only_where_the_way_leads_aside_in_time():
    s = np.arange(60.0)
    own = Box(0.0, 0.0, 0.0, LENGTH, WIDTH)

    def past(aside: float, over: float, gap: float, clearance: float = 0.1) -> bool:
        away = aside * np.clip(s / over, 0.0, 1.0)
        other = Box(LENGTH + gap, 0.0, 0.0, LENGTH, WIDTH)
        return comes_past(
            own,
            Moves(0.0, 0.0, WHEELBASE, 1.5, 5.0, np.inf),
            s,
            s,
            away,
            other,
            clearance,
            Parameters(),
        )

    assert past(2.5, 8.0, 12.0)
    assert not past(2.5, 25.0, 12.0)  # aside too late
    assert not past(1.5, 8.0, 12.0)  # not far enough
    assert past(-2.5, 8.0, 12.0)
    assert not past(2.5, 8.0, 12.0, clearance=0.8)
    assert not past(2.5, 2.0, 1.0)  # too close, however sharp the way
