"""Boxes in the world by semantic label: what CARLA calls environment objects and level boxes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hdsim.road.signs import SignKind
from hdsim.server.actors.map_actors import LABEL_LIGHT, LABEL_SIGN, sign_pose
from hdsim.server.wire.shapes import Pose

if TYPE_CHECKING:
    from hdsim.server.simulation import Simulation

LABEL_ANY = 255
# Boards of the German size 2: round 600 mm, octagon and triangle 900 mm (StVO, VwV zu Paragraf 39,
# III 3); the lamp head of three 200 mm lamps (EN 12368) is 0.3 m wide and 0.9 m high. The height
# at which a board or head hangs is the file's for signs; for heads 2.5 m is a proposal.
_BOARD_M = {SignKind.SPEED_LIMIT: 0.6, SignKind.STOP: 0.9, SignKind.YIELD: 0.9}
_THIN_M = 0.05
_HEAD_HALF_M = (0.15, 0.15, 0.45)
_HEAD_ABOVE_M = 2.5


def _box(pose: Pose, half: tuple[float, float, float], actor: int) -> list[Any]:
    (place, rotation) = pose.wire()
    return [place, list(half), rotation, actor]


def _fixtures(sim: Simulation) -> list[tuple[int, str, int, Pose, tuple[float, float, float]]]:
    """Lights and signs: actor id, name, label, pose and half sizes of each."""
    found = []
    for actor, signal, pose in zip(
        sim.light_ids.tolist(), sim.town.graph.signals, sim.light_poses, strict=True
    ):
        head = Pose(pose.x, pose.y, pose.z + _HEAD_ABOVE_M, yaw=pose.yaw)
        found.append((actor, f"TrafficLight_{signal.id}", LABEL_LIGHT, head, _HEAD_HALF_M))
    for actor, sign in zip(sim.sign_ids, sim.town.furniture.signs, strict=True):
        half = _BOARD_M[sign.kind] / 2
        name = f"Sign_{sign.kind.value}_{sign.id}"
        found.append((actor, name, LABEL_SIGN, sign_pose(sign), (_THIN_M / 2, half, half)))
    return found


def environment_objects(sim: Simulation, label: int) -> list[Any]:
    """EnvironmentObjects of the map with a label: lights and signs; there are no buildings.

    An object's id is that of its actor.
    """
    return [
        [pose.wire(), _box(pose, half, actor), actor, name, kind]
        for actor, name, kind, pose, half in _fixtures(sim)
        if label in (kind, LABEL_ANY)
    ]


def light_head(sim: Simulation, actor: int) -> list[Any]:
    """BoundingBox of a traffic light's lamp head."""
    pose = sim.light_poses[sim.signal(actor)]
    head = Pose(pose.x, pose.y, pose.z + _HEAD_ABOVE_M, yaw=pose.yaw)
    return _box(head, _HEAD_HALF_M, actor)


def level_boxes(sim: Simulation, label: int) -> list[Any]:
    """BoundingBoxes in the world of everything with a label: fixtures, vehicles, walkers, props."""
    found = [
        _box(pose, half, actor)
        for actor, _, kind, pose, half in _fixtures(sim)
        if label in (kind, LABEL_ANY)
    ]
    b = sim.bodies()
    for k in range(len(b)):
        if label in (int(b.label[k]), LABEL_ANY):
            pose = Pose(float(b.x[k]), float(b.y[k]), float(b.z[k]), yaw=float(b.yaw[k]))
            half = (float(b.half_length[k]), float(b.half_width[k]), float(b.half_height[k]))
            found.append(_box(pose, half, int(b.id[k])))
    return found


def object_names(sim: Simulation) -> list[str]:
    """Names of the fixtures, and of props as their type and id."""
    props = [f"{sim.actors[int(i)].type}_{int(i)}" for i in sim.props.id]
    return [name for _, name, *_ in _fixtures(sim)] + props


def unit(direction: tuple[float, float, float]) -> tuple[float, float, float] | None:
    """A direction of length 1; None if it points nowhere."""
    length = math.hypot(*direction)
    if length == 0.0:
        return None
    x, y, z = direction
    return x / length, y / length, z / length
