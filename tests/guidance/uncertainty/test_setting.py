"""When two answers say the same."""

from __future__ import annotations

import pytest

from hdsim.guidance.uncertainty.setting import (
    agree,
    distance,
    program_distance,
    same_program,
    settings,
)
from hdsim.perception.catalogue import Delay, MisreadSignal, ScaleDistance, Selector

LEAD, REAR = Selector(relation="lead"), Selector(relation="rear")


def of(*operations):
    return settings(operations)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (ScaleDistance(factor=1.4), ScaleDistance(factor=1.25), True),
        (ScaleDistance(factor=1.4), ScaleDistance(factor=1.1), False),
        (ScaleDistance(factor=1.4), ScaleDistance(factor=0.6), False),
        (ScaleDistance(select=LEAD, factor=1.4), ScaleDistance(select=REAR, factor=1.4), False),
        (Delay(delay_s=0.2, source="here"), Delay(delay_s=0.4, source="there"), True),
    ],
)
def test_effects_agree_in_direction_and_within_a_factor_of_two(a, b, same):
    assert agree(of(a)[a.op], of(b)[b.op]) is same
    assert agree(of(b)[b.op], of(a)[a.op]) is same


def test_what_does_nothing_is_absent():
    assert of(ScaleDistance(), Delay(delay_s=0.0)) == {}


def test_which_signal_is_taken_for_which_matters():
    a = MisreadSignal(actual="yellow", seen="green", probability=0.3)
    b = MisreadSignal(actual="red", seen="green", probability=0.3)
    assert not same_program(of(a), of(b))


def test_distance_grows_from_nothing_to_one():
    right = of(ScaleDistance(select=LEAD, factor=1.4), Delay(delay_s=0.4))
    close = of(ScaleDistance(select=LEAD, factor=1.3), Delay(delay_s=0.4))
    half = of(ScaleDistance(select=LEAD, factor=1.4))
    other = of(Delay(select=LEAD, delay_s=0.4))
    assert program_distance(right, right) == 0.0
    assert program_distance(right, close) == pytest.approx(0.125)
    assert program_distance(right, half) == pytest.approx(0.5)
    assert program_distance(right, other) == 1.0
    assert distance(right["delay"], ()) == 1.0
    assert program_distance(of(), of()) == 0.0
