"""Actors that belong to the map: traffic lights and traffic signs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hdsim.core.state import wrap_angle
from hdsim.road.furniture import Sign
from hdsim.road.lanes import LaneGraph, Signal
from hdsim.road.signs import SignKind
from hdsim.server.actors.records import Actor, local_box, make_actor
from hdsim.server.wire.shapes import Pose, vector_wire

LABEL_LIGHT, LABEL_SIGN = 7, 8  # CARLA's CityObjectLabel
_TRIGGER_HALF_LENGTH_M, _TRIGGER_HALF_HEIGHT_M = 1.5, 1.0


def light_pose(graph: LaneGraph, signal: Signal) -> Pose:
    """Where a traffic light stands: its head, turned with the traffic that it holds."""
    if not signal.lanes:
        return Pose(signal.x, signal.y, 0.0)
    last = int(graph.first[signal.lanes[0] + 1]) - 1
    return Pose(signal.x, signal.y, float(graph.z[last]), yaw=float(graph.yaw[last]))


def light_actor(id_: int, graph: LaneGraph, signal: Signal, pose: Pose) -> Actor:
    """A traffic light; its box is its trigger volume, before the stop lines it holds."""
    description = [0, "traffic.traffic_light", [["role_name", 4, ""]]]
    places = [(lane, float(graph.stop_s[lane])) for lane in signal.lanes]
    return make_actor(id_, description, _trigger(id_, graph, pose, places), LABEL_LIGHT)


def sign_pose(sign: Sign) -> Pose:
    """Where a sign stands, turned with the traffic that it tells."""
    return Pose(sign.x, sign.y, sign.z, yaw=sign.yaw)


def sign_type(sign: Sign) -> str:
    """CARLA's type id: ``traffic.stop``, ``traffic.yield``, ``traffic.speed_limit.30``."""
    if sign.kind is SignKind.SPEED_LIMIT and np.isfinite(sign.limit):
        return f"traffic.speed_limit.{round(sign.limit * 3.6)}"
    return f"traffic.{sign.kind.value}"


def sign_actor(id_: int, graph: LaneGraph, sign: Sign) -> Actor:
    """A traffic sign; its box is its trigger volume, before where it acts."""
    description = [0, sign_type(sign), [["role_name", 4, ""]]]
    box = _trigger(id_, graph, sign_pose(sign), sign.places)
    return make_actor(id_, description, box, LABEL_SIGN)


def _trigger(
    id_: int, graph: LaneGraph, pose: Pose, places: Sequence[tuple[int, float]]
) -> list[object]:
    """A box before the places on lanes where something acts, in the frame of ``pose``."""
    if not places:
        return local_box(id_, [0.0, 0.0, 0.0], [0.0, 0.0, 0.0])
    lanes = np.array([lane for lane, _ in places])
    s = np.array([s for _, s in places])
    x, y, yaw = graph.at(lanes, s - _TRIGGER_HALF_LENGTH_M)
    width = float(graph.width[graph.first[lanes + 1] - 1].sum())
    dx, dy = float(x.mean()) - pose.x, float(y.mean()) - pose.y
    c, sine = np.cos(pose.yaw), np.sin(pose.yaw)
    centre = vector_wire(dx * c + dy * sine, dy * c - dx * sine, _TRIGGER_HALF_HEIGHT_M)
    extent = [_TRIGGER_HALF_LENGTH_M, width / 2, _TRIGGER_HALF_HEIGHT_M]
    turn = -float(np.degrees(wrap_angle(yaw[0] - pose.yaw)))
    return local_box(id_, centre, extent, turn)
