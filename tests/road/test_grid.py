from xml.etree import ElementTree

import numpy as np

from hdsim.road.builtin import BUILTIN_MAPS


def test_two_lanes_a_direction_and_one_junction_without_lights(grid):
    outside = grid.junction < 0
    assert ((grid.left >= 0) ^ (grid.right >= 0))[outside].all()
    junctions = {int(j) for j in grid.junction[~outside]}
    assert len(junctions) == 12
    assert junctions - {s.junction for s in grid.signals} == {110}


def test_lanes_at_a_crossroads_lead_where_their_place_says(grid):
    for i in np.flatnonzero(grid.junction < 0):
        turns = sorted(int(grid.turn[j]) for j in grid.successors[i])
        inner = grid.right[i] >= 0
        assert turns in ([[0], [1], [0, 1]] if inner else [[0], [-1], [-1, 0]])


def test_every_signal_belongs_to_a_controller_of_its_junction():
    root = ElementTree.fromstring(BUILTIN_MAPS["grid"]())
    order = [e.tag for e in root]
    assert order == sorted(order, key=["header", "road", "controller", "junction"].index)
    controlled = {c.get("signalId") for c in root.iterfind("controller/control")}
    lights = {s.get("id") for s in root.iterfind("road/signals/signal[@type='1000001']")}
    assert controlled == lights
    listed = [c.get("id") for c in root.iterfind("junction/controller")]
    assert sorted(listed) == sorted(c.get("id") for c in root.iterfind("controller"))
    names = [s.get("id") for s in root.iterfind("road/signals/signal")]
    assert len(names) == len(set(names))
