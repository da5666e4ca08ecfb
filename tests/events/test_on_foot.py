"""A vehicle and somebody on foot: what it takes to stop, who walked into whom, what it costs."""

from __future__ import annotations

import itertools

import pytest

from hdsim.events.event import Contact
from hdsim.events.on_foot import stopping_distance
from hdsim.events.rules import StopLines, ran_red
from hdsim.events.thresholds import Thresholds
from hdsim.events.watch import Watch
from hdsim.testing import scenes
from hdsim.testing.scripted import Script, scripted_roster, states


def watched(ego: Script, walker: Script, contacts=()):
    graph, index = scenes.straight()
    roster = scripted_roster(["ego", "walker"], [False, True])
    watch = Watch(roster, graph, None, Thresholds(), 0.05, timeout_s=1e9)
    verdicts = []
    for tick, state in enumerate(states(graph, index, [ego, walker], 6.0)):
        here = [Contact(0, 1, 100.0)] if tick in contacts else []
        verdicts += watch.step(tick, state, here).verdicts.values()
    return verdicts, watch.scores()


def test_a_careful_driver_stops_from_50_kmh_within_33_m():
    assert stopping_distance(0.0) == 0.0
    assert stopping_distance(50 / 3.6) == pytest.approx(32.9, abs=0.1)


def test_whoever_walks_into_a_car_that_stands_is_at_fault():
    walker = Script(["0"], 52.6, 0.0, offset=((0.0, 3.0), (1.0, 3.0), (3.0, 0.0)), on_foot=True)
    verdicts, _ = watched(Script(["0"], 50.0, 0.0), walker, contacts=[60])
    assert [(str(v.fault), v.because) for v in verdicts] == [("npc_at_fault", "walked_into")]


def test_a_walker_hit_halves_the_score_whosever_fault_it_is():
    for begins in (1.0, 3.0):
        offset = ((0.0, 3.0), (begins, 3.0), (begins + 1.2, 0.0))
        walker = Script(["0"], 100.0, 0.0, offset=offset, on_foot=True)
        _, scores = watched(Script(["0"], 50.0, 12.0), walker)
        assert (scores.collisions_pedestrian, scores.collisions_vehicle) == (1, 0)
        assert scores.infraction_penalty == pytest.approx(0.5)


@pytest.mark.parametrize(("on_foot", "who"), [(False, [0]), (True, [])])
def test_people_on_foot_run_no_red_lights(on_foot, who):
    graph, index = scenes.crossing(signals=True)
    stops = StopLines.of(graph)
    stops.at[index["in-w"]] -= 20.0
    roster = scripted_roster(["one"], [on_foot])
    script = Script(["in-w"], 95.0, 1.5, on_foot=on_foot)
    moving = states(graph, index, [script], 6.0, signals={"in-w": [(0.0, "red")]})
    ran = [ran_red(a, b, roster, stops).tolist() for a, b in itertools.pairwise(moving)]
    assert list(itertools.chain(*ran)) == who
