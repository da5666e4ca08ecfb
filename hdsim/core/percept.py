"""Observation and percept: what there is to see, and what a driver sees.

Both have one shape, because perception is a change of the scene and not a new language: the
neutral program returns the observation's values unchanged. The driving model receives ``Percepts``
and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from hdsim.core.state import Bools, Floats, Ints


class Relation(IntEnum):
    """How an object stands to a driver; by true geometry in an observation.

    LEAD is the nearest object ahead on the driver's own path; REAR is behind on it; BESIDE covers
    neighbouring lanes in the same direction (ahead or behind); ONCOMING heads against the driver;
    CROSSING comes from the side, or is on a lane whose conflict zone the path crosses.
    """

    OTHER = 0
    LEAD = 1
    REAR = 2
    BESIDE = 3
    ONCOMING = 4
    CROSSING = 5


@dataclass(frozen=True, slots=True)
class Paths:
    """The stretch of route ahead of each driver, sampled along the lane centreline.

    Attributes:
        x: World position of the points [m], shape (D, P); point 0 is at or just behind the
            driver's own projection on its path.
        y: As x.
        yaw: Path heading [rad], shape (D, P).
        curvature: Left positive [1/m], shape (D, P).
        s: Distance along the path from the driver's own projection [m], shape (D, P), increasing;
            the first entry is <= 0.
        limit: Speed limit at the points [m/s], shape (D, P); where it is less, the pace that a
            cyclist keeps up.
        width: Lane width [m], shape (D, P).
        lane: Lane index of the points, shape (D, P).
        lane_s: Distance along that lane [m], shape (D, P).
        end_s: Distance to the end of the route [m], shape (D,); inf while the route goes on.
    """

    x: Floats
    y: Floats
    yaw: Floats
    curvature: Floats
    s: Floats
    limit: Floats
    width: Floats
    lane: Ints
    lane_s: Floats
    end_s: Floats


@dataclass(frozen=True, slots=True)
class OwnState:
    """What a driver senses of its own motion and road, shape (D,) each.

    Attributes:
        x: Own position in the world frame [m]; used to place objects, not distorted.
        y: As x.
        yaw: Own heading [rad].
        speed: Own speed [m/s].
        yaw_rate: [rad/s].
        accel: Own longitudinal acceleration [m/s^2].
        d: Offset from the path centreline, left positive [m].
        heading_error: Own yaw minus path yaw [rad].
        limit_factor: What the driver takes the speed limit to be, as a multiple of the posted one.
        length: Own vehicle length [m].
        width: Own vehicle width [m].
        wheelbase: [m].
    """

    x: Floats
    y: Floats
    yaw: Floats
    speed: Floats
    yaw_rate: Floats
    accel: Floats
    d: Floats
    heading_error: Floats
    limit_factor: Floats
    length: Floats
    width: Floats
    wheelbase: Floats


@dataclass(frozen=True, slots=True)
class Objects:
    """Other road users by driver and slot, world frame, shape (D, K) each.

    Attributes:
        row: Actor row of the object, -1 for an empty slot. Slots are sorted by nothing in
            particular; only ``row`` names an object.
        seen: In an observation: in line of sight. In a percept: registered by the driver. Values
            of slots that are not seen mean nothing.
        relation: ``Relation``, int8.
        x: Position of the object's centre [m].
        y: As x.
        yaw: Heading [rad].
        speed: Longitudinal speed [m/s].
        accel: Longitudinal acceleration [m/s^2].
        length: Full length [m].
        width: Full width [m].
        lane: Lane index, -1 when off the network.
        s: Distance along that lane [m].
        d: Offset from that lane's centreline, left positive [m].
    """

    row: Ints
    seen: Bools
    relation: NDArray[np.int8]
    x: Floats
    y: Floats
    yaw: Floats
    speed: Floats
    accel: Floats
    length: Floats
    width: Floats
    lane: Ints
    s: Floats
    d: Floats


@dataclass(frozen=True, slots=True)
class SignalAhead:
    """The next traffic signal on each driver's path, shape (D,) each.

    Attributes:
        index: Signal index in the lane graph, -1 when there is none within sight.
        state: ``SignalState``, uint8; OFF when there is none.
        distance: Front bumper to stop line [m]; inf when there is none; negative once passed.
    """

    index: Ints
    state: NDArray[np.uint8]
    distance: Floats


@dataclass(frozen=True, slots=True)
class Ambient:
    """Weather and light of a scenario, as far as sight depends on it.

    Attributes:
        visibility_m: Meteorological visibility: distance at which 5 % of contrast is left [m].
        darkness: 0 by day, 1 at night.
        rain: 0 for none, 1 for the heaviest.
        headlights: Vehicles have their lamps on in darkness, fog and rain.
    """

    visibility_m: float = float("inf")
    darkness: float = 0.0
    rain: float = 0.0
    headlights: bool = True

    @property
    def is_clear(self) -> bool:
        """Whether it limits sight at all."""
        return self.visibility_m == float("inf") and self.darkness == self.rain == 0.0


CLEAR = Ambient()


@dataclass(frozen=True, slots=True)
class Observation:
    """What there is to see from each driver's seat at one frame.

    Occlusion, weather and light have been applied; what the driver looks at has not.
    """

    time: float
    own: OwnState
    objects: Objects
    signal: SignalAhead
    paths: Paths
    ambient: Ambient = CLEAR


@dataclass(frozen=True, slots=True)
class Percepts:
    """What each driver believes at one frame: the subjective scene, same shapes as Observation."""

    time: float
    own: OwnState
    objects: Objects
    signal: SignalAhead
    paths: Paths
