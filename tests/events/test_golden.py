"""Golden scenes: the file name is the claim, the file the scene and what must come out."""

import json
from pathlib import Path

import numpy as np
import pytest

from hdsim.events.event import Contact
from hdsim.events.thresholds import Thresholds
from hdsim.events.verdict import judge
from hdsim.events.watch import Watch
from hdsim.testing import scenes
from hdsim.testing.scripted import Script, scripted_roster, states

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("*/*.json"))


def play(scene):
    graph, index = getattr(scenes, scene["graph"])(**scene.get("graph_args", {}))
    scripts = [Script(**a) for a in scene["actors"].values()]
    roster = scripted_roster(list(scene["actors"]), [a.on_foot for a in scripts])
    step_s = 0.05
    watch = Watch(
        roster, graph, None, Thresholds(**scene.get("thresholds", {})), step_s, timeout_s=1e9
    )
    contacts = {
        round(t / step_s): Contact(0, -1, impulse) for t, impulse in scene.get("contacts", [])
    }
    events, verdicts, time = [], [], 0.0
    moving = states(graph, index, scripts, scene["duration_s"], step_s, scene.get("signals"))
    for tick, state in enumerate(moving):
        here = [contacts[tick]] if tick in contacts else []
        sighting = watch.step(tick, state, here)
        events += sighting.events
        verdicts += sighting.verdicts.values()
        time = state.time
    events += watch.finish(time).events
    return roster, events, verdicts


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_golden_scene(path: Path) -> None:
    scene = json.loads(path.read_text())
    roster, events, verdicts = play(scene)
    wanted = scene["expect"]
    kinds = [
        (str(e.kind), roster.names[e.a], roster.names[e.b] if e.b >= 0 else None) for e in events
    ]
    assert kinds == [tuple(e[:3]) for e in wanted["events"]]
    for event, (_, _, _, time, measure, value) in zip(events, wanted["events"], strict=True):
        assert event.time == pytest.approx(time, abs=0.06)
        assert event.measure == measure
        assert event.value == pytest.approx(value, rel=0.02, abs=0.02)
    if "verdict" in wanted:
        verdict = verdicts[0]
        found = [(f.name, f.actor) for f in verdict.evidence]
        assert [str(verdict.fault), verdict.because] == wanted["verdict"], found
        for fact in wanted["evidence"]:
            assert tuple(fact) in found


def test_every_detector_has_scenes_for_and_against() -> None:
    claims = {p.parent.name for p in FILES}
    assert claims == {"collision", "near_miss", "red_light", "lanes", "verdict"}
    for claim in claims - {"verdict"}:
        expected = [json.loads(p.read_text())["expect"] for p in GOLDEN.glob(f"{claim}/*.json")]
        assert any(not e["events"] for e in expected), f"{claim}: no scene where nothing happens"


def test_judging_twice_gives_the_same_verdict() -> None:
    scene = json.loads((GOLDEN / "verdict" / "striker_of_a_rear_is_at_fault.json").read_text())
    graph, index = getattr(scenes, scene["graph"])(**scene.get("graph_args", {}))
    roster = scripted_roster(list(scene["actors"]))
    watch = Watch(roster, graph, None, Thresholds(), 0.05, timeout_s=1e9)
    scripts = [Script(**a) for a in scene["actors"].values()]
    for tick, state in enumerate(states(graph, index, scripts, 2.0)):
        watch.step(tick, state)
    window = watch.window(0, 1)
    before = [np.array(s.x) for s in window.states]
    assert judge(window, 0, 1) == judge(window, 0, 1)
    assert all(np.array_equal(s.x, x) for s, x in zip(window.states, before, strict=True))
