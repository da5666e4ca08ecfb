"""Who is remembered to stand since when, and to have moved."""

from __future__ import annotations

import dataclasses

import numpy as np

from hdsim.control.standing import Standing
from hdsim.testing.scenes import straight
from hdsim.testing.traffic import Traffic


def scene():
    """Percepts of a driver (row 0) who sees one other (row 1)."""
    graph, _ = straight()
    t = Traffic(graph, [(0, 10.0, 10.0), (0, 40.0, 0.0)], scripts={1: lambda _: (0, 40.0, 0.0)})
    t.tick()
    return t.percepts


def noted(standing: Standing, percepts, time: float, speed: float, seen: bool = True) -> None:
    obj = percepts.objects
    slot = obj.row == 1
    obj = dataclasses.replace(
        obj, speed=np.where(slot, speed, obj.speed), seen=np.where(slot, seen, obj.seen)
    )
    standing.note(dataclasses.replace(percepts, time=time, objects=obj))


def test_who_stands_creeps_and_moves():
    percepts, standing = scene(), Standing(np.array([0]))
    since, moving = [], []
    for time, speed in enumerate([0.4, 0.1, 1.0, 0.1, 2.0, 1.0, 0.1]):
        noted(standing, percepts, float(time), speed)
        since.append(float(standing.seen_since[0, 1]))
        moving.append(bool(standing.seen_moving[0, 1]))
    # Creeping keeps the turn of one who has stood and gives none to one who comes.
    assert since == [0.0, 0.0, 0.0, 0.0, np.inf, np.inf, 6.0]
    assert moving == [False] * 4 + [True] * 3
    assert standing.own_since[0] == np.inf


def test_what_is_not_seen_changes_no_memory_and_a_new_place_forgets():
    percepts, standing = scene(), Standing(np.array([0]))
    noted(standing, percepts, 0.0, 0.0)
    noted(standing, percepts, 1.0, 5.0, seen=False)
    assert standing.seen_since[0, 1] == 0.0
    assert not standing.seen_moving[0, 1]
    noted(standing, percepts, 2.0, 5.0)
    standing.begin_anew(np.array([0]))
    assert standing.seen_since[0, 1] == np.inf
    assert not standing.seen_moving[0, 1]
