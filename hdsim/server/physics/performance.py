"""Published acceleration and braking of real cars, and what the profile `realistic` makes of them.

Figures are as published, in the publisher's terms: most American testers start the clock a foot
(0.3048 m) after the car, and brake from 60 or 70 mph.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.server.actors.blueprints import library
from hdsim.server.physics import dynamics
from hdsim.server.physics.profiles import DRIVER_KG, Physics
from hdsim.server.physics.vehicles import Vehicles
from hdsim.server.wire.shapes import Pose

KMH, MPH, FOOT = 1.0 / 3.6, 0.44704, 0.3048
_STEP_S = 0.01


@dataclass(frozen=True, slots=True)
class Sprint:
    """Time from rest to a speed.

    Attributes:
        model: CARLA id.
        car: What was measured.
        to: Speed reached [m/s].
        seconds: Published time.
        rollout: Whether the clock starts a foot after the car.
        source: Who says so.
        kerb: Kerb mass of what was measured, where that is not this model [kg].
    """

    model: str
    car: str
    to: float
    seconds: float
    rollout: bool
    source: str
    kerb: float = 0.0


@dataclass(frozen=True, slots=True)
class Stop:
    """Distance from a speed to rest with the brakes on to the limit.

    Attributes:
        model: CARLA id.
        car: What was measured.
        of: Speed at the start [m/s].
        metres: Published distance.
        source: Who says so.
    """

    model: str
    car: str
    of: float
    metres: float
    source: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule asks of a class of vehicles: to stop within metres, or to sprint within seconds.

    Attributes:
        model: CARLA id of the vehicle that is held to it.
        what: The vehicles that it is for.
        speed: Speed at the start of the stop, or at the end of the sprint [m/s].
        at_most: Distance [m] or time [s].
        sprints: Whether it is about a sprint.
        source: The rule; written down from memory, not looked up again.
    """

    model: str
    what: str
    speed: float
    at_most: float
    sprints: bool
    source: str


SPRINTS = (
    Sprint("vehicle.audi.a2", "Audi A2 1.4 TDI 90 (2003)", 100 * KMH, 10.9, False,
           "Audi, by motor1.com"),
    Sprint("vehicle.audi.etron", "Audi e-tron 55 (2019)", 100 * KMH, 5.7, False,
           "Audi, by drivingelectric.com"),
    Sprint("vehicle.audi.tt", "Audi TT 2.0T (2007)", 60 * MPH, 6.0, True,
           "Car and Driver, June 2007"),
    Sprint("vehicle.dodge.charger_2020", "Dodge Charger R/T (2015)", 60 * MPH, 5.1, True,
           "Car and Driver, by roadstrikers.blogspot.com"),
    Sprint("vehicle.harley-davidson.low_rider", "Harley-Davidson FLHP (2008), same maker's tourer",
           60 * MPH, 5.59, False, "Michigan State Police, by dealernews.com", 362.0),
    Sprint("vehicle.jeep.wrangler_rubicon", "Jeep Wrangler V6 (2015)", 60 * MPH, 8.4, True,
           "Car and Driver, by carautotrucks.com"),
    Sprint("vehicle.lincoln.mkz_2017", "Lincoln MKZ 3.0T AWD (2017)", 60 * MPH, 4.8, True,
           "Car and Driver, by cheersandgears.com"),
    Sprint("vehicle.micro.microlino", "Microlino (2018)", 50 * KMH, 5.0, False,
           "Micro, by moniteurautomobile.be"),
    Sprint("vehicle.mini.cooper_s", "MINI Cooper S (2002)", 100 * KMH, 7.4, False,
           "BMW, by vroom.be"),
    Sprint("vehicle.mini.cooper_s_2021", "Mini Cooper S automatic (2015)", 60 * MPH, 6.2, True,
           "test by autobbk.com"),
    Sprint("vehicle.tesla.cybertruck", "Tesla Cybertruck Beast (2024)", 60 * MPH, 2.5, True,
           "Motor Trend, by tat-2-heaven.com"),
    Sprint("vehicle.tesla.model3", "Tesla Model 3 Long Range RWD (2018)", 60 * MPH, 5.3, False,
           "Consumer Reports, November 2019"),
    Sprint("vehicle.toyota.prius", "Toyota Prius (2016)", 60 * MPH, 10.1, False,
           "Edmunds long-term test"),
)  # fmt: skip

STOPS = (
    Stop("vehicle.audi.tt", "Audi TT 3.2 (2008)", 70 * MPH, 159 * FOOT,
         "road test by motor-news.space"),
    Stop("vehicle.dodge.charger_2020", "Dodge Charger R/T (2006)", 70 * MPH, 169 * FOOT,
         "road test by cam-cars.blogspot.com"),
    Stop("vehicle.harley-davidson.low_rider", "Harley-Davidson FLHP (2008)", 60 * MPH,
         171.4 * FOOT, "Michigan State Police, by dealernews.com"),
    Stop("vehicle.jeep.wrangler_rubicon", "Jeep Wrangler Rubicon (2012)", 70 * MPH, 204 * FOOT,
         "Car and Driver, by carautotrucks.com"),
    Stop("vehicle.lincoln.mkz_2017", "Lincoln MKZ 3.0T AWD (2017)", 70 * MPH, 156 * FOOT,
         "Car and Driver, by cheersandgears.com"),
    Stop("vehicle.mini.cooper_s_2021", "Mini Cooper (2014)", 60 * MPH, 114 * FOOT,
         "Edmunds long-term test"),
    Stop("vehicle.tesla.model3", "Tesla Model 3 Long Range RWD (2018)", 60 * MPH, 133 * FOOT,
         "Consumer Reports, by gardnerweb.com"),
)  # fmt: skip

RULES = (
    Rule("vehicle.mercedes.sprinter", "van", 100 * KMH, 70.0, False, "FMVSS 135, cold, to 3.5 t"),
    Rule("vehicle.ford.ambulance", "van over 3.5 t", 60 * KMH, 36.7, False,
         "UN Regulation 13, type 0, N2"),
    Rule("vehicle.carlamotors.european_hgv", "truck", 60 * KMH, 36.7, False,
         "UN Regulation 13, type 0, N3"),
    Rule("vehicle.carlamotors.firetruck", "single-unit truck, laden", 60 * MPH, 310 * FOOT, False,
         "FMVSS 121"),
    Rule("vehicle.mitsubishi.fusorosa", "bus", 60 * MPH, 280 * FOOT, False, "FMVSS 121"),
    Rule("vehicle.mitsubishi.fusorosa", "bus", 30 * MPH, 18.0, True,
         "APTA Standard Bus Procurement Guidelines"),
    Rule("vehicle.kawasaki.ninja", "motorcycle, front brake alone", 60 * KMH, 37.3, False,
         "UN Regulation 78, category 3-3"),
    Rule("vehicle.gazelle.omafiets", "city bicycle", 25 * KMH, 7.0, False, "ISO 4210-2, dry"),
)  # fmt: skip


def _car(
    model: str, throttle: float, brake: float, speed: float = 0.0, kerb: float = 0.0
) -> Vehicles:
    body = library()[model].vehicle
    assert body is not None
    v = Vehicles(Physics.REALISTIC)
    v.add(1, body, Pose(0.0, 0.0, 0.0))
    if kerb:
        lighter = v.mass / (kerb + DRIVER_KG)
        for name in ("full_throttle", "drag"):
            setattr(v, name, getattr(v, name) * lighter)
        v.mass = v.mass / lighter
    v.set_velocity(0, speed, 0.0)
    v.control(np.array([0]), np.array([[throttle, 0.0, brake, 0.0, 0.0, 0.0, 1.0]]))
    return v


def sprint(model: str, to: float, rollout: bool = False, kerb: float = 0.0) -> float:
    """Simulated time from rest to a speed [s], the first foot left out if ``rollout``."""
    v, time, start = _car(model, 1.0, 0.0, kerb=kerb), 0.0, 0.0
    while v.speed[0] < to:
        dynamics.step(v, _STEP_S)
        time += _STEP_S
        if rollout and v.x[0] < FOOT:
            start = time
    return time - start


def stop(model: str, of: float) -> float:
    """Simulated distance from a speed to rest [m]."""
    v = _car(model, 0.0, 1.0, of)
    while v.speed[0] > 0.0:
        dynamics.step(v, _STEP_S)
    return float(v.x[0])
