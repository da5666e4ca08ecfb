"""An ego that follows its Leaderboard route exactly: no false alarm, and every signal noticed."""

import numpy as np
import pytest

from hdsim.core.state import SignalState, State
from hdsim.events.event import Kind
from hdsim.events.leaderboard import timeout_s
from hdsim.events.thresholds import Thresholds
from hdsim.events.watch import Watch
from hdsim.road.cache import load_lane_graph
from hdsim.road.routes import through
from hdsim.scenario.leaderboard import read_routes
from hdsim.testing.scripted import scripted_roster

STEP_S, SPEED = 0.1, 8.0


@pytest.mark.maps
@pytest.mark.parametrize(
    ("town", "file", "route_id", "signals"),
    [
        ("Town01", "leaderboard1_training_town01.xml", "3", 9),
        pytest.param("Town04", "leaderboard1_testing_town04.xml", "14", 14, marks=pytest.mark.slow),
    ],
)
def test_following_the_route_breaks_nothing_but_red_lights(
    town_xodr, route_file, town, file, route_id, signals
) -> None:
    graph = load_lane_graph(town, town_xodr(town))
    points = read_routes(route_file(file))[route_id].points
    route = through(graph, np.array([[x, y, yaw] for x, y, _, yaw in points]))
    roster = scripted_roster(["ego"])
    watch = Watch(roster, graph, route, Thresholds(), STEP_S, timeout_s(route.length))
    x, y, yaw = route.at(np.arange(0.0, route.length, SPEED * STEP_S))
    lane, s, d, lane_yaw = graph.locate(x, y, yaw)
    kinds = []
    for tick in range(len(x)):
        k = slice(tick, tick + 1)
        state = State(
            frame=tick,
            time=tick * STEP_S,
            x=x[k],
            y=y[k],
            yaw=yaw[k],
            vx=SPEED * np.cos(yaw[k]),
            vy=SPEED * np.sin(yaw[k]),
            speed=np.full(1, SPEED),
            accel=np.zeros(1),
            yaw_rate=np.zeros(1),
            present=np.ones(1, dtype=bool),
            lane=lane[k],
            s=s[k],
            d=d[k],
            lane_yaw=lane_yaw[k],
            signals=np.full(len(graph.signals), SignalState.RED, dtype=np.uint8),
        )
        kinds += [e.kind for e in watch.step(tick, state).events]
        if watch.ended:
            break
    assert kinds == [Kind.RED_LIGHT] * signals + [Kind.ARRIVED]
