"""The vehicles of the world as arrays, one row each in order of spawning."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hdsim.core.state import Bools, Floats, Ints, SignalState
from hdsim.server.blueprints import VehicleModel
from hdsim.server.collisions import RigidBodies
from hdsim.server.impacts import Response
from hdsim.server.shapes import Pose

# Top speeds by base type [m/s]: the order of magnitude of the real thing, without a source.
_TOP_SPEED = {"bicycle": 12.0, "truck": 30.0, "bus": 30.0}
_CAR_TOP_SPEED = 50.0

# Yaw inertia over mass and axle distances, I / (m a b): 0.94, 1.00 and 1.10 for the Ford Escort,
# BMW 320i and VW Vanagon of CommonRoad (Althoff and Wuersching 2020, Vehicle Models, table 6).
# The axles are taken at equal distances from the centre.
_DYNAMIC_INDEX = 1.0

_FLOATS = (
    "x", "y", "z", "pitch", "yaw", "vx", "vy", "ax", "ay", "yaw_rate", "speed",
    "slide_x", "slide_y", "spin", "throttle", "steer", "brake",
    "half_length", "half_width", "half_height", "wheelbase", "mass", "inertia", "top_speed",
    "lane_s", "limit",
)  # fmt: skip
_INTS = ("id", "label", "gear", "flags", "lane", "light_id")
_BOOLS = ("hand_brake", "reverse", "manual", "physics", "collides", "has_light")


class Vehicles:
    """Arrays over vehicles, shape (n,) each; right-handed frame, SI, radians.

    Attributes:
        id: Actor id.
        label: CARLA's semantic label.
        x: Position of the body's centre [m]; ``z`` is that of its underside.
        y: As x.
        z: As x.
        pitch: Nose up [rad].
        yaw: [rad].
        vx: Velocity in the world frame [m/s].
        vy: As vx.
        ax: Acceleration in the world frame over the last step [m/s^2].
        ay: As ax.
        yaw_rate: [rad/s].
        speed: Speed of the wheels' motion [m/s]; negative backwards.
        slide_x: Velocity that a collision or a client added to the wheels' motion [m/s].
        slide_y: As slide_x.
        spin: Yaw rate that a collision or a client added to that of the wheels' path [rad/s].
        throttle: Pedal, 0 to 1.
        steer: Steering input, -1 to 1, left positive.
        brake: Pedal, 0 to 1.
        hand_brake: As given by the client.
        reverse: As given by the client.
        manual: Manual gear shift, as given by the client.
        gear: As given by the client; only reported.
        half_length: Half sizes of the body [m].
        half_width: As half_length.
        half_height: As half_length.
        wheelbase: [m].
        mass: [kg].
        inertia: Yaw inertia [kg m^2].
        top_speed: [m/s].
        physics: False for a vehicle that only transforms move.
        collides: False for a vehicle whose collisions were switched off.
        flags: Vehicle lights, CARLA's bits.
        lane: Lane index, -1 off the network.
        lane_s: Distance along it [m].
        limit: Speed limit there [m/s].
        has_light: Whether a traffic light concerns the vehicle.
        light_state: ``SignalState`` of that light, GREEN without one.
        light_id: Actor id of that light, 0 without one.
    """

    id: Ints
    label: Ints
    gear: Ints
    flags: Ints
    lane: Ints
    light_id: Ints
    x: Floats
    y: Floats
    z: Floats
    pitch: Floats
    yaw: Floats
    vx: Floats
    vy: Floats
    ax: Floats
    ay: Floats
    yaw_rate: Floats
    speed: Floats
    slide_x: Floats
    slide_y: Floats
    spin: Floats
    throttle: Floats
    steer: Floats
    brake: Floats
    half_length: Floats
    half_width: Floats
    half_height: Floats
    wheelbase: Floats
    mass: Floats
    inertia: Floats
    top_speed: Floats
    lane_s: Floats
    limit: Floats
    hand_brake: Bools
    reverse: Bools
    manual: Bools
    physics: Bools
    collides: Bools
    has_light: Bools
    light_state: NDArray[np.uint8]

    def __init__(self) -> None:
        for name in _FLOATS:
            setattr(self, name, np.zeros(0))
        for name in _INTS:
            setattr(self, name, np.zeros(0, dtype=np.int64))
        for name in _BOOLS:
            setattr(self, name, np.zeros(0, dtype=np.bool_))
        self.light_state = np.zeros(0, dtype=np.uint8)
        self.row: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.id)

    def add(self, actor: int, model: VehicleModel, pose: Pose) -> int:
        """A vehicle at rest; returns its row."""
        values = {
            "id": actor, "label": model.label, "x": pose.x, "y": pose.y, "z": pose.z, "pitch": pose.pitch,
            "yaw": pose.yaw, "half_length": model.length / 2, "half_width": model.width / 2,
            "half_height": model.height / 2, "wheelbase": model.wheelbase, "mass": model.mass,
            "inertia": model.mass * model.wheelbase**2 * _DYNAMIC_INDEX / 4.0,
            "top_speed": _TOP_SPEED.get(model.base_type, _CAR_TOP_SPEED),
            "physics": True, "collides": True, "lane": -1, "light_state": SignalState.GREEN,
        }  # fmt: skip
        for name in (*_FLOATS, *_INTS, *_BOOLS, "light_state"):
            array = getattr(self, name)
            grown = np.append(array, np.asarray(values.get(name, 0), dtype=array.dtype))
            setattr(self, name, grown)
        self.row[actor] = len(self.id) - 1
        return self.row[actor]

    def remove(self, actor: int) -> None:
        """Takes a vehicle out; the rows after it move up."""
        row = self.row[actor]
        for name in (*_FLOATS, *_INTS, *_BOOLS, "light_state"):
            setattr(self, name, np.delete(getattr(self, name), row))
        self.row = {int(a): i for i, a in enumerate(self.id)}

    def pose(self, row: int) -> Pose:
        """Where a vehicle is."""
        at = (float(a[row]) for a in (self.x, self.y, self.z, self.pitch, self.yaw))
        return Pose(*at)

    def place(self, row: int, pose: Pose) -> None:
        """Moves a vehicle without changing its speed; what a teleport does."""
        self.x[row], self.y[row], self.z[row] = pose.x, pose.y, pose.z
        self.pitch[row], self.yaw[row] = pose.pitch, pose.yaw
        self.set_velocity(row, *self._wheel_velocity(row))

    def _wheel_velocity(self, row: int) -> tuple[float, float]:
        v, yaw = float(self.speed[row]), float(self.yaw[row])
        return v * math.cos(yaw), v * math.sin(yaw)

    def set_velocity(self, row: int, vx: float, vy: float) -> None:
        """Gives a vehicle a velocity in the world frame [m/s].

        The part along its heading becomes the wheels' motion, the rest a slide that dies out.
        """
        yaw = float(self.yaw[row])
        c, s = math.cos(yaw), math.sin(yaw)
        along = vx * c + vy * s
        self.speed[row] = along
        self.slide_x[row], self.slide_y[row] = vx - along * c, vy - along * s
        self.vx[row], self.vy[row] = vx, vy

    def rigid(self) -> RigidBodies:
        """The vehicles as bodies that can collide; shares their arrays."""
        return RigidBodies(
            self.x, self.y, self.z, self.yaw, self.half_length, self.half_width,
            self.half_height, self.vx, self.vy, self.yaw_rate, self.mass, self.inertia,
            self.physics, self.collides,
        )  # fmt: skip

    def take(self, r: Response) -> None:
        """Takes over what collisions did to the first ``len(self)`` bodies of a response."""
        n = len(self)
        self.x, self.y = r.x[:n], r.y[:n]
        rows = np.flatnonzero(r.struck[:n])
        turned = r.yaw_rate[rows] - self.yaw_rate[rows]
        self.spin[rows] += turned
        self.yaw_rate[rows] += turned
        for row in rows.tolist():
            self.set_velocity(row, float(r.vx[row]), float(r.vy[row]))

    def control(self, rows: Ints, controls: Floats) -> None:
        """Applies vehicle controls.

        Args:
            rows: Shape (k,); where a row comes twice the last one counts.
            controls: CARLA's VehicleControl as numbers, shape (k, 7): throttle, steer (right
                positive), brake, hand brake, reverse, manual shift, gear. Inputs that are not
                numbers are made safe: the Traffic Manager has been seen to send a NaN brake,
                which brakes fully.
        """
        throttle, steer, brake = controls[:, 0], controls[:, 1], controls[:, 2]
        self.throttle[rows] = np.clip(np.nan_to_num(throttle, nan=0.0), 0.0, 1.0)
        self.steer[rows] = -np.clip(np.nan_to_num(steer, nan=0.0), -1.0, 1.0)
        self.brake[rows] = np.clip(np.nan_to_num(brake, nan=1.0), 0.0, 1.0)
        self.hand_brake[rows] = controls[:, 3] != 0
        self.reverse[rows] = controls[:, 4] != 0
        self.manual[rows] = controls[:, 5] != 0
        self.gear[rows] = np.clip(np.nan_to_num(controls[:, 6]), -1, 100)
