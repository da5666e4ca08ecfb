"""The vehicles of the world as arrays, one row each in order of spawning."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hdsim.core.compiled import compiled
from hdsim.core.state import Bools, Floats, Ints, SignalState
from hdsim.server.actors.blueprints import VehicleModel
from hdsim.server.physics.collisions import RigidBodies
from hdsim.server.physics.impacts import Response
from hdsim.server.physics.profiles import CURVE_POINTS, STEERING_CURVE, Physics, curve, parameters
from hdsim.server.wire.shapes import Pose

_FLOATS = (
    "x", "y", "z", "pitch", "yaw", "vx", "vy", "ax", "ay", "yaw_rate", "speed",
    "slide_x", "slide_y", "spin", "throttle", "steer", "brake",
    "wheel_angle", "throttle_now", "brake_now",
    "half_length", "half_width", "half_height", "wheelbase", "mass", "inertia",
    "full_throttle", "full_brake", "full_hand_brake", "rolling", "drag", "grip",
    "max_wheel_angle", "power_speed", "stiff_front", "stiff_rear", "cg_height", "front_drive",
    "steer_rate", "throttle_lag", "brake_lag", "stability", "lean", "lane_s", "limit", "stood_s",
)  # fmt: skip
_INTS = ("id", "label", "gear", "flags", "lane", "light_id")
_BOOLS = ("hand_brake", "reverse", "manual", "physics", "collides", "has_light", "told_green")


class Vehicles:
    """Arrays over vehicles, shape (n,) each; right-handed frame, SI, radians.

    Attributes:
        profile: Physics profile of all of them.
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
        wheel_angle: Where the steering actuator has the front wheels, left positive [rad];
            profile realistic only, like the next two.
        throttle_now: Where the throttle's actuator is, 0 to 1; negative in reverse.
        brake_now: As throttle_now.
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
        full_throttle: Acceleration of full throttle at standstill [m/s^2].
        full_brake: Deceleration of the full brake [m/s^2].
        full_hand_brake: As full_brake.
        rolling: Rolling resistance [m/s^2].
        drag: Deceleration by the air over squared speed [1/m].
        grip: Largest acceleration that dry tyres give [m/s^2].
        max_wheel_angle: Of the front wheels at full steer and standstill [rad].
        steering_curve: Share of it left at a speed, as rows of speed [km/h] and share, shape
            (n, CURVE_POINTS, 2).
        power_speed: Where the engine's power begins to limit its force [m/s]; profile realistic
            only, like the rest down to brake_lag.
        stiff_front: Cornering stiffness over load [1/rad].
        stiff_rear: As stiff_front.
        cg_height: Height of the centre of gravity [m].
        front_drive: Share of the drive at the front axle.
        steer_rate: Largest rate of the wheel angle [rad/s].
        stability: Lever of the stability control's braking about the centre [m].
        lean: Largest lateral acceleration that a rider leans for [m/s^2]; 0 on four wheels.
        throttle_lag: Time constant of the throttle's actuator [s].
        brake_lag: As throttle_lag.
        physics: False for a vehicle that only transforms move.
        collides: False for a vehicle whose collisions were switched off.
        flags: Vehicle lights, CARLA's bits.
        lane: Lane index, -1 off the network.
        lane_s: Distance along it [m].
        limit: Speed limit there [m/s].
        has_light: Whether a traffic light concerns the vehicle.
        light_state: ``SignalState`` of that light, GREEN without one.
        light_id: Actor id of that light, 0 without one.
        told_green: Whether the record has shown that light green since it began to concern the
            vehicle.
        stood_s: For how long the vehicle has stood at a stop sign [s].
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
    wheel_angle: Floats
    throttle_now: Floats
    brake_now: Floats
    half_length: Floats
    half_width: Floats
    half_height: Floats
    wheelbase: Floats
    mass: Floats
    inertia: Floats
    full_throttle: Floats
    full_brake: Floats
    full_hand_brake: Floats
    rolling: Floats
    drag: Floats
    grip: Floats
    max_wheel_angle: Floats
    power_speed: Floats
    stiff_front: Floats
    stiff_rear: Floats
    cg_height: Floats
    front_drive: Floats
    steer_rate: Floats
    throttle_lag: Floats
    brake_lag: Floats
    stability: Floats
    lean: Floats
    steering_curve: Floats
    lane_s: Floats
    limit: Floats
    stood_s: Floats
    hand_brake: Bools
    reverse: Bools
    manual: Bools
    physics: Bools
    collides: Bools
    has_light: Bools
    told_green: Bools
    light_state: NDArray[np.uint8]

    def __init__(self, physics: Physics = Physics.CARLA) -> None:
        self.profile = physics
        for name in _FLOATS:
            setattr(self, name, np.zeros(0))
        for name in _INTS:
            setattr(self, name, np.zeros(0, dtype=np.int64))
        for name in _BOOLS:
            setattr(self, name, np.zeros(0, dtype=np.bool_))
        self.light_state = np.zeros(0, dtype=np.uint8)
        self.steering_curve = np.zeros((0, CURVE_POINTS, 2))
        self.row: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.id)

    def add(self, actor: int, model: VehicleModel, pose: Pose) -> int:
        """A vehicle at rest; returns its row."""
        values = {
            "id": actor, "label": model.label, "x": pose.x, "y": pose.y, "z": pose.z,
            "pitch": pose.pitch, "yaw": pose.yaw, "half_length": model.length / 2,
            "half_width": model.width / 2, "half_height": model.height / 2,
            "wheelbase": model.wheelbase, "physics": True, "collides": True, "lane": -1,
            "light_state": SignalState.GREEN, **parameters(model, self.profile),
        }  # fmt: skip
        for name in (*_FLOATS, *_INTS, *_BOOLS, "light_state"):
            array = getattr(self, name)
            grown = np.append(array, np.asarray(values.get(name, 0), dtype=array.dtype))
            setattr(self, name, grown)
        own = curve(STEERING_CURVE)[np.newaxis]
        self.steering_curve = np.concatenate([self.steering_curve, own])
        self.row[actor] = len(self.id) - 1
        return self.row[actor]

    def remove(self, actor: int) -> None:
        """Takes a vehicle out; the rows after it move up."""
        row = self.row[actor]
        for name in (*_FLOATS, *_INTS, *_BOOLS, "light_state"):
            setattr(self, name, np.delete(getattr(self, name), row))
        self.steering_curve = np.delete(self.steering_curve, row, axis=0)
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
        _control(
            rows, controls, self.throttle, self.steer, self.brake,
            self.hand_brake, self.reverse, self.manual, self.gear,
        )  # fmt: skip


@compiled
def _control(
    rows: Ints,
    controls: Floats,
    throttle: Floats,
    steer: Floats,
    brake: Floats,
    hand_brake: Bools,
    reverse: Bools,
    manual: Bools,
    gear: Ints,
) -> None:
    for k in range(len(rows)):
        row, given = rows[k], controls[k]
        throttle[row] = 0.0 if np.isnan(given[0]) else min(max(given[0], 0.0), 1.0)
        steer[row] = -0.0 if np.isnan(given[1]) else -min(max(given[1], -1.0), 1.0)
        brake[row] = 1.0 if np.isnan(given[2]) else min(max(given[2], 0.0), 1.0)
        hand_brake[row] = given[3] != 0.0
        reverse[row] = given[4] != 0.0
        manual[row] = given[5] != 0.0
        gear[row] = 0 if np.isnan(given[6]) else int(min(max(given[6], -1.0), 100.0))
