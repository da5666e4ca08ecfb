"""Traffic lights: groups that take turns, and which light concerns which vehicle.

What a vehicle's record says of a light is all that the client's Traffic Manager knows of lights.
It has a trait that the record must allow for: once it has seen a vehicle at a green light it takes
that light for green until the vehicle has left it, so that nobody brakes halfway over the line
(CARLA's ``SimulationState::UpdateTrafficLightState``). A vehicle that queues at the line through a
whole green would so drive off at red. ``report`` therefore shows it no light for one frame when the
green is over.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hdsim.core.state import Floats, Ints, SignalState, wrap_angle
from hdsim.road.lanes import LaneGraph, Signal
from hdsim.server.physics.vehicles import Vehicles

# CARLA's default times [s].
GREEN_S, YELLOW_S, RED_S = 10.0, 3.0, 2.0
_ORDER = (SignalState.GREEN, SignalState.YELLOW, SignalState.RED)
_TIMED = {SignalState.GREEN: 0, SignalState.YELLOW: 1, SignalState.RED: 2}

# The strip before a stop line in which a light concerns a vehicle: this far at rest [m], plus
# this long at its speed [s] or what a firm stop needs, to this far past the line [m]. The first
# two and the last are what an experiment with the Traffic Manager found to work in towns; the
# braking distance (TM brakes at about 5.6 m/s^2) is there for fast roads.
_STRIP_M, _STRIP_S, _STRIP_DECEL, _STRIP_PAST_M = 4.0, 0.9, 5.0, 1.0
_HEADING = np.deg2rad(45.0)


class Lights:
    """Signal states, shape (m,) over the signals of a lane graph.

    Signals of one controller change together; the controllers of a junction are green in turn,
    each for green, yellow and an all-red pause. A signal without a controller is one of its own.

    Attributes:
        state: ``SignalState``, uint8.
        elapsed: Time in that state [s].
        times: Green, yellow and red time of each controller [s], shape (c, 3).
        controller: Controller index of each signal.
        group: Group (junction) index of each signal.
        frozen: True while no light changes.
    """

    def __init__(self, signals: Sequence[Signal]) -> None:
        names = [(s.junction, s.controller or f"signal {s.id}") for s in signals]
        # A signal with no junction makes a group with the others of its controller.
        places = [(j, "" if j >= 0 else c) for j, c in names]
        controllers, groups = list(dict.fromkeys(names)), list(dict.fromkeys(places))
        self.controller = np.array([controllers.index(n) for n in names], dtype=np.int64)
        self.group = np.array([groups.index(p) for p in places], dtype=np.int64)
        self._turns: list[list[int]] = [[] for _ in groups]
        for c, g in zip(self.controller.tolist(), self.group.tolist(), strict=True):
            if c not in self._turns[g]:
                self._turns[g].append(c)
        self.times = np.tile([GREEN_S, YELLOW_S, RED_S], (len(controllers), 1))
        self.frozen = False
        self.state: NDArray[np.uint8] = np.zeros(len(signals), dtype=np.uint8)
        self.elapsed = np.zeros(len(signals))
        self.reset()

    def __len__(self) -> int:
        return len(self.state)

    def reset(self) -> None:
        """Every group starts over: its first controller green."""
        self._turn = [0] * len(self._turns)
        self._phase = [0] * len(self._turns)
        self._in_phase: Floats = np.zeros(len(self._turns))
        self._left: Floats = np.zeros(len(self._turns))
        for g in range(len(self._turns)):
            self.reset_group(g)

    def reset_group(self, group: int) -> None:
        """One group starts over."""
        self._turn[group], self._phase[group] = 0, 0
        mine = self.group == group
        self.state[mine], self.elapsed[mine] = SignalState.RED, 0.0
        self._show(group)

    def _show(self, group: int) -> None:
        """Gives the active controller's signals the state of its phase."""
        active = self._turns[group][self._turn[group]]
        mine = self.controller == active
        self.state[mine], self.elapsed[mine] = _ORDER[self._phase[group]], 0.0
        self._left[group] = self.times[active, self._phase[group]]

    def set_time(self, signal: int, state: SignalState, seconds: float) -> None:
        """Sets how long a state lasts for the signal's controller, from its next change on."""
        self.times[self.controller[signal], _TIMED[state]] = seconds

    def set_state(self, signal: int, state: SignalState) -> None:
        """Shows a state on one signal until its controller next changes."""
        self.state[signal], self.elapsed[signal] = state, 0.0

    def advance(self, dt: float) -> None:
        """One step of ``dt`` seconds."""
        if self.frozen or not len(self):
            return
        self.elapsed += dt
        self._left -= dt
        for g in np.flatnonzero(self._left <= 1e-9).tolist():
            self._phase[g] += 1
            if self._phase[g] == len(_ORDER):
                self._phase[g] = 0
                self._turn[g] = (self._turn[g] + 1) % len(self._turns[g])
            self._show(g)


class Approaches:
    """Where on the lanes of a map a traffic light concerns a vehicle.

    Args:
        graph: The lanes.
        signal: What stands at the end of each lane, -1 for nothing, shape (L,).
        stop_s: Where its line lies on the lane [m], shape (L,).

    Attributes:
        signal: Signal that a vehicle on each lane comes to, -1 for none, shape (L,).
        stop_s: Where its stop line lies, measured along that lane [m], shape (L,); past the
            lane's end when the line is on the lane that follows.
    """

    def __init__(self, graph: LaneGraph, signal: Ints, stop_s: Floats) -> None:
        self.signal = signal.copy()
        self.stop_s = stop_s.copy()
        self._none = not (signal >= 0).any()
        # A strip reaches back over lanes too short to hold it, where the way on is not in doubt:
        # also over the lanes of a junction just before, whence nobody could stop in time else.
        for _ in range(3):
            for lane in np.flatnonzero(self.signal < 0).tolist():
                ahead = graph.successors[lane]
                if len(ahead) == 1 and self.signal[ahead[0]] >= 0:
                    self.signal[lane] = self.signal[ahead[0]]
                    self.stop_s[lane] = graph.length[lane] + self.stop_s[ahead[0]]

    def concern(self, v: Vehicles, d: Floats, width: Floats, lane_yaw: Floats) -> Floats:
        """How far vehicles are from the line that they are in the strip of [m], shape (n,).

        Measured from the front bumper, negative past it; inf for vehicles in no strip.

        Args:
            v: Vehicles, with lane and lane_s up to date.
            d: Offset from the lane's centreline [m].
            width: Lane width [m].
            lane_yaw: Heading of the lane [rad].
        """
        if self._none:
            return np.full(len(v), np.inf)
        distance = self.stop_s[v.lane] - v.lane_s - v.half_length
        speed = np.maximum(v.speed, 0.0)
        reach = _STRIP_M + np.maximum(_STRIP_S * speed, speed**2 / (2.0 * _STRIP_DECEL))
        inside = (self.signal[v.lane] >= 0) & (v.lane >= 0)
        inside &= (distance <= reach) & (distance >= -_STRIP_PAST_M) & (np.abs(d) < 0.5 * width)
        inside &= np.abs(wrap_angle(lane_yaw - v.yaw)) < _HEADING
        return np.where(inside, distance, np.inf)


def report(
    v: Vehicles, lights: Lights, approaches: Approaches, distance: Floats, ids: Ints
) -> None:
    """Writes the light that concerns each vehicle into its record.

    No light is reported as GREEN without a light: any other state without a light means to the
    Traffic Manager an unsignalised junction, where it stops. So is, for one frame, a light that is
    green no longer, to a vehicle that was told of the green and can still stop at the line.

    Args:
        v: Vehicles.
        lights: Signal states.
        approaches: The strips.
        distance: From ``Approaches.concern``.
        ids: Actor id of each signal, shape (m,).
    """
    if not len(lights):
        v.has_light = np.zeros(len(v), dtype=np.bool_)
        v.light_state = np.full(len(v), SignalState.GREEN, dtype=np.uint8)
        v.light_id = np.zeros(len(v), dtype=np.int64)
        return
    signal, inside = approaches.signal[v.lane], np.isfinite(distance)
    state = lights.state[signal]
    green = state == SignalState.GREEN
    can_stop = distance >= np.maximum(v.speed, 0.0) ** 2 / (2.0 * _STRIP_DECEL)
    told = inside & ~(v.told_green & ~green & can_stop)
    v.told_green = told & (green | v.told_green)
    v.has_light = told
    v.light_state = np.where(told, state, SignalState.GREEN).astype(np.uint8)
    v.light_id = np.where(told, ids[signal], 0)
