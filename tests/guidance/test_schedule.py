"""The schedule: compiled once, looked up ever after, the same after a trip through JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.core.errors import InputError
from hdsim.driver.load import folders, load_profile, names
from hdsim.guidance.compile import check_mode, compile_schedule
from hdsim.guidance.schedule import Schedule, blocked_time

STYLED = compile_schedule(load_profile("aggressive-drunk-distracted"), duration_s=900.0)


@pytest.mark.parametrize("name", names(folders()))
def test_json_round_trip(name: str):
    schedule = compile_schedule(load_profile(name), duration_s=300.0)
    assert Schedule.from_json(schedule.to_json()) == schedule


def test_neutral_is_empty_at_all_times():
    schedule = compile_schedule(load_profile("neutral"))
    for t_s in (0.0, 250.0, 1e5):
        assert all(not p.operations for p in schedule.at(t_s, {"blocked_s": 100.0}))


def test_layers_come_in_their_order():
    layers = [p.layer for p in STYLED.at(0.0, {})]
    assert layers == ["personality", "physiology", "attention"]


def test_version_changes_at_the_edge_of_a_bin_and_of_a_period():
    assert STYLED.version_at(0.0, {"blocked_s": 29.9}) != STYLED.version_at(0.0, {"blocked_s": 30})
    slots = {STYLED.version_at(t, {}) for t in np.arange(0.0, 100.0, 0.05)}
    assert len(slots) == 1
    assert len({STYLED.version_at(100.0 * k, {}) for k in range(9)}) > 1


def test_moods_join_the_physiology_of_those_they_stir():
    calm, angry = STYLED.at(0.0, {"anger": 0.01}), STYLED.at(0.0, {"anger": 0.5})
    assert calm == STYLED.at(0.0, {})
    assert angry[1].operations == (*calm[1].operations, *STYLED.moods.operations)
    assert (angry[0], angry[2]) == (calm[0], calm[2])
    together = STYLED.versions_at(0.0, np.zeros(2), np.array([False, True]))
    assert [STYLED.programs(int(v)) for v in together] == [calm, angry]


def test_alcohol_wears_off_from_period_to_period():
    schedule = compile_schedule(load_profile("drunk"), duration_s=7200.0)
    wander = [
        next(o.offset_sd_m for o in schedule.at(t, {})[1].operations if o.op == "bend_lane")
        for t in (0.0, 3600.0, 7100.0)
    ]
    assert wander[0] > wander[1] > wander[2]


@given(st.floats(0.0, 5000.0), st.lists(st.floats(0.0, 100.0), min_size=1, max_size=9))
def test_drivers_are_looked_up_alike_together_and_alone(t_s, blocked):
    together = STYLED.versions_at(t_s, np.array(blocked))
    alone = [STYLED.version_at(t_s, {"blocked_s": b}) for b in blocked]
    assert together.tolist() == alone
    for version, b in zip(alone, blocked, strict=True):
        assert STYLED.programs(version) == STYLED.at(t_s, {"blocked_s": b})


def test_compiling_twice_gives_the_same_schedule():
    profile = load_profile("cautious-fatigued-distracted")
    assert compile_schedule(profile).to_json() == compile_schedule(profile).to_json()


def test_all_sub_tasks_of_the_phone_occur():
    entries = {STYLED.version_at(100.0 * k, {}) % len(STYLED.attention) for k in range(60)}
    assert entries == {0, 1, 2, 3}


def test_a_broken_record_is_named():
    data = json.loads(STYLED.to_json())
    data["cells"][0][0] = 99
    with pytest.raises(InputError) as error:
        Schedule.from_json(json.dumps(data), "run/guidance/x.json")
    assert str(error.value) == (
        "run/guidance/x.json, expected a guidance schedule: "
        "Value error, cells that name a program of physiology"
    )


def test_mode_is_checked():
    assert check_mode("cached") == "cached"
    with pytest.raises(InputError) as error:
        check_mode("online")
    assert str(error.value) == (
        "--guidance = 'online', expected offline | cached | live (did you mean 'offline'?)"
    )


def test_standing_time_grows_while_standing_and_ends_with_moving():
    blocked = np.zeros(2)
    for _ in range(20):
        blocked = blocked_time(blocked, np.array([0.0, 5.0]), 0.05)
    assert blocked.tolist() == pytest.approx([1.0, 0.0])
    assert blocked_time(blocked, np.array([0.2, 0.0]), 0.05).tolist() == pytest.approx([0.0, 0.05])
