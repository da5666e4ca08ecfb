"""Several clients of one server, each a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

Program = Callable[..., dict[str, Any]]


@pytest.fixture
def together(program: Program) -> Program:
    return partial(program, programs="together.py")


@pytest.fixture
def embedded_only(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--carla"):
        pytest.skip("the claim is about the embedded server only")


def test_one_ticks_and_three_listen(carla_address: str, together: Program):
    seen = together("listening", carla_address)
    assert seen["frames"] == [40, 40, 40]
    assert seen["in_a_row"] == [True, True, True]
    assert seen["agree"]


def test_clients_that_die_in_the_middle_of_a_step(carla_address: str, together: Program):
    seen = together("vanishing", carla_address)
    assert seen["in_a_row"]
    assert seen["present"] == [True, True, True]
    assert seen["port_is_free_again"]
    assert seen["left"] == 0


def test_a_traffic_manager_of_another_process_in_asynchronous_mode(
    carla_address: str, together: Program
):
    seen = together("managed_elsewhere", carla_address)
    assert seen["vehicles"] == 4
    assert seen["moved"] == 4


@pytest.mark.usefixtures("embedded_only")
def test_a_change_of_map_while_another_client_listens(carla_address: str, together: Program):
    seen = together("changing_maps", carla_address)
    assert seen["names"] == ["motorway", "grid"]
    assert seen["frames_grow"]
    assert seen["heard"] == seen["ticked"]
