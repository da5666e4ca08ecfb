"""An autopilot as a plain Python callable: see ``05_callable_ego.yaml``.

HDSim calls it once a tick with an ``EgoView`` and applies the control that it returns. A class is
made once a scenario, so it can remember things. It may use all of the ``carla`` client. This one
does not look at traffic lights, and HDSim finds that out.
"""

from __future__ import annotations

import math

import carla

from hdsim.world.egos import EgoView

SPEED_MPS = 6.0
LOOK_AHEAD_M = 6.0
WHEELBASE_M = 2.9
MAX_WHEEL_DEG = 70.0


class PurePursuit:
    """Follows its route at a steady speed and stops for whoever is close ahead."""

    def __init__(self) -> None:
        self._at = 0

    def __call__(self, view: EgoView) -> carla.VehicleControl:
        """The control for this tick."""
        here = view.vehicle.get_transform()
        while self._at < len(view.route) - 1 and self._distance(view, here) < LOOK_AHEAD_M:
            self._at += 1
        target = view.route[self._at].location
        dx, dy = target.x - here.location.x, target.y - here.location.y
        bearing = math.atan2(dy, dx) - math.radians(here.rotation.yaw)
        wheel = math.atan2(2.0 * WHEELBASE_M * math.sin(bearing), math.hypot(dx, dy))
        steer = max(-1.0, min(1.0, math.degrees(wheel) / MAX_WHEEL_DEG))
        if self._somebody_ahead(view, here):
            return carla.VehicleControl(steer=steer, brake=0.6)
        speed = view.vehicle.get_velocity().length()
        throttle = max(0.0, min(0.75, 0.3 * (SPEED_MPS - speed)))
        return carla.VehicleControl(steer=steer, throttle=throttle)

    def _distance(self, view: EgoView, here: carla.Transform) -> float:
        return float(view.route[self._at].location.distance_2d(here.location))

    def _somebody_ahead(self, view: EgoView, here: carla.Transform) -> bool:
        forward, right = here.get_forward_vector(), here.get_right_vector()
        for other in view.world.get_actors().filter("vehicle.*"):
            if other.id != view.vehicle.id:
                gap = other.get_location() - here.location
                if 0.0 < gap.dot(forward) < 12.0 and abs(gap.dot(right)) < 1.8:
                    return True
        return False
