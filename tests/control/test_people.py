"""People on foot near the road, as drivers meet them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hdsim.core.command import Reason
from hdsim.core.state import State
from hdsim.testing.scenes import straight
from hdsim.testing.traffic import LENGTH, Traffic

# Where somebody is at a time: x, y [m], heading [rad] and speed [m/s].
Walk = Callable[[float], tuple[float, float, float, float]]
SPEED = 13.0
HALF_LANE_M = 1.75
KERB_M = 0.3
NORTH, EAST = np.pi / 2, 0.0


class Street(Traffic):
    """A straight road along +x at y = 0 with drivers on it and people who go where they like.

    Args:
        walks: One per person, who are the last rows.
        begins: Where each driver begins [m].
        styles: Profile of each driver.
        seed: Of what they perceive.
    """

    def __init__(self, *walks: Walk, begins=(50.0,), styles=("neutral",), seed: int = 0) -> None:
        self._walks, self._first = walks, len(begins)
        graph, _ = straight(600.0)
        starts = [*((0, s, SPEED) for s in begins), *((0, 0.0, 0.0) for _ in walks)]
        scripts = {self._first + k: lambda time: (0, 0.0, 0.0) for k in range(len(walks))}
        names = (*styles, *("neutral" for _ in walks))
        super().__init__(graph, starts, scripts=scripts, styles=names, seed=seed)

    def _follow_scripts(self) -> None:
        for row, walk in enumerate(self._walks, self._first):
            self.x[row], self.y[row], self.yaw[row], self.speed[row] = walk(self.time)
            self.roster.length[row] = self.roster.width[row] = 0.4

    def state(self) -> State:
        state = super().state()
        on_foot = slice(self._first, None)
        lane = state.lane.copy()
        lane[on_foot] = self.graph.surface(state.x, state.y, state.yaw)[0][on_foot]
        return replace(state, lane=lane)


def stands(x: float, y: float, heading: float = -NORTH) -> Walk:
    return lambda time: (x, y, heading, 0.0)


def crosses(
    x: float, begins: float, speed: float = 1.4, kerb: float = HALF_LANE_M + KERB_M
) -> Walk:
    """From the left kerb over the road to the right one and beyond, from a time on [s]."""

    def walk(time: float) -> tuple[float, float, float, float]:
        way = speed * min(max(time - begins, 0.0), (2.0 * kerb + 2.0) / speed)
        goes = 0.0 < way < 2.0 * kerb + 2.0
        return x, kerb - way, -NORTH, speed if goes else 0.0

    return walk


def drive(street: Street, seconds: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Position, speed and wanted acceleration of the first driver, and its room to somebody.

    The room is between boxes, in the longer of the two directions [m]; inf while it stands.
    """
    notes = []

    def note(s: Street) -> None:
        ahead = np.abs(s.x[s._first :] - s.x[0]) - 0.5 * (LENGTH + 0.4)
        aside = np.abs(s.y[s._first :] - s.y[0]) - 0.5 * (1.9 + 0.4)
        room = float(np.maximum(ahead, aside).min())
        accel = float(s.decisions.accel[0])
        notes.append((s.x[0], s.speed[0], accel, room if s.speed[0] > 0.3 else np.inf))

    street.run(seconds, note)
    x, speed, accel, room = np.array(notes).T
    return x, speed, accel, room


@pytest.mark.parametrize("begins", [2.0, 4.0, 5.0, 6.0])
def test_one_who_crosses_ahead_is_let_go_and_the_car_goes_on(begins):
    x, speed, accel, room = drive(Street(crosses(150.0, begins)), 25.0)
    assert room.min() > 0.5
    assert accel.min() > -7.0
    assert x[-1] > 200.0
    assert speed[-1] > 10.0


def test_a_driver_stops_before_one_who_stands_on_the_road():
    street = Street(stands(150.0, 0.5))
    x, speed, accel, _ = drive(street, 25.0)
    assert speed[-1] < 0.1
    assert 1.0 < 150.0 - x[-1] - 0.5 * LENGTH < 4.0
    assert accel.min() > -4.0
    assert street.decisions.reason[0] == Reason.FOLLOW
    assert street.decisions.lead[0] == 1


@pytest.mark.parametrize(
    "walk",
    [
        lambda time: (100.0 + 1.4 * time, HALF_LANE_M + KERB_M, EAST, 1.4),
        lambda time: (200.0 - 1.4 * time, -HALF_LANE_M - KERB_M, np.pi, 1.4),
        stands(150.0, HALF_LANE_M + KERB_M),
        lambda time: (150.0, HALF_LANE_M + KERB_M + 1.4 * time, NORTH, 1.4),
    ],
    ids=["along", "towards", "waiting at the kerb", "walking away"],
)
def test_people_on_the_pavement_slow_nobody(walk):
    _, speed, _, _ = drive(Street(walk), 12.0)
    assert speed.min() > SPEED - 0.5


def test_a_car_that_would_be_past_in_time_does_not_brake_hard_for_one_who_comes():
    """Nobody is saved by an emergency stop before one who reaches the path behind the car."""
    _, _, accel, room = drive(Street(crosses(85.0, 0.5, kerb=HALF_LANE_M + 4.0)), 5.0)
    assert accel.min() > -1.0
    assert room.min() > 0.5


def test_a_driver_who_looks_away_brakes_later_for_one_who_steps_out():
    """Somebody steps out 45 m ahead: when the brake comes, in the mean over what they look at."""

    def begins_to_brake(style: str) -> float:
        times = []
        for seed in range(12):
            street = Street(crosses(170.0, 6.0, kerb=HALF_LANE_M + 0.1), styles=(style,), seed=seed)
            _, _, accel, _ = drive(street, 9.0)
            hard = np.flatnonzero(accel < -1.5)
            times.append(0.05 * hard[0] if len(hard) else 9.0)
        return float(np.mean(times))

    assert begins_to_brake("neutral") < begins_to_brake("distracted") - 0.1
