import numpy as np
import pytest

from hdsim.road.spawn import spawn_points


@pytest.mark.parametrize("name", ["grid", "motorway", "roundabout", "Town01"])
def test_vehicles_fit_at_all_points_at_once_clear_of_junctions(town, name):
    graph = town(name)
    x, y, z, yaw = spawn_points(graph).T
    lane, s, d, lane_yaw = graph.locate(x, y, yaw)
    assert len(x) > 80
    assert (graph.junction[lane] < 0).all()
    assert np.abs(d).max() < 0.05
    assert np.abs(np.sin(lane_yaw - yaw)).max() < 0.02
    assert s.min() > 9.9
    assert (graph.length[lane] - s).min() > 9.9
    order = np.lexsort((s, lane))
    same = np.diff(lane[order]) == 0
    assert np.diff(s[order])[same].min() > 19.9
    assert np.isfinite(z).all()
