"""A driver never uses what it cannot have seen: decisions do not change with what is hidden."""

from __future__ import annotations

import numpy as np
import pytest

from hdsim.control.model import DrivingModel
from hdsim.core.percept import CLEAR, Ambient
from hdsim.perception.observe import Observer
from hdsim.perception.perceive import Perceiver
from hdsim.road.strips import LANE_WIDTH
from hdsim.testing.scenes import straight
from hdsim.testing.stills import joined, paths_along, roster_of, state_of

from .drives import STEP_S, program

GRAPH, _ = straight(3000.0, lanes=3)
EYES_AHEAD = (
    {"op": "scan", "inside": 0.02},
    {"op": "useful_field", "radius_deg": 30.0, "edge_rate_per_s": 0.0},
)
SEES = (
    {"op": "attend", "latency_median_s": 0.3, "memory_s": 1.0},
    {"op": "delay", "delay_s": 0.3},
    {"op": "accumulate"},
    {"op": "scale_distance", "noise_sd": 0.1},
)


def _decisions(other, ops, ambient, seed, ticks=160):
    """Acceleration, steering and lane change of a driver behind a lead, tick by tick.

    ``other(time)`` is where the third car is beside the driver: ahead [m], lane, speed [m/s].
    """
    roster = roster_of(["npc-00", "lead", "other"], [0])
    observer = Observer(roster, GRAPH, ambient=ambient)
    perceiver = Perceiver(roster, GRAPH, STEP_S, seed)
    perceiver.set_programs({0: [program(*ops)]})
    model = DrivingModel(GRAPH, roster, step_s=STEP_S)
    side, found = np.zeros(1, np.int8), []
    for tick in range(ticks):
        time = tick * STEP_S
        me = 300.0 + 9.0 * time
        ahead, lane, speed = other(time)
        y = np.array([1, 1, lane]) * LANE_WIDTH
        state = state_of(GRAPH, [me, me + 22.0, me + ahead], y, 0.0, [9.0, 9.0, speed], time=time)
        obs = observer.observe(state, joined([paths_along(GRAPH, [1], [me])]))
        percepts = perceiver.perceive(obs, {}, side)
        decided = model.decide(percepts)
        side = decided.indicator
        found.append(
            (float(decided.accel[0]), float(decided.steer[0]), int(decided.change[0]),
             int(model.requests().change[0]))
        )  # fmt: skip
    return found


# Where it is, what hides it, weather.
HIDDEN = {
    "behind the lead": ((60.0, 1), SEES, CLEAR),
    "behind, eyes ahead": ((-14.0, 1), (*SEES, *EYES_AHEAD), CLEAR),
    "behind beside, eyes ahead": ((-10.0, 2), (*SEES, *EYES_AHEAD), CLEAR),
    "in fog": ((75.0, 2), SEES, Ambient(visibility_m=50.0)),
    "unlit in the dark": ((75.0, 0), SEES, Ambient(darkness=1.0, headlights=False)),
}


def _calm(place):
    return lambda time: (*place, 9.0)


def _wild(place):
    """From 2 s on it comes nearer, goes away and has speeds that would make anyone brake."""
    ahead, lane = place

    def at(time):
        t = max(time - 2.0, 0.0)
        swing = 5.0 * np.sin(0.7 * t) if t else 0.0
        return ahead + float(swing), lane, 9.0 if not t else (25.0 if ahead < 0.0 else 0.0)

    return at


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_hidden_changes_no_decision(name, seed):
    place, ops, ambient = HIDDEN[name]
    calm = _decisions(_calm(place), ops, ambient, seed)
    assert _decisions(_wild(place), ops, ambient, seed) == calm


@pytest.mark.parametrize("name", ["behind beside, eyes ahead", "in fog", "unlit in the dark"])
def test_and_would_if_it_were_not_hidden(name):
    """The same motions in the driver's own lane ahead, in clear air, do change decisions."""
    _, ops, _ = HIDDEN[name]
    seen = (14.0, 1)
    calm = _decisions(_calm(seen), ops, CLEAR, 1)
    assert _decisions(_wild(seen), ops, CLEAR, 1) != calm
