"""The compiled model decides what its plain numpy version decides."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.control import following
from hdsim.control.choice import profile
from hdsim.control.parameters import Parameters, parameter_table
from hdsim.control.track import COLUMNS, advance, window
from hdsim.core.command import Reason
from hdsim.core.percept import Percepts
from hdsim.core.state import SignalState
from hdsim.road.cache import load_lane_graph
from hdsim.testing.scenes import crossing, straight
from hdsim.testing.traffic import Traffic

from .reference import following as plain_following
from .reference import path as plain_path
from .reference.model import DrivingModel as PlainModel
from .test_town import one_approach_at_a_time, spread

P = Parameters()
TABLE = parameter_table(P)
CLOSE = 1e-9
EXACT = ("reason", "lead", "indicator", "change", "hold")
seeds = st.integers(0, 2**32 - 1)


def misperceived(percepts: Percepts, rng: np.random.Generator) -> Percepts:
    """The same scene as somebody else would believe it: displaced, overlooked, misread."""
    obj, own, signal = percepts.objects, percepts.own, percepts.signal

    def noisy(values: np.ndarray, size: float) -> np.ndarray:
        return values + rng.normal(0.0, size, values.shape)

    return dataclasses.replace(
        percepts,
        own=dataclasses.replace(
            own,
            speed=noisy(own.speed, 0.5),
            d=noisy(own.d, 0.2),
            limit_factor=noisy(own.limit_factor, 0.1),
        ),
        objects=dataclasses.replace(
            obj,
            seen=obj.seen & (rng.random(obj.seen.shape) < 0.8),
            x=noisy(obj.x, 2.0),
            y=noisy(obj.y, 2.0),
            yaw=noisy(obj.yaw, 0.3),
            speed=noisy(obj.speed, 1.0),
            accel=noisy(obj.accel, 0.5),
            s=noisy(obj.s, 1.0),
        ),
        signal=dataclasses.replace(
            signal,
            distance=noisy(signal.distance, 2.0),
            state=np.where(
                rng.random(len(signal.state)) < 0.1, np.uint8(SignalState.YELLOW), signal.state
            ),
        ),
    )


def differences(traffic: Traffic, ticks: int, seed: int) -> tuple[list[str], Counter[int]]:
    """Let both models see the same traffic; what differs, and how often each reason decided.

    Requests for a lane change are counted as -1.
    """
    rng = np.random.default_rng(seed)
    compiled = type(traffic.model)(traffic.graph, traffic.roster)
    plain = PlainModel(traffic.graph, traffic.roster)
    found: list[str] = []
    reasons: Counter[int] = Counter()
    for tick in range(ticks):
        traffic.tick()
        assert traffic.percepts is not None
        seen = misperceived(traffic.percepts, rng)
        a, b = compiled.decide(seen), plain.decide(seen)
        for name in EXACT:
            x, y = getattr(a, name), getattr(b, name)
            if x.dtype != y.dtype or not np.array_equal(x, y):
                found.append(f"{name} at tick {tick}: {x} instead of {y}")
        found += [
            f"{name} at tick {tick}"
            for name in ("accel", "steer")
            if not np.allclose(getattr(a, name), getattr(b, name), rtol=0.0, atol=CLOSE)
        ]
        asked = compiled.requests()
        if not np.array_equal(asked.change, plain.requests().change):
            found.append(f"requests at tick {tick}")
        reasons.update(a.reason.tolist())
        reasons[-1] += np.count_nonzero(asked.change)
    return found, reasons


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_model_at_a_crossing(seed):
    graph, index = crossing()
    ways = [lane for lane in index.values() if graph.junction[lane] < 0 and graph.successors[lane]]
    starts = [(lane, s, 6.0) for lane in ways for s in (20.0, 40.0, 60.0)]
    found, reasons = differences(Traffic(graph, starts, seed=seed), 300, seed)
    assert not found
    assert min(reasons[r] for r in (Reason.FOLLOW, Reason.YIELD, Reason.CURVE)) > 10


@pytest.mark.parametrize("seed", [0, 1])
def test_the_model_on_a_road_of_three_lanes(seed):
    graph, index = straight(800.0, lanes=3)
    starts = [(index["1"], 100.0 + 40.0 * i, 3.0) for i in range(3)]
    starts += [(index[str(i % 3)], 20.0 + 12.0 * i, 10.0) for i in range(5)]
    scripts = {i: lambda t, i=i: (*starts[i][:1], starts[i][1] + 3.0 * t, 3.0) for i in range(3)}
    found, reasons = differences(Traffic(graph, starts, scripts, seed=seed), 300, seed)
    assert not found
    assert reasons[-1] > 0


@pytest.mark.maps
@pytest.mark.parametrize("town", ["Town01", "Town04"])
def test_the_model_in_a_town(town_xodr, town):
    graph = load_lane_graph(town, town_xodr(town))
    traffic = Traffic(graph, spread(graph, 30), signals=one_approach_at_a_time(graph))
    found, reasons = differences(traffic, 250, 0)
    assert not found
    assert reasons[Reason.SIGNAL] > 10


def test_a_difference_shows():
    """Other parameters are another model: the comparison can fail."""
    graph, index = straight(300.0)
    traffic = Traffic(graph, [(index["0"], 20.0, 5.0), (index["0"], 40.0, 5.0)])
    traffic.drivers.model = type(traffic.model)(graph, traffic.roster)
    slow = PlainModel(graph, traffic.roster, Parameters(time_gap=2.0))
    traffic.tick()
    assert traffic.percepts is not None
    a, b = traffic.model.decide(traffic.percepts), slow.decide(traffic.percepts)
    assert not np.allclose(a.accel, b.accel, rtol=0.0, atol=CLOSE)


@given(seeds)
def test_the_laws(seed):
    rng = np.random.default_rng(seed)
    n = 50
    speed, lead = rng.uniform(0.0, 40.0, n), rng.uniform(-1.0, 40.0, n)
    gap = np.where(rng.random(n) < 0.1, np.inf, rng.uniform(-5.0, 200.0, n))
    accel, desired = rng.uniform(-8.0, 3.0, n), rng.uniform(0.0, 40.0, n)
    ahead, allowed = np.sort(rng.uniform(0.0, 200.0, (n, 9))), rng.uniform(0.0, 40.0, (n, 9))
    free = following.free_acceleration(speed, desired, TABLE)
    for name, args in (
        ("free_acceleration", (speed, desired)),
        ("follow_acceleration", (speed, gap, lead, accel, free)),
        ("stop_acceleration", (speed, np.maximum(gap, 0.0), free)),
    ):
        got = getattr(following, name)(*args, TABLE)
        wanted = getattr(plain_following, name)(*args, P)
        assert np.allclose(got, wanted, rtol=0.0, atol=CLOSE), name
    bend = rng.uniform(-0.2, 0.2, (n, 9))
    comfortable = np.sqrt(P.lateral_accel / np.maximum(np.abs(bend), 1e-4))
    for i, wished in enumerate((allowed, np.maximum(comfortable, P.min_curve_speed))):
        target = plain_following.profile_speed(speed, ahead, wished, P)
        wanted = plain_following.profile_acceleration(speed, target, P)
        got = [profile(speed[d], ahead[d], allowed[d], 1.0, bend[d], TABLE[0])[i] for d in range(n)]
        assert np.allclose(got, wanted, rtol=0.0, atol=CLOSE)


@given(seeds)
def test_the_window_of_path(seed):
    rng = np.random.default_rng(seed)
    drivers, most = 6, 120
    count = rng.integers(1, most, drivers)
    samples = np.cumsum(rng.normal(0.5, 0.4, (drivers, most, COLUMNS)), axis=1)
    lanes = rng.integers(0, 5, (drivers, most))
    length = rng.uniform(5.0, 80.0, 5)
    before = rng.uniform(0.0, 1.0, drivers) * (count - 1)
    near = samples[np.arange(drivers), before.astype(np.int64), :2]
    x, y = (near + rng.normal(0.0, 3.0, near.shape)).T.copy()
    got = advance(samples, count, before, x, y)
    for a, b in zip(got, plain_path.advance(samples, count, before, x, y), strict=True):
        assert np.allclose(a, b, rtol=0.0, atol=CLOSE)
    ahead, stretch = np.cumsum(rng.uniform(0.0, 3.0, 40)), rng.uniform(1.0, 2.0, drivers)
    args = (samples, lanes, count, got[0], ahead, stretch, length)
    for a, b in zip(window(*args), plain_path.window(*args), strict=True):
        assert a.dtype == b.dtype
        assert np.allclose(a, b, rtol=0.0, atol=CLOSE)
