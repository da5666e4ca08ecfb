"""Observation to percepts: every driver's program applied to what there is to see.

The order is fixed: attention decides what is registered, delay and memory how old it is, then the
distortions act on that. What a neutral program touches comes out bit for bit as it went in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdsim.core import seeds
from hdsim.core.percept import Objects, Observation, OwnState, Paths, Percepts, SignalAhead
from hdsim.core.state import Bools, Floats, Ints, Roster
from hdsim.perception.catalogue import PerceptionProgram
from hdsim.perception.combine import Noise
from hdsim.perception.compile import Columns, CompiledPrograms
from hdsim.perception.noise import NoiseField
from hdsim.perception.operations.distance import line_factor, scale_distance
from hdsim.perception.operations.lateral import bend_lane, shift_lateral
from hdsim.perception.operations.signals import SignalSense
from hdsim.perception.operations.size import scale_size
from hdsim.perception.operations.speed import limit_factor, own_speed_factor, scale_closing_speed
from hdsim.perception.register import ATTENTION, Registered, Registrar
from hdsim.perception.view import Sightlines, View
from hdsim.road.lanes import LaneGraph

# Which parameter scales each noise: of objects, and of the driver itself.
_OBJECT_NOISE = (
    ("scale_distance", "noise_sd"),
    ("scale_closing_speed", "noise_sd_per_s"),
    ("shift_lateral", "noise_sd_m"),
)
_OWN_NOISE = (
    ("scale_distance", "noise_sd"),
    ("scale_own_speed", "noise_sd"),
    ("bend_lane", "offset_sd_m"),
    ("bend_lane", "curvature_sd_per_m"),
)
_STREAMS = (*_OBJECT_NOISE, *_OWN_NOISE[1:])
_SIGNALS = frozenset({"misread_signal", "look_away", "scan"})
Channel = tuple[str, str, int]
Places = dict[tuple[str, str], Ints]


@dataclass(frozen=True, slots=True)
class Trace:
    """What perception did at one tick, for the record; shape (D, K) unless said otherwise.

    Attributes:
        looking_away: Eyes off the road, shape (D,).
        gaze: Where the eyes look, index into ``hdsim.perception.operations.gaze.AREAS``, (D,).
        missed: In sight but not registered (not noticed yet, out of range, too many, or eyes off
            the road).
        unseen: In sight but outside what the gaze takes in.
        remembered: Believed to be there without being registered now.
        age_s: How old the state is that the driver goes by [s].
        gap: True range, centre to centre [m].
        believed_gap: Range as believed [m].
        changes: By operation, what it added: range [m], speed [m/s] or offset [m].
        strength: By kind of operation, effective strengths, shape (D, M).
    """

    looking_away: Bools
    gaze: Ints
    missed: Bools
    unseen: Bools
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
        self._registrar = Registrar(roster, graph, step_s, seed, self._actors)
        signal_keys = seeds.keys(seed, [s.id for s in graph.signals], "signal")
        self._signals = SignalSense(drivers, signal_keys, step_s)
        self._noise = _Noise(self._actors)
        self._tick = -1
        self._last: _Steps | None = None

    def set_programs(self, programs: Mapping[int, Sequence[PerceptionProgram]]) -> None:
        """Give drivers new programs; call it only when something changed.

        Args:
            programs: The layers' programs by driver index (position in ``Roster.drivers``). The
                drivers that are not named keep theirs. Parameters move to the new values within
                their rates; before the first tick they are taken at once.
        """
        self.programs.replace(programs)

    def begin_anew(self, drivers: Ints) -> None:
        """Forget what these drivers had in mind: they have been put elsewhere.

        The others forget where they were.
        """
        self._registrar.begin_anew(drivers)
        self._signals.begin_anew(drivers)

    def perceive(
        self,
        obs: Observation,
        driver_state: Mapping[str, Floats],
        side: NDArray[np.int8] | None = None,
    ) -> Percepts:
        """The subjective scene of every driver.

        Args:
            obs: What there is to see at this tick.
            driver_state: The states that gains use, by name, shape (D,) each.
            side: Which way each driver means to move, shape (D,): -1 right, 0, +1 left; it draws
                the eyes to the mirrors of that side. None for nobody.

        Raises:
            ValueError: If a gain uses a state that is not given.
        """
        self._tick += 1
        self.programs.advance(obs.time, self._step_s, driver_state)
        active, view = self.programs.active, View.of(obs.own, obs.objects)
        steps = self._last = _Steps(obs, view, Sightlines(view, self._graph))
        # Attention goes on while its operations rest: a glance needs something to remember.
        attention = ATTENTION & self.programs.columns.keys()
        if not active and not attention:
            return Percepts(obs.time, obs.own, obs.objects, obs.signal, obs.paths)
        signal_away: Bools | None = None
        if attention:
            steps.registered = found = self._registrar.register(
                self._tick, obs, view, steps.lines, self.programs, side
            )
            steps.lines, signal_away = found.lines, found.signal_away
            steps.changes.update(found.changes)
        noise = self._noise.draw(obs.time, view.row, view.seen, self.programs)
        self._distort(steps, noise)
        own, paths = self._sense_self(steps, noise)
        signal = obs.signal
        misread = self._columns("misread_signal")
        if _SIGNALS & self.programs.columns.keys():
            signal = self._signals.perceive(self._tick, signal, misread, signal_away)
        columns = self._columns("scale_distance")
        if columns is not None:
            own_noise = noise.of_own("scale_distance", "noise_sd")
            factor = line_factor(columns, signal.distance, own_noise)
            signal = SignalAhead(signal.index, signal.state, signal.distance * factor)
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

    def _distort(self, steps: _Steps, noise: _Drawn) -> None:
        """Distance, closing speed, lateral position and size of the registered objects.

        Each works on the sight lines to the undistorted objects, so that their order is of no
        consequence.
        """
        view, lines = steps.view.copy(), steps.lines
        steps.view = view
        for kind, parameter, operate in (
            ("scale_closing_speed", "noise_sd_per_s", scale_closing_speed),
            ("scale_distance", "noise_sd", scale_distance),
            ("shift_lateral", "noise_sd_m", shift_lateral),
        ):
            columns = self._columns(kind)
            if columns is not None:
                steps.changes[kind] = operate(
                    view, lines, columns, noise.of_objects(kind, parameter)
                )
        size = self._columns("scale_size")
        if size is not None:
            scale_size(view, lines, size)

    def _sense_self(self, steps: _Steps, noise: _Drawn) -> tuple[OwnState, Paths]:
        """Own speed, limit and place in the lane as believed."""
        own, paths = steps.obs.own, steps.obs.paths
        speed, limit, d = own.speed, own.limit_factor, own.d

        columns = self._columns("scale_own_speed")
        if columns is not None:
            factor = own_speed_factor(columns, noise.of_own("scale_own_speed", "noise_sd"))
            speed = speed * factor
            steps.view.speed = steps.view.speed * factor[:, None]
            steps.changes["scale_own_speed"] = (speed - own.speed)[:, None]
        columns = self._columns("scale_speed_limit")
        if columns is not None:
            limit = limit * limit_factor(columns)
        columns = self._columns("bend_lane")
        if columns is not None:
            paths, offset = bend_lane(
                paths,
                columns,
                noise.of_own("bend_lane", "offset_sd_m"),
                noise.of_own("bend_lane", "curvature_sd_per_m"),
            )
            d = d - offset
            steps.changes["bend_lane"] = offset[:, None]
        found = steps.registered
        if found is not None and found.lane_error is not None:
            d = d + found.lane_error
            steps.changes["look_away"] = found.lane_error[:, None]
        if speed is own.speed and limit is own.limit_factor and d is own.d:
            return own, paths
        # A third of what ``dataclasses.replace`` takes.
        return OwnState(
            x=own.x,
            y=own.y,
            yaw=own.yaw,
            speed=speed,
            yaw_rate=own.yaw_rate,
            accel=own.accel,
            d=d,
            heading_error=own.heading_error,
            limit_factor=limit,
            length=own.length,
            width=own.width,
            wheelbase=own.wheelbase,
        ), paths


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Noise of one tick.

    Attributes:
        objects: By channel, shape (C, D, K).
        own: For the drivers themselves, shape (C, D).
        object_channel: Place in ``objects`` by operation and parameter: of each of its columns, -1
            for none, shape (M,).
        own_channel: The same in ``own``.
    """

    objects: Floats
    own: Floats
    object_channel: Mapping[tuple[str, str], Ints]
    own_channel: Mapping[tuple[str, str], Ints]

    def of_objects(self, kind: str, parameter: str) -> Noise:
        """Noise of one operation's columns."""
        return Noise(self.objects, self.object_channel[kind, parameter])

    def of_own(self, kind: str, parameter: str) -> Noise:
        """Noise of one operation's columns, for the drivers themselves."""
        return Noise(self.own, self.own_channel[kind, parameter])


class _Noise:
    """All noise of all operations as one field; set up anew when programs change.

    Args:
        actor_keys: One key per actor row.
    """

    def __init__(self, actor_keys: NDArray[np.uint64]) -> None:
        # The last key is for a driver's errors about itself.
        self._keys = np.append(actor_keys, np.uint64(0))
        self._field: NoiseField | None = None
        self._objects: list[Channel] = []
        self._own: list[Channel] = []
        self._channel: tuple[Places, Places] = {}, {}
        # For whom each channel of objects is needed, shape (C, D).
        self._needed: Bools = np.zeros((0, 0), dtype=np.bool_)
        self._version: tuple[int, int] | None = None

    def draw(self, time: float, rows: Ints, wanted: Bools, programs: CompiledPrograms) -> _Drawn:
        """Noise of the ``wanted`` objects in ``rows``, shape (D, K), and of the drivers themselves.

        What is not wanted gets 0.
        """
        drivers, slots = rows.shape
        if self._version != (programs.version, slots):
            self._version = programs.version, slots
            self._set_up(programs, slots)
        if self._field is None:
            none = np.zeros((0, drivers, slots)), np.zeros((0, drivers))
            return _Drawn(*none, *self._channel)
        drawn = self._field.at(time, rows, wanted, self._needed, len(self._own))
        return _Drawn(*drawn, *self._channel)

    def _set_up(self, programs: CompiledPrograms, slots: int) -> None:
        self._objects = _channels(_OBJECT_NOISE, programs)
        self._own = _channels(_OWN_NOISE, programs)
        self._channel = (
            _columns_of(_OBJECT_NOISE, self._objects, programs),
            _columns_of(_OWN_NOISE, self._own, programs),
        )
        self._needed = np.zeros((len(self._objects), len(programs.names)), dtype=np.bool_)
        for needed, channel in zip(self._needed, self._objects, strict=True):
            needed[:] = programs.acting(*channel)
        keys, tau = [], []
        for channel, repeat in (*((c, slots) for c in self._objects), *((c, 1) for c in self._own)):
            kind, parameter, m = channel
            columns = programs.columns[kind]
            stream = np.uint64(1 + _STREAMS.index((kind, parameter)))
            keys.append(np.repeat(seeds.combine(columns.key[:, m], stream), repeat))
            tau.append(np.repeat(columns.raw["noise_tau_s"][:, m], repeat))
        if not keys:
            self._field = None
            return
        key, tau_s = np.concatenate(keys), np.concatenate(tau)
        if self._field is None or not self._field.same(key, tau_s):
            self._field = NoiseField(key, tau_s, self._keys)


def _columns_of(
    sources: Sequence[tuple[str, str]], channels: Sequence[Channel], programs: CompiledPrograms
) -> Places:
    """Place among the channels of each column, -1 for none, by operation and parameter."""
    places = {}
    for kind, parameter in sources:
        count = programs.columns[kind].count if kind in programs.columns else 0
        wanted = [(kind, parameter, m) for m in range(count)]
        found = [channels.index(c) if c in channels else -1 for c in wanted]
        places[kind, parameter] = np.array(found, dtype=np.int64)
    return places


def _channels(sources: Sequence[tuple[str, str]], programs: CompiledPrograms) -> list[Channel]:
    return [
        (kind, parameter, m)
        for kind, parameter in sources
        if kind in programs.columns
        for m in range(programs.columns[kind].count)
        if programs.acting(kind, parameter, m).any()
    ]


class _Steps:
    """One tick's scene as it passes through; kept for the trace."""

    def __init__(self, obs: Observation, view: View, lines: Sightlines) -> None:
        self.obs, self.view, self.lines = obs, view, lines
        self.true_lines = lines
        self.registered: Registered | None = None
        self.changes: dict[str, Floats] = {}

    def trace(self, tick: int, step_s: float, programs: CompiledPrograms) -> Trace:
        objects: Objects = self.obs.objects
        shape = objects.row.shape
        view, own, found = self.view, self.obs.own, self.registered
        away = None if found is None else found.away
        believed = np.hypot(view.x - own.x[:, None], view.y - own.y[:, None])
        return Trace(
            looking_away=np.zeros(shape[0], np.bool_) if away is None else away,
            gaze=np.zeros(shape[0], np.int64) if found is None else found.area,
            missed=objects.seen & ~view.seen,
            unseen=np.zeros(shape, np.bool_)
            if found is None or found.taken is None
            else objects.seen & ~found.taken,
            remembered=np.zeros(shape, np.bool_)
            if found is None
            else found.attended.in_mind & ~found.attended.registered & view.seen,
            age_s=np.zeros(shape)
            if found is None
            else np.asarray((tick - found.attended.source) * step_s, dtype=np.float64),
            gap=self.true_lines.range,
            believed_gap=believed,
            changes=dict(self.changes),
            strength={k: c.strength.copy() for k, c in programs.columns.items()},
        )
