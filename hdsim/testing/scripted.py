"""Scripted states: actors that follow lanes by a script, for scenes whose every number is known."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdsim.core.state import Floats, Roster, SignalState, State
from hdsim.road.lanes import LaneGraph

LENGTH_M, WIDTH_M, WHEELBASE_M, PERSON_M = 4.5, 2.0, 2.8, 0.4
Steps = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Script:
    """How one actor drives.

    Attributes:
        path: Names of the lanes it follows, one after the other.
        s: Distance of its centre along the path at the start [m].
        speed: At the start [m/s].
        accel: ``(time, value)`` steps [s, m/s^2]; it never reverses.
        offset: ``(time, value)`` corners of its lateral offset [s, m], left positive.
        against: It drives the path backwards, heading against it.
        heading: Added to its heading [rad]; it still moves along the path.
        on_foot: A walker, who faces where it goes.
    """

    path: Sequence[str]
    s: float
    speed: float
    accel: Steps = ()
    offset: Steps = ((0.0, 0.0),)
    against: bool = False
    heading: float = 0.0
    on_foot: bool = False


def scripted_roster(names: Sequence[str], on_foot: Sequence[bool] = ()) -> Roster:
    """Cars of one size and people on foot of another, none of them driven by HDSim."""
    n = len(names)
    walks = np.zeros(n, dtype=np.bool_)
    walks[: len(on_foot)] = on_foot
    return Roster(
        names=tuple(names),
        styles=("",) * n,
        length=np.where(walks, PERSON_M, LENGTH_M),
        width=np.where(walks, PERSON_M, WIDTH_M),
        wheelbase=np.where(walks, 0.0, WHEELBASE_M),
        drivers=np.zeros(0, dtype=np.int64),
        walkers=np.flatnonzero(walks),
    )


def states(
    graph: LaneGraph,
    index: Mapping[str, int],
    scripts: Sequence[Script],
    duration_s: float,
    step_s: float = 0.05,
    signals: Mapping[str, Sequence[tuple[float, str]]] | None = None,
) -> Iterator[State]:
    """The scene, tick by tick.

    Args:
        graph: The lane graph.
        index: Lane index by name.
        scripts: One per actor, in roster order.
        duration_s: Length of the scene [s].
        step_s: Length of a tick [s].
        signals: Steps ``(time, state name)`` of the signal at the end of a lane; green otherwise.
    """
    n = len(scripts)
    walks = np.array([a.on_foot for a in scripts])
    s = np.array([a.s for a in scripts])
    speed = np.array([a.speed for a in scripts], dtype=np.float64)
    yaw_before: Floats | None = None
    for tick in range(round(duration_s / step_s) + 1):
        time = tick * step_s
        accel = np.array([_step(a.accel, time, 0.0) for a in scripts])
        poses = np.array([_pose(graph, index, a, s[i], time) for i, a in enumerate(scripts)])
        x, y, yaw, course = poses.T
        rate = np.array([_rate(a.offset, time) for a in scripts])
        along, across = speed * np.cos(course), speed * np.sin(course)
        vx, vy = along - rate * np.sin(course), across + rate * np.cos(course)
        goes = walks & (np.hypot(vx, vy) > 0.0)
        yaw = np.where(goes, np.arctan2(vy, vx), yaw)
        lane, lane_s, lane_d, lane_yaw = graph.locate(x, y, yaw)
        lane[walks] = graph.surface(x[walks], y[walks], yaw[walks])[0]
        lights = np.full(len(graph.signals), SignalState.GREEN, dtype=np.uint8)
        for name, steps in (signals or {}).items():
            lights[graph.signal[index[name]]] = SignalState[_step(steps, time, "green").upper()]
        yield State(
            frame=tick,
            time=time,
            x=x,
            y=y,
            yaw=yaw,
            vx=vx,
            vy=vy,
            speed=np.where(walks, np.hypot(vx, vy), speed),
            accel=np.where(speed > 0.0, accel, np.maximum(accel, 0.0)),
            yaw_rate=np.zeros(n) if yaw_before is None else _turned(yaw - yaw_before) / step_s,
            present=np.ones(n, dtype=np.bool_),
            lane=lane,
            s=lane_s,
            d=lane_d,
            lane_yaw=lane_yaw,
            signals=lights,
        )
        yaw_before = yaw
        faster = np.maximum(speed + accel * step_s, 0.0)
        ahead = 0.5 * (speed + faster) * step_s
        s = s + np.array([-d if a.against else d for a, d in zip(scripts, ahead, strict=True)])
        speed = faster


def _turned(angle: Floats) -> Floats:
    return (angle + np.pi) % (2 * np.pi) - np.pi


def _step(steps: Sequence[tuple[float, Any]], time: float, default: Any) -> Any:
    """The value of the last step at or before ``time``."""
    value = default
    for at, new in steps:
        if at <= time + 1e-9:
            value = new
    return value


def _corner(corners: Steps, time: float) -> float:
    at, value = zip(*corners, strict=True)
    return float(np.interp(time, at, value))


def _rate(corners: Steps, time: float) -> float:
    return (_corner(corners, time + 0.01) - _corner(corners, time - 0.01)) / 0.02


def _pose(
    graph: LaneGraph, index: Mapping[str, int], script: Script, s: float, time: float
) -> tuple[float, float, float, float]:
    """Centre, heading, and course along the path."""
    lanes = [index[name] for name in script.path]
    starts = list(itertools.accumulate((float(graph.length[i]) for i in lanes), initial=0.0))
    k = int(np.clip(np.searchsorted(starts, s, side="right") - 1, 0, len(lanes) - 1))
    x, y, yaw = (float(v) for v in graph.at(lanes[k], s - starts[k]))
    d = _corner(script.offset, time)
    x, y = x - d * np.sin(yaw), y + d * np.cos(yaw)
    course = yaw + np.pi if script.against else yaw
    slip = np.arctan2(_rate(script.offset, time), max(script.speed, 3.0))
    return x, y, course + slip + script.heading, course
