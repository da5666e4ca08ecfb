"""Weather and light limit what there is to see, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest

from hdsim.core.percept import CLEAR, Ambient
from hdsim.perception.observe import Observer
from hdsim.testing.scenes import straight
from hdsim.testing.stills import paths_along, roster_of, state_of
from hdsim.world.weather import ambient_of

GRAPH, _ = straight(600.0)


def _reach(ambient, yaw=0.0):
    """Farthest distance [m] at which a car ahead is seen."""
    observer = Observer(roster_of(["npc-00", "other"], [0]), GRAPH, ambient=ambient)
    found = 0.0
    for distance in range(8, 150, 2):
        state = state_of(GRAPH, [100.0, 100.0 + distance], [0.0, 0.0], [0.0, yaw], 5.0)
        obs = observer.observe(state, paths_along(GRAPH, [0], [100.0]))
        assert obs.ambient == ambient
        if obs.objects.seen[0, 0]:
            found = float(distance)
    return found


def test_by_day_in_clear_air_everything_in_range_is_seen():
    assert _reach(CLEAR) == 148.0


def test_fog_shortens_sight_and_the_thicker_the_more():
    reach = [_reach(Ambient(visibility_m=v)) for v in (1000.0, 150.0, 80.0, 40.0)]
    assert reach == sorted(reach, reverse=True)
    assert reach[0] == 148.0
    # At the visibility 5 % of a black body's contrast is left; a car's is lower from the start.
    for v, r in zip((150.0, 80.0, 40.0), reach[1:], strict=True):
        assert 0.6 * v < r <= v


def test_in_the_dark_lamps_are_seen_and_what_has_none_only_in_the_beam():
    night, unlit = Ambient(darkness=1.0), Ambient(darkness=1.0, headlights=False)
    assert _reach(night) == 148.0  # rear lamps
    assert _reach(night, yaw=np.pi) == 148.0  # headlights
    side = _reach(night, yaw=np.pi / 2)
    assert 55.0 < side < 70.0
    assert _reach(unlit) < 20.0
    assert _reach(Ambient(darkness=0.5), yaw=np.pi / 2) > side


def test_rain_shortens_sight():
    assert _reach(Ambient(rain=1.0)) < _reach(Ambient(rain=0.5)) < _reach(CLEAR)


@pytest.mark.parametrize("name", ["ClearNoon", "CloudyNoon", "ClearSunset", "Default"])
def test_clear_presets_leave_the_observation_alone(name):
    assert ambient_of(name).is_clear


def test_fields_and_presets_say_fog_rain_and_night():
    assert ambient_of("ClearNight") == Ambient(darkness=1.0)
    assert ambient_of("HardRainNoon") == Ambient(rain=1.0)
    assert ambient_of({"fog_density": 100.0}).visibility_m == pytest.approx(50.0)
    thin, thick = (ambient_of({"fog_density": d}).visibility_m for d in (10.0, 50.0))
    assert thin > 1000.0 > thick
    assert ambient_of({"sun_altitude_angle": -3.0}).darkness == pytest.approx(0.5)
