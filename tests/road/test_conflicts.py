import math

import numpy as np
import pytest

from hdsim.road.topology import turn_class


def _pairs(graph):
    c = graph.conflicts
    own = np.repeat(np.arange(len(graph)), np.diff(c.start))
    return own, c


@pytest.mark.parametrize("name", ["grid", "Town01", "Town04"])
def test_conflicts_are_mutual_and_lie_on_their_lanes(town, name):
    graph = town(name)
    own, c = _pairs(graph)
    back = {(int(i), int(j)): k for k, (i, j) in enumerate(zip(own, c.other, strict=True))}
    assert len(back) == len(own)
    for k, (i, j) in enumerate(zip(own, c.other, strict=True)):
        m = back[int(j), int(i)]
        assert c.priority[k] == -c.priority[m]
        assert c.merge[k] == c.merge[m]
        assert (c.own_from[k], c.own_to[k]) == (c.other_from[m], c.other_to[m])
        assert graph.junction[i] == graph.junction[j] >= 0
    assert (c.own_from < c.own_to).all()
    assert (c.own_from >= 0.0).all()
    assert (c.own_to <= graph.length[own] + 0.01).all()


def test_merging_lanes_overlap_up_to_their_end(grid):
    own, c = _pairs(grid)
    assert c.merge.any()
    assert np.allclose(c.own_to[c.merge], grid.length[own[c.merge]], atol=0.05)


def test_a_left_turn_gives_way_to_oncoming_traffic_and_to_the_opposite_right_turn_never_meets(grid):
    own, c = _pairs(grid)
    at = grid.junction[own] == 105  # a signalised crossroads
    yaw = grid.yaw[grid.first[:-1]]
    opposite = np.abs(np.abs(np.angle(np.exp(1j * (yaw[own] - yaw[c.other])))) - math.pi) < 0.01
    left, straight = grid.turn[own] == 1, grid.turn[c.other] == 0
    met = at & opposite & left & straight
    assert met.sum() == 8  # four left turns, each across two oncoming lanes
    assert (c.priority[met] == -1).all()
    assert not (at & opposite & left & (grid.turn[c.other] == -1)).any()


def test_at_the_give_way_crossing_side_streets_yield_to_everyone_on_the_main_street(grid):
    own, c = _pairs(grid)
    yaw = grid.yaw[grid.first[:-1]]
    at = grid.junction[own] == 110
    main, side = np.abs(np.cos(yaw[own])) > 0.9, np.abs(np.sin(yaw[c.other])) > 0.9
    assert (at & main & side).sum() > 10
    assert (c.priority[at & main & side] == 1).all()


def test_the_motorway_goes_before_its_slip_road(town):
    graph = town("Town04")
    own, c = _pairs(graph)
    # Where two straight lanes merge, the one with a lane beside it on its approach goes first.
    both = c.merge & (graph.turn[own] == 0) & (graph.turn[c.other] == 0)
    before = [graph.predecessors[i][0] for i in range(len(graph))]
    wide = np.array([graph.left[b] >= 0 or graph.right[b] >= 0 for b in before])
    decided = both & wide[own] & ~wide[c.other]
    assert decided.any()
    assert (c.priority[decided] == 1).all()


def test_lanes_that_part_do_not_conflict(grid):
    own, c = _pairs(grid)
    for i, j in zip(own, c.other, strict=True):
        assert not set(grid.predecessors[i]) & set(grid.predecessors[j])


@pytest.mark.parametrize(
    ("degrees", "length", "expected"),
    [(0, 30, 0), (34, 10, 0), (36, 10, 1), (-90, 12, -1), (90, 90, 0), (178, 20, 2), (-178, 20, 2)],
)
def test_turn_class(degrees, length, expected):
    assert turn_class(math.radians(degrees), length) == expected
