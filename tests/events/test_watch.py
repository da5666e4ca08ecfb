from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsim.events.event import Contact, Kind
from hdsim.events.thresholds import Thresholds
from hdsim.events.verdict import Fault
from hdsim.events.watch import Watch
from hdsim.testing.scenes import crossing, straight
from hdsim.testing.scripted import Script, scripted_roster, states

GRAPH, INDEX = crossing(signals=True)
PATHS = [["in-w", "w-e", "out-e"], ["in-s", "s-w", "out-w"], ["in-e", "e-n", "out-n"]]
scripts = st.builds(
    Script,
    path=st.sampled_from(PATHS),
    s=st.floats(60, 150),
    speed=st.floats(0, 20),
    accel=st.lists(st.tuples(st.floats(0, 3), st.floats(-8, 4)), max_size=3).map(sorted),
    offset=st.floats(-8, 8).map(lambda d: [(0.0, 0.0), (2.0, d)]),
    against=st.booleans(),
)


def run(graph, index, actors, duration_s=4.0, **kwargs):
    roster = scripted_roster(["ego", *(f"npc-{i:02}" for i in range(len(actors) - 1))])
    watch = Watch(roster, graph, None, Thresholds(), 0.05, timeout_s=1e9)
    sightings = []
    for tick, state in enumerate(states(graph, index, actors, duration_s)):
        change = kwargs.get("change", lambda s: s)
        sightings.append(watch.step(tick, change(state), *kwargs.get("more", lambda t: ())(tick)))
    sightings.append(watch.finish(duration_s))
    return roster, watch, sightings


@settings(max_examples=25)
@given(st.lists(scripts, min_size=2, max_size=6))
def test_whatever_happens_the_facts_hold_together(actors) -> None:
    roster, watch, sightings = run(GRAPH, INDEX, actors)
    events = [e for s in sightings for e in s.events]
    for event in events:
        assert event.tick <= event.end_tick
        assert 0 <= event.a < len(roster)
        assert event.b == -1 or event.a == roster.ego or event.b != roster.ego
        assert np.isfinite(event.value)
    for sighting in sightings:
        for i, verdict in sighting.verdicts.items():
            assert sighting.events[i].kind is Kind.COLLISION
            assert (verdict.fault is Fault.UNCLEAR) == (verdict.because == "")
            ticks = [f.tick for f in verdict.evidence]
            assert ticks == sorted(ticks)
    hits = [(e.a, e.b) for e in events if e.kind is Kind.COLLISION]
    assert len(hits) == len(set(hits))  # four seconds: nobody can collide anew
    scores = watch.scores()
    assert 0.0 <= scores.infraction_penalty <= 1.0


@settings(max_examples=10)
@given(st.lists(scripts, min_size=3, max_size=5))
def test_the_same_scene_gives_the_same_events(actors) -> None:
    first, second = (run(GRAPH, INDEX, actors)[2] for _ in range(2))
    assert [s.events for s in first] == [s.events for s in second]


def test_an_npc_put_elsewhere_brings_no_past_along() -> None:
    graph, index = straight(500.0)
    ahead = [Script(["0"], 50.0, 10.0), Script(["0"], 200.0, 10.0)]

    def moved(tick):
        return (), np.array([False, tick == 40])

    _roster, watch, _ = run(graph, index, ahead, more=moved)
    assert len(watch.window(0).states) == 81
    assert len(watch.window(0, 1).states) == 41


def test_an_actor_that_left_the_world_meets_nobody() -> None:
    graph, index = straight(500.0)
    crash = [Script(["0"], 50.0, 10.0), Script(["0"], 70.0, 0.0)]
    gone = np.array([True, False])
    _, _, sightings = run(graph, index, crash, change=lambda s: replace(s, present=gone))
    assert [e for s in sightings for e in s.events] == []


def test_a_contact_seen_by_sensor_and_by_boxes_is_one_collision() -> None:
    graph, index = straight(500.0)
    crash = [Script(["0"], 50.0, 10.0), Script(["0"], 70.0, 0.0)]

    def contact(tick):
        return ([Contact(1, 0, 900.0)] if tick == 32 else [],)

    _, _, sightings = run(graph, index, crash, more=contact)
    (event,) = [e for s in sightings for e in s.events if e.kind is Kind.COLLISION]
    assert (event.a, event.b) == (0, 1)


def test_a_pair_that_stays_bumper_to_bumper_after_a_crash_does_not_crash_again() -> None:
    graph, index = straight(500.0)
    reach = scripted_roster(["ego"]).length[0]
    stood = [Script(["0"], 50.0, 0.0), Script(["0"], 50.0 + reach + 0.02, 0.0)]
    _, _, sightings = run(graph, index, stood, duration_s=8.0)
    assert not [e for s in sightings for e in s.events if e.kind is Kind.COLLISION]
    rolled = [Script(["0"], 50.0, 4.0), Script(["0"], 50.0 + reach + 0.02, 0.0)]
    _, _, sightings = run(graph, index, rolled, duration_s=8.0)
    assert [e for s in sightings for e in s.events if e.kind is Kind.COLLISION]
