"""The driving model in closed loop, as physical sentences."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import hdsim.control
from hdsim.control.model import DrivingModel
from hdsim.control.parameters import Parameters
from hdsim.core.command import Reason
from hdsim.core.state import SignalState
from hdsim.testing.scenes import bend, crossing, straight
from hdsim.testing.traffic import LENGTH, Traffic

P = Parameters()
RED, YELLOW, GREEN = (
    np.full(4, s, dtype=np.uint8) for s in (SignalState.RED, SignalState.YELLOW, SignalState.GREEN)
)
# The front bumper crosses the stop line of the western arm at this x of the centre.
LINE_X = -10.0 - LENGTH / 2


def send(traffic: Traffic, index: dict[str, int], ways: list[str]) -> None:
    """Give every driver a way through the crossing, such as "w-n"."""
    fork = traffic.router._fork

    def choose(d: int, lane: int) -> int | None:
        return index[ways[d]] if lane == index[f"in-{ways[d][0]}"] else fork(d, lane)

    traffic.router._fork = choose  # type: ignore[method-assign]


def standing_at(lane: int, s: float):
    return lambda time: (lane, s, 0.0)


def test_stops_before_an_obstacle_at_its_jam_gap_and_holds():
    graph, _ = straight()
    t = Traffic(graph, [(0, 10.0, 13.0), (0, 200.0, 0.0)], scripts={1: standing_at(0, 200.0)})
    hardest = []
    t.run(40.0, lambda t: hardest.append(t.decisions.accel[0]))
    assert t.x[1] - t.x[0] - LENGTH == pytest.approx(P.min_gap, abs=0.1)
    assert min(hardest) > -3.5
    assert t.decisions.hold[0]
    assert t.decisions.lead[0] == 1
    assert t.decisions.reason[0] == Reason.FOLLOW


def test_follows_at_the_equilibrium_gap():
    graph, _ = straight(900.0)
    t = Traffic(
        graph, [(0, 10.0, 12.0), (0, 60.0, 8.0)], scripts={1: lambda s: (0, 60.0 + 8.0 * s, 8.0)}
    )
    t.run(80.0)
    assert t.speed[0] == pytest.approx(8.0, abs=0.01)
    assert t.x[1] - t.x[0] - LENGTH == pytest.approx(P.min_gap + 8.0 * P.time_gap, abs=0.05)


def test_starts_again_when_the_leader_leaves():
    graph, _ = straight()

    def script(time: float) -> tuple[int, float, float]:
        return (0, 100.0, 0.0) if time < 20.0 else (0, 100.0 + 10.0 * (time - 20.0), 10.0)

    t = Traffic(graph, [(0, 50.0, 8.0), (0, 100.0, 0.0)], scripts={1: script})
    t.run(20.0)
    assert t.speed[0] < 0.05
    t.run(10.0)
    assert t.speed[0] > 6.0


def test_emergency_braking_stays_within_friction():
    graph, _ = straight()
    t = Traffic(graph, [(0, 10.0, 13.0), (0, 30.0, 0.0)], scripts={1: standing_at(0, 30.0)})
    t.tick()
    assert -P.max_decel <= t.decisions.accel[0] < -4.0
    assert t.decisions.reason[0] == Reason.EMERGENCY


def test_stops_at_the_end_of_its_road():
    graph, _ = straight(300.0)
    t = Traffic(graph, [(0, 10.0, 13.0)])
    t.run(60.0)
    assert t.speed[0] < 0.05
    assert 295.0 < t.x[0] < 300.0 - LENGTH / 2
    assert t.decisions.reason[0] == Reason.ROUTE_END


def test_stops_at_red_before_the_line_and_goes_at_green():
    graph, index = crossing(signals=True)
    t = Traffic(graph, [(index["in-w"], 20.0, 12.0)], signals=lambda s: RED if s < 25.0 else GREEN)
    send(t, index, ["w-e"])
    t.run(25.0)
    assert LINE_X - 1.5 < t.x[0] < LINE_X - 0.5
    assert t.decisions.reason[0] == Reason.SIGNAL
    t.run(10.0)
    assert t.x[0] > 0.0


def test_stops_at_an_early_yellow():
    graph, index = crossing(signals=True)
    t = Traffic(graph, [(index["in-w"], 70.0, 12.0)], signals=lambda s: YELLOW)
    send(t, index, ["w-e"])
    t.run(15.0)
    assert t.speed[0] < 0.05
    assert t.x[0] < LINE_X


def test_runs_a_late_yellow_and_does_not_change_its_mind_at_red():
    """15 m before the line at 12 m/s a stop would take 5 m/s^2: more than the dilemma bound."""
    graph, index = crossing(signals=True)
    start = 120.0 - 15.0 - LENGTH / 2
    t = Traffic(graph, [(index["in-w"], start, 12.0)], signals=lambda s: YELLOW if s < 1.0 else RED)
    send(t, index, ["w-e"])
    t.run(5.0)
    assert t.x[0] > 10.0


def test_takes_a_bend_slowly_enough_and_near_its_middle():
    for radius in (6.0, 12.0, 60.0, 200.0):
        graph, _ = bend(radius)
        t = Traffic(graph, [(0, 20.0, min(25.0, 1.5 * np.sqrt(P.lateral_accel * radius)))])
        off, across = [], []

        def note(t: Traffic, off=off, across=across) -> None:
            off.append(abs(t.percepts.own.d[0]))
            across.append(abs(t.speed[0] * t.yaw_rate[0]))

        t.run(14.0, note)
        assert max(off) < 0.4, radius
        assert max(across) < 1.25 * P.lateral_accel, radius


def test_a_straight_at_speed_does_not_oscillate():
    graph, _ = straight(900.0, limit=30.0)
    t = Traffic(graph, [(0, 10.0, 25.0)])
    t.y[0] += 1.0
    off = []
    t.run(20.0, lambda t: off.append(t.percepts.own.d[0]))
    assert abs(off[-1]) < 0.01
    assert min(off) > -0.15  # hardly any overshoot


def test_a_driver_who_misjudges_its_place_in_the_lane_drives_off_centre():
    """Percepts are the only door: shift the perceived offset and the car shifts the other way."""
    from dataclasses import replace

    graph, _ = straight()
    t = Traffic(graph, [(0, 10.0, 10.0)])
    decide = t.model.decide
    t.model.decide = lambda p: decide(  # type: ignore[method-assign]
        replace(p, own=replace(p.own, d=p.own.d + 0.5))
    )
    t.run(20.0)
    assert t.y[0] == pytest.approx(-0.5, abs=0.02)


def test_a_left_turn_waits_for_oncoming_traffic_and_then_goes():
    graph, index = crossing(signals=True)

    def oncoming(time: float) -> tuple[int, float, float]:
        s = 30.0 + 10.0 * time
        if s < 120.0:
            return index["in-e"], s, 10.0
        if s < 140.0:
            return index["e-w"], s - 120.0, 10.0
        return index["out-w"], min(s - 140.0, 119.0), 10.0

    t = Traffic(
        graph,
        [(index["in-w"], 60.0, 10.0), (index["in-e"], 30.0, 10.0)],
        scripts={1: oncoming},
    )
    send(t, index, ["w-n", "e-w"])
    hits: list[tuple[int, int]] = []
    reasons = set()

    def note(t: Traffic) -> None:
        hits.extend(t.overlaps() if t.frame % 3 == 0 else [])
        if t.time < 8.0:
            reasons.add(int(t.decisions.reason[0]))

    t.run(20.0, note)
    assert not hits
    assert int(Reason.YIELD) in reasons
    assert t.y[0] > 20.0


def test_a_left_turn_waits_inside_the_junction_and_clears_it_when_the_light_changes():
    graph, index = crossing(arm=400.0, signals=True)
    cars, passing, change_s = 16, 12, 25.0

    def stream(k: int):
        """Cars 2 s apart, no gap to turn in; the last ones are held by the red light."""

        def script(time: float) -> tuple[int, float, float]:
            s = 380.0 - 20.0 * k + 10.0 * time
            held = 395.0 - 7.0 * (k - passing)
            if k >= passing and s > held:
                return index["in-e"], held, 0.0
            if s < 400.0:
                return index["in-e"], s, 10.0
            if s < 420.0:
                return index["e-w"], s - 400.0, 10.0
            return index["out-w"], min(s - 420.0, 399.0), 10.0

        return script

    def signals(time: float) -> NDArray[np.uint8]:
        state = SignalState.GREEN if time < change_s else SignalState.RED
        return np.full(len(graph.signals), state, dtype=np.uint8)

    t = Traffic(
        graph,
        [(index["in-w"], 360.0, 8.0)]
        + [(index["in-e"], 380.0 - 20.0 * k, 10.0) for k in range(cars)],
        scripts={k + 1: stream(k) for k in range(cars)},
        signals=signals,
    )
    send(t, index, ["w-n"])
    hits: list[tuple[int, int]] = []
    waited_in: list[bool] = []
    through: list[float] = []

    def note(t: Traffic) -> None:
        hits.extend(p for p in t.overlaps() if 0 in p)
        if t.speed[0] < 0.1 and t.time < change_s:
            waited_in.append(bool(t.x[0] + LENGTH / 2 > LINE_X))
        if t.y[0] > -LINE_X:
            through.append(t.time)

    t.run(40.0, note)
    assert not hits
    assert waited_in
    assert all(waited_in)
    assert through
    assert change_s < through[0] < change_s + 11.0  # the queue has come to a stand after 5 s


def test_a_minor_road_gives_way_to_a_stream_on_the_major_one():
    graph, index = crossing(major="we")

    def stream(k: int):
        def script(time: float) -> tuple[int, float, float]:
            s = 100.0 - 30.0 * k + 12.0 * time
            if s < 120.0:
                return index["in-w"], max(s, 0.0), 12.0
            if s < 140.0:
                return index["w-e"], s - 120.0, 12.0
            return index["out-e"], min(s - 140.0, 119.0), 12.0

        return script

    n = 4  # headway 2.5 s: shorter than every critical gap
    starts = [(index["in-s"], 70.0, 10.0)] + [
        (index["in-w"], max(100.0 - 30 * k, 0), 12.0) for k in range(n)
    ]
    t = Traffic(graph, starts, scripts={k + 1: stream(k) for k in range(n)})
    send(t, index, ["s-n"])
    last_through = (20.0 + 40.0 + 30.0 * (n - 1)) / 12.0
    crossed = []
    t.run(25.0, lambda t: crossed.append(t.time) if t.y[0] > LINE_X + 2.0 else None)
    assert crossed
    assert crossed[0] > last_through - 3.0
    assert t.y[0] > 15.0


def test_a_fast_car_far_away_counts_if_it_comes_within_the_critical_headway():
    graph, index = crossing(arm=200.0, major="we", limit=25.0)
    at = graph.length[index["in-w"]] - 100.0  # 4.4 s away when the other stands at its line

    def script(time: float) -> tuple[int, float, float]:
        s = at + 25.0 * time
        arm, inside = graph.length[index["in-w"]], graph.length[index["w-e"]]
        if s < arm:
            return index["in-w"], s, 25.0
        if s < arm + inside:
            return index["w-e"], s - arm, 25.0
        return index["out-e"], min(s - arm - inside, 190.0), 25.0

    own = graph.length[index["in-s"]] - 4.0
    t = Traffic(graph, [(index["in-s"], own, 0.0), (index["in-w"], at, 25.0)], scripts={1: script})
    send(t, index, ["s-n"])
    crossed = []
    t.run(15.0, lambda t: crossed.append(t.time) if t.y[0] > -8.0 else None)
    assert crossed[0] > 4.0


@pytest.mark.parametrize(
    "ways",
    [
        ["w-e", "s-n", "e-w", "n-s"],
        ["w-n", "s-w", "e-s", "n-e"],
        ["w-n", "s-n", "e-w", "n-e"],
        ["w-s", "s-w", "e-s", "n-e"],
    ],
)
def test_four_at_once_at_a_crossing_without_signs_all_get_through(ways):
    graph, index = crossing()
    t = Traffic(graph, [(index[f"in-{way[0]}"], 60.0, 10.0) for way in ways])
    send(t, index, ways)
    hits: list[tuple[int, int]] = []
    through: set[int] = set()

    def note(t: Traffic) -> None:
        if t.frame % 3:
            return
        hits.extend(t.overlaps())
        lane, *_ = graph.locate(t.x, t.y, t.yaw)
        through.update(k for k, way in enumerate(ways) if lane[k] == index[f"out-{way[2]}"])

    t.run(34.0, note)
    assert not hits
    assert through == {0, 1, 2, 3}


def test_does_not_enter_a_junction_that_it_cannot_leave():
    graph, index = crossing(signals=True)
    t = Traffic(
        graph,
        [(index["in-w"], 60.0, 10.0), (index["out-e"], 4.0, 0.0)],
        scripts={1: standing_at(index["out-e"], 4.0)},
    )
    send(t, index, ["w-e"])
    t.run(20.0)
    assert t.speed[0] < 0.05
    assert t.x[0] < LINE_X


def test_overtakes_a_slow_leader_when_the_next_lane_is_free():
    graph, _ = straight(900.0, lanes=2)
    t = Traffic(
        graph, [(0, 10.0, 12.0), (0, 60.0, 5.0)], scripts={1: lambda s: (0, 60.0 + 5.0 * s, 5.0)}
    )
    sides: list[int] = []
    t.run(40.0, lambda t: sides.append(int(t.decisions.change[0])))
    assert 1 in sides
    assert t.x[0] > t.x[1]
    assert not t.overlaps()


def test_a_leader_slow_for_a_moment_is_no_reason_to_change_lane():
    """Three looks at most find the change worth it, one fewer than it takes."""
    graph, _ = straight(1500.0, lanes=2)

    def leader(time: float) -> tuple[int, float, float]:
        if time < 4.0:
            return 0, 60.0 + 12.0 * time, 12.0
        if time < 6.0:
            return 0, 108.0 + 9.0 * (time - 4.0), 9.0
        return 0, 126.0 + 14.0 * (time - 6.0), 14.0

    t = Traffic(graph, [(0, 10.0, 12.0), leader(0.0)], scripts={1: leader})
    sides: list[int] = []
    t.run(30.0, lambda t: sides.append(int(t.decisions.change[0])))
    assert 1 not in sides


def test_does_not_cut_off_a_fast_car_in_the_next_lane():
    graph, _ = straight(900.0, lanes=2)
    t = Traffic(
        graph,
        [(0, 100.0, 8.0), (0, 130.0, 5.0), (1, 96.0, 13.0)],
        scripts={
            1: lambda s: (0, 130.0 + 5.0 * s, 5.0),
            2: lambda s: (1, 96.0 + 8.0 * s, 8.0),  # beside the driver all the time
        },
    )
    sides: list[int] = []
    t.run(6.0, lambda t: sides.append(int(t.decisions.change[0])))
    assert set(sides) == {0}


def test_decide_takes_percepts_and_nothing_else_can_reach_the_world():
    """No module of the model but the router imports the state of the world."""
    room = Path(hdsim.control.__file__).parent
    for path in sorted(room.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{a.name}" for a in node.names]
            elif isinstance(node, ast.Import):
                names = [a.name for a in node.names]
            for name in names:
                assert not name.startswith(("carla", "hdsim.world", "hdsim.server")), path.name
                assert not name.startswith(("hdsim.perception", "hdsim.run")), path.name
                if path.name != "router.py":
                    assert name != "hdsim.core.state.State", path.name
                if path.name == "model.py":
                    assert name != "hdsim.control.router.Router"
    import inspect

    assert list(inspect.signature(DrivingModel.decide).parameters) == ["self", "percepts"]


def test_what_is_not_seen_has_no_effect():
    """Hiding an object gives the same decision as its absence."""
    from dataclasses import replace

    graph, _ = straight()
    t = Traffic(graph, [(0, 10.0, 13.0), (0, 40.0, 0.0)], scripts={1: standing_at(0, 40.0)})
    t.tick()
    seen = t.percepts
    obj = seen.objects
    blind = replace(seen, objects=replace(obj, seen=np.zeros_like(obj.seen)))
    gone = replace(
        seen,
        objects=replace(
            obj,
            seen=np.zeros_like(obj.seen),
            row=np.full_like(obj.row, -1),
            x=obj.x * 0 + 1e4,
            lane=np.full_like(obj.lane, -1),
        ),
    )
    a, b = (DrivingModel(graph, t.roster).decide(p) for p in (blind, gone))
    assert a.accel[0] == b.accel[0] > 0.0
    assert DrivingModel(graph, t.roster).decide(seen).accel[0] < -3.0


def test_nobody_changes_lane_for_the_acceleration_of_a_car_that_is_not_there():
    from dataclasses import replace

    graph, index = straight(800.0, lanes=2)
    traffic = Traffic(graph, [(index["0"], 20.0, 13.9), (index["0"], 60.0, 13.9)])
    traffic.tick()
    asked = 0
    model = DrivingModel(graph, traffic.roster)
    for tick in range(40):
        percepts = traffic.percepts
        obj = percepts.objects
        ghosts = replace(
            obj, seen=np.zeros_like(obj.seen), accel=np.full_like(obj.accel, 3.0), speed=obj.speed
        )
        model.decide(replace(percepts, objects=ghosts, time=tick * 0.05))
        asked += np.count_nonzero(model.requests().change)
    assert asked == 0
