"""Each difference between belief and truth has the operation and trait that caused it."""

from __future__ import annotations

import numpy as np
import pytest

from hdsim.perception.explain import explained

from .drives import Drive, program

OPS = (
    {"op": "scale_distance", "factor": 1.3, "cause": "aggressiveness"},
    {"op": "scale_closing_speed", "factor": 0.6, "select": {"relation": "lead"}, "cause": "fog"},
    {"op": "scale_own_speed", "factor": 0.9, "cause": "hurry"},
    {"op": "bend_lane", "offset_m": 0.3, "cause": "alcohol"},
    {"op": "attend", "range_m": 40.0, "memory_s": 3.0, "cause": "baseline + age"},
)


def _explained(*ops, ticks=30, hide=lambda t: ()):
    drive = Drive(program(*ops, layer="physiology"))
    for _ in range(ticks):
        obs, percepts = drive.step(hide)
    record = explained(drive.perceiver, obs, percepts, drive.roster, drive.me)
    return record, {o["name"]: o for o in record["others"]}


def test_without_programs_everything_is_as_it_is():
    record, others = _explained()
    assert record["own"] == []
    assert others
    assert all(o["registered"] and o["differences"] == [] for o in others.values())


def test_amounts_add_up_to_the_difference_and_name_their_cause():
    record, others = _explained(*OPS)
    for difference in [*record["own"], *(d for o in others.values() if o["registered"]
                                         for d in o["differences"])]:  # fmt: skip
        amounts = [b["amount"] for b in difference["because"]]
        error = difference["believed"] - difference["true"]
        assert sum(amounts) == pytest.approx(error, abs=1e-6)
        assert all(b["by"] for b in difference["because"])
    own = {d["what"]: d["because"][0]["by"] for d in record["own"]}
    assert own == {"speed_mps": ["physiology: hurry"], "lane_offset_m": ["physiology: alcohol"]}
    ego = {d["what"]: d for d in others["ego"]["differences"]}
    assert ego["range_m"]["because"][0]["by"] == ["physiology: aggressiveness"]
    speeds = {b["operation"]: b["by"] for b in ego["speed_mps"]["because"]}
    assert speeds["scale_closing_speed"] == ["physiology: fog"]
    assert speeds["scale_own_speed"] == ["physiology: hurry"]


def test_what_is_not_registered_says_why():
    _, others = _explained(*OPS)
    far = others["npc-03"]
    assert not far["registered"]
    assert far["not_registered_because"] == [
        {"operation": "attend", "by": ["physiology: baseline + age"]}
    ]
    narrow = {"op": "useful_field", "radius_deg": 5, "edge_rate_per_s": 0.0, "cause": "age"}
    seen = {o["name"] for o in _explained(ticks=1)[0]["others"]}
    drive_ops = [{"op": "attend", "memory_s": 0.0}, narrow]
    _, others = _explained(*drive_ops, ticks=100)
    missed = [o for o in others.values() if not o["registered"]]
    assert missed
    assert seen >= set(others)
    assert all(o["not_registered_because"][0]["by"] == ["physiology: age"] for o in missed)


def test_memory_and_delay_are_told_apart():
    hide = lambda t: ["ego"] if t >= 1.0 else []  # noqa: E731
    drifting = {"op": "attend", "memory_s": 5.0, "drift_mps": 2.0, "cause": "age"}
    _, others = _explained(drifting, ticks=40, hide=hide)
    ego = others["ego"]
    assert ego["remembered"]
    assert ego["age_s"] == pytest.approx(1.0, abs=0.06)
    because = [b for d in ego["differences"] if d["what"] == "range_m" for b in d["because"]]
    assert {b["operation"] for b in because} == {"memory"}
    assert np.all([b["by"] == ["physiology: age"] for b in because])


def test_a_place_in_the_lane_lost_with_eyes_off_the_road_is_told_from_a_bent_lane():
    look = {"op": "look_away", "glance_median_s": 8.0, "glance_sigma": 0.0, "cause": "phone"}
    bend = {"op": "bend_lane", "offset_m": 0.3, "cause": "alcohol"}
    record, _ = _explained(look, bend)
    (lane,) = [d for d in record["own"] if d["what"] == "lane_offset_m"]
    amounts = {b["operation"]: b["amount"] for b in lane["because"]}
    assert amounts["bend_lane"] == pytest.approx(-0.3)
    assert amounts["look_away"] != 0.0
    assert sum(amounts.values()) == pytest.approx(lane["believed"] - lane["true"])
