"""What a client reads of a vehicle's physics is what moves it, and what it writes moves it."""

from __future__ import annotations

import numpy as np
import pytest

from hdsim.server.actors.blueprints import library
from hdsim.server.physics import dynamics
from hdsim.server.physics.control import physics_control, quantities, write
from hdsim.server.physics.profiles import Physics
from hdsim.server.wire.shapes import Pose, ShapeError
from tests.server.fleet import fleet, model

MODELS = [b.vehicle for b in library().values() if b.vehicle is not None]
MASS, DRAG, CURVE, WHEELS = 11, 12, 14, 15
BOTH = pytest.mark.parametrize("physics", list(Physics))
COLUMNS = (
    "mass", "inertia", "full_throttle", "full_brake", "full_hand_brake", "drag", "grip",
    "max_wheel_angle", "power_speed", "steering_curve",
)  # fmt: skip


def single(value):
    """The record as a client gives it back: in single precision."""
    if isinstance(value, list):
        return [single(v) for v in value]
    return value if isinstance(value, bool) else float(np.float32(value))


def car(physics, name="vehicle.tesla.model3"):
    return fleet(Pose(0, 0, 0), models=[model(name)], physics=physics)


def control(v, throttle=0.0, brake=0.0, hand=0.0, steer=0.0):
    v.control(np.array([0]), np.array([[throttle, steer, brake, hand, 0, 0, 1]]))
    return v


@BOTH
def test_what_is_read_and_written_back_changes_nothing(physics):
    v = fleet(*[Pose(20 * k, 0, 0) for k in range(len(MODELS))], models=MODELS, physics=physics)
    before = {name: getattr(v, name).copy() for name in COLUMNS}
    for row, body in enumerate(MODELS):
        write(v, row, quantities(single(physics_control(v, row, body.wheels))), body.wheels)
    for name in COLUMNS:
        assert (getattr(v, name) == before[name]).all(), name


@BOTH
def test_force_and_mass_of_the_record_make_the_acceleration(physics):
    v = control(car(physics), throttle=0.3)
    q = quantities(physics_control(v, 0, 4))
    for _ in range(40):
        dynamics.step(v, 0.05)
    slowest, fastest = 0.3 * q.force / q.mass - 0.4, 0.3 * q.force / q.mass
    assert slowest < np.hypot(v.ax[0], v.ay[0]) < fastest


@BOTH
def test_twice_the_mass_takes_twice_as_long(physics):
    v = car(physics)
    record = physics_control(v, 0, 4)
    record[MASS] *= 2.0
    light = control(car(physics), throttle=0.2)
    write(v, 0, quantities(single(record)), 4)
    control(v, throttle=0.2)
    assert v.mass[0] == pytest.approx(2 * light.mass[0])
    assert v.inertia[0] == pytest.approx(2 * light.inertia[0])
    for _ in range(20):
        dynamics.step(v, 0.05)
        dynamics.step(light, 0.05)
    resistance = float(v.rolling[0])
    gained = v.speed[0] + resistance
    assert gained == pytest.approx((light.speed[0] + resistance) / 2, rel=0.03)
    assert physics_control(v, 0, 4)[0] == pytest.approx(np.array(record[0]), rel=1e-6)


@BOTH
def test_ice_lengthens_the_way_to_a_stop(physics):
    def stop(friction):
        v = car(physics)
        record = physics_control(v, 0, 4)
        for wheel in record[WHEELS]:
            wheel[0] *= friction
        write(v, 0, quantities(record), 4)
        v.set_velocity(0, 15.0, 0.0)
        control(v, brake=1.0)
        for _ in range(800):
            dynamics.step(v, 0.05)
        return v.x[0], v.grip[0] + v.rolling[0]

    dry, _ = stop(1.0)
    ice, deceleration = stop(0.1)
    assert ice > 2 * dry
    assert ice == pytest.approx(15.0**2 / (2 * deceleration), rel=0.1)  # without the air


@BOTH
def test_weak_brakes_and_a_small_lock_are_felt(physics):
    v = car(physics)
    record = physics_control(v, 0, 4)
    for wheel in record[WHEELS]:
        wheel[2], wheel[4] = wheel[2] / 2, wheel[4] / 4
    write(v, 0, quantities(record), 4)
    fresh = car(physics)
    assert v.full_brake[0] == pytest.approx(fresh.full_brake[0] / 4)
    for each in (v, fresh):
        each.set_velocity(0, 2.0, 0.0)
        control(each, throttle=0.05, steer=-0.5)
        for _ in range(40):
            dynamics.step(each, 0.05)
    assert dynamics.wheel_angles(v)[0] == pytest.approx(
        dynamics.wheel_angles(fresh)[0] / 2, rel=0.02
    )


@BOTH
def test_a_steering_curve_of_ones_own(physics):
    v = car(physics)
    record = physics_control(v, 0, 4)
    record[CURVE] = [[0.0, 1.0], [10.0, 0.25]]
    write(v, 0, quantities(record), 4)
    assert physics_control(v, 0, 4)[CURVE] == record[CURVE]
    v.set_velocity(0, 20.0, 0.0)
    control(v, steer=-1.0)
    for _ in range(10):
        dynamics.step(v, 0.05)
    assert dynamics.wheel_angles(v)[0] <= 0.25 * v.max_wheel_angle[0] + 1e-9


def test_half_the_power_leaves_the_force():
    v = car(Physics.REALISTIC)
    before = float(v.full_throttle[0]), float(v.power_speed[0])
    record = physics_control(v, 0, 4)
    record[0] = [[rpm / 2, torque] for rpm, torque in record[0]]
    write(v, 0, quantities(record), 4)
    assert (v.full_throttle[0], v.power_speed[0]) == pytest.approx((before[0], before[1] / 2))


def test_no_engine_no_drive():
    v = car(Physics.CARLA)
    record = physics_control(v, 0, 4)
    record[0] = [[0.0, 0.0], [5800.0, 0.0]]
    write(v, 0, quantities(record), 4)
    assert v.full_throttle[0] == 0.0


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (MASS, 0.0, "expected mass above 0, got 0"),
        (DRAG, -1.0, "expected drag coefficient of 0 or more, got -1"),
        (CURVE, [[k, 1.0] for k in range(9)], "expected a steering curve of 1 to 8 points"),
        (CURVE, [[10.0, 1.0], [0.0, 1.0]], "expected a steering curve in order of speed"),
        (WHEELS, [], "expected the physics of 1 to 16 wheels"),
        (0, [], "expected a torque curve of 1 to 256 points"),
    ],
)
def test_what_no_vehicle_can_have_is_refused(place, value, says):
    record = physics_control(car(Physics.CARLA), 0, 4)
    record[place] = value
    with pytest.raises(ShapeError) as error:
        quantities(record)
    assert str(error.value) == says
