"""Friction triggers: boxes in which the tyres of vehicles have another friction.

As CARLA's ``static.trigger.friction``: a vehicle whose centre enters one gets its friction, and its
own one back when it leaves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hdsim.server.actors.attributes import Values
from hdsim.server.physics.profiles import GRAVITY
from hdsim.server.physics.vehicles import Vehicles
from hdsim.server.wire.shapes import Pose

BLUEPRINT = "static.trigger.friction"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A box: half sizes [m], and the friction of tyres in it."""

    half_x: float
    half_y: float
    half_z: float
    friction: float

    @staticmethod
    def of(values: Values) -> Trigger:
        """From attributes, whose extents are half sizes in centimetres; raises ``ValueError``."""
        x, y, z = (values.number(f"extent_{axis}") / 100.0 for axis in "xyz")
        return Trigger(x, y, z, values.number("friction"))


class Triggers:
    """All triggers of a world, and who is in which."""

    def __init__(self) -> None:
        self._triggers: dict[int, Trigger] = {}
        self._inside: dict[int, dict[int, float]] = {}

    def __len__(self) -> int:
        return len(self._triggers)

    def add(self, actor: int, trigger: Trigger) -> None:
        """A new trigger."""
        self._triggers[actor], self._inside[actor] = trigger, {}

    def forget(self, actor: int, v: Vehicles) -> None:
        """Drops a trigger, whose vehicles get their own friction back, or a vehicle."""
        self._triggers.pop(actor, None)
        for vehicle, grip in self._inside.pop(actor, {}).items():
            if vehicle in v.row:
                v.grip[v.row[vehicle]] = grip
        for inside in self._inside.values():
            inside.pop(actor, None)

    def ids(self) -> list[int]:
        """Actor ids of the triggers."""
        return list(self._triggers)

    def act(self, actor: int, pose: Pose, v: Vehicles) -> None:
        """Changes the friction of the vehicles that have come into a trigger or left it.

        Args:
            actor: The trigger.
            pose: Its centre; taken as upright.
            v: Vehicles.
        """
        t, inside = self._triggers[actor], self._inside[actor]
        c, s = math.cos(pose.yaw), math.sin(pose.yaw)
        dx, dy, dz = v.x - pose.x, v.y - pose.y, v.z + v.half_height - pose.z
        within = (np.abs(dx * c + dy * s) <= t.half_x) & (np.abs(dy * c - dx * s) <= t.half_y)
        within &= np.abs(dz) <= t.half_z + v.half_height
        now = {int(v.id[row]): row for row in np.flatnonzero(within).tolist()}
        for vehicle in [i for i in inside if i not in now]:
            v.grip[v.row[vehicle]] = inside.pop(vehicle)
        for vehicle, row in now.items():
            if vehicle not in inside:
                inside[vehicle] = float(v.grip[row])
                v.grip[row] = t.friction * GRAVITY
