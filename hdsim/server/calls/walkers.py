"""Calls about walkers: control, state, death and bones."""

from __future__ import annotations

from typing import Any

from hdsim.server.calls.table import Answer, Call, Session
from hdsim.server.wire import shapes
from hdsim.server.wire.shapes import Pose

WalkerControl = tuple[tuple[float, float, float], float, bool]
# Bones of CARLA's skeleton that a body of this height must have, and how high they sit as a share
# of it: the hip joint and the eyes (Drillis and Contini 1966, Body segment parameters).
_BONES = (("crl_root", 0.0), ("crl_hips__C", 0.530), ("crl_Head__C", 0.936))


def walker_control(value: Any) -> WalkerControl:
    """WalkerControl."""
    direction, speed, jump = shapes.items(value, 3, "a walker control")
    return shapes.vector(direction), shapes.number(speed), shapes.boolean(jump)


def control(s: Session, actor: int, wanted: WalkerControl) -> None:
    """Applies a WalkerControl."""
    s.sim.walkers.control(s.sim.walker_row(actor), *wanted)


def lead(s: Session, actor: int, soles: Pose, speed: float) -> None:
    """Places a walker by its soles, walking ahead; one that was knocked down stays down."""
    row = s.sim.walker_row(actor)
    if not s.sim.walkers.dead[row]:
        s.sim.walkers.lead(row, soles, speed)


def _die(s: Session, actor: int) -> None:
    s.sim.walkers.die(s.sim.walker_row(actor))


def _bones(s: Session, actor: int) -> list[Any]:
    """A straight-standing body: position of each bone in the world and in the body's frame."""
    row, w = s.sim.walker_row(actor), s.sim.walkers
    pose, height = w.pose(row), 2.0 * float(w.half_height[row])
    bones = []
    for name, share in _BONES:
        above = share * height - height / 2.0
        world = Pose(pose.x, pose.y, pose.z + above, pose.pitch, pose.yaw, pose.roll).wire()
        own = Pose(0.0, 0.0, above).wire()
        bones.append([name, world, own, own])
    return [bones]


def _walker_only(s: Session, actor: int, *_: Any) -> None:
    """Accepted for a walker, and without effect: a posture is only drawn."""
    s.sim.walker_row(actor)


_ID = shapes.integer

CALLS = {
    "apply_control_to_walker": Call(control, (_ID, walker_control), Answer.VOID),
    "set_walker_state": Call(lead, (_ID, shapes.pose, shapes.number), Answer.VOID),
    "set_actor_dead": Call(_die, (_ID,), Answer.VOID),
    "get_bones_transform": Call(_bones, (_ID,)),
    "set_bones_transform": Call(_walker_only, (_ID, shapes.anything), Answer.VOID),
    "blend_pose": Call(_walker_only, (_ID, shapes.number), Answer.VOID),
    "get_pose_from_animation": Call(_walker_only, (_ID,), Answer.VOID),
}
