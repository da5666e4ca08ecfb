"""The two profiles: what each model gets, and that a session keeps to the one it was given."""

from __future__ import annotations

import numpy as np
import pytest

from hdsim.core.errors import InputError
from hdsim.road.strips import Strip, build, line
from hdsim.server.__main__ import main
from hdsim.server.actors.blueprints import library
from hdsim.server.physics.profiles import CURVE_POINTS, Physics, curve, parameters
from hdsim.server.simulation import Simulation
from hdsim.server.town import Town
from hdsim.server.wire.shapes import Description, Pose

MODELS = [b.vehicle for b in library().values() if b.vehicle is not None]
WET = [0.0, 100.0, *[0.0] * 12]


@pytest.mark.parametrize("physics", list(Physics))
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_every_model_has_sane_numbers(model, physics):
    p = parameters(model, physics)
    assert all(np.isfinite(v) and v >= 0.0 for v in p.values())
    for name in ("mass", "inertia", "full_throttle", "full_brake", "drag", "grip"):
        assert p[name] > 0.0, name


def test_heavier_and_weaker_models_are_slower():
    found = {m.name: parameters(m, Physics.REALISTIC) for m in MODELS}
    names = ("vehicle.tesla.model3", "vehicle.audi.a2", "vehicle.carlamotors.firetruck")
    power = [found[n]["full_throttle"] * found[n]["power_speed"] for n in names]
    assert power == sorted(power, reverse=True)


def test_a_curve_is_filled_with_its_last_point():
    filled = curve([(0.0, 1.0), (50.0, 0.5)])
    assert filled.shape == (CURVE_POINTS, 2)
    assert (filled[1:] == [50.0, 0.5]).all()
    with pytest.raises(ValueError, match="in order of speed"):
        curve([(50.0, 0.5), (0.0, 1.0)])


def stop(physics, weather):
    """Braking distance of a session's car from 15 m/s [m]."""
    town = Town("road", "<OpenDRIVE/>", build("road", {"in": Strip(*line(0, 0, 200, 0))})[0])

    def nowhere(name: str) -> Town:
        raise InputError("map", value=name, expected="nothing")

    sim = Simulation(town, nowhere, 1, physics)
    sim.weather = list(weather)
    place = Pose(20.0, 0.0, 0.5)
    actor = sim.spawn(Description("vehicle.tesla.model3", {}), place).id
    v, row = sim.vehicles, sim.vehicle_row(actor)
    sim.step()
    v.set_velocity(row, 15.0, 0.0)
    v.brake[row] = 1.0
    x = float(v.x[row])
    for _ in range(150):
        sim.step()
    return float(v.x[row]) - x


def test_rain_lengthens_a_stop_of_realistic_cars_only():
    dry = [0.0] * 14
    assert stop(Physics.CARLA, dry) == stop(Physics.CARLA, WET)
    longer = stop(Physics.REALISTIC, WET) / stop(Physics.REALISTIC, dry)
    assert longer == pytest.approx(0.85 / 0.6, rel=0.08)  # the brake takes its time in both


def test_an_unknown_profile_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--map", "grid", "--physics", "lunar"])
    assert ended.value.code == 2
    assert "lunar" in capsys.readouterr().err
