"""Rasters show what percepts say, where the layout says."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.control.bev.draw import fill_box
from hdsim.control.bev.layout import BROKEN_LINE, FULL, RED, BevLayout
from hdsim.control.bev.render import BevRenderer
from hdsim.core.percept import Percepts
from hdsim.core.state import SignalState
from hdsim.testing.scenes import crossing, straight
from hdsim.testing.traffic import Traffic

LAYOUT = BevLayout()
MIDDLE = LAYOUT.pixels // 2


def pixel(ahead: float, left: float) -> tuple[int, int]:
    """Row and column of a place in the driver's frame [m]."""
    row = LAYOUT.pixels - LAYOUT.pixels_behind - ahead * LAYOUT.pixels_per_m
    return int(row), int(MIDDLE - left * LAYOUT.pixels_per_m)


def percepts_of(traffic: Traffic) -> Percepts:
    traffic.tick()
    return traffic.percepts


@pytest.fixture
def pair() -> Traffic:
    """Two cars on one lane of a two-lane road, the second 20 m before the first."""
    graph, lanes = straight(lanes=2)
    lane = lanes["0"]
    return Traffic(graph, [(lane, 50.0, 8.0), (lane, 70.0, 8.0)])


def test_the_layout_is_that_of_roach():
    assert len(LAYOUT.channels) == 15
    assert LAYOUT.channels[:4] == ("road", "route", "lane_marks", "vehicles_1.6s")
    assert LAYOUT.first("signals") == 11


def test_people_are_drawn_in_channels_of_their_own(pair):
    pair.roster.length[1] = pair.roster.width[1] = 0.4
    masks = BevRenderer(pair.graph).render(percepts_of(pair))[0]
    newest = len(LAYOUT.history_s) - 1
    person = masks[LAYOUT.first("walkers") + newest]
    assert person[pixel(20.0, 0.0)] == FULL
    assert person.sum() / FULL == pytest.approx((1.6 * LAYOUT.pixels_per_m) ** 2, rel=0.15)
    assert not masks[LAYOUT.first("vehicles") + newest].any()


@given(
    st.floats(-20, 60), st.floats(-20, 60), st.floats(-3.2, 3.2), st.floats(0.6, 15),
    st.floats(0.6, 8),
)  # fmt: skip
def test_a_box_fills_the_pixels_whose_centres_lie_in_it(
    row, column, angle, half_length, half_width
):
    image = np.zeros((40, 40), dtype=np.uint8)
    fill_box(image, row, column, np.cos(angle), np.sin(angle), half_length, half_width, 7)
    i, j = np.mgrid[:40, :40] + 0.5
    up, aside = row - i, column - j
    along = up * np.cos(angle) + aside * np.sin(angle)
    across = aside * np.cos(angle) - up * np.sin(angle)
    edge = np.minimum(abs(abs(along) - half_length), abs(abs(across) - half_width)) < 1e-9
    inside = (abs(along) <= half_length) & (abs(across) <= half_width)
    assert np.array_equal(image[~edge] > 0, inside[~edge])


def test_the_lead_is_drawn_where_the_driver_believes_it(pair):
    seen = percepts_of(pair)
    masks = BevRenderer(pair.graph).render(seen)
    away = np.hypot(seen.objects.x - pair.x[0], seen.objects.y - pair.y[0])[0]
    (gap,) = away[seen.objects.seen[0]].tolist()  # other slots mean nothing
    newest = LAYOUT.first("vehicles") + len(LAYOUT.history_s) - 1
    assert masks[0, newest][pixel(gap, 0.0)] == FULL
    assert masks[0, newest][pixel(gap + 3.0, 0.0)] == 0
    farther = dataclasses.replace(
        seen, objects=dataclasses.replace(seen.objects, x=seen.objects.x + 6.0)
    )
    moved = BevRenderer(pair.graph).render(farther)
    assert moved[0, newest][pixel(gap + 6.0, 0.0)] == FULL
    assert moved[0, newest][pixel(gap, 0.0)] == 0


def test_what_is_not_registered_is_not_drawn(pair):
    seen = percepts_of(pair)
    nobody = dataclasses.replace(
        seen, objects=dataclasses.replace(seen.objects, seen=np.zeros_like(seen.objects.seen))
    )
    first = LAYOUT.first("vehicles")
    assert not BevRenderer(pair.graph).render(nobody)[:, first : first + 4].any()


def test_road_route_and_marks_lie_around_the_driver(pair):
    masks = BevRenderer(pair.graph).render(percepts_of(pair))[0]
    assert masks[0][pixel(10.0, 0.0)] == FULL
    assert masks[0][pixel(10.0, 12.0)] == masks[0][pixel(10.0, -12.0)] == 0
    assert masks[1][pixel(10.0, 0.0)] == FULL
    assert masks[1][pixel(10.0, 2.5)] == masks[1][pixel(-5.0, 0.0)] == 0
    values = set(np.unique(masks[2]).tolist())
    assert values == {0, BROKEN_LINE, FULL}


def test_older_frames_stay_where_the_object_was(pair):
    renderer = BevRenderer(pair.graph)
    places = []
    for _ in range(40):
        places.append(pair.x[1])
        masks = renderer.render(percepts_of(pair))
    first = LAYOUT.first("vehicles")
    rows = [np.nonzero(masks[0, first + i])[0].mean() for i in range(4)]
    # Oldest first: the lead drove away from where it was, up the picture.
    shown_m = -np.diff(rows) / LAYOUT.pixels_per_m
    then = [places[-1 - round(age / 0.05)] for age in LAYOUT.history_s]
    assert np.allclose(shown_m, np.diff(then), atol=0.2)


def test_a_red_light_is_a_bar_at_its_stop_line():
    graph, lanes = crossing(signals=True)
    lane = lanes["in-w"]
    red = np.full(len(graph.signals), SignalState.RED, dtype=np.uint8)
    traffic = Traffic(graph, [(lane, graph.length[lane] - 15.0, 5.0)], signals=lambda _: red)
    seen = percepts_of(traffic)
    masks = BevRenderer(graph).render(seen)[0]
    ahead = float(seen.signal.distance[0] + 0.5 * seen.own.length[0])
    bar = masks[LAYOUT.first("signals") + 3]
    assert bar[pixel(ahead, 0.0)] == RED
    assert not bar[: pixel(ahead + 2.0, 0.0)[0]].any()


def test_a_driver_who_begins_anew_has_no_past(pair):
    renderer = BevRenderer(pair.graph)
    for _ in range(40):
        renderer.render(percepts_of(pair))
    renderer.begin_anew(np.array([0]))
    masks = renderer.render(percepts_of(pair))
    first = LAYOUT.first("vehicles")
    assert not masks[0, first : first + 3].any()


def test_the_same_percepts_give_the_same_pictures(pair):
    seen = percepts_of(pair)
    one, two = (BevRenderer(pair.graph).render(seen) for _ in range(2))
    assert np.array_equal(one, two)
