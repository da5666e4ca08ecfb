"""A small policy on bird's-eye rasters: follows the route channel, brakes for what stands on it.

It reads pixels and its own speed, nothing else, as a trained policy (Roach and its like) would; put
such a policy's network where ``drive`` is. Used by ``06_bev_policy.yaml``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hdsim.control.bev.layout import RED, YELLOW, BevLayout
from hdsim.control.bev.policy import BevAction, BevControl, BevView
from hdsim.core.state import Roster
from hdsim.road.lanes import LaneGraph

LAYOUT = BevLayout()
CRUISE_MPS, STANDSTILL_GAP_M, FRONT_M = 8.0, 3.0, 2.4
# Metres ahead of the driver's centre of every row, nearest first, and left of it of every column.
ROWS = np.arange(LAYOUT.pixels - LAYOUT.pixels_behind - 1, -1, -1)
AHEAD_M = (LAYOUT.pixels - LAYOUT.pixels_behind - (ROWS + 0.5)) / LAYOUT.pixels_per_m
LEFT_M = (LAYOUT.pixels / 2 - (np.arange(LAYOUT.pixels) + 0.5)) / LAYOUT.pixels_per_m


def drive(view: BevView) -> BevAction:
    """Accelerations and steering angles of all drivers."""
    masks = view.masks[:, :, ROWS]
    route = masks[:, 1] > 0
    now = len(LAYOUT.history_s) - 1
    vehicles = masks[:, LAYOUT.first("vehicles") + now] > 0
    lights = masks[:, LAYOUT.first("signals") + now]
    stop = (lights == RED) | (lights == YELLOW)

    # Pure pursuit (Coulter 1992) of the route's middle, some metres ahead.
    reach = np.clip(0.8 * view.speed, 4.0, 12.0)
    aim = np.argmin(np.abs(AHEAD_M - reach[:, None]), axis=1)
    there = route[np.arange(len(aim)), aim]
    aside = (there * LEFT_M).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    steer = np.arctan2(2.0 * view.wheelbase * aside, reach**2 + aside**2)

    # The nearest row with anything on the route ahead of the own front.
    blocked = (route & (vehicles | stop)).any(axis=2) & (AHEAD_M > FRONT_M)
    free = np.where(blocked.any(axis=1), AHEAD_M[blocked.argmax(axis=1)], np.inf) - FRONT_M
    room = np.maximum(free - STANDSTILL_GAP_M, 0.0)
    wanted = np.minimum(np.minimum(CRUISE_MPS, view.speed_limit), np.sqrt(2.0 * 2.0 * room))
    slow_in_bends = np.sqrt(1.5 * (reach**2 + aside**2) / np.maximum(2.0 * np.abs(aside), 1e-3))
    accel = np.clip(1.5 * (np.minimum(wanted, slow_in_bends) - view.speed), -6.0, 1.5)
    return BevAction(accel=accel, steer=np.clip(steer, -0.7, 0.7))


def control(graph: LaneGraph, roster: Roster, **settings: Any) -> BevControl:
    """What ``driving_model`` of a scenario names."""
    return BevControl(graph, roster, drive, layout=LAYOUT, **settings)
