"""What a driver believes beside what is so, and which operation and trait made the difference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from hdsim.core.percept import Observation, Percepts
from hdsim.core.state import Roster, SignalState
from hdsim.perception.compile import CompiledPrograms
from hdsim.perception.operations.gaze import AREAS
from hdsim.perception.perceive import Perceiver, Trace

# Which of a trace's changes are of which quantity.
_SPEED = ("accumulate", "attend", "scale_closing_speed", "scale_own_speed")
_RANGE = ("scale_distance",)
_LATERAL = ("shift_lateral",)
# What else moves a quantity: displacements along lanes change ranges and offsets a little.
_GEOMETRY = {
    "range_m": ("scale_distance", "shift_lateral"),
    "speed_mps": ("scale_own_speed", "scale_closing_speed"),
    "lane_offset_m": ("scale_distance", "shift_lateral"),
}
# Differences below this are rounding.
_LEAST = 1e-6
Record = dict[str, Any]


def explained(
    perceiver: Perceiver, obs: Observation, percepts: Percepts, roster: Roster, driver: int
) -> Record:
    """One driver's beliefs after the last ``perceive``, each difference with what caused it.

    Args:
        perceiver: After ``perceive(obs)``.
        obs: What there was to see.
        percepts: What it returned.
        roster: Who takes part.
        driver: Index of the driver (position in ``Roster.drivers``).

    Returns:
        ``driver``, ``gaze`` (area looked at), ``eyes_off_road``; ``own``: differences about
        itself, signal and limit; ``others``: each object in sight or in mind, with ``seen``,
        ``registered``, ``remembered``, ``age_s``, and ``differences``. A difference has ``what``
        (unit in the name), ``true``, ``believed`` and ``because``: entries with the
        ``operation``, the traits or states it stands for (``by``, as ``layer: cause``) and, where
        it adds up, its ``amount``. What operations do not account for is the age of what is known:
        ``delay`` for what is registered, ``memory`` for the rest.

    Raises:
        ValueError: Before the first tick.
    """
    one = _One(perceiver.trace(), perceiver.programs, obs, percepts, roster, driver)
    return {
        "driver": roster.names[roster.drivers[driver]],
        "gaze": AREAS[one.trace.gaze[driver]],
        "eyes_off_road": bool(one.trace.looking_away[driver]),
        "own": list(one.own()),
        "others": list(one.others()),
    }


class _One:
    """One driver at one tick."""

    def __init__(
        self,
        trace: Trace,
        programs: CompiledPrograms,
        obs: Observation,
        percepts: Percepts,
        roster: Roster,
        driver: int,
    ) -> None:
        self.trace, self._programs, self._names = trace, programs, roster.names
        self._obs, self._percepts, self._d = obs, percepts, driver

    def own(self) -> Iterator[Record]:
        """Differences about the driver itself."""
        true, believed, d = self._obs.own, self._percepts.own, self._d
        for what, name, operation in (
            ("speed_mps", "speed", "scale_own_speed"),
            ("lane_offset_m", "d", "bend_lane"),
            ("limit_factor", "limit_factor", "scale_speed_limit"),
        ):
            was, is_ = float(getattr(true, name)[d]), float(getattr(believed, name)[d])
            if abs(was - is_) <= _LEAST:
                continue
            amounts = {operation: is_ - was}
            drifted = self.trace.changes.get("look_away") if name == "d" else None
            if drifted is not None:
                amounts["look_away"] = float(drifted[d, 0])
                amounts[operation] -= amounts["look_away"]
            because = [
                self._because(by, amount=amount)
                for by, amount in amounts.items()
                if abs(amount) > _LEAST
            ]
            yield {"what": what, "true": was, "believed": is_, "because": because}
        signal, seen = self._obs.signal, self._percepts.signal
        was, is_ = float(signal.distance[d]), float(seen.distance[d])
        if signal.index[d] == seen.index[d] >= 0 and abs(was - is_) > _LEAST:
            because = [self._because("scale_distance", amount=is_ - was)]
            yield {"what": "stop_line_m", "true": was, "believed": is_, "because": because}
        if signal.state[d] != seen.state[d] or signal.index[d] != seen.index[d]:
            gaze = [*self._gaze()]
            yield {
                "what": "signal",
                "true": SignalState(signal.state[d]).name.lower(),
                "believed": SignalState(seen.state[d]).name.lower(),
                "because": gaze or [self._because("misread_signal")],
            }

    def others(self) -> Iterator[Record]:
        """Every object in sight or in mind."""
        true, believed, d = self._obs.objects, self._percepts.objects, self._d
        for k in np.flatnonzero((true.row[d] >= 0) & (true.seen[d] | believed.seen[d])):
            registered = bool(believed.seen[d, k])
            record: Record = {
                "name": self._names[true.row[d, k]],
                "seen": bool(true.seen[d, k]),
                "registered": registered,
                "remembered": bool(self.trace.remembered[d, k]),
                "age_s": float(self.trace.age_s[d, k]) if registered else None,
            }
            if registered:
                record["differences"] = list(self._differences(int(k)))
            else:
                record["not_registered_because"] = self._missed(int(k))
            yield record

    def _differences(self, k: int) -> Iterator[Record]:
        d, true, believed = self._d, self._obs.objects, self._percepts.objects
        quantities = (
            ("range_m", self.trace.gap[d, k], self.trace.believed_gap[d, k], _RANGE),
            ("speed_mps", true.speed[d, k], believed.speed[d, k], _SPEED),
            ("lane_offset_m", true.d[d, k], believed.d[d, k], _LATERAL),
            ("length_m", true.length[d, k], believed.length[d, k], ()),
        )
        relation = int(believed.relation[d, k])
        for what, was, is_, operations in quantities:
            if abs(was - is_) <= _LEAST:
                continue
            because, rest = [], float(is_ - was)
            for operation in operations:
                change = self.trace.changes.get(operation)
                if change is None:
                    continue
                amount = float(change[d, k if change.shape[1] > 1 else 0])
                if operation == "scale_own_speed":  # the others' speeds scale with one's own
                    own = float(self._obs.own.speed[d])
                    factor = 1.0 + amount / own if own else 1.0
                    amount = float(is_) * (1.0 - 1.0 / factor) if factor else 0.0
                if abs(amount) > _LEAST:
                    because.append(self._because(operation, relation, amount))
                    rest -= amount
            if abs(rest) > _LEAST:
                found = self._rest(what, k, relation, rest)
                same = [b for b in because if b["operation"] == found["operation"]]
                if same:
                    same[0]["amount"] += rest
                else:
                    because.append(found)
            yield {
                "what": what,
                "true": float(was),
                "believed": float(is_),
                "because": because,
            }

    def _rest(self, what: str, k: int, relation: int, amount: float) -> Record:
        """What no operation says it added: age, or the geometry of the other errors."""
        if what == "length_m":
            return self._because("scale_size", relation, amount)
        if self.trace.remembered[self._d, k]:
            found = {**self._because("attend", relation, amount), "operation": "memory"}
            found["by"] += [b for g in self._gaze() for b in g["by"]]
            return found
        if self.trace.age_s[self._d, k] > 0.0:
            return self._because("delay", relation, amount)
        for operation in _GEOMETRY[what]:
            if self._by(operation, relation):
                return self._because(operation, relation, amount)
        return {"operation": "rounding", "by": [], "amount": amount}

    def _missed(self, k: int) -> list[Record]:
        """Why an object in sight is not registered."""
        found = [*self._gaze()]
        if not found and self.trace.unseen[self._d, k]:
            found = [self._because("useful_field"), self._because("scan")]
        relation = int(self._obs.objects.relation[self._d, k])
        found = found or [self._because("attend", relation)]
        return [f for f in found if f["by"]]

    def _gaze(self) -> Iterator[Record]:
        """What keeps the eyes off the road ahead."""
        if self.trace.looking_away[self._d]:
            inside = AREAS[self.trace.gaze[self._d]] == "inside"
            yield self._because("scan" if inside else "look_away")
        elif AREAS[self.trace.gaze[self._d]] != "ahead" and self._by("scan", -1):
            yield self._because("scan")

    def _because(self, operation: str, relation: int = -1, amount: float | None = None) -> Record:
        found: Record = {"operation": operation, "by": self._by(operation, relation)}
        if amount is not None:
            found["amount"] = amount
        return found

    def _by(self, operation: str, relation: int) -> list[str]:
        """Labels of the operations of one kind that act on a relation (-1: on any)."""
        columns = self._programs.columns.get(operation)
        if columns is None:
            return []
        wanted = columns.relation[self._d]
        acts = columns.used[self._d] & (columns.strength[self._d] > 0.0)
        if relation >= 0:
            acts = acts & ((wanted < 0) | (wanted == relation))
        return list(dict.fromkeys(columns.label[self._d][acts].tolist()))
