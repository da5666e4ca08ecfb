"""The walkers of the world as arrays, one row each in order of spawning, and how they move.

A walker goes where its WalkerControl says, at once at that speed, with its feet on the road under
it. There is no collision with kerbs, walls or other walkers: CARLA's own crowd keeps walkers apart
in the client.
"""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np

from hdsim.core.state import Bools, Floats, Ints
from hdsim.server.actors.blueprints import WalkerModel
from hdsim.server.physics.collisions import Contacts, RigidBodies
from hdsim.server.physics.impacts import Response
from hdsim.server.physics.surface import Surface
from hdsim.server.wire.shapes import Pose

# CARLA's WalkerController: JumpZVelocity 500 cm/s, maximum walk speed 4096 cm/s.
JUMP_SPEED = 5.0
MAX_SPEED = 40.96
GRAVITY = 9.81
# How a walker that was knocked down slows [m/s^2]: 0.7 g, the mid of the friction found for
# sliding pedestrians (Wood 1988, SAE 880896: 0.66 to 0.79).
TUMBLE_DECELERATION = 6.9
# A vehicle that comes at a walker at least this fast knocks it down [m/s]: a proposal.
KNOCK_DOWN = 1.0
# CARLA takes a dead walker away after this long [s] (WalkerBase.h, AfterLifeSpan).
AFTERLIFE_S = 10.0

_FLOATS = (
    "x", "y", "z", "pitch", "yaw", "roll", "vx", "vy", "vz", "ax", "ay",
    "direction_x", "direction_y", "direction_z", "control_speed", "ground",
    "half_length", "half_width", "half_height", "mass", "dead_s",
)  # fmt: skip
_BOOLS = ("jump", "led", "physics", "gravity", "collides", "invincible", "dead")


class Walkers:
    """Arrays over walkers, shape (n,) each; right-handed frame, SI, radians.

    Attributes:
        id: Actor id.
        x: Position of the body's centre [m].
        y: As x.
        z: As x; the soles are ``half_height`` below.
        pitch: As given by a transform [rad].
        yaw: Where the walker faces [rad].
        roll: As pitch.
        vx: Velocity in the world frame [m/s].
        vy: As vx.
        vz: As vx; not zero in a jump or fall only.
        ax: Acceleration in the world frame over the last step [m/s^2].
        ay: As ax.
        direction_x: Direction of the WalkerControl, of length at most 1.
        direction_y: As direction_x.
        direction_z: As direction_x; kept, not used.
        control_speed: Its speed [m/s].
        jump: Whether it says to jump.
        ground: Height of the ground under the soles [m].
        led: Whether a client placed the walker since the last step: its place is the client's.
        half_length: Half sizes of the body's box [m].
        half_width: As half_length.
        half_height: As half_length.
        mass: [kg].
        physics: False for a walker that only transforms move.
        gravity: False for a walker that keeps its height.
        collides: False for a walker whose collisions were switched off.
        invincible: True for a walker that nothing knocks down.
        dead: True once knocked down, or made so by a client.
        dead_s: For how long [s].
    """

    id: Ints
    x: Floats
    y: Floats
    z: Floats
    pitch: Floats
    yaw: Floats
    roll: Floats
    vx: Floats
    vy: Floats
    vz: Floats
    ax: Floats
    ay: Floats
    direction_x: Floats
    direction_y: Floats
    direction_z: Floats
    control_speed: Floats
    ground: Floats
    half_length: Floats
    half_width: Floats
    half_height: Floats
    mass: Floats
    dead_s: Floats
    jump: Bools
    led: Bools
    physics: Bools
    gravity: Bools
    collides: Bools
    invincible: Bools
    dead: Bools

    def __init__(self) -> None:
        self.id = np.zeros(0, dtype=np.int64)
        for name in _FLOATS:
            setattr(self, name, np.zeros(0))
        for name in _BOOLS:
            setattr(self, name, np.zeros(0, dtype=np.bool_))
        self.row: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.id)

    def add(self, actor: int, model: WalkerModel, pose: Pose, invincible: bool) -> int:
        """A walker that stands still; returns its row."""
        values = {
            "id": actor, "x": pose.x, "y": pose.y, "z": pose.z, "pitch": pose.pitch,
            "yaw": pose.yaw, "roll": pose.roll, "ground": pose.z - model.height / 2,
            "half_length": model.radius, "half_width": model.radius,
            "half_height": model.height / 2, "mass": model.mass,
            "physics": True, "gravity": True, "collides": True, "invincible": invincible,
        }  # fmt: skip
        for name in ("id", *_FLOATS, *_BOOLS):
            array = getattr(self, name)
            grown = np.append(array, np.asarray(values.get(name, 0), dtype=array.dtype))
            setattr(self, name, grown)
        self.row[actor] = len(self.id) - 1
        return self.row[actor]

    def remove(self, actor: int) -> None:
        """Takes a walker out; the rows after it move up."""
        row = self.row[actor]
        for name in ("id", *_FLOATS, *_BOOLS):
            setattr(self, name, np.delete(getattr(self, name), row))
        self.row = {int(a): i for i, a in enumerate(self.id)}

    def pose(self, row: int) -> Pose:
        """Where a walker is."""
        at = (self.x, self.y, self.z, self.pitch, self.yaw, self.roll)
        return Pose(*(float(a[row]) for a in at))

    def place(self, row: int, pose: Pose) -> None:
        """Moves a walker; what a teleport does."""
        self.x[row], self.y[row], self.z[row] = pose.x, pose.y, pose.z
        self.pitch[row], self.yaw[row], self.roll[row] = pose.pitch, pose.yaw, pose.roll
        self.ground[row] = pose.z - self.half_height[row]

    def control(
        self, row: int, direction: tuple[float, float, float], speed: float, jump: bool
    ) -> None:
        """Applies a WalkerControl; a direction longer than 1 counts as 1, as in CARLA."""
        longest = max(math.hypot(*direction), 1.0)
        x, y, z = (d / longest for d in direction)
        self.direction_x[row], self.direction_y[row], self.direction_z[row] = x, y, z
        self.control_speed[row] = min(max(speed, 0.0), MAX_SPEED)
        self.jump[row] = jump

    def lead(self, row: int, soles: Pose, speed: float) -> None:
        """Places a walker by its soles, walking ahead: what CARLA's AI controllers send.

        Until the next step its place is the client's; if the client then says nothing more the
        walker goes on as it went.
        """
        x, y, yaw = soles.x, soles.y, soles.yaw
        z = soles.z + float(self.half_height[row])
        self.place(row, Pose(x, y, z, soles.pitch, yaw, soles.roll))
        self.control(row, (math.cos(yaw), math.sin(yaw), 0.0), speed, False)
        self.led[row] = True

    def rigid(self) -> RigidBodies:
        """The walkers as bodies that can collide; a blow does not turn them."""
        still = np.zeros(len(self))
        return RigidBodies(
            self.x, self.y, self.z - self.half_height, self.yaw, self.half_length,
            self.half_width, self.half_height, self.vx, self.vy, still, self.mass,
            still + np.inf, self.physics, self.collides,
        )  # fmt: skip

    def take(self, r: Response, start: int) -> None:
        """Takes over what collisions did to the walkers' motion.

        Args:
            r: The response of all bodies.
            start: Which of them is the first walker.
        """
        mine = slice(start, start + len(self))
        self.x, self.y = r.x[mine].copy(), r.y[mine].copy()
        self.vx, self.vy = r.vx[mine].copy(), r.vy[mine].copy()

    def die(self, row: int) -> None:
        """Knocks a walker down: its control counts no more, and blows move it.

        CARLA's client says so of a walker that it led, whose physics it had switched off, when a
        vehicle has run into it; in CARLA its body then falls as it may.
        """
        self.dead[row] = True
        self.physics[row] = self.gravity[row] = True


def without_each_other(pairs: Contacts, start: int, count: int) -> Contacts:
    """Contacts without those between two walkers, who make way for each other.

    Args:
        pairs: Contacts of all bodies.
        start: Which of them is the first walker.
        count: How many walkers there are.
    """
    both = (pairs.first >= start) & (pairs.second < start + count)
    return kept(pairs, ~both) if both.any() else pairs


def kept(pairs: Contacts, which: Bools) -> Contacts:
    """Some of the contacts."""
    return Contacts(*(getattr(pairs, f.name)[which] for f in fields(Contacts)))


def knocked_down(pairs: Contacts, b: RigidBodies, w: Walkers, start: int) -> Ints:
    """Rows of the walkers that a vehicle runs into fast enough; the invincible stay on their feet.

    Args:
        pairs: Contacts of all bodies.
        b: The bodies before their blows: vehicles first, then walkers.
        w: The walkers.
        start: Which body is the first walker.
    """
    met = _with_vehicle(pairs, w, start)
    vehicle, row = pairs.first[met], pairs.second[met] - start
    coming = b.vx[vehicle] * pairs.nx[met] + b.vy[vehicle] * pairs.ny[met]
    return np.asarray(row[(coming >= KNOCK_DOWN) & ~w.invincible[row]])


def brushes(pairs: Contacts, w: Walkers, start: int) -> Bools:
    """Which contacts are of a vehicle and a walker on its feet: it steps aside, and pushes nothing.

    Without this a walker whose control drives it on would move a parked car.

    Args:
        pairs: Contacts of all bodies.
        w: The walkers.
        start: Which body is the first of them.
    """
    met = _with_vehicle(pairs, w, start)
    on_feet = np.append(~w.dead & w.physics, False)
    return np.asarray(met & on_feet[np.where(met, pairs.second - start, len(w))])


def step_aside(w: Walkers, pairs: Contacts, start: int) -> None:
    """Moves walkers out of the vehicles that they touch."""
    rows = pairs.second - start
    np.add.at(w.x, rows, pairs.nx * pairs.depth)
    np.add.at(w.y, rows, pairs.ny * pairs.depth)


def _with_vehicle(pairs: Contacts, w: Walkers, start: int) -> Bools:
    among = (pairs.second >= start) & (pairs.second < start + len(w))
    return np.asarray((pairs.first < start) & among)


def step(w: Walkers, surface: Surface, dt: float) -> None:
    """Moves every walker by one step of ``dt`` seconds, in place."""
    vx, vy = w.vx, w.vy
    wanted_x, wanted_y = w.direction_x * w.control_speed, w.direction_y * w.control_speed
    speed = np.hypot(vx, vy)
    kept = np.maximum(1.0 - TUMBLE_DECELERATION * dt / np.maximum(speed, 1e-9), 0.0)
    # CARLA's client switches the physics of a walker off that it leads, which moves all the same.
    moves = w.physics | w.led
    w.vx = np.where(moves, np.where(w.dead, vx * kept, wanted_x), 0.0)
    w.vy = np.where(moves, np.where(w.dead, vy * kept, wanted_y), 0.0)
    w.ax, w.ay = (w.vx - vx) / dt, (w.vy - vy) / dt
    goes = w.physics & ~w.led
    w.x = np.where(goes, w.x + w.vx * dt, w.x)
    w.y = np.where(goes, w.y + w.vy * dt, w.y)
    walks = goes & ~w.dead & (np.hypot(w.vx, w.vy) > 1e-6)
    w.yaw = np.where(walks, np.arctan2(w.vy, w.vx), w.yaw)
    _stand(w, surface, goes, dt)
    w.dead_s = np.where(w.dead, w.dead_s + dt, 0.0)
    w.led[:] = False


def _stand(w: Walkers, surface: Surface, goes: Bools, dt: float) -> None:
    """Jumps, falls, and keeps soles on the ground; off the network the ground stays as it was."""
    footing = surface.footing(w.x, w.y, w.ground, w.yaw)
    w.ground = np.where(footing.on & goes, footing.z, w.ground)
    height = w.z - w.half_height - w.ground
    grounded = height <= 1e-6
    falls = goes & w.gravity
    jumps = falls & grounded & w.jump & ~w.dead
    vz = np.where(jumps, JUMP_SPEED, w.vz)
    aloft = falls & (~grounded | jumps)
    vz = np.where(aloft, vz - GRAVITY * dt, 0.0)
    height = np.where(aloft, np.maximum(height + vz * dt, 0.0), height)
    height = np.where(falls & ~aloft, 0.0, height)
    w.vz = np.where(height > 0.0, vz, 0.0)
    w.z = np.where(goes, w.ground + height + w.half_height, w.z)
    w.jump = w.jump & ~jumps
