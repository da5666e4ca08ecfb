from dataclasses import replace

import numpy as np
import pytest

from hdsim.events.event import Event, Kind
from hdsim.events.failure import failure_record, is_failure
from hdsim.events.leaderboard import score, timeout_s
from hdsim.events.thresholds import Thresholds
from hdsim.events.watch import Watch
from hdsim.road.routes import plan
from hdsim.testing.scenes import straight
from hdsim.testing.scripted import Script, scripted_roster, states


def drive(script, duration_s=30.0, timeout=1000.0, change=None, **kwargs):
    """The ego on 200 m of a straight road; the watch and its events at the end."""
    graph, index = straight(500.0)
    route = plan(graph, (0, 50.0), (0, 250.0))
    roster = scripted_roster(["ego"])
    watch = Watch(roster, graph, kwargs.pop("route", route), Thresholds(**kwargs), 0.05, timeout)
    events = []
    for tick, state in enumerate(states(graph, index, [script], duration_s)):
        events += watch.step(tick, change(state) if change else state).events
        if watch.ended:
            break
    return watch, events


def test_arrival_is_the_whole_route() -> None:
    watch, events = drive(Script(["0"], 50.0, 10.0))
    assert [e.kind for e in events] == [Kind.ARRIVED]
    assert events[0].time == pytest.approx(19.8, abs=0.11)
    scores = watch.scores()
    assert (scores.route_completion_pct, scores.driving_score) == (100.0, 100.0)


def test_time_out_leaves_the_share_that_was_driven() -> None:
    watch, events = drive(Script(["0"], 50.0, 10.0), timeout=10.0)
    assert [e.kind for e in events] == [Kind.TIMEOUT]
    assert watch.scores().driving_score == pytest.approx(50.0, abs=0.5)


def test_standing_still_is_blocked_and_creeping_is_not() -> None:
    _, events = drive(Script(["0"], 50.0, 5.0, accel=[(2.0, -5.0)]), blocked_s=10.0)
    assert [(e.kind, round(e.value)) for e in events] == [(Kind.BLOCKED, 10)]
    assert events[0].time == pytest.approx(13.0, abs=0.1)
    _, events = drive(Script(["0"], 50.0, 0.2), blocked_s=10.0)
    assert events == []


def test_leaving_the_route_by_more_than_the_limit_ends_the_drive() -> None:
    away = Script(["0"], 50.0, 10.0, offset=[(0, 0), (5, 0), (15, 80)])
    watch, events = drive(away)
    assert Kind.ROUTE_DEVIATION in {e.kind for e in events}
    assert watch.ended is Kind.ROUTE_DEVIATION
    assert 30.0 < events[-1].value < 31.0


def test_an_ego_taken_out_of_the_world_ends_the_drive() -> None:
    def remove(state):
        return replace(state, present=np.array([state.time < 3.0]))

    _watch, events = drive(Script(["0"], 50.0, 10.0), change=remove)
    assert [(e.kind, e.time) for e in events] == [(Kind.VANISHED, pytest.approx(3.0))]


def test_a_roaming_drive_ends_well_when_its_time_is_over_and_has_no_score() -> None:
    watch, _events = drive(Script(["0"], 50.0, 10.0), timeout=5.0, route=None)
    assert watch.ended is Kind.ARRIVED
    assert watch.scores().driving_score is None


def test_progress_outside_the_lane_costs_its_share_of_the_route() -> None:
    watch, _ = drive(
        Script(["0"], 50.0, 10.0, offset=[(0, 0), (5, 0), (5.1, 3), (10, 3), (10.1, 0)])
    )
    scores = watch.scores()
    assert scores.off_road_share == pytest.approx(50 / 198, abs=0.02)
    assert scores.driving_score == pytest.approx(100 * (1 - scores.off_road_share))


def event(kind, a=0, b=-1, tick=7):
    return Event(kind, tick, tick * 0.05, a, b, tick, 1.0, "impulse_ns")


def test_leaderboard_penalties_multiply_and_count_the_ego_only() -> None:
    roster = scripted_roster(["ego", "npc"])
    events = [
        event(Kind.COLLISION, 0, 1),
        event(Kind.COLLISION, 0, -1),
        event(Kind.RED_LIGHT, 0),
        event(Kind.RED_LIGHT, 1),
        event(Kind.NEAR_MISS, 0, 1),
    ]
    scores = score(events, roster, 80.0, 0.1)
    assert scores.infraction_penalty == pytest.approx(0.6 * 0.65 * 0.7 * 0.9)
    assert scores.driving_score == pytest.approx(80.0 * scores.infraction_penalty)
    assert (scores.collisions_vehicle, scores.collisions_static, scores.red_lights) == (1, 1, 1)


def test_leaderboard_timeout() -> None:
    assert timeout_s(1000.0) == 805.0
    assert timeout_s(100.9) == 85.0


def test_failure_records_explain_themselves_and_never_share_an_id() -> None:
    roster = scripted_roster(["ego", "npc"])
    crash = event(Kind.COLLISION, 0, 1)
    first = failure_record(crash, roster, "t/r00/x/s1", "runs/a")
    second = failure_record(crash, roster, "t/r00/x/s1", "runs/a", taken=[first["id"]])
    assert first["id"] == "t/r00/x/s1@7-collision"
    assert second["id"] == "t/r00/x/s1@7-collision-2"
    assert first["replay"] == "hdsim replay runs/a --failure t/r00/x/s1@7-collision"
    assert [a["role"] for a in first["actors"]] == ["ego", "npc"]
    assert is_failure(crash, roster)
    assert not is_failure(event(Kind.NEAR_MISS, 0, 1), roster)
    assert not is_failure(event(Kind.RED_LIGHT, 1), roster)
