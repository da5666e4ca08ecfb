"""Changes of speed are registered when enough evidence has come together."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hdsim.perception.observe import Observer
from hdsim.perception.perceive import Perceiver
from hdsim.testing.scenes import straight
from hdsim.testing.stills import LENGTH, joined, paths_along, roster_of, state_of

from .drives import STEP_S, program

MPH, G = 0.44704, 9.81
# 1/TTC at brake onset [1/s], "normal" last-moment braking (Kiefer et al., CAMP): own and lead
# speed [mph] to the lead's deceleration [g].
CAMP = {
    30: {0.15: 0.140, 0.28: 0.165, 0.39: 0.195},
    45: {0.15: 0.110, 0.28: 0.130, 0.39: 0.150},
    60: {0.15: 0.100, 0.28: 0.108, 0.39: 0.132},
}
GRAPH, _ = straight(3000.0)


class Following:
    """One driver at constant speed behind a car that brakes from 1 s on."""

    def __init__(self, *operations, speed=20.0, gap=40.0, decel=2.0, program_of=program, seed=1):
        self.roster = roster_of(["lead", "npc-00"], [1])
        self.observer = Observer(self.roster, GRAPH)
        self.perceiver = Perceiver(self.roster, GRAPH, STEP_S, seed)
        self.perceiver.set_programs({0: [program_of(*operations)]})
        self.v, self.gap, self.decel, self.tick = speed, gap, decel, 0

    def lead(self, time):
        """Place beyond the start of braking, speed and acceleration of the lead."""
        t = max(time - 1.0, 0.0)
        stop = self.v / self.decel
        t = min(t, stop)
        speed = self.v - self.decel * t
        way = self.v * t - 0.5 * self.decel * t * t
        return self.v * min(time, 1.0) + way, speed, (-self.decel if 0.0 < t < stop else 0.0)

    def step(self):
        time = self.tick * STEP_S
        way, speed, accel = self.lead(time)
        x = [100.0 + self.gap + LENGTH + way, 100.0 + self.v * time]
        state = state_of(GRAPH, x, [0.0, 0.0], 0.0, [speed, self.v], time=time)
        state.accel[0] = accel
        self.tick += 1
        obs = self.observer.observe(state, joined([paths_along(GRAPH, [0], [x[1]])]))
        self.percepts = self.perceiver.perceive(obs, {})
        return x[0] - x[1] - LENGTH, speed, float(self.percepts.objects.speed[0, 0])

    def onset(self):
        """1/TTC [1/s] when the braking is registered, and when [s]."""
        for _ in range(400):
            gap, true, believed = self.step()
            if believed < self.v:
                assert believed == pytest.approx(true)
                return (self.v - true) / gap, (self.tick - 1) * STEP_S
        raise AssertionError("never registered")


def test_inverse_ttc_at_registration_is_that_of_the_camp_drivers():
    """At 2 s headway, the fit of Markkula 2014 (bound and gate are defaults)."""
    found = {
        mph: {
            g: Following(
                {"op": "accumulate"}, speed=mph * MPH, gap=2.0 * mph * MPH, decel=g * G
            ).onset()[0]
            for g in row
        }
        for mph, row in CAMP.items()
    }
    for mph, row in CAMP.items():
        for g, published in row.items():
            assert found[mph][g] == pytest.approx(published, rel=0.16), (mph, g)
        assert sorted(row, key=found[mph].__getitem__) == sorted(row)
    for slow, fast in itertools.pairwise(CAMP):
        assert all(found[slow][g] > found[fast][g] for g in CAMP[slow])


def test_less_gain_and_more_bound_are_later_and_lamps_are_earlier():
    def when(**parameters):
        return Following({"op": "accumulate", **parameters}).onset()[1]

    plain = when()
    assert when(looming_gain=0.6) > plain
    assert when(bound=0.3) > plain
    assert when(gate_per_s=0.05) > plain
    assert when(lamp_per_s=0.1) < plain


def test_a_spread_bound_makes_onsets_vary_about_the_mean():
    def when(seed, sigma):
        return Following({"op": "accumulate", "bound_sigma": sigma}, seed=seed).onset()[1]

    plain = when(1, 0.0)
    assert when(2, 0.0) == plain
    spread = np.array([when(seed, 1.0) for seed in range(40)])
    assert np.std(spread) > 0.25
    assert np.median(spread) < plain
    assert np.max(spread) > plain


def test_bound_zero_is_the_identity():
    """And what another layer's gain multiplies is then nothing."""
    drive = Following({"op": "accumulate", "bound": 0.0, "looming_gain": 0.5})
    for _ in range(100):
        _, true, believed = drive.step()
        assert believed == true


def test_a_followed_object_is_believed_as_it_is_until_it_is_steady():
    drive = Following({"op": "accumulate"}, decel=2.0, speed=20.0, gap=45.0)
    beliefs = [drive.step()[1:] for _ in range(140)]
    first = next(i for i, (true, believed) in enumerate(beliefs) if believed < 20.0)
    for true, believed in beliefs[first:]:
        assert believed == pytest.approx(true)
    assert all(believed == 20.0 for _, believed in beliefs[:first])


def test_an_unexpected_standing_car_is_believed_to_move_on_until_it_looms():
    """It comes into sight at 90 m, at 15 m/s."""
    drive = Following({"op": "accumulate"}, speed=15.0, gap=90.0, decel=3.0)
    drive.lead = lambda time: (0.0, 0.0, 0.0)
    observe = drive.observer.observe

    def hidden(state, paths):
        obs = observe(state, paths)
        obs.objects.seen[:] = drive.tick > 20
        return obs

    drive.observer.observe = hidden
    speeds = [drive.step()[2] for _ in range(80)]
    assert speeds[25] == pytest.approx(15.0)
    noticed = next(i for i in range(21, 80) if speeds[i] == 0.0)
    assert 0.3 < (noticed - 20) * STEP_S < 1.5


def test_braking_ahead_ends_a_glance_and_the_sooner_the_more_evidence_counts():
    def until_seen(away_gain):
        look = {"op": "look_away", "glance_median_s": 6.0, "glance_sigma": 0.0}
        drive = Following({"op": "accumulate", "away_gain": away_gain}, look, decel=4.0, gap=30.0)
        for _ in range(140):
            believed = drive.step()[2]
            away = bool(drive.perceiver.trace().looking_away[0])
            if believed < 20.0:
                assert not away
                return drive.tick * STEP_S
        return np.inf

    full, half, none = (until_seen(g) for g in (1.0, 0.5, 0.0))
    assert full < half < none
    assert none > 6.0
