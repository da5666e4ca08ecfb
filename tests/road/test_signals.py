"""Rules for lights and signs that stand where other tools than CARLA's put them."""

import re

import numpy as np
import pytest

from hdsim.road.build import lane_graph
from hdsim.road.builtin import BUILTIN_MAPS
from hdsim.road.lanes import Signal
from hdsim.road.phases import with_phases

TEXT = BUILTIN_MAPS["grid"]()
BARE = re.sub(r"\s*<controller [^>]*/>", "", re.sub(r"<controller .*?</controller>", "", TEXT))
BARE = re.sub(r"<controller name.*?</controller>", "", BARE, flags=re.DOTALL)


def _light(name, junction=1, controller=""):
    return Signal(name, (), junction, controller, 0.0, 0.0)


def test_without_controllers_opposite_approaches_share_a_phase(grid):
    assert "<controller" not in BARE
    graph = lane_graph("bare", BARE)
    assert {s.controller for s in graph.signals} == {
        f"inferred {j}/{k}" for j in graph.phases for k in (0, 1)
    }

    def grouped(g):
        named = (tuple(sorted(g.signals[k].id for k in p)) for ps in g.phases.values() for p in ps)
        return sorted(named)

    assert grouped(graph) == grouped(grid)  # the rule finds the phases that the file had
    assert sorted(len(p) for p in graph.phases[105]) == [2, 2]


@pytest.mark.parametrize(
    ("degrees", "phases"),
    [
        ((0, 180, 90, 270), (0, 0, 1, 1)),
        ((0, 90, 200), (0, 1, 0)),
        ((0, 120, 240), (0, 1, 2)),  # a star: nobody faces anybody
        ((100, 281), (0, 0)),
    ],
)
def test_phases_go_by_the_axes_of_the_approaches(degrees, phases):
    lights = [_light(str(k)) for k in range(len(degrees))]
    found = with_phases(lights, np.radians(degrees))
    assert [s.controller for s in found] == [f"inferred 1/{k}" for k in phases]


def test_lights_beside_controlled_ones_and_lights_without_junction_stay_alone():
    lights = [_light("1", controller="c"), _light("2"), _light("3", junction=-1)]
    assert with_phases(lights, [0.0, 0.0, 0.0]) == tuple(lights)


def _on_streets(text, kind, country="OpenDRIVE"):
    """The signalled grid with its posts alone: valid for the lanes they face, no references."""
    text = re.sub(r"<signalReference .*?</signalReference>", "", text, flags=re.DOTALL)

    def face(match):
        head = match[0].replace('type="1000001"', f'type="{kind}"')
        lanes = ("-2", "-1") if 'orientation="-"' in head else ("1", "2")
        head = head.replace('country="OpenDRIVE"', f'country="{country}"')
        return head.replace('fromLane="0" toLane="0"', f'fromLane="{lanes[0]}" toLane="{lanes[1]}"')

    return re.sub(r'<signal [^>]*type="1000001".*?</signal>', face, text, flags=re.DOTALL)


def test_a_light_on_the_street_before_a_junction_belongs_to_it(grid):
    graph = lane_graph("posts", _on_streets(BARE, "1000001"))
    assert len(graph.signals) == 36
    assert {s.junction for s in graph.signals} == {s.junction for s in grid.signals}
    held = np.flatnonzero(graph.signal >= 0)
    assert set(held) == set(np.flatnonzero(grid.signal >= 0))
    assert np.allclose(graph.stop_s[held], graph.length[held] - 0.5, atol=0.05)
    assert all(len(phases) == 2 for phases in graph.phases.values())


@pytest.mark.parametrize(("kind", "country"), [("206", "OpenDRIVE"), ("R1-2", "US")])
def test_a_give_way_sign_on_the_street_is_for_the_junction_ahead(grid, kind, country):
    # Only the stem of the T-junction 101 gets signs: the street from the north.
    names = [s.id for s in grid.signals if s.junction == 101]
    stem = next(
        n
        for n in names
        for s in grid.signals
        if s.id == n and abs(np.sin(grid.yaw[grid.first[s.lanes[0] + 1] - 1])) > 0.9
    )
    text = _on_streets(BARE, "none")
    text = re.sub(
        rf'(<signal [^>]*id="{stem}"[^>]*)type="none"', rf'\1type="{kind}"', text
    ).replace('country="OpenDRIVE"', f'country="{country}"')
    graph = lane_graph("stem", text)
    c = graph.conflicts
    own = np.repeat(np.arange(len(graph)), np.diff(c.start))
    at = graph.junction[own] == 101
    from_stem = np.abs(np.sin(graph.yaw[graph.first[:-1]])) > 0.9
    assert (at & from_stem[own] & ~from_stem[c.other]).sum() > 3
    assert (c.priority[at & from_stem[own] & ~from_stem[c.other]] == -1).all()


def test_a_us_speed_sign_is_in_miles_per_hour():
    text = TEXT.replace('type="274"', 'type="R2-1"').replace('unit="km/h" text', 'unit="mph" text')
    assert np.allclose(lane_graph("grid", text).limit, 50 * 0.44704)
