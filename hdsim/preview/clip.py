"""A short clip from above: what was so beside what the driver believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hdsim.guidance.schedule import Schedule
from hdsim.run.drivers import Thought
from hdsim.run.kinematic import KinematicLoop
from hdsim.study.town import fixed_times, lanes_of, places

_CARS = 40
_WARM_UP_S, _DRIVE_S = 20.0, 60.0
_LENGTH_S, _EVERY = 10.0, 2  # the clip, and its ticks per picture
_REACH_M = 70.0
_MISSED_M = 25.0  # what overlooking an object in sight counts, in metres of error


@dataclass(frozen=True, slots=True)
class Clip:
    """Pictures of one driver's surroundings, ready for JSON.

    Attributes:
        driver: Its name.
        begins_s: Scenario time of the first picture [s].
        step_s: Time between pictures [s].
        lanes: Centrelines around the way driven, lists of ``[x, y]`` [m].
        pictures: By time ``{"own": box, "true": [box], "believed": [box]}`` with boxes
            ``[x, y, yaw, length, width]`` [m, rad].
    """

    driver: str
    begins_s: float
    step_s: float
    lanes: list[list[list[float]]]
    pictures: list[dict[str, Any]]


def misbelief(thought: Thought) -> Any:
    """How wrong each driver is about those within 40 m in sight: the largest error [m], (D,)."""
    o, p = thought.observation, thought.percepts
    away = np.hypot(o.objects.x - o.own.x[:, None], o.objects.y - o.own.y[:, None])
    near = o.objects.seen & (away < 40.0)
    error = np.hypot(p.objects.x - o.objects.x, p.objects.y - o.objects.y)
    error = np.where(p.objects.seen, error, _MISSED_M)
    moving = (o.own.speed > 1.0)[:, None]
    return np.where(near & moving, error, 0.0).max(axis=1)


def record_clip(schedule: Schedule, seed: int) -> Clip:
    """Ten seconds of the built-in town around the driver who is most wrong in a minute of it."""
    graph = lanes_of("grid")
    lane, s = places(graph, _CARS, seed)
    names = [f"driver-{i:02d}" for i in range(_CARS)]
    loop = KinematicLoop(
        graph, names, [schedule.name] * _CARS, lane, s, np.full(_CARS, 5.0),
        {schedule.name: schedule}, seed=seed, signals=fixed_times(graph),
    )  # fmt: skip
    loop.run(_WARM_UP_S)
    thoughts = [loop.tick() for _ in range(round(_DRIVE_S / loop.step_s))]
    wrong = np.array([misbelief(t) for t in thoughts])
    worst, driver = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    length = round(_LENGTH_S / loop.step_s)
    first = int(np.clip(worst - length // 2, 0, len(thoughts) - length))
    shown = thoughts[first : first + length : _EVERY]
    pictures = [_picture(thought, int(driver)) for thought in shown]
    track = np.array([picture["own"][:2] for picture in pictures])
    return Clip(
        driver=names[int(driver)],
        begins_s=round(thoughts[first].observation.time, 2),
        step_s=_EVERY * loop.step_s,
        lanes=[
            np.stack([graph.x[points], graph.y[points]], axis=1)[::4].round(1).tolist()
            for points in (
                slice(int(graph.first[i]), int(graph.first[i + 1])) for i in range(len(graph))
            )
            if _near(graph.x[points], graph.y[points], track)
        ],
        pictures=pictures,
    )


def _near(x: Any, y: Any, track: Any) -> bool:
    gap = np.hypot(x[:, None] - track[None, :, 0], y[:, None] - track[None, :, 1])
    return bool(gap.min() < _REACH_M)


def _picture(thought: Thought, driver: int) -> dict[str, Any]:
    o, p = thought.observation, thought.percepts
    own = o.own
    box = [own.x[driver], own.y[driver], own.yaw[driver], own.length[driver], own.width[driver]]

    def boxes(objects: Any, drawn: Any) -> list[list[float]]:
        columns = (objects.x, objects.y, objects.yaw, objects.length, objects.width)
        values = np.stack([c[driver] for c in columns], axis=1)[drawn]
        near = np.hypot(values[:, 0] - box[0], values[:, 1] - box[1]) < _REACH_M
        return [list(row) for row in values[near].round(2).tolist()]

    there = o.objects.row[driver] >= 0
    return {
        "own": [round(float(v), 2) for v in box],
        "true": boxes(o.objects, there),
        "believed": boxes(p.objects, there & p.objects.seen[driver]),
    }
