"""CARLA snapshots to ``State`` arrays, in one pass over the actors."""

from __future__ import annotations

import math
from collections.abc import Sequence

import carla
import numpy as np

from hdsim.core.state import Bools, Ints, State
from hdsim.road.lanes import LaneGraph
from hdsim.road.states import StateBuilder


class SnapshotReader:
    """Reads the actors and the map's signals from each snapshot.

    Args:
        world: The world, in synchronous mode.
        actors: CARLA actors, in the order of the state's rows.
        graph: The lane graph, for lane coordinates and signal order.
        step_s: Length of a tick [s].
        walkers: Rows of people on foot.
    """

    def __init__(
        self,
        world: carla.World,
        actors: Sequence[carla.Actor],
        graph: LaneGraph,
        step_s: float,
        walkers: Ints | None = None,
    ) -> None:
        self._world = world
        self._ids = [actor.id for actor in actors]
        self._step_s = step_s
        self._first_frame = 0
        self._states = StateBuilder(graph, step_s, walkers)
        lights = {
            light.get_opendrive_id(): light
            for light in world.get_actors().filter("traffic.traffic_light*")
        }
        self._lights = [
            (i, lights[signal.id]) for i, signal in enumerate(graph.signals) if signal.id in lights
        ]
        self._signal_off = np.full(len(graph.signals), 3, dtype=np.uint8)

    def read(self, moved: Bools | None = None) -> State:
        """The current frame as a state.

        Args:
            moved: Rows teleported since the last frame, a bool array of shape (n,); their
                accelerations and yaw rates are reported as zero instead of as a jump.
        """
        snapshot = self._world.get_snapshot()
        self._first_frame = self._first_frame or snapshot.frame
        n = len(self._ids)
        raw = np.zeros((n, 5))
        present = np.ones(n, dtype=bool)
        for row, actor_id in enumerate(self._ids):
            actor = snapshot.find(actor_id)
            if actor is None:
                present[row] = False
                continue
            pose = actor.get_transform()
            here = pose.location
            velocity = actor.get_velocity()
            raw[row] = (here.x, here.y, pose.rotation.yaw, velocity.x, velocity.y)
        before = self._states.previous
        if before is not None and not present.all():
            gone = ~present
            raw[gone, 0], raw[gone, 1] = before.x[gone], -before.y[gone]
            raw[gone, 2] = -np.degrees(before.yaw[gone])
        signals = self._signal_off.copy()
        for i, light in self._lights:
            signals[i] = int(light.state)
        return self._states.build(
            snapshot.frame,
            (snapshot.frame - self._first_frame) * self._step_s,
            raw[:, 0].copy(),
            -raw[:, 1],
            -np.radians(raw[:, 2]),
            raw[:, 3].copy(),
            -raw[:, 4],
            present,
            signals,
            moved,
        )


def actor_size(actor: carla.Actor) -> tuple[float, float]:
    """Full ``(length, width)`` [m] of a vehicle or walker."""
    extent = actor.bounding_box.extent
    return 2.0 * extent.x, 2.0 * extent.y


def wheel_geometry(actor: carla.Vehicle) -> tuple[float, float, list[tuple[float, float]]]:
    """``(wheelbase [m], largest road-wheel angle [rad], steering curve [(km/h, factor)])``.

    Wheel positions are in centimetres by CARLA's convention and, on some blueprints, in the world
    frame; only their distance is used.
    """
    physics = actor.get_physics_control()
    front, back = physics.wheels[0].position, physics.wheels[-1].position
    wheelbase = math.dist((front.x, front.y, front.z), (back.x, back.y, back.z)) / 100.0
    track = physics.wheels[1].position
    if len(physics.wheels) >= 4:
        right = physics.wheels[3].position
        left = physics.wheels[2].position
        axle_front = ((front.x + track.x) / 2, (front.y + track.y) / 2)
        axle_back = ((left.x + right.x) / 2, (left.y + right.y) / 2)
        wheelbase = math.dist(axle_front, axle_back) / 100.0
    curve = [(point.x, point.y) for point in physics.steering_curve]
    return wheelbase, math.radians(max(w.max_steer_angle for w in physics.wheels)), curve
