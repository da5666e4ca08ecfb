"""The dry run of guidance: recorded scenes and a simple route for the programs of one driver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from hdsim.driver.layers import layer_state
from hdsim.driver.profile import DriverProfile
from hdsim.guidance.compile import compile_schedule
from hdsim.guidance.schedule import Schedule
from hdsim.perception.catalogue import PerceptionProgram
from hdsim.run.rehearsal import route
from hdsim.run.rehearsal.percepts import Audience, Seen
from hdsim.run.rehearsal.route import Drive
from hdsim.run.rehearsal.scenes import load

_SEED = 1


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How programs that are in force together did.

    Attributes:
        seen: What the recorded scenes looked like.
        drives: On the simple route.
    """

    seen: Seen
    drives: tuple[Drive, ...]

    @property
    def problems(self) -> list[str]:
        """Why nobody could drive by them; empty where one can."""
        return [*self.seen.problems(), *route.problems(list(self.drives))]


def rehearse(
    profile: DriverProfile,
    candidates: Sequence[Sequence[PerceptionProgram]],
    audience: Audience | None = None,
) -> list[Rehearsed]:
    """Programs tried out as at the beginning of a drive.

    Args:
        profile: The driver; its states act on gains.
        candidates: Each the programs of a driver that are in force together; a layer without one
            changes nothing.
        audience: Recorded scenes; those that HDSim brings along when left out.

    Raises:
        ValueError: If a gain uses a state that drivers do not have.
    """
    slow = layer_state(profile, 0.0)
    drives = route.drive([_held(profile, programs) for programs in candidates], _SEED)
    return [
        Rehearsed((audience or own_audience()).look(programs, slow, _SEED), tuple(driven))
        for programs, driven in zip(candidates, drives, strict=True)
    ]


def problems(
    profile: DriverProfile, candidates: Sequence[Sequence[PerceptionProgram]]
) -> tuple[str, ...]:
    """What is wrong with candidates, as ``rehearse``; empty for nothing.

    Models give the same answer to many questions: what has been tried is remembered.
    """
    written = profile.model_dump_json()
    found = [p for programs in candidates for p in _known_problems(written, tuple(programs))]
    return tuple(dict.fromkeys(found))


@lru_cache(4096)
def _known_problems(profile: str, programs: tuple[PerceptionProgram, ...]) -> tuple[str, ...]:
    (result,) = rehearse(DriverProfile.model_validate_json(profile), [programs])
    return tuple(result.problems)


@cache
def own_audience() -> Audience:
    """The recorded scenes that HDSim brings along."""
    return Audience(load())


def _held(profile: DriverProfile, programs: Sequence[PerceptionProgram]) -> Schedule:
    """A schedule in which these programs hold all the time."""
    by_layer = {program.layer: program for program in programs}
    nothing = PerceptionProgram(layer="physiology")
    frame = compile_schedule(profile)
    return frame.model_copy(
        update={
            "personality": by_layer.get("personality", PerceptionProgram(layer="personality")),
            "physiology": (by_layer.get("physiology", nothing),),
            "cells": ((0,) * (len(frame.blocked_edges_s) + 1),),
            "moods": nothing,
            "attention": (by_layer.get("attention", PerceptionProgram(layer="attention")),),
        }
    )
