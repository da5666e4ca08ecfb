"""What a competent driver copes with, one scene each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsim.core.command import Reason
from hdsim.road.routes import plan
from hdsim.road.strips import Strip, arc, build, line
from hdsim.testing.scenes import crossing, straight, two_way
from hdsim.testing.traffic import LENGTH, Traffic

from .test_model import send, standing_at

LINE_M = 10.0


@settings(max_examples=15)
@given(st.floats(0.5, 25.0), st.floats(0.0, 20.0), st.floats(8.0, 90.0), st.floats(0.1, 40.0))
def test_a_driver_with_more_gap_never_brakes_more(speed, lead, gap, more):
    accel = []
    for there in (gap, gap + more):
        graph, _ = straight(400.0, limit=30.0)
        t = Traffic(
            graph,
            [(0, 50.0, speed), (0, 50.0 + LENGTH + there, lead)],
            scripts={1: lambda s, at=50.0 + LENGTH + there: (0, at, lead)},
        )
        accel.append(float(t.tick().decisions.accel[0]))
    assert accel[1] >= accel[0] - 1e-9


def stops(traffic: Traffic, driver: int, index: int) -> list[float]:
    """Times at which a driver stood before the line of its lane."""
    lane, *_ = traffic.graph.locate(traffic.x, traffic.y, traffic.yaw)
    stands = traffic.speed[driver] < 0.15 and lane[driver] == index
    return [traffic.time] if stands else []


def test_stops_at_a_stop_sign_even_when_nobody_comes_and_goes_on():
    graph, index = crossing(major="we", stop="sn")
    t = Traffic(graph, [(index["in-s"], 60.0, 10.0)])
    send(t, index, ["s-n"])
    stood: list[float] = []
    reasons = set()

    def note(t: Traffic) -> None:
        stood.extend(stops(t, 0, index["in-s"]))
        reasons.add(int(t.decisions.reason[0]))

    t.run(25.0, note)
    assert int(Reason.STOP_SIGN) in reasons
    assert stood
    assert stood[-1] - stood[0] < 4.0
    assert t.y[0] > 15.0


def test_at_an_all_way_stop_who_came_first_goes_first():
    graph, index = crossing(stop="wsen")
    ways = ["w-e", "s-n", "e-w", "n-s"]
    # Arrivals 3 s apart, in this order.
    t = Traffic(graph, [(index[f"in-{w[0]}"], 85.0 - 20.0 * k, 8.0) for k, w in enumerate(ways)])
    send(t, index, ways)
    hits: list[tuple[int, int]] = []
    entered: dict[int, float] = {}
    stood: dict[int, list[float]] = {k: [] for k in range(4)}

    def note(t: Traffic) -> None:
        hits.extend(t.overlaps() if t.frame % 3 == 0 else [])
        lane, *_ = graph.locate(t.x, t.y, t.yaw)
        for k, way in enumerate(ways):
            stood[k] += stops(t, k, index[f"in-{way[0]}"])
            if lane[k] == index[way]:
                entered.setdefault(k, t.time)

    t.run(45.0, note)
    assert not hits
    assert all(stood.values())
    assert sorted(entered, key=entered.__getitem__) == [0, 1, 2, 3]


def test_goes_around_a_parked_car_when_nobody_comes():
    graph, index = two_way()
    east = index["east"]
    t = Traffic(
        graph, [(east, 20.0, 10.0), (east, 200.0, 0.0)], scripts={1: standing_at(east, 200.0)}
    )
    aside: list[float] = []
    hits: list[tuple[int, int]] = []

    def note(t: Traffic) -> None:
        aside.append(float(t.y[0]))
        hits.extend(t.overlaps())

    t.run(60.0, note)
    assert not hits
    assert t.x[0] > 300.0
    assert max(aside) > 1.5
    assert abs(t.y[0]) < 0.1


def test_waits_behind_a_parked_car_while_somebody_comes():
    graph, index = two_way()
    east, west = index["east"], index["west"]
    cars = 6  # a column that comes by from 15 s to 35 s or so

    def column(k: int):
        return lambda time: (west, min(max(40.0 + 10.0 * (time - 4.0 * k), 1.0), 499.0), 10.0)

    starts = [(east, 20.0, 10.0), (east, 200.0, 0.0)]
    t = Traffic(
        graph,
        starts + [(west, 1.0 + 0.01 * k, 10.0) for k in range(cars)],
        scripts={1: standing_at(east, 200.0), **{k + 2: column(k) for k in range(cars)}},
    )
    hits: list[tuple[int, int]] = []
    reasons = set()

    def note(t: Traffic) -> None:
        reasons.add(int(t.decisions.reason[0]))
        hits.extend(pair for pair in t.overlaps() if 0 in pair)

    t.run(80.0, note)
    assert not hits
    assert int(Reason.OBSTACLE) in reasons
    assert t.x[0] > 260.0


def test_leaves_the_lane_of_a_broken_down_car_for_the_one_beside():
    graph, index = straight(500.0, lanes=2)
    here, beside = index["0"], index["1"]
    starts = [(here, 20.0, 10.0), (here, 200.0, 0.0)]
    # A column in the lane beside holds the driver up until it has come to a stand.
    starts += [(beside, 30.0 + 12.0 * k, 9.0) for k in range(8)]
    scripts = {1: standing_at(here, 200.0)}
    for k in range(8):
        scripts[k + 2] = lambda time, k=k: (beside, min(30.0 + 12.0 * k + 9.0 * time, 495.0), 9.0)
    t = Traffic(graph, starts, scripts=scripts)
    hits: list[tuple[int, int]] = []
    t.run(60.0, lambda t: hits.extend(pair for pair in t.overlaps() if 0 in pair))
    assert not hits
    assert t.x[0] > 250.0


def fork_ahead():
    """Two lanes, the left one to the goal; the right one comes there by a long way round."""
    strips = {
        "right": Strip(*line(0.0, 0.0, 300.0, 0.0), left="left"),
        "left": Strip(*line(0.0, 3.5, 300.0, 3.5), right="right"),
        "right-on": Strip(*line(300.0, 0.0, 400.0, 0.0), follows=("right",)),
        "left-on": Strip(*line(300.0, 3.5, 500.0, 3.5), follows=("left",)),
        "round": Strip(*arc(400.0, 0.0, 0.0, 60.0, -np.pi), follows=("right-on",)),
        "back": Strip(*line(400.0, -120.0, 300.0, -120.0), follows=("round",)),
        "goal": Strip(*line(500.0, 3.5, 700.0, 3.5), follows=("left-on", "back")),
    }
    return build("fork", strips)


def test_a_lane_change_that_never_comes_free_is_given_up_for_another_way():
    graph, index = fork_ahead()
    route = plan(graph, (index["right"], 100.0), (index["goal"], 150.0), "test")
    assert index["left"] in route.lanes
    queue = [(index["left"], 60.0 + 8.0 * k, 0.0) for k in range(30)]
    t = Traffic(
        graph,
        [(index["right"], 100.0, 10.0), *queue],
        scripts={k + 1: standing_at(*start[:2]) for k, start in enumerate(queue)},
        routes={"car-00": route},
    )
    hits: list[tuple[int, int]] = []
    off: list[float] = []

    def note(t: Traffic) -> None:
        hits.extend(pair for pair in t.overlaps() if 0 in pair)
        if t.x[0] < 350.0:
            off.append(abs(float(t.y[0])))

    t.run(52.0, note)
    assert not hits
    assert max(off) < 0.6
    assert t.x[0] > 310.0
    ahead = t.router.lanes_ahead(0)
    assert index["round"] in ahead
    assert ahead[-1] == index["goal"]


@pytest.mark.parametrize("spacing", [14.0, 20.0])
def test_a_needed_lane_change_into_moving_traffic_finds_its_gap(spacing):
    graph, index = fork_ahead()
    route = plan(graph, (index["right"], 60.0), (index["goal"], 150.0), "test")
    stream = [(index["left"], 20.0 + spacing * k, 6.0) for k in range(12)]
    others = {
        f"car-{k + 1:02d}": plan(graph, s[:2], (index["goal"], 190.0), "test")
        for k, s in enumerate(stream)
    }
    t = Traffic(graph, [(index["right"], 60.0, 8.0), *stream], routes={"car-00": route, **others})
    hits: list[tuple[int, int]] = []
    t.run(70.0, lambda t: hits.extend(t.overlaps() if t.frame % 3 == 0 else []))
    assert not hits
    assert t.x[0] > 310.0
    assert abs(t.y[0] - 3.5) < 0.5


def crossing_on_foot(walk):
    """A road, and somebody on foot who crosses it at x = 150 m: how far along at each time [m]."""
    strips = {
        "east": Strip(*line(0.0, 0.0, 400.0, 0.0)),
        "foot": Strip(*line(150.0, -20.0, 150.0, 20.0)),
    }
    graph, index = build("on foot", strips)
    east, foot = index["east"], index["foot"]
    speed = lambda time: (walk(time + 0.05) - walk(time)) / 0.05  # noqa: E731
    t = Traffic(
        graph,
        [(east, 20.0, 12.0), (foot, walk(0.0), 0.0)],
        scripts={1: lambda time: (foot, walk(time), speed(time))},
    )
    t.roster.length[1] = t.roster.width[1] = 0.5
    return t


@pytest.mark.parametrize("begins", [3.0, 5.0, 6.5, 8.0])
def test_lets_people_cross(begins):
    """Whoever steps out in good time is not endangered; the driver goes on behind."""
    t = crossing_on_foot(lambda time: 16.0 + 1.3 * min(max(time - begins, 0.0), 8.0))
    nearest: list[float] = []

    def note(t: Traffic) -> None:
        # Between the car's box and the person, while the car moves.
        ahead = abs(t.x[0] - t.x[1]) - 0.5 * LENGTH
        aside = abs(t.y[0] - t.y[1]) - 0.95
        if t.speed[0] > 0.5:
            nearest.append(max(ahead, aside))

    t.run(30.0, note)
    assert min(nearest) > 0.5
    assert t.x[0] > 170.0


def test_nobody_stops_for_a_person_who_stands_on_the_pavement():
    t = crossing_on_foot(lambda time: 16.0)
    slowest: list[float] = []
    t.run(12.0, lambda t: slowest.append(float(t.speed[0])))
    assert min(slowest) > 11.0


def test_breaks_off_a_lane_change_when_somebody_gets_alongside():
    """Two from either side into the one lane between them: at most one gets it at a time."""
    graph, index = straight(900.0, lanes=3)
    t = Traffic(graph, [(index["0"], 50.0, 10.0), (index["2"], 52.0, 10.0)])
    hits: list[tuple[int, int]] = []
    asked: list[float] = []

    def note(t: Traffic) -> None:
        hits.extend(t.overlaps() if t.frame % 3 == 0 else [])
        if 2.0 <= t.time < 2.05:
            asked.extend(t.router.switch_lane([0, 1], [1, -1]).tolist())

    t.run(25.0, note)
    assert asked == [True, True]
    assert not hits


def test_nobody_swings_out_to_pass_the_end_of_a_queue():
    """Who drives up to a car that stands 60 m before a junction waits behind it, as in a queue."""
    graph, index = crossing(arm=300.0)
    into, place, goes_on_s = index["in-w"], 240.0, 50.0

    def stands(time: float) -> tuple[int, float, float]:
        s = place + max(0.0, 10.0 * (time - goes_on_s))
        return into, min(s, 299.0), 10.0 if place < s < 299.0 else 0.0

    t = Traffic(graph, [(into, 100.0, 10.0), (into, place, 0.0)], scripts={1: stands})
    send(t, index, ["w-e"])
    begin_y, aside = float(t.y[0]), []
    t.run(goes_on_s + 3.0, lambda t: aside.append(float(t.y[0]) - begin_y))
    assert t.x[0] > -LINE_M - 300.0 + place - 20.0  # close behind it
    assert max(np.abs(aside)) < 0.3
