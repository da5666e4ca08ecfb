"""Workers and servers get a core each, and nobody gets two servers before all have one."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.core import cores as places
from hdsim.core.cores import beside_server, interpreter_apart, pair, take_slot


def test_two_workers_on_two_cores_have_an_interpreter_and_a_server_on_each():
    assert pair(0, [0, 1]) == (0, 1)
    assert pair(1, [0, 1]) == (1, 0)
    assert pair(2, [0, 1]) == (0, 1)


def test_four_cores_are_used_before_any_is_shared():
    assert [pair(slot, [2, 3, 6, 7]) for slot in range(2)] == [(2, 3), (6, 7)]
    assert pair(2, [2, 3, 6, 7]) == (3, 2)


def test_one_core_leaves_no_choice():
    assert pair(0, [5]) is None


def test_a_process_outside_a_batch_is_left_alone(monkeypatch):
    monkeypatch.setattr(places, "_own", None)
    before = os.sched_getaffinity(0)
    with beside_server(os.getpid()):
        assert os.sched_getaffinity(0) == before
        with interpreter_apart():
            assert os.sched_getaffinity(0) == before


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_a_worker_stands_beside_its_server_and_thinks_apart(monkeypatch):
    monkeypatch.setattr(places, "_own", None)
    before = os.sched_getaffinity(0)
    take_slot(0)
    first, second = sorted(before)[:2]
    with interpreter_apart():
        assert os.sched_getaffinity(0) == before, "there is no server to be apart from"
    with beside_server(os.getpid()):
        assert os.sched_getaffinity(0) == {second}
        with interpreter_apart():
            assert os.sched_getaffinity(0) == {first}
        assert os.sched_getaffinity(0) == {second}
    os.sched_setaffinity(0, before)


@given(st.integers(0, 40), st.lists(st.integers(0, 200), min_size=2, max_size=16, unique=True))
def test_a_pair_is_two_different_allowed_cores(slot, cores):
    got = pair(slot, sorted(cores))
    assert got is not None
    assert len(set(got)) == 2
    assert set(got) <= set(cores)
