"""Failure record: a judgement on an event of the ego that explains itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from hdsim.core.percept import Observation, Percepts
from hdsim.core.state import Roster, SignalState
from hdsim.events.breaches import Fact
from hdsim.events.event import Event, Kind
from hdsim.events.verdict import Verdict

# Events of the ego that are failures. Near misses are counted, and are none.
FAILURES = (
    Kind.COLLISION,
    Kind.RED_LIGHT,
    Kind.OFF_ROAD,
    Kind.WRONG_WAY,
    Kind.ROUTE_DEVIATION,
    Kind.BLOCKED,
    Kind.VANISHED,
    Kind.TIMEOUT,
)
# Beliefs nearer to the truth than this are not worth telling.
_TELLING = {
    "distance_m": 0.5,
    "speed_mps": 0.3,
    "lateral_m": 0.2,
    "own_speed_mps": 0.3,
    "own_d_m": 0.1,
}


def is_failure(event: Event, roster: Roster) -> bool:
    """Whether an event is a failure of the ego."""
    return event.a == roster.ego and event.kind in FAILURES


def failure_id(scenario: str, event: Event) -> str:
    """Scenario, tick and kind: ``town01/r03/mixed/s1@1234-collision``."""
    return f"{scenario}@{event.tick}-{event.kind}"


def failure_record(
    event: Event,
    roster: Roster,
    scenario: str,
    run: str,
    verdict: Verdict | None = None,
    beliefs: Sequence[Mapping[str, Any]] = (),
    taken: Iterable[str] = (),
) -> dict[str, Any]:
    """A failure as a JSON-like record.

    Args:
        event: The ego's event.
        roster: Who takes part.
        scenario: Id of the scenario.
        run: The run directory, for the replay command.
        verdict: On a collision.
        beliefs: What the drivers involved believed, see ``beliefs``.
        taken: Ids in use; a second failure of one kind at one tick gets a number.
    """
    base = failure_id(scenario, event)
    used = set(taken)
    name, number = base, 2
    while name in used:
        name, number = f"{base}-{number}", number + 1
    rows = [r for r in (event.a, event.b) if r >= 0]
    actors = [
        {
            "name": roster.names[r],
            "role": _role(r, roster),
            "style": roster.styles[r],
            "length_m": float(roster.length[r]),
            "width_m": float(roster.width[r]),
        }
        for r in rows
    ]
    return {
        "id": name,
        "scenario": scenario,
        "kind": str(event.kind),
        "tick": event.tick,
        "time_s": event.time,
        "end_tick": event.end_tick,
        event.measure: event.value,
        "actors": actors,
        "verdict": str(verdict.fault) if verdict else None,
        "because": verdict.because if verdict else None,
        "evidence": [_told(fact) for fact in verdict.evidence] if verdict else [],
        "details": dict(event.details),
        "beliefs": list(beliefs),
        "replay": f"hdsim replay {run} --failure {name}",
    }


def _role(row: int, roster: Roster) -> str:
    if row == roster.ego:
        return "ego"
    return "walker" if row in roster.walkers else "npc"


def _told(fact: Fact) -> dict[str, Any]:
    return {
        "fact": fact.name,
        "actor": fact.actor,
        "tick": fact.tick,
        "time_s": fact.time,
        "text": fact.text,
        "is_breach": fact.is_breach,
        "values": dict(fact.values),
    }


def beliefs(
    observation: Observation, percepts: Percepts, roster: Roster, rows: Sequence[int]
) -> list[dict[str, Any]]:
    """Where the drivers among ``rows`` were wrong about themselves or about each other.

    Args:
        observation: What there was to see at that tick.
        percepts: What the drivers saw.
        roster: Who takes part.
        rows: Actors involved; those HDSim does not drive are skipped as drivers.

    Returns:
        One record per driver: its own state, and each other actor involved, as it was and as it
        was believed; ``registered`` is False for one that the driver had not taken in. ``telling``
        lists what differs by more than a little.
    """
    driver_of = {int(r): i for i, r in enumerate(roster.drivers)}
    records = []
    for row in rows:
        i = driver_of.get(int(row))
        if i is None:
            continue
        own, seen = observation.own, percepts.own
        record: dict[str, Any] = {
            "driver": roster.names[row],
            "style": roster.styles[row],
            "own_speed_mps": float(own.speed[i]),
            "believed_own_speed_mps": float(seen.speed[i]),
            "own_d_m": float(own.d[i]),
            "believed_own_d_m": float(seen.d[i]),
            "believed_limit_factor": float(seen.limit_factor[i]),
            "signal": SignalState(observation.signal.state[i]).name.lower(),
            "believed_signal": SignalState(percepts.signal.state[i]).name.lower(),
            "others": [
                _about(observation, percepts, roster, i, other) for other in rows if other != row
            ],
        }
        record["telling"] = _telling(record)
        records.append(record)
    return records


def _about(
    observation: Observation, percepts: Percepts, roster: Roster, i: int, other: int
) -> dict[str, Any]:
    about: dict[str, Any] = {"name": roster.names[other]}
    for side, scene, flag in (("", observation, "seen"), ("believed_", percepts, "registered")):
        objects, own = scene.objects, observation.own
        slots = np.flatnonzero((objects.row[i] == other) & objects.seen[i])
        about[flag] = bool(len(slots))
        if not len(slots):
            continue
        k = int(slots[0])
        c, s = np.cos(own.yaw[i]), np.sin(own.yaw[i])
        dx, dy = objects.x[i, k] - own.x[i], objects.y[i, k] - own.y[i]
        about[f"{side}distance_m"] = float(np.hypot(dx, dy))
        about[f"{side}lateral_m"] = float(dy * c - dx * s)
        about[f"{side}speed_mps"] = float(objects.speed[i, k])
    return about


def _telling(record: Mapping[str, Any]) -> list[str]:
    told = []
    for name in ("own_speed_mps", "own_d_m"):
        true, believed = record[name], record[f"believed_{name}"]
        if abs(true - believed) > _TELLING[name]:
            told.append(f"took {name} for {believed:.2f}, it was {true:.2f}")
    if record["signal"] != record["believed_signal"]:
        told.append(f"took the signal for {record['believed_signal']}, it was {record['signal']}")
    for other in record["others"]:
        who = other["name"]
        if other["seen"] and not other["registered"]:
            told.append(f"had not registered {who}, which was in sight")
        for name in ("distance_m", "lateral_m", "speed_mps"):
            true, believed = other.get(name), other.get(f"believed_{name}")
            if true is not None and believed is not None and abs(true - believed) > _TELLING[name]:
                told.append(f"took {name} of {who} for {believed:.2f}, it was {true:.2f}")
    return told
