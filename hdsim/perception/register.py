"""What each driver registers, and as of when: gaze, attention, memory, delay, evidence."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hdsim.core import seeds
from hdsim.core.percept import Observation
from hdsim.core.state import Bools, Floats, Ints, Roster
from hdsim.perception.combine import LEAST, SUM
from hdsim.perception.compile import Columns, CompiledPrograms
from hdsim.perception.operations.attention import (
    LONGEST_MEMORY_S,
    Attended,
    Attention,
    Glances,
    most_pressing,
)
from hdsim.perception.operations.evidence import Evidence
from hdsim.perception.operations.field import GAZE, Field, narrowed
from hdsim.perception.operations.gaze import INSIDE, Gaze
from hdsim.perception.operations.lateral import LaneDrift
from hdsim.perception.operations.recall import History
from hdsim.perception.operations.registration import drift
from hdsim.perception.view import Sightlines, View
from hdsim.road.lanes import LaneGraph

ATTENTION = frozenset({"attend", "look_away", "delay", "scan", "useful_field", "accumulate"})
Sides = NDArray[np.int8]


@dataclass(slots=True)
class Registered:
    """What one tick's registration led to.

    Attributes:
        attended: What is in mind and why.
        lines: Sight lines to the objects as believed.
        away: Drivers whose eyes are off the road, shape (D,), or None for nobody.
        signal_away: Drivers who cannot see the signal ahead, likewise.
        area: Where each driver looks (index into ``gaze.AREAS``), shape (D,).
        taken: What the gaze takes in, shape (D, K), or None for everything.
        lane_error: Believed less true offset in the own lane [m], shape (D,), or None for none.
        changes: By operation, what it added to believed speeds [m/s], shape (D, K).
    """

    attended: Attended
    lines: Sightlines
    away: Bools | None
    signal_away: Bools | None
    area: Ints
    taken: Bools | None = None
    lane_error: Floats | None = None
    changes: dict[str, Floats] = field(default_factory=dict)


class Registrar:
    """Registration through a drive.

    Args:
        roster: Who takes part.
        graph: Lanes of the map.
        step_s: Length of a tick [s].
        seed: Seed of the scenario.
        actor_keys: One key per actor row.
    """

    def __init__(
        self,
        roster: Roster,
        graph: LaneGraph,
        step_s: float,
        seed: int,
        actor_keys: NDArray[np.uint64],
    ) -> None:
        self._graph, self._step_s, self._rows = graph, step_s, roster.drivers
        drivers, actors = len(roster.drivers), len(roster)
        names = [roster.names[r] for r in roster.drivers]
        self._memory_keys = seeds.keys(seed, names, "memory")
        self._actor_keys = actor_keys
        self._attention = Attention(drivers, actor_keys, step_s)
        self._glances = Glances(drivers, step_s)
        self._lane_drift = LaneDrift(seeds.keys(seed, names, "lane drift"), step_s)
        self._gaze = Gaze(seeds.keys(seed, names, "gaze"), step_s, graph.junction)
        self._field = Field(seeds.keys(seed, names, "field"), actor_keys, step_s)
        self._evidence = Evidence(seeds.keys(seed, names, "evidence"), actor_keys, step_s)
        self._history = History(graph, actors, round(LONGEST_MEMORY_S / step_s) + 1)
        self._alerted, self._tick = False, 0
        self._nobody: Bools = np.zeros(drivers, dtype=np.bool_)
        self._wide = Columns.unused("useful_field", drivers)
        self._nowhere: Sides = np.zeros(drivers, dtype=np.int8)

    def begin_anew(self, drivers: Ints) -> None:
        """Forget what these drivers had in mind, and everybody else where they were."""
        rows = self._rows[drivers]
        self._attention.forget(drivers, rows)
        self._field.forget(drivers, rows)
        self._evidence.forget(drivers, rows)
        here = self._nobody.copy()
        here[drivers] = True
        self._gaze.recall(here, self._tick)
        self._glances.end(here, self._tick)
        self._lane_drift.forget(drivers)

    def register(
        self,
        tick: int,
        obs: Observation,
        view: View,
        lines: Sightlines,
        programs: CompiledPrograms,
        side: Sides | None,
    ) -> Registered:
        """Which objects are in mind, and how old what is known of them is.

        Args:
            tick: Number of this tick.
            obs: What there is to see.
            view: The same as a view; changed in place (new arrays).
            lines: Sight lines to it.
            programs: In force at this tick.
            side: Which way each driver means to move: -1 right, 0, +1 left; None for nobody.
        """
        side = self._nowhere if side is None else side
        self._tick = tick
        row = obs.objects.row
        alert, caught = self._evidence.alerts(row) if self._alerted else (None, None)
        away, area, scans, lane_error = self._eyes(tick, obs, programs, side, caught)
        taken, limited, blind = self._take_in(tick, obs, view, lines, programs, area, scans, side)
        if taken is not None and alert is not None:
            taken |= alert
        attend = _acting(programs, "attend")
        self._history.write(tick, obs.objects)
        attended = self._attention.attend(
            tick, obs.objects, lines, attend, _acting(programs, "delay"), away, taken, limited
        )
        view.relation, view.seen = attended.relation, attended.in_mind
        old = attended.in_mind & (attended.source != tick)
        self._history.recall(view, attended.source, tick, self._step_s, old)
        slip = self._drift(tick, view, lines, attend, attended)
        if old.any():
            lines = Sightlines(view, self._graph)
        signal_away = away if blind is None else (blind if away is None else away | blind)
        found = Registered(attended, lines, away, signal_away, area, taken, lane_error)
        self._weigh(tick, obs, view, programs, found)
        if slip is not None:
            view.speed = view.speed + slip
            found.changes["attend"] = slip
        if attend is not None:
            view.seen = most_pressing(view.seen, attend, lines, obs.own, view.speed)
        return found

    def _eyes(
        self,
        tick: int,
        obs: Observation,
        programs: CompiledPrograms,
        side: Sides,
        caught: Bools | None,
    ) -> tuple[Bools | None, Ints, Bools, Floats | None]:
        """Eyes off the road (None for nobody), areas looked at, whose gaze counts, lane errors.

        A look at the instruments leaves the lane in peripheral vision, which suffices to keep it
        (Summala, Nieminen & Punto 1996); ``look_away`` does not.
        """
        away: Bools | None = None
        lane_error: Floats | None = None
        look_away = programs.columns.get("look_away")
        # Nobody starts with eyes off a road never seen: the first tick is a look at it.
        going_on = self._attention.goes_on_at(tick)
        if look_away is not None:
            if caught is not None:
                self._glances.end(caught, tick)
            off = self._glances.away(tick, look_away)
            if off.any() and going_on:
                away = off
            lane_error = self._lane_drift.at(
                tick,
                off & going_on,
                lambda: self._glances.course_error(tick, look_away),
                obs.own.speed,
            )
        scan = programs.columns.get("scan")
        if scan is None:
            return away, self._gaze.area, self._nobody, lane_error
        if caught is not None and caught.any():
            self._gaze.recall(caught, tick)
        self._gaze.look(tick, scan, programs.version, obs.paths, obs.own.speed, side)
        inside = self._gaze.area == INSIDE
        if inside.any() and going_on:
            away = inside if away is None else away | inside
        return away, self._gaze.area.copy(), self._gaze.scans, lane_error

    def _take_in(
        self,
        tick: int,
        obs: Observation,
        view: View,
        lines: Sightlines,
        programs: CompiledPrograms,
        area: Ints,
        scans: Bools,
        side: Sides,
    ) -> tuple[Bools | None, Bools | None, Bools | None]:
        """What gaze takes in, shape (D, K), whom it limits and whom it hides the signal from, (D,).

        None for everything and nobody.
        """
        useful = _acting(programs, "useful_field")
        if useful is None and not scans.any():
            return None, None, None
        c = self._wide if useful is None else useful
        limited, blind = narrowed(c.value["radius_deg"], scans, area, GAZE)
        if not self._attention.goes_on_at(tick):
            return None, limited, blind
        taken = self._field.taken_in(
            tick, view.row, view.seen, lines.ux, lines.uy, obs.own.yaw, area, scans, side,
            lines.combine_seen(LEAST, c, c.value["radius_deg"]), c.raw["edge_rate_per_s"],
            c.raw["falloff_deg"], ~limited | self._attention.fresh,
        )  # fmt: skip
        return taken, limited, blind

    def _drift(
        self, tick: int, view: View, lines: Sightlines, attend: Columns | None, attended: Attended
    ) -> Floats | None:
        """Move what is only remembered on at a wrong speed; that error [m/s], shape (D, K)."""
        if attend is None or not attended.remembers or not attend.value["drift_mps"].any():
            return None
        variance = lines.combine_seen(SUM, attend, attend.value["drift_mps"] ** 2)
        slip: Floats
        slip, view.x, view.y, view.s = drift(
            tick, self._step_s, view.row, attended.in_mind, attended.registered, attended.source,
            variance,
            self._memory_keys, self._actor_keys, view.x, view.y, view.yaw, view.speed, view.s,
        )  # fmt: skip
        return slip

    def _weigh(
        self,
        tick: int,
        obs: Observation,
        view: View,
        programs: CompiledPrograms,
        found: Registered,
    ) -> None:
        """Accumulation of evidence of changes of speed."""
        self._alerted = False
        accumulate = _acting(programs, "accumulate")
        if accumulate is None:
            return
        change, self._alerted = self._evidence.weigh(
            tick, view, found.lines, obs.objects, found.attended.registered, accumulate
        )
        found.changes["accumulate"] = change


def _acting(programs: CompiledPrograms, kind: str) -> Columns | None:
    return programs.columns[kind] if kind in programs.active else None
