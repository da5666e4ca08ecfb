"""Observation to percepts: every driver's program applied to what there is to see.

The order is fixed: attention decides what is registered, delay and memory how old it is, then the
distortions act on that. What a neutral program touches comes out bit for bit as it went in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hdsim.core import seeds
from hdsim.core.percept import Objects, Observation, OwnState, Paths, Percepts
from hdsim.core.state import Bools, Floats, Roster
from hdsim.perception.catalogue import PerceptionProgram
from hdsim.perception.compile import Columns, CompiledPrograms
from hdsim.perception.noise import NoiseField
from hdsim.perception.operations.attention import (
    LONGEST_MEMORY_S,
    Attended,
    Attention,
    Glances,
    most_pressing,
)
from hdsim.perception.operations.distance import scale_distance
from hdsim.perception.operations.lateral import bend_lane, shift_lateral
from hdsim.perception.operations.recall import History
from hdsim.perception.operations.signals import SignalSense
from hdsim.perception.operations.size import scale_size
from hdsim.perception.operations.speed import limit_factor, own_speed_factor, scale_closing_speed
from hdsim.perception.view import Sightlines, View
from hdsim.road.lanes import LaneGraph

# Which parameter scales each noise: of objects, and of the driver itself.
_OBJECT_NOISE = (
    ("scale_distance", "noise_sd"),
    ("scale_closing_speed", "noise_sd_per_s"),
    ("shift_lateral", "noise_sd_m"),
)
_OWN_NOISE = (
    ("scale_own_speed", "noise_sd"),
    ("bend_lane", "offset_sd_m"),
    ("bend_lane", "curvature_sd_per_m"),
)
_ATTENTION = frozenset({"attend", "look_away", "delay"})
Channel = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Trace:
    """What perception did at one tick, for the record; shape (D, K) unless said otherwise.

    Attributes:
        looking_away: Eyes off the road, shape (D,).
        missed: In sight but not registered (not noticed yet, out of range, too many, or eyes off
            the road).
        remembered: Believed to be there without being registered now.
        age_s: How old the state is that the driver goes by [s].
        gap: True range, centre to centre [m].
        believed_gap: Range as believed [m].
        changes: By operation, what it added: range [m], speed [m/s] or offset [m].
        strength: By kind of operation, effective strengths, shape (D, M).
    """

    looking_away: Bools
    missed: Bools
    remembered: Bools
    age_s: Floats
    gap: Floats
    believed_gap: Floats
    changes: dict[str, Floats]
    strength: dict[str, Floats]


class Perceiver:
    """Applies perception programs; lives through one drive.

    Args:
        roster: Who takes part; noise is keyed by its names.
        graph: Lanes and signals of the map.
        step_s: Length of a tick [s]; ``perceive`` is called once per tick.
        seed: Seed of the scenario.
    """

    def __init__(self, roster: Roster, graph: LaneGraph, step_s: float, seed: int) -> None:
        self._graph, self._step_s = graph, step_s
        names = [roster.names[r] for r in roster.drivers]
        self.programs = CompiledPrograms(names, seed)
        drivers = len(names)
        self._actors = seeds.keys(seed, roster.names, "object")
        self._attention = Attention(drivers, self._actors, step_s)
        self._glances = Glances(drivers, step_s)
        self._history = History(graph, len(roster), round(LONGEST_MEMORY_S / step_s) + 1)
        signal_keys = seeds.keys(seed, [s.id for s in graph.signals], "signal")
        self._signals = SignalSense(drivers, signal_keys, step_s)
        self._objects: tuple[NoiseField, dict[Channel, int]] | None = None
        self._own: tuple[NoiseField, dict[Channel, int]] | None = None
        self._self_row = np.zeros((drivers, 1), dtype=np.int64)
        self._tick = -1
        self._version = -1
        self._last: _Steps | None = None

    def set_programs(self, programs: Mapping[int, Sequence[PerceptionProgram]]) -> None:
        """Give drivers new programs; call it only when something changed.

        Args:
            programs: The layers' programs by driver index (position in ``Roster.drivers``). The
                drivers that are not named keep theirs. Parameters move to the new values within
                their rates; before the first tick they are taken at once.
        """
        self.programs.replace(programs)

    def perceive(self, obs: Observation, driver_state: Mapping[str, Floats]) -> Percepts:
        """The subjective scene of every driver.

        Args:
            obs: What there is to see at this tick.
            driver_state: The states that gains use, by name, shape (D,) each.

        Raises:
            ValueError: If a gain uses a state that is not given.
        """
        self._tick += 1
        self.programs.advance(obs.time, self._step_s, driver_state)
        active, view = self.programs.active, View.of(obs.own, obs.objects)
        steps = self._last = _Steps(obs, view, Sightlines(view, self._graph))
        # Attention goes on while its operations rest: a glance needs something to remember.
        if not active and not _ATTENTION & self.programs.columns.keys():
            return Percepts(obs.time, obs.own, obs.objects, obs.signal, obs.paths)
        self._register(steps)
        self._distort(steps, obs.time)
        own, paths = self._sense_self(steps, obs.time)
        signal = obs.signal
        misread = self._columns("misread_signal")
        if {"misread_signal", "look_away"} & self.programs.columns.keys():
            signal = self._signals.perceive(self._tick, signal, misread, steps.away)
        return Percepts(obs.time, own, steps.view.objects(), signal, paths)

    def trace(self) -> Trace:
        """What the last ``perceive`` did.

        Raises:
            ValueError: Before the first tick.
        """
        if self._last is None:
            raise ValueError("nothing has been perceived yet")
        return self._last.trace(self._tick, self._step_s, self.programs)

    def _columns(self, kind: str) -> Columns | None:
        return self.programs.columns[kind] if kind in self.programs.active else None

    def _register(self, steps: _Steps) -> None:
        """Attention, delay and memory: which objects, and how old."""
        look_away = self.programs.columns.get("look_away")
        attend, delay = self._columns("attend"), self._columns("delay")
        if not _ATTENTION & self.programs.columns.keys():
            return
        if look_away is not None:
            away = self._glances.away(self._tick, look_away)
            # Nobody starts with eyes off a road never seen: the first tick is a look at it.
            if away.any() and self._attention.goes_on_at(self._tick):
                steps.away = away
        obs, view = steps.obs, steps.view
        self._history.write(self._tick, obs.objects)
        result = self._attention.attend(
            self._tick, obs.objects, steps.lines, attend, delay, steps.away
        )
        steps.attended = result
        in_mind = result.registered | result.remembered
        view.relation, view.seen = result.relation, in_mind
        old = in_mind & (result.source != self._tick)
        self._history.recall(view, result.source, self._tick, self._step_s, old)
        if old.any():
            steps.lines = Sightlines(view, self._graph)
        if attend is not None:
            own, lines = obs.own, steps.lines
            towards = own.speed[:, None] * (
                np.cos(own.yaw)[:, None] * lines.ux + np.sin(own.yaw)[:, None] * lines.uy
            )
            away_from = view.speed * (np.cos(view.yaw) * lines.ux + np.sin(view.yaw) * lines.uy)
            view.seen = most_pressing(in_mind, attend, lines, towards, towards - away_from)

    def _distort(self, steps: _Steps, time: float) -> None:
        """Distance, closing speed, lateral position and size of the registered objects.

        Each works on the sight lines to the undistorted objects, so that their order is of no
        consequence.
        """
        self._refresh_noise()
        noise, view, lines = (
            self._objects,
            View.of(steps.obs.own, steps.view.objects()),
            steps.lines,
        )
        steps.view = view
        drawn = None if noise is None else noise[0].at(time, view.row)

        def of(kind: str, columns: Columns) -> list[Floats | None]:
            return [
                None if drawn is None or noise is None or at is None else drawn[at]
                for at in (
                    None if noise is None else noise[1].get((kind, parameter, m))
                    for parameter in (p for k, p in _OBJECT_NOISE if k == kind)
                    for m in range(columns.count)
                )
            ]

        for kind, operate in (
            ("scale_closing_speed", scale_closing_speed),
            ("scale_distance", scale_distance),
            ("shift_lateral", shift_lateral),
        ):
            columns = self._columns(kind)
            if columns is not None:
                steps.changes[kind] = operate(view, lines, columns, of(kind, columns))
        size = self._columns("scale_size")
        if size is not None:
            scale_size(view, lines, size)

    def _sense_self(self, steps: _Steps, time: float) -> tuple[OwnState, Paths]:
        """Own speed, limit and lane as believed."""
        own, paths = steps.obs.own, steps.obs.paths
        noise, drivers = self._own, len(own.x)
        drawn = None if noise is None else noise[0].at(time, self._self_row)[:, :, 0]

        def of(kind: str, parameter: str, columns: Columns) -> list[Floats | None]:
            at = (
                [None] * columns.count
                if noise is None
                else [noise[1].get((kind, parameter, m)) for m in range(columns.count)]
            )
            return [None if drawn is None or i is None else drawn[i] for i in at]

        speed, limit, d = own.speed, own.limit_factor, own.d
        columns = self._columns("scale_own_speed")
        if columns is not None:
            factor = own_speed_factor(columns, of("scale_own_speed", "noise_sd", columns))
            speed = speed * factor
            steps.view.speed = steps.view.speed * factor[:, None]
            steps.changes["scale_own_speed"] = np.broadcast_to(
                (speed - own.speed)[:, None], (drivers, 1)
            )
        columns = self._columns("scale_speed_limit")
        if columns is not None:
            limit = limit * limit_factor(columns)
        columns = self._columns("bend_lane")
        if columns is not None:
            paths, offset = bend_lane(
                paths,
                columns,
                of("bend_lane", "offset_sd_m", columns),
                of("bend_lane", "curvature_sd_per_m", columns),
            )
            d = d - offset
            steps.changes["bend_lane"] = offset[:, None]
        if speed is own.speed and limit is own.limit_factor and d is own.d:
            return own, paths
        return replace(own, speed=speed, limit_factor=limit, d=d), paths

    def _refresh_noise(self) -> None:
        """Set up the noise channels anew when programs changed."""
        if self._version == self.programs.version:
            return
        self._version = self.programs.version
        self._objects = self._field(_OBJECT_NOISE, self._actors, self._objects)
        self._own = self._field(_OWN_NOISE, np.zeros(1, dtype=np.uint64), self._own)

    def _field(
        self,
        sources: Sequence[tuple[str, str]],
        objects: NDArray[np.uint64],
        before: tuple[NoiseField, dict[Channel, int]] | None,
    ) -> tuple[NoiseField, dict[Channel, int]] | None:
        channels: list[Channel] = []
        key, tau = [], []
        for kind, parameter in sources:
            columns = self.programs.columns.get(kind)
            if columns is None:
                continue
            for m in range(columns.count):
                if not self.programs.has(kind, parameter, m):
                    continue
                channels.append((kind, parameter, m))
                stream = np.uint64(1 + sources.index((kind, parameter)))
                key.append(seeds.combine(columns.key[:, m], stream))
                tau.append(columns.raw["noise_tau_s"][:, m])
        if not channels:
            return None
        index = {c: i for i, c in enumerate(channels)}
        if before is not None and before[0].same(np.stack(key), np.stack(tau)):
            return before[0], index
        return NoiseField(np.stack(key), np.stack(tau), objects), index


class _Steps:
    """One tick's scene as it passes through; kept for the trace."""

    def __init__(self, obs: Observation, view: View, lines: Sightlines) -> None:
        self.obs, self.view, self.lines = obs, view, lines
        self.true_lines = lines
        self.away: Bools | None = None
        self.attended: Attended | None = None
        self.changes: dict[str, Floats] = {}

    def trace(self, tick: int, step_s: float, programs: CompiledPrograms) -> Trace:
        objects: Objects = self.obs.objects
        shape = objects.row.shape
        view, own, attended = self.view, self.obs.own, self.attended
        believed = np.hypot(view.x - own.x[:, None], view.y - own.y[:, None])
        return Trace(
            looking_away=np.zeros(shape[0], np.bool_) if self.away is None else self.away,
            missed=objects.seen & ~view.seen,
            remembered=np.zeros(shape, np.bool_)
            if attended is None
            else attended.remembered & view.seen,
            age_s=np.zeros(shape)
            if attended is None
            else np.asarray((tick - attended.source) * step_s, dtype=np.float64),
            gap=self.true_lines.range,
            believed_gap=believed,
            changes=dict(self.changes),
            strength={k: c.strength.copy() for k, c in programs.columns.items()},
        )
